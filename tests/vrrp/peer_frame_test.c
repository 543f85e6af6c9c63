/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two nodes that meet, restart and fall silent, and somebody who has recorded all they said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "vrrp/peer_frame.h"

#define BEAT   (200 * NS_PER_MS)
#define FRAMES 64

static const struct monotime start = {1000 * NS_PER_S};

/* One side: itself, and what it knows of the other. */
struct side {
    struct vrrp_peer_self self;
    struct vrrp_peer peer;
    uint64_t counter;
};

/* What went over the wire, for whoever repeats it. */
struct wire {
    struct vrrp_peer_frame frames[FRAMES];
    size_t count;
    struct monotime now;
};

static struct side side_new(uint64_t incarnation)
{
    return (struct side){.self = {incarnation, incarnation * 1000, BEAT}};
}

static enum vrrp_frame_drop deliver(struct wire *wire, struct side *to, struct side *from,
                                    const struct vrrp_peer_frame *frame)
{
    struct vrrp_peer_frame answer = {0};
    bool wants_reply;

    to->self.random++;
    const enum vrrp_frame_drop drop =
        vrrp_peer_frame_judge(&to->peer, frame, &to->self, wire->now, &wants_reply);
    if (wants_reply && from) {
        vrrp_peer_frame_reply(&to->peer, &to->self, frame, &answer);
        answer.counter = ++to->counter;
        assert_true(wire->count < FRAMES); /* they must come to an end */
        wire->frames[wire->count++] = answer;
        (void)deliver(wire, from, to, &answer);
    }
    return drop;
}

static void beat(struct wire *wire, struct side *from, struct side *to, bool leaving)
{
    struct vrrp_peer_frame frame = {.leaving = leaving};

    from->self.random++;
    vrrp_peer_frame_address(&from->peer, &from->self, &frame);
    frame.counter = ++from->counter;
    wire->frames[wire->count++] = frame;
    (void)deliver(wire, to, from, &frame);
}

static void test_meet(void **state)
{
    struct wire wire = {.now = start};
    struct side one = side_new(1), two = side_new(2);

    (void)state;
    beat(&wire, &one, &two, false);
    assert_true(one.peer.reachable && two.peer.reachable);
    assert_int_equal(one.peer.incarnation, 2);
    assert_int_equal(two.peer.incarnation, 1);
    assert_int_equal(wire.count, 3); /* a challenge, an answer with another, an answer */
    beat(&wire, &two, &one, false);
    assert_int_equal(wire.count, 4); /* known: no words are lost */
    assert_int_equal(one.peer.received, 2);
}

static void test_restart(void **state)
{
    struct wire wire = {.now = start};
    struct side one = side_new(1), two = side_new(2);

    (void)state;
    beat(&wire, &one, &two, false);
    two = side_new(3);
    beat(&wire, &two, &one, false);
    assert_int_equal(one.peer.incarnation, 3);
    assert_int_equal(two.peer.incarnation, 1);
    assert_true(one.peer.reachable && two.peer.reachable);
    assert_int_equal(one.peer.since.ns, start.ns); /* it was never silent */
}

/* Whatever was ever said, repeated at any time later, changes nothing. */
static void test_replay(void **state)
{
    struct wire wire = {.now = start};
    struct side one = side_new(1), two = side_new(2);

    (void)state;
    beat(&wire, &one, &two, false);
    beat(&wire, &two, &one, false);
    two = side_new(3);
    beat(&wire, &two, &one, false);
    wire.now = monotime_add(start, 10 * NS_PER_S);
    assert_true(vrrp_peer_frame_expire(&one.peer, wire.now));

    const size_t said = wire.count;
    for (int again = 0; again < 2; again++) {
        for (size_t at = 0; at < said; at++)
            assert_int_not_equal(deliver(&wire, &one, NULL, &wire.frames[at]), VRRP_FRAME_ACCEPTED);
        assert_false(one.peer.reachable);
        assert_int_equal(one.peer.incarnation, 3);
        one = side_new(4); /* and with a life of which they know nothing */
        one.peer.incarnation = 3;
    }
}

/* Old frames in between do not keep the living from each other. */
static void test_replay_does_not_part_them(void **state)
{
    struct wire wire = {.now = start};
    struct side one = side_new(1), two = side_new(2);
    struct vrrp_peer_frame old;

    (void)state;
    beat(&wire, &two, &one, false);
    old = wire.frames[wire.count - 1];
    two = side_new(3);
    beat(&wire, &two, &one, false);
    for (int at = 0; at < 5; at++) {
        (void)deliver(&wire, &one, NULL, &old);
        beat(&wire, &two, &one, false);
        beat(&wire, &one, &two, false);
        assert_true(one.peer.reachable && two.peer.reachable);
        assert_int_equal(one.peer.incarnation, 3);
    }
}

static void test_silence(void **state)
{
    struct wire wire = {.now = start};
    struct side one = side_new(1), two = side_new(2);

    (void)state;
    assert_int_equal(vrrp_peer_frame_deadline(&one.peer).ns, MONOTIME_NEVER.ns);
    beat(&wire, &two, &one, false);
    assert_int_equal(vrrp_peer_frame_deadline(&one.peer).ns, start.ns + 7 * BEAT / 2);
    assert_false(vrrp_peer_frame_expire(&one.peer, monotime_add(start, 3 * BEAT)));
    assert_true(vrrp_peer_frame_expire(&one.peer, monotime_add(start, 7 * BEAT / 2)));
    assert_false(one.peer.reachable);
    assert_false(vrrp_peer_frame_expire(&one.peer, monotime_add(start, 9 * BEAT)));
    wire.now = monotime_add(start, 10 * BEAT);
    beat(&wire, &two, &one, false);
    assert_true(one.peer.reachable);
    assert_int_equal(one.peer.since.ns, wire.now.ns);
}

