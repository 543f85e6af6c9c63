/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dispatch - what arrives on one interface goes to the virtual router of its VRID.
 *
 * One socket for all virtual routers of the interface. Packets that are nobody's are counted here.
 */
#ifndef VRRP_DISPATCH_H
#define VRRP_DISPATCH_H

#include "vrrp/discards.h"
#include "vrrp/router.h"
#include "vrrp/socket.h"

#define VRRP_DISPATCH_VRIDS 256

struct vrrp_dispatch {
    struct vrrp_shared *shared;
    struct vrrp_socket_batch *batch; /* shared by all: one is read at a time */
    char interface[IFNAMSIZ];
    unsigned index;                                   /* the socket is bound to it */
    struct loop_io io;                                /* fd -1: closed */
    struct vrrp_router *routers[VRRP_DISPATCH_VRIDS]; /* of IPv4, by VRID; borrowed */
    struct vrrp_strays strays;
    struct vrrp_discards discards;
    struct log_limit failed;
    struct monotime drained; /* when the socket was last found empty */
    struct vrrp_dispatch *next;
};

/* Returns NULL without memory. */
struct vrrp_dispatch *vrrp_dispatch_new(struct vrrp_shared *shared, struct vrrp_socket_batch *batch,
                                        const char *interface);
void vrrp_dispatch_free(struct vrrp_dispatch *dispatch);

bool vrrp_dispatch_is_empty(const struct vrrp_dispatch *dispatch);

/* Open, reopen or close the socket as the link is now. Returns false if it should be open and is
 * not: ask again. */
bool vrrp_dispatch_consider(struct vrrp_dispatch *dispatch, struct monotime now);

/* One packet with its IPv4 header, that arrived at `heard`: judge, count, log, pass on. */
enum vrrp_drop vrrp_dispatch_packet(struct vrrp_dispatch *dispatch, const uint8_t *bytes,
                                    size_t length_bytes, struct monotime heard,
                                    struct monotime now);

#endif
