/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/peer_frame.h"

#define FRAME_TYPE    1
#define FRAME_VERSION 1
/* Three missed: the fourth is due half an interval before. */
#define PATIENCE_HALF_BEATS 7
#define BEAT_MAX_NS         (10 * NS_PER_S) /* nobody makes us wait longer for him */

static const struct wire_field router_fields[] = {
    WIRE_INT(vrrp_peer_router, vrid),
    WIRE_UPTO(vrrp_peer_router, family, AF_INET6),
    WIRE_UPTO(vrrp_peer_router, state, VRRP_STATES - 1),
    WIRE_INT(vrrp_peer_router, priority),
    WIRE_END,
};

static const struct wire_field frame_fields[] = {
    WIRE_INT(vrrp_peer_frame, from),
    WIRE_INT(vrrp_peer_frame, to),
    WIRE_INT(vrrp_peer_frame, counter),
    WIRE_INT(vrrp_peer_frame, challenge),
    WIRE_INT(vrrp_peer_frame, echo),
    WIRE_BOOL(vrrp_peer_frame, leaving),
    WIRE_BOOL(vrrp_peer_frame, witness),
    WIRE_INT(vrrp_peer_frame, heartbeat_us),
    WIRE_ARRAY(vrrp_peer_frame, routers, router_count, router_fields),
    WIRE_BLOCK(vrrp_peer_frame, blob, blob_bytes),
    WIRE_END,
};

const struct wire_layout vrrp_peer_frame_layout = {
    .type = FRAME_TYPE,
    .version = FRAME_VERSION,
    .struct_bytes = sizeof(struct vrrp_peer_frame),
    .fields = frame_fields,
    .name = "peer frame",
};

static int64_t patience_ns(const struct vrrp_peer_frame *frame, const struct vrrp_peer_self *self)
{
    int64_t beat_ns = frame->heartbeat_us * NS_PER_US;

    if (beat_ns > BEAT_MAX_NS)
        beat_ns = BEAT_MAX_NS;
    if (beat_ns < self->heartbeat_ns)
        beat_ns = self->heartbeat_ns;
    return PATIENCE_HALF_BEATS * beat_ns / 2;
}

static void believe(struct vrrp_peer *peer, const struct vrrp_peer_frame *frame,
                    const struct vrrp_peer_self *self, struct monotime now)
{
    const bool reachable = !frame->leaving;

    if (peer->reachable != reachable)
        peer->since = now;
    peer->reachable = reachable;
    peer->leaving = frame->leaving;
    peer->incarnation = frame->from;
    peer->counter = frame->counter;
    peer->challenge = 0;
    peer->seen = now;
    peer->patience_ns = patience_ns(frame, self);
}

static enum vrrp_frame_drop weigh(const struct vrrp_peer *peer, const struct vrrp_peer_frame *frame,
                                  const struct vrrp_peer_self *self)
{
    if (frame->from == 0)
        return VRRP_FRAME_MALFORMED;
    if (frame->to != self->incarnation)
        return VRRP_FRAME_RECEIVER;
    if (frame->from == peer->incarnation)
        return frame->counter > peer->counter ? VRRP_FRAME_ACCEPTED : VRRP_FRAME_REPLAY;
    if (peer->challenge == 0 || frame->echo != peer->challenge)
        return VRRP_FRAME_INCARNATION;
    return VRRP_FRAME_ACCEPTED;
}

enum vrrp_frame_drop vrrp_peer_frame_judge(struct vrrp_peer *peer,
                                           const struct vrrp_peer_frame *frame,
                                           const struct vrrp_peer_self *self, struct monotime now,
                                           bool *ret_reply)
{
    const enum vrrp_frame_drop drop = weigh(peer, frame, self);
    const bool unknown = drop == VRRP_FRAME_INCARNATION ||
                         (drop == VRRP_FRAME_RECEIVER && frame->from != peer->incarnation);

    /* An answer may open doors for the sender, so it is for those who do not know each other. */
    *ret_reply = drop != VRRP_FRAME_MALFORMED && drop != VRRP_FRAME_REPLAY &&
                 (frame->challenge != 0 || drop != VRRP_FRAME_ACCEPTED);
    if (unknown && peer->challenge == 0)
        peer->challenge = self->random;
    if (drop != VRRP_FRAME_ACCEPTED) {
        peer->rejected[drop]++;
        return drop;
    }
    peer->received++;
    believe(peer, frame, self, now);
    return VRRP_FRAME_ACCEPTED;
}

void vrrp_peer_frame_address(struct vrrp_peer *peer, const struct vrrp_peer_self *self,
                             struct vrrp_peer_frame *frame)
{
    if (peer->incarnation == 0 && peer->challenge == 0)
        peer->challenge = self->random;
    frame->from = self->incarnation;
    frame->to = peer->incarnation;
    frame->challenge = peer->challenge;
    frame->echo = 0;
    frame->heartbeat_us = (uint32_t)(self->heartbeat_ns / NS_PER_US);
}

void vrrp_peer_frame_reply(struct vrrp_peer *peer, const struct vrrp_peer_self *self,
                           const struct vrrp_peer_frame *asked, struct vrrp_peer_frame *frame)
{
    vrrp_peer_frame_address(peer, self, frame);
    frame->to = asked->from;
    frame->echo = asked->challenge;
}

struct monotime vrrp_peer_frame_deadline(const struct vrrp_peer *peer)
{
    return peer->reachable ? monotime_add(peer->seen, peer->patience_ns) : MONOTIME_NEVER;
}

bool vrrp_peer_frame_expire(struct vrrp_peer *peer, struct monotime now)
{
    if (!monotime_reached(vrrp_peer_frame_deadline(peer), now))
        return false;
    peer->reachable = false;
    peer->since = now;
    return true;
}
