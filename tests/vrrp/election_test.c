/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three routers on a simulated wire and a simulated clock: hours run in microseconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "vrrp/fsm.h"

#define SECOND  NS_PER_S
#define ROUTERS 3

struct lan {
    struct vrrp_fsm routers[ROUTERS];
    bool holds[ROUTERS]; /* the addresses */
    bool cut[ROUTERS];   /* a cut router neither sends nor hears */
    int moves;           /* how often somebody became Active */
    struct monotime now;
};

static void deliver(struct lan *lan, int from, uint8_t priority);

static void handle(struct lan *lan, int at, const struct vrrp_event *event)
{
    struct vrrp_fsm *fsm = &lan->routers[at];
    const unsigned actions = vrrp_fsm_handle(fsm, event, lan->now);

    lan->moves += (actions & VRRP_ADD_ADDRESSES) != 0;
    if (actions & VRRP_REMOVE_ADDRESSES)
        lan->holds[at] = false;
    if (actions & VRRP_SEND_ADVERT)
        deliver(lan, at, fsm->conditions.priority);
    if (actions & VRRP_SEND_RESIGNATION)
        deliver(lan, at, 0);
    if (actions & VRRP_ADD_ADDRESSES)
        lan->holds[at] = true;
}

static void deliver(struct lan *lan, int from, uint8_t priority)
{
    if (lan->cut[from])
        return;
    for (int at = 0; at < ROUTERS; at++) {
        struct vrrp_event event = {
            .kind = VRRP_EVENT_ADVERT,
            .advert =
                {{AF_INET, 32, {10, 0, 0, (uint8_t)from}}, priority, SECOND, from > at, lan->now},
        };

        if (at != from && !lan->cut[at])
            handle(lan, at, &event);
    }
}

static void run_for(struct lan *lan, int64_t span_ns)
{
    const struct monotime end = monotime_add(lan->now, span_ns);
    const struct vrrp_event timer = {.kind = VRRP_EVENT_TIMER};

    for (;;) {
        int next = 0;
        for (int at = 1; at < ROUTERS; at++)
            if (lan->routers[at].deadline.ns < lan->routers[next].deadline.ns)
                next = at;
        if (!monotime_reached(lan->routers[next].deadline, end))
            break;
        lan->now = lan->routers[next].deadline;
        handle(lan, next, &timer);
    }
    lan->now = end;
}

static void change(struct lan *lan, int at, uint8_t priority, bool candidate)
{
    struct vrrp_event event = {
        .kind = VRRP_EVENT_CONDITIONS,
        .conditions = lan->routers[at].conditions,
    };

    event.conditions.priority = priority;
    event.conditions.candidate = candidate;
    handle(lan, at, &event);
}

/* The only Active among those that can be heard, or -1. */
static int active(const struct lan *lan)
{
    int found = -1;

    for (int at = 0; at < ROUTERS; at++) {
        if (lan->cut[at] || lan->routers[at].state != VRRP_ACTIVE)
            continue;
        if (found >= 0)
            fail_msg("%d and %d are Active", found, at);
        found = at;
    }
    return found;
}

/* Priorities 100, 110, 120, and 10 s to find their Active. */
static struct lan lan_new(bool preempt)
{
    const struct vrrp_event startup = {.kind = VRRP_EVENT_STARTUP};
    struct lan lan = {.now = {SECOND}};

    for (int at = 0; at < ROUTERS; at++) {
        const struct vrrp_conditions conditions = {
            .advert_interval_ns = SECOND,
            .priority = (uint8_t)(100 + 10 * at),
            .preempt = preempt,
            .candidate = true,
            .kernel_ready = true,
        };
        vrrp_fsm_init(&lan.routers[at], &conditions);
        handle(&lan, at, &startup);
    }
    run_for(&lan, 10 * SECOND);
    assert_int_equal(active(&lan), 2);
    lan.moves = 0;
    return lan;
}

static void test_partition_with_preempt(void **state)
{
    struct lan lan = lan_new(true);

    (void)state;
    lan.cut[2] = true;
    run_for(&lan, 4 * SECOND); /* < 3 adverts + skew of priority 110 */
    assert_int_equal(active(&lan), 1);
    lan.cut[2] = false;
    run_for(&lan, SECOND);
    assert_int_equal(active(&lan), 2);
    run_for(&lan, 3600 * SECOND);
    assert_int_equal(active(&lan), 2);
    assert_int_equal(lan.moves, 1);
}

