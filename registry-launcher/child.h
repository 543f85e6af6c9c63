/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child - what a child of the launcher gives up between fork and exec.
 *
 * Whoever calls these is a process of its own already and may wait: for the user data base, for the
 * journal. The user comes from the root-owned policy; uid 0 is refused, whatever its name. Source:
 * capabilities(7), credentials(7).
 */
#ifndef REGISTRY_LAUNCHER_CHILD_H
#define REGISTRY_LAUNCHER_CHILD_H

#include <sys/types.h>

#include "base/err.h"

/*
 * As if freshly logged in: default signals, own session, umask 022, "/", default scheduling and
 * out-of-memory score, no limits of ours. Call before registry_child_become().
 */
int registry_child_reset(struct err *err);

/*
 * Become `user` with its own groups; no capability in any set, none to be had, no_new_privs.
 * Returns 0 or a negative errno with a sentence; -EACCES: this user is not allowed.
 */
int registry_child_become(const char *user, struct err *err);

/* The group of `user`, who must not be root. */
int registry_child_group(const char *user, gid_t *ret_gid, struct err *err);

/* Close every descriptor from `first` on. */
void registry_child_close_from(unsigned first);

/* Let every descriptor from `first` on be closed by exec. */
void registry_child_cloexec_from(unsigned first);

#endif
