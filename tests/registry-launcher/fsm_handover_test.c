/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A registry's state machine where two processes meet: the one that leaves and the next one. */
#include "registry-launcher/fsm.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND  NS_PER_S
#define DRAIN   (30 * SECOND)
#define STARTED (REGISTRY_FSM_CAPTURE | REGISTRY_FSM_SPAWN)

static const struct monotime now = {1000 * SECOND};

static unsigned want(struct registry_fsm *fsm, bool run, uint32_t serial, bool can_hand_over)
{
    const struct registry_fsm_event event = {
        .kind = REGISTRY_FSM_GOAL,
        .goal = {.run = run,
                 .restart_serial = serial,
                 .can_hand_over = can_hand_over,
                 .drain_ns = DRAIN,
                 .restart = {3, 60 * SECOND, 100 * NS_PER_MS, SECOND}},
    };

    return registry_fsm_handle(fsm, &event, now);
}

static unsigned tell_at(struct registry_fsm *fsm, enum registry_fsm_event_kind kind,
                        struct monotime at)
{
    const struct registry_fsm_event event = {.kind = kind, .cause = REGISTRY_CAUSE_EXITED};

    return registry_fsm_handle(fsm, &event, at);
}

static unsigned tell(struct registry_fsm *fsm, enum registry_fsm_event_kind kind)
{
    return tell_at(fsm, kind, now);
}

static void run(struct registry_fsm *fsm)
{
    registry_fsm_init(fsm);
    want(fsm, true, 1, false);
    tell(fsm, REGISTRY_FSM_SPAWNED);
    tell_at(fsm, REGISTRY_FSM_TIMER, fsm->deadline);
    assert_int_equal(fsm->state, REGISTRY_RUNNING);
}

static void a_restart_starts_the_next_one_at_once(void **state)
{
    struct registry_fsm fsm;

    (void)state;
    run(&fsm);
    assert_int_equal(want(&fsm, true, 2, true),
                     REGISTRY_FSM_TERM | REGISTRY_FSM_HAND_OVER | STARTED);
    assert_int_equal(fsm.state, REGISTRY_STARTING);
    assert_true(fsm.is_leaving);
    assert_int_equal(fsm.leave_deadline.ns, now.ns + DRAIN);
    assert_int_equal(tell(&fsm, REGISTRY_FSM_SPAWNED), 0);
    assert_int_equal(tell(&fsm, REGISTRY_FSM_LEFT), 0);
    assert_int_equal(fsm.state, REGISTRY_STARTING);
    assert_false(fsm.is_leaving);
}

static void where_it_cannot_the_end_is_awaited(void **state)
{
    struct registry_fsm fsm;

    (void)state;
    run(&fsm);
    assert_int_equal(want(&fsm, true, 2, false), REGISTRY_FSM_TERM);
    assert_int_equal(fsm.state, REGISTRY_STOPPING);
}

static void the_port_is_asked_for_until_it_is_free(void **state)
{
    struct registry_fsm fsm;

    (void)state;
    run(&fsm);
    want(&fsm, true, 2, true);
    assert_int_equal(tell(&fsm, REGISTRY_FSM_PORT_HELD), 0);
    assert_int_equal(fsm.state, REGISTRY_STARTING);
    assert_int_equal(fsm.deadline.ns - now.ns, REGISTRY_FSM_PORT_NS);
    assert_int_equal(tell_at(&fsm, REGISTRY_FSM_TIMER, fsm.deadline), STARTED);
    const struct monotime late = monotime_add(now, SECOND);
    assert_int_equal(tell_at(&fsm, REGISTRY_FSM_PORT_HELD, late), 0);
    assert_int_equal(fsm.deadline.ns - late.ns, REGISTRY_FSM_PORT_SLOW_NS);
    assert_int_equal(tell_at(&fsm, REGISTRY_FSM_LEFT, late), STARTED); /* not at the next look */
    assert_int_equal(fsm.history.count, 0);
}