/* Without preemption the greater one comes back as Backup: no move. */
static void test_return_without_preempt(void **state)
{
    const struct vrrp_event stop = {.kind = VRRP_EVENT_SHUTDOWN, .reason = VRRP_REASON_SHUTDOWN};
    const struct vrrp_event start = {.kind = VRRP_EVENT_STARTUP};
    struct lan lan = lan_new(false);

    (void)state;
    handle(&lan, 2, &stop);
    run_for(&lan, SECOND); /* priority 0: skew only */
    assert_int_equal(active(&lan), 1);
    handle(&lan, 2, &start);
    run_for(&lan, 3600 * SECOND);
    assert_int_equal(active(&lan), 1);
    assert_int_equal(lan.moves, 1);
}

static int holders(const struct lan *lan)
{
    int count = 0;

    for (int at = 0; at < ROUTERS; at++)
        count += lan->holds[at];
    return count;
}

/* The Active gives it to `to`: up to where the kernel has removed the addresses. */
static void yield_to(struct lan *lan, int to)
{
    struct vrrp_event named = {.kind = VRRP_EVENT_CONDITIONS,
                               .conditions = lan->routers[to].conditions};
    struct vrrp_event yields = {.kind = VRRP_EVENT_CONDITIONS,
                                .conditions = lan->routers[2].conditions};

    named.conditions.successor = true;
    handle(lan, to, &named);
    yields.conditions.yield = true;
    yields.conditions.candidate = false;
    handle(lan, 2, &yields);
    assert_int_equal(active(lan), 2);
    assert_int_equal(holders(lan), 0);
}

/* To the least of them, at once; the one between stays out of it, and nothing moves after. */
static void test_hand_over(void **state)
{
    const struct vrrp_event released = {.kind = VRRP_EVENT_RELEASED};
    struct lan lan = lan_new(false);

    (void)state;
    yield_to(&lan, 0);
    handle(&lan, 2, &released);
    assert_int_equal(active(&lan), 0); /* no time has passed */
    assert_true(lan.holds[0] && holders(&lan) == 1);
    change(&lan, 2, 120, true);
    run_for(&lan, 3600 * SECOND);
    assert_int_equal(active(&lan), 0);
    assert_int_equal(holders(&lan), 1);
    assert_int_equal(lan.moves, 1);
}

/* The named one is gone in that very moment: the next one waits no longer than its skew. */
static void test_hand_over_to_nobody(void **state)
{
    const struct vrrp_event released = {.kind = VRRP_EVENT_RELEASED};
    struct lan lan = lan_new(false);

    (void)state;
    yield_to(&lan, 0);
    lan.cut[0] = true;
    handle(&lan, 2, &released);
    assert_int_equal(active(&lan), -1);
    run_for(&lan, SECOND);
    assert_int_equal(active(&lan), 1);
}

/* Health outranks stickiness, and one move is enough for three. */
static void test_degraded_active(void **state)
{
    struct lan lan = lan_new(false);

    (void)state;
    change(&lan, 2, VRRP_PRIORITY_ORPHANED, true);
    run_for(&lan, SECOND);
    assert_int_equal(active(&lan), 1);
    change(&lan, 2, 120, true);
    run_for(&lan, 60 * SECOND);
    assert_int_equal(active(&lan), 1);
    assert_int_equal(lan.moves, 1);
}

/* A shared failure degrades all: the Active stays, whoever is the first to notice. */
static void test_all_degraded(void **state)
{
    struct lan lan = lan_new(false);

    (void)state;
    change(&lan, 0, 5, true);
    change(&lan, 1, 6, true);
    change(&lan, 2, 7, true);
    run_for(&lan, 60 * SECOND);
    assert_int_equal(active(&lan), 2);
    assert_int_equal(lan.moves, 0);
}

static void test_candidacy(void **state)
{
    struct lan lan = lan_new(false);

    (void)state;
    change(&lan, 2, 120, false);
    run_for(&lan, SECOND);
    assert_int_equal(active(&lan), 1);
    change(&lan, 0, 100, false);
    change(&lan, 1, 110, false);
    run_for(&lan, 60 * SECOND);
    assert_int_equal(active(&lan), -1);
    change(&lan, 0, 100, true);
    run_for(&lan, SECOND); /* all have been listened to already: skew only */
    assert_int_equal(active(&lan), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partition_with_preempt),
        cmocka_unit_test(test_return_without_preempt),
        cmocka_unit_test(test_hand_over),
        cmocka_unit_test(test_hand_over_to_nobody),
        cmocka_unit_test(test_degraded_active),
        cmocka_unit_test(test_all_degraded),
        cmocka_unit_test(test_candidacy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
