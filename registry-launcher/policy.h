/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy - the local policy from its file, which must be root's alone.
 *
 * Read anew each time: root may have changed it, and it is small.
 */
#ifndef REGISTRY_LAUNCHER_POLICY_H
#define REGISTRY_LAUNCHER_POLICY_H

#include "base/err.h"
#include "registry-launcher/policy_file.h"

/* What `path` allows registry `name`. Returns 0, or a negative errno with a sentence. */
int registry_policy_read(const char *path, const char *name, struct registry_policy *ret_policy,
                         struct err *err);

/* Who may run `program` as a `kind`, REGISTRY_POLICY_HOOK or _EXEC. */
int registry_policy_allow(const char *path, const char *kind, const char *program,
                          struct registry_policy *ret_policy, struct err *err);

#endif