static void who_leaves_is_killed_at_its_deadline_and_not_before(void **state)
{
    struct registry_fsm fsm;

    (void)state;
    run(&fsm);
    want(&fsm, true, 2, true);
    tell(&fsm, REGISTRY_FSM_SPAWNED);
    tell_at(&fsm, REGISTRY_FSM_TIMER, fsm.deadline);
    assert_int_equal(registry_fsm_deadline(&fsm).ns, now.ns + DRAIN);
    assert_int_equal(tell_at(&fsm, REGISTRY_FSM_TIMER, monotime_add(now, DRAIN - 1)), 0);
    assert_int_equal(tell_at(&fsm, REGISTRY_FSM_TIMER, monotime_add(now, DRAIN)),
                     REGISTRY_FSM_KILL_LEAVER);
    assert_int_equal(tell_at(&fsm, REGISTRY_FSM_TIMER, fsm.leave_deadline),
                     REGISTRY_FSM_KILL_LEAVER);
    assert_int_equal(fsm.state, REGISTRY_RUNNING);
    tell(&fsm, REGISTRY_FSM_LEFT);
    assert_int_equal(registry_fsm_deadline(&fsm).ns, MONOTIME_NEVER.ns);
}

static void wanted_again_while_it_drains_it_drains_on(void **state)
{
    struct registry_fsm fsm;

    (void)state;
    run(&fsm);
    want(&fsm, false, 1, true);
    assert_int_equal(fsm.state, REGISTRY_STOPPING);
    assert_int_equal(want(&fsm, true, 1, true), REGISTRY_FSM_HAND_OVER | STARTED); /* no 2nd TERM */
    assert_int_equal(fsm.leave_deadline.ns, now.ns + DRAIN);
}

static void there_is_never_a_third(void **state)
{
    struct registry_fsm fsm;

    (void)state;
    run(&fsm);
    want(&fsm, true, 2, true);
    tell(&fsm, REGISTRY_FSM_SPAWNED);
    assert_int_equal(want(&fsm, true, 3, true), REGISTRY_FSM_TERM);
    assert_int_equal(fsm.state, REGISTRY_STOPPING);
    assert_int_equal(tell(&fsm, REGISTRY_FSM_EXITED), STARTED);
}

static void a_stop_waits_for_both(void **state)
{
    struct registry_fsm fsm;

    (void)state;
    run(&fsm);
    want(&fsm, true, 2, true);
    tell(&fsm, REGISTRY_FSM_SPAWNED);
    assert_int_equal(want(&fsm, false, 2, true), REGISTRY_FSM_TERM);
    tell(&fsm, REGISTRY_FSM_EXITED);
    assert_int_equal(fsm.state, REGISTRY_STOPPED);
    assert_false(registry_fsm_is_over(&fsm));
    tell(&fsm, REGISTRY_FSM_LEFT);
    assert_true(registry_fsm_is_over(&fsm));
}

static void a_stop_before_the_port_was_free(void **state)
{
    struct registry_fsm fsm;

    (void)state;
    run(&fsm);
    want(&fsm, true, 2, true);
    tell(&fsm, REGISTRY_FSM_PORT_HELD);
    assert_int_equal(want(&fsm, true, 3, true), 0);
    assert_int_equal(want(&fsm, false, 3, true), 0);
    assert_int_equal(fsm.state, REGISTRY_STOPPED);
    assert_int_equal(tell(&fsm, REGISTRY_FSM_LEFT), 0);
    assert_true(registry_fsm_is_over(&fsm));
}

static void one_that_was_leaving_is_found(void **state)
{
    const struct registry_fsm_event found = {.kind = REGISTRY_FSM_LEAVER_FOUND,
                                             .deadline = {1001 * SECOND}};
    struct registry_fsm fsm;

    (void)state;
    registry_fsm_init(&fsm);
    registry_fsm_handle(&fsm, &found, now);
    tell(&fsm, REGISTRY_FSM_ADOPTED);
    assert_int_equal(fsm.state, REGISTRY_RUNNING);
    assert_int_equal(registry_fsm_deadline(&fsm).ns, 1001 * SECOND);
    assert_int_equal(tell_at(&fsm, REGISTRY_FSM_TIMER, found.deadline), REGISTRY_FSM_KILL_LEAVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_starts_the_next_one_at_once),
        cmocka_unit_test(where_it_cannot_the_end_is_awaited),
        cmocka_unit_test(the_port_is_asked_for_until_it_is_free),
        cmocka_unit_test(who_leaves_is_killed_at_its_deadline_and_not_before),
        cmocka_unit_test(wanted_again_while_it_drains_it_drains_on),
        cmocka_unit_test(there_is_never_a_third),
        cmocka_unit_test(a_stop_waits_for_both),
        cmocka_unit_test(a_stop_before_the_port_was_free),
        cmocka_unit_test(one_that_was_leaving_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
