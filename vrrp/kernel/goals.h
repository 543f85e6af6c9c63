/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * goals - the door of regha-net: who may ask for what, and who is told.
 *
 * regha-vrrp (and root, and ourselves) may want; reghad listens, and wants of the circuit breaker,
 * of which it alone is told. The last one that wanted addresses is the one whose loss makes us an
 * orphan.
 */
#ifndef VRRP_KERNEL_GOALS_H
#define VRRP_KERNEL_GOALS_H

#include <sys/types.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/service.h"

struct kernel_goals;

struct kernel_goals_params {
    const char *socket_path;
    uid_t vrrp_user;
    uid_t reghad_user;
    gid_t group;
    struct service *service;
};

int kernel_goals_open(struct loop *loop, const struct kernel_goals_params *params,
                      struct monotime now, struct kernel_goals **ret_goals, struct err *err);

/* An orderly end: the addresses of ours are removed first. */
void kernel_goals_stop(struct kernel_goals *goals, struct monotime now);
void kernel_goals_close(struct kernel_goals *goals); /* NULL is fine */

#endif
