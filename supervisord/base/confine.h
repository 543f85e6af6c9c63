/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confine - each program gives up what it does not need, whoever started it.
 *
 * Called once at start, before any foreign byte is read. Source: capabilities(7), prctl(2).
 */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define CONFINE_CAPABILITIES_MAX 8

struct confine_params {
    const char *user;                           /* become this one, if we are root */
    int capabilities[CONFINE_CAPABILITIES_MAX]; /* to keep, CAP_* */
    size_t capability_count;
    int optional[CONFINE_CAPABILITIES_MAX]; /* kept where they are to be had */
    size_t optional_count;
    const char *group;        /* a supplementary group to keep, or NULL */
    bool keep_new_privileges; /* the launcher's children change user; nobody else's may gain */
};

/*
 * Become `user`, keep only these capabilities in the permitted and effective sets, none inheritable,
 * ambient or in the bounding set (where CAP_SETPCAP is there to clear it), no_new_privs, umask 0077,
 * no core dumps of secrets, which makes /proc/self/fd root's. Already confined by systemd is fine.
 * Returns 0, or -EPERM when a capability that must be kept is missing.
 */
int confine_self(const struct confine_params *params, struct err *err);

/* uid of `user`; -ENOENT with a sentence that names the package's sysusers file. */
int confine_user(const char *user, uid_t *ret_uid, gid_t *ret_gid, struct err *err);

#endif
