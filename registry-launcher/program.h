/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program - the last steps before a registry's program: its user, its output, its environment.
 *
 * Runs in the child of the backend exec and in the process of a unit (regha-launcher --exec NAME),
 * so that both are confined by the same code.
 */
#ifndef REGISTRY_LAUNCHER_PROGRAM_H
#define REGISTRY_LAUNCHER_PROGRAM_H

#include <stdbool.h>

#include "registry-launcher/backend.h"

/* What kept it from its program; travels from the child in one piece. */
struct registry_program_failure {
    enum registry_cause cause;
    char words[REGISTRY_BACKEND_WORDS_BYTES];
};

/*
 * Become the program of `params` as `policy` allows. `keep_output`: a unit has set it up already.
 * Comes back only with a failure.
 */
void registry_program_become(const struct registry_backend_start *start, bool keep_output,
                             struct registry_program_failure *ret_failure);

/* Whether the policy allows argv[0]; false with the reason in words. */
bool registry_program_is_allowed(const struct registry_backend_start *start,
                                 struct registry_program_failure *ret_failure);

#endif
