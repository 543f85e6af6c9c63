/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer_frame - what the nodes tell each other at every heartbeat, and when it counts.
 *
 * Pure; the seal around a frame is vrrp/seal's. A process has an incarnation, a random number of
 * its own, and counts its frames. A frame counts only if it names the receiver's incarnation, comes
 * of one that has answered a challenge of the receiver, and is newer than the last one that did. So
 * neither clocks nor memory are needed, and nothing recorded counts again, whoever restarts.
 */
#ifndef VRRP_PEER_FRAME_H
#define VRRP_PEER_FRAME_H

#include "vrrp/message.h"

/* Encoded, all of it used. */
#define VRRP_PEER_FRAME_BYTES                                                                      \
    (WIRE_HEADER_BYTES + 5 * 8 + 2 + 4 + 1 + 4 * VRRP_PEER_ROUTERS + 2 + VRRP_PEER_BLOB_BYTES)

struct vrrp_peer_frame {
    uint64_t from;         /* the sender's incarnation */
    uint64_t to;           /* the receiver's, as last learnt; 0: not known */
    uint64_t counter;      /* of the sender's frames */
    uint64_t challenge;    /* echo this, for I do not know you; 0: nothing */
    uint64_t echo;         /* of the receiver's challenge; 0: nothing */
    bool leaving;          /* an orderly end: no silence follows */
    bool witness;          /* votes and holds nothing */
    uint32_t heartbeat_us; /* the sender's */
    uint8_t router_count;
    struct vrrp_peer_router routers[VRRP_PEER_ROUTERS];
    uint16_t blob_bytes;
    uint8_t blob[VRRP_PEER_BLOB_BYTES];
};

extern const struct wire_layout vrrp_peer_frame_layout;

/* What is known of one other node. */
struct vrrp_peer {
    uint64_t incarnation; /* that has proved to be alive; 0: none yet */
    uint64_t counter;     /* of its last frame that counted */
    uint64_t challenge;   /* ours, unanswered; 0: none */
    bool reachable;
    bool leaving;
    struct monotime seen;  /* its last frame that counted; 0: never */
    struct monotime since; /* when `reachable` last changed */
    int64_t patience_ns;   /* three of its heartbeats and a half */
    uint64_t received;
    uint64_t rejected[VRRP_FRAME_DROPS];
};

/* What is known of us, and a number nobody can guess. */
struct vrrp_peer_self {
    uint64_t incarnation; /* never 0 */
    uint64_t random;      /* another one each time, never 0 */
    int64_t heartbeat_ns;
};

/*
 * Judge an authentic frame; the peer changes only if it is VRRP_FRAME_ACCEPTED, but for counters
 * and our own challenge. `ret_reply`: answer it at once with vrrp_peer_frame_reply().
 */
enum vrrp_frame_drop vrrp_peer_frame_judge(struct vrrp_peer *peer,
                                           const struct vrrp_peer_frame *frame,
                                           const struct vrrp_peer_self *self, struct monotime now,
                                           bool *ret_reply);

/* Fill in what a heartbeat to `peer` says about him; the rest is the caller's. */
void vrrp_peer_frame_address(struct vrrp_peer *peer, const struct vrrp_peer_self *self,
                             struct vrrp_peer_frame *frame);

/* The same for an answer to `asked`. */
void vrrp_peer_frame_reply(struct vrrp_peer *peer, const struct vrrp_peer_self *self,
                           const struct vrrp_peer_frame *asked, struct vrrp_peer_frame *frame);

/* When the peer is silent if nothing comes; MONOTIME_NEVER if it is not reachable anyway. */
struct monotime vrrp_peer_frame_deadline(const struct vrrp_peer *peer);

/* Whether the peer has just become silent. */
bool vrrp_peer_frame_expire(struct vrrp_peer *peer, struct monotime now);

#endif
