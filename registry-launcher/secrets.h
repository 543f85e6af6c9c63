/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * secrets - the environment of a registry as its goal says: its texts and the lines of its file.
 *
 * As the registry's user; nobody else may read that file, for it is there for secrets.
 */
#ifndef REGISTRY_LAUNCHER_SECRETS_H
#define REGISTRY_LAUNCHER_SECRETS_H

#include "base/err.h"
#include "registry-launcher/environment.h"

/* Texts point into `params` and `lines`. Returns 0, or a negative errno and a sentence. */
int registry_secrets_compose(const struct registry_params *params,
                             char lines[REGISTRY_ENVIRONMENT_FILE_BYTES + 1],
                             struct registry_environment *ret_environment, struct err *err);

const char *registry_secrets_explain(enum registry_environment_result result);

#endif
