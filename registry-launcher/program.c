/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/program.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "registry-launcher/child.h"
#include "registry-launcher/goal_check.h"
#include "registry-launcher/output.h"

__attribute__((format(printf, 3, 4))) static void
fail(struct registry_program_failure *failure, enum registry_cause cause, const char *format, ...)
{
    va_list args;

    failure->cause = cause;
    va_start(args, format);
    vsnprintf(failure->words, sizeof(failure->words), format, args);
    va_end(args);
}

bool registry_program_is_allowed(const struct registry_backend_start *start,
                                 struct registry_program_failure *ret_failure)
{
    const char *program = start->params->argv;

    if (strcmp(program, start->policy->binary) == 0)
        return true;
    fail(ret_failure, REGISTRY_CAUSE_REFUSED, "the local policy allows %.80s, not %.80s",
         start->policy->binary, program);
    return false;
}

/* execve(2) wants them writable and writes nothing. */
union texts {
    const char *in[REGISTRY_GOAL_TEXTS_MAX + 1];
    char *out[REGISTRY_GOAL_TEXTS_MAX + 1];
};

void registry_program_become(const struct registry_backend_start *start, bool keep_output,
                             struct registry_program_failure *ret_failure)
{
    const struct registry_params *params = start->params;
    union texts argv, environment;
    struct err err;

    if (!registry_program_is_allowed(start, ret_failure))
        return;
    registry_goal_check_split(params->argv, params->argv_bytes, argv.in);
    registry_goal_check_split(params->environment, params->environment_bytes, environment.in);
    if (registry_child_reset(&err) < 0 || registry_child_become(start->policy->user, &err) < 0 ||
        (!keep_output && registry_output_open(params->name, &err) < 0)) {
        fail(ret_failure, REGISTRY_CAUSE_REFUSED, "%.180s", err.text);
        return;
    }
    registry_child_cloexec_from(STDERR_FILENO + 1);
    execve(argv.in[0], argv.out, environment.out);
    fail(ret_failure, REGISTRY_CAUSE_NO_BINARY, "cannot execute %.100s: %s", argv.in[0],
         strerror(errno));
}
