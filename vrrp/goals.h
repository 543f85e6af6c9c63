/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * goals - the door to reghad: takes goals, tells states.
 */
#ifndef VRRP_GOALS_H
#define VRRP_GOALS_H

#include "base/channel.h"
#include "vrrp/peers.h"

struct vrrp_goals {
    struct vrrp_routers *routers;
    struct vrrp_peers *peers;
    struct channel_server *channel;
    struct channel_peer *master; /* whose goals we follow; NULL: nobody's any more */
    struct loop_timer tick;      /* counters, each second */
    bool stopping;               /* goals are no longer taken */
    void (*applied)(void *owner, struct monotime now); /* a set of goals has been applied */
    void *owner;
};

struct vrrp_goals_door {
    const char *path;
    uid_t user;  /* who may say what to do, besides root and ourselves */
    gid_t group; /* of the socket */
};

/* `routers`, `peers`, `applied` and `owner` are set by the caller before. Returns 0, or a negative errno and `err`. */
int vrrp_goals_open(struct vrrp_goals *goals, const struct vrrp_goals_door *door, struct err *err);
void vrrp_goals_close(struct vrrp_goals *goals);

/* Tell what changed since the last time. */
void vrrp_goals_report(struct vrrp_goals *goals);

#endif
