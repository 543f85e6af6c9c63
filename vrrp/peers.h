/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peers - the other nodes: a frame to each at every heartbeat, and who has fallen silent.
 *
 * Unicast UDP between the nodes' addresses. Nothing here waits for anybody.
 */
#ifndef VRRP_PEERS_H
#define VRRP_PEERS_H

#include "vrrp/peer_frame.h"
#include "vrrp/presence.h"
#include "vrrp/routers.h"

struct vrrp_peers_node {
    struct vrrp_peer peer;
    struct vrrp_presence presence;
    struct vrrp_presence_view view;                     /* as told to reghad */
    struct vrrp_peer_router routers[VRRP_PEER_ROUTERS]; /* as it said last, and the blob */
    uint8_t router_count;
    uint16_t blob_bytes;
    uint8_t blob[VRRP_PEER_BLOB_BYTES];
    struct monotime next_reply; /* whoever repeats old frames gets few answers */
    struct log_limit rejected;
    bool dirty; /* to be told to reghad */
};

struct vrrp_peers {
    struct vrrp_routers *routers;
    struct vrrp_cluster_goal goal; /* node_count 0: there are no peers */
    struct vrrp_peers_node nodes[VRRP_CLUSTER_NODES];
    uint64_t incarnation;
    uint64_t counter;
    struct loop_io io; /* fd -1: closed */
    struct loop_timer beat;
    struct loop_timer silence;
    struct loop_timer presence;
    struct log_limit failed;
    uint64_t send_errors;
    bool leaving;
};

/* Returns 0, or a negative errno and `err`. */
int vrrp_peers_init(struct vrrp_peers *peers, struct vrrp_routers *routers, struct err *err);
void vrrp_peers_fini(struct vrrp_peers *peers);

/* What is wrong with a goal, as half a sentence, or NULL. */
const char *vrrp_peers_mistake(const struct vrrp_cluster_goal *goal);

/* Another goal, or NULL for none. Nodes that stay are known on. */
void vrrp_peers_want(struct vrrp_peers *peers, const struct vrrp_cluster_goal *goal,
                     struct monotime now);

/* Say good-bye, so that nobody takes our silence for a failure. */
void vrrp_peers_leave(struct vrrp_peers *peers);

size_t vrrp_peers_count(const struct vrrp_peers *peers); /* nodes, us among them */
void vrrp_peers_state(const struct vrrp_peers *peers, size_t at, struct vrrp_peer_state *ret_state);

#endif