/* A slower one is waited for longer, but not for as long as he likes. */
static void test_patience(void **state)
{
    struct wire wire = {.now = start};
    struct side one = side_new(1), two = side_new(2);

    (void)state;
    two.self.heartbeat_ns = NS_PER_S;
    beat(&wire, &two, &one, false);
    assert_int_equal(one.peer.patience_ns, 7 * NS_PER_S / 2);
    assert_int_equal(two.peer.patience_ns, 7 * NS_PER_S / 2);
    two.self.heartbeat_ns = 4000 * NS_PER_S;
    beat(&wire, &two, &one, false);
    assert_int_equal(one.peer.patience_ns, 35 * NS_PER_S);
}

static void test_leaving_is_not_silence(void **state)
{
    struct wire wire = {.now = start};
    struct side one = side_new(1), two = side_new(2);

    (void)state;
    beat(&wire, &two, &one, false);
    beat(&wire, &two, &one, true);
    assert_true(one.peer.leaving);
    assert_false(one.peer.reachable);
    assert_false(vrrp_peer_frame_expire(&one.peer, monotime_add(start, 100 * BEAT)));
    two = side_new(3);
    beat(&wire, &two, &one, false);
    assert_false(one.peer.leaving);
    assert_true(one.peer.reachable);
}

static const struct {
    const char *rule;
    struct vrrp_peer_frame frame;
    enum vrrp_frame_drop drop;
    bool reply;
} rows[] = {
    {"the next one", {.from = 2, .to = 1, .counter = 8}, VRRP_FRAME_ACCEPTED, false},
    {"one was lost", {.from = 2, .to = 1, .counter = 99}, VRRP_FRAME_ACCEPTED, false},
    {"challenged: answer", {.from = 2, .to = 1, .counter = 8, .challenge = 5}, 0, true},
    {"the same once more", {.from = 2, .to = 1, .counter = 7}, VRRP_FRAME_REPLAY, false},
    {"an older one", {.from = 2, .to = 1, .counter = 6, .challenge = 5}, VRRP_FRAME_REPLAY, false},
    {"to nobody yet", {.from = 2, .to = 0, .counter = 8}, VRRP_FRAME_RECEIVER, true},
    {"to a former life", {.from = 2, .to = 77, .counter = 8}, VRRP_FRAME_RECEIVER, true},
    {"of another life", {.from = 3, .to = 1, .counter = 8}, VRRP_FRAME_INCARNATION, true},
    {"with a wrong echo", {.from = 3, .to = 1, .echo = 1}, VRRP_FRAME_INCARNATION, true},
    {"of nobody", {.from = 0, .to = 1, .counter = 8}, VRRP_FRAME_MALFORMED, false},
};

static void test_rows(void **state)
{
    const struct vrrp_peer_self self = {1, 4711, BEAT};

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct vrrp_peer peer = {.incarnation = 2, .counter = 7};
        bool reply;
        const enum vrrp_frame_drop drop =
            vrrp_peer_frame_judge(&peer, &rows[at].frame, &self, start, &reply);

        if (drop != rows[at].drop || reply != rows[at].reply)
            fail_msg("%s: %s, reply %d", rows[at].rule, vrrp_message_frame_drop_name(drop), reply);
        assert_int_equal(peer.reachable, drop == VRRP_FRAME_ACCEPTED);
        assert_int_equal(peer.incarnation, 2);
        assert_int_equal(peer.rejected[drop], drop != VRRP_FRAME_ACCEPTED);
        assert_int_equal(peer.challenge, rows[at].frame.from == 3 ? 4711 : 0);
    }
}

/* The greatest frame fits, and comes back as it was. */
static void test_layout(void **state)
{
    struct vrrp_peer_frame frame, read;
    uint8_t bytes[VRRP_PEER_FRAME_BYTES];

    (void)state;
    memset(&frame, 0, sizeof(frame));
    frame.from = UINT64_MAX;
    frame.counter = 1;
    frame.leaving = true;
    frame.router_count = VRRP_PEER_ROUTERS;
    for (size_t at = 0; at < VRRP_PEER_ROUTERS; at++)
        frame.routers[at] = (struct vrrp_peer_router){(uint8_t)at, AF_INET6, VRRP_BACKUP, 254};
    frame.blob_bytes = VRRP_PEER_BLOB_BYTES;
    memset(frame.blob, 0x77, sizeof(frame.blob));
    assert_int_equal(wire_encode(&vrrp_peer_frame_layout, &frame, bytes, sizeof(bytes)),
                     VRRP_PEER_FRAME_BYTES);
    assert_int_equal(
        wire_decode(&vrrp_peer_frame_layout, bytes, sizeof(bytes), &read, sizeof(read)), 0);
    assert_memory_equal(&read, &frame, sizeof(frame));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meet),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_replay_does_not_part_them),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_leaving_is_not_silence),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_layout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
