/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may be under the seal of a peer frame, of a node that holds the key and has gone wrong:
 * nothing that is not accepted changes what is known of it.
 *
 * Input: a frame as it is encoded; it is judged again and again, by a node that knows the
 * incarnation 2.
 */
#include <assert.h>
#include <string.h>

#include "vrrp/peer_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static enum vrrp_frame_drop judge(struct vrrp_peer *peer, const struct vrrp_peer_frame *frame)
{
    const struct vrrp_peer_self self = {1, 4711, 200 * NS_PER_MS};
    const struct monotime now = {NS_PER_S};
    const struct vrrp_peer before = *peer;
    bool reply;
    const enum vrrp_frame_drop drop = vrrp_peer_frame_judge(peer, frame, &self, now, &reply);

    assert(drop < VRRP_FRAME_DROPS);
    if (drop == VRRP_FRAME_ACCEPTED) {
        assert(frame->to == self.incarnation && peer->incarnation == frame->from);
        assert(peer->patience_ns > 0 && peer->patience_ns <= 35 * NS_PER_S);
        return drop;
    }
    assert(peer->incarnation == before.incarnation && peer->counter == before.counter);
    assert(peer->reachable == before.reachable && peer->seen.ns == before.seen.ns);
    return drop;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct vrrp_peer peer = {.incarnation = 2, .counter = 7};
    struct vrrp_peer_frame frame;
    uint8_t again[VRRP_PEER_FRAME_BYTES];
    int accepted = 0;

    if (wire_decode(&vrrp_peer_frame_layout, bytes, size, &frame, sizeof(frame)) < 0)
        return 0;
    assert(frame.router_count <= VRRP_PEER_ROUTERS && frame.blob_bytes <= VRRP_PEER_BLOB_BYTES);
    assert(wire_encode(&vrrp_peer_frame_layout, &frame, again, sizeof(again)) == (int)size);
    assert(memcmp(again, bytes, size) == 0);
    /* Nothing counts twice. The first time it may only provoke the challenge, which here is known. */
    for (int time = 0; time < 3; time++)
        accepted += judge(&peer, &frame) == VRRP_FRAME_ACCEPTED;
    assert(accepted <= 1);
    return 0;
}
