/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * routers - all virtual routers of the process, and the interfaces they are on.
 *
 * Sets of goals are applied as differences: what stays as it is keeps state and counters.
 */
#ifndef VRRP_ROUTERS_H
#define VRRP_ROUTERS_H

#include "vrrp/dispatch.h"

struct vrrp_routers {
    struct vrrp_shared shared;
    struct vrrp_router *first;
    struct vrrp_dispatch *dispatches;
    struct vrrp_socket_batch batch;
    struct loop_timer retry;  /* for sockets that could not be opened */
    struct loop_timer orphan; /* nobody has told us anything for so long */
    struct loop_timer attend; /* somebody does again, and has for so long */
    bool goals_known;         /* somebody has told us what to do since we started */
    bool set_changed;         /* regha-net must get the whole set */
};

void vrrp_routers_init(struct vrrp_routers *routers, struct loop *loop, const char *folder);
void vrrp_routers_fini(struct vrrp_routers *routers);

/* These are wanted; `partial`: besides those that are not named. */
void vrrp_routers_want(struct vrrp_routers *routers, const struct vrrp_goal *const *goals,
                       size_t count, bool partial, struct monotime now);

/* Whoever tells us what to do is gone; after orphan_grace we are degraded. */
void vrrp_routers_lost_goals(struct vrrp_routers *routers, struct monotime now);

/* Links, regha-net or both changed: see to it that everything fits. */
void vrrp_routers_consider(struct vrrp_routers *routers, struct monotime now);

/* The kernel's state of one of them changed: the others have nothing to do with it. */
void vrrp_routers_settle(struct vrrp_routers *routers, const struct kernel_status *status,
                         struct monotime now);

/* Resign everywhere, for good. */
void vrrp_routers_stop(struct vrrp_routers *routers, struct monotime now);

/* Whether regha-net has removed all their addresses. */
bool vrrp_routers_are_gone(const struct vrrp_routers *routers);

/* The shortest advert interval; INT64_MAX without virtual routers. */
int64_t vrrp_routers_interval_ns(const struct vrrp_routers *routers);

#endif
