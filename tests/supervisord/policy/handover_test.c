/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hand-over in its order; and each way in which it does not come about ends as it was before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisord/policy/handover.h"

#define BEGIN   (1000 * NS_PER_S)
#define PREPARE (15 * NS_PER_S)
#define DRAIN   (30 * NS_PER_S)

static struct handover_evidence well(void)
{
    return (struct handover_evidence){
        .is_active = true,
        .peer_count = 3,
        .peers = {{.node = 0, .priority = 140, .could_take = true, .is_heard = true},
                  {.node = 2, .priority = 150, .could_take = true, .is_heard = true},
                  {.node = 3, .priority = 160, .is_heard = true}},
    };
}

static struct handover begun(int asked)
{
    struct handover handover;

    handover_begin(&handover, asked, PREPARE, DRAIN, (struct monotime){BEGIN});
    return handover;
}

static enum handover_phase step(struct handover *handover, const struct handover_evidence *evidence,
                                int64_t after_ns)
{
    (void)handover_step(handover, evidence, (struct monotime){BEGIN + after_ns});
    return handover->phase;
}

static int64_t again(const struct handover *handover, int64_t after_ns)
{
    return handover_again(handover, (struct monotime){BEGIN + after_ns}).ns - BEGIN;
}

static void in_its_order(void **unused)
{
    struct handover_evidence evidence = well();
    struct handover handover = begun(HANDOVER_ANYBODY);

    (void)unused;
    assert_int_equal(step(&handover, &evidence, 0), HANDOVER_PREPARES);
    assert_int_equal(handover.successor, 2); /* the best one that could take it */
    evidence.peers[1].is_ready = true;
    assert_int_equal(step(&handover, &evidence, HANDOVER_NAMED_NS - 1), HANDOVER_PREPARES);
    assert_int_equal(again(&handover, HANDOVER_NAMED_NS - 1), HANDOVER_NAMED_NS);
    assert_int_equal(step(&handover, &evidence, HANDOVER_NAMED_NS), HANDOVER_GIVES);
    assert_int_equal(step(&handover, &evidence, NS_PER_S), HANDOVER_GIVES);
    evidence.is_active = false;
    assert_int_equal(step(&handover, &evidence, NS_PER_S), HANDOVER_DRAINS);
    evidence.is_other_active = true;
    assert_int_equal(step(&handover, &evidence, 2 * NS_PER_S), HANDOVER_DRAINS);
    evidence.is_drained = true;
    assert_int_equal(step(&handover, &evidence, 3 * NS_PER_S), HANDOVER_DONE);
    assert_false(handover_is_under_way(&handover));
    assert_int_equal(again(&handover, 3 * NS_PER_S), MONOTIME_NEVER.ns - BEGIN);
}

static void only_the_one_that_was_asked_for(void **unused)
{
    struct handover_evidence evidence = well();
    struct handover handover = begun(0);

    (void)unused;
    assert_int_equal(step(&handover, &evidence, 0), HANDOVER_PREPARES);
    assert_int_equal(handover.successor, 0);
    evidence.peers[0].could_take = false;
    assert_int_equal(step(&handover, &evidence, 1), HANDOVER_FAILED);
    assert_int_equal(handover_choose(&evidence, 0), -1);
    assert_int_equal(handover_choose(&evidence, 3), -1);
    assert_int_equal(handover_choose(&evidence, HANDOVER_ANYBODY), 2);
}

static void one_that_falls_ill_is_replaced_while_there_is_time(void **unused)
{
    struct handover_evidence evidence = well();
    struct handover handover = begun(HANDOVER_ANYBODY);

    (void)unused;
    (void)step(&handover, &evidence, 0);
    evidence.peers[1].could_take = false;
    evidence.peers[0].is_ready = true;
    assert_int_equal(step(&handover, &evidence, NS_PER_S), HANDOVER_PREPARES);
    assert_int_equal(handover.successor, 0);
    assert_int_equal(step(&handover, &evidence, NS_PER_S + HANDOVER_NAMED_NS), HANDOVER_GIVES);
    evidence.peers[0].could_take = false; /* too late for another one */
    assert_int_equal(step(&handover, &evidence, 2 * NS_PER_S), HANDOVER_FAILED);
}

static void nobody_could(void **unused)
{
    struct handover_evidence evidence = {.is_active = true};
    struct handover handover = begun(HANDOVER_ANYBODY);

    (void)unused;
    assert_int_equal(step(&handover, &evidence, 0), HANDOVER_FAILED);
    assert_string_equal(handover.why, "no other node could take over");
}

static void each_wait_has_its_end(void **unused)
{
    struct handover_evidence evidence = well();
    struct handover handover = begun(HANDOVER_ANYBODY);

    (void)unused;
    (void)step(&handover, &evidence, 0);
    assert_int_equal(step(&handover, &evidence, HANDOVER_NAMED_NS), HANDOVER_PREPARES);
    assert_int_equal(again(&handover, HANDOVER_NAMED_NS), PREPARE); /* not at once, and on and on */
    assert_int_equal(step(&handover, &evidence, PREPARE - 1), HANDOVER_PREPARES);
    assert_int_equal(step(&handover, &evidence, PREPARE), HANDOVER_FAILED);

    handover = begun(HANDOVER_ANYBODY);
    evidence.peers[1].is_ready = true;
    (void)step(&handover, &evidence, 0);
    assert_int_equal(step(&handover, &evidence, NS_PER_S), HANDOVER_GIVES);
    assert_int_equal(again(&handover, NS_PER_S), NS_PER_S + HANDOVER_GIVE_NS);
    assert_int_equal(step(&handover, &evidence, NS_PER_S + HANDOVER_GIVE_NS), HANDOVER_FAILED);

    handover = begun(HANDOVER_ANYBODY);
    evidence.is_active = false; /* it went by itself meanwhile */
    assert_int_equal(step(&handover, &evidence, 0), HANDOVER_DRAINS);
    assert_int_equal(step(&handover, &evidence, DRAIN - 1), HANDOVER_DRAINS);
    assert_int_equal(step(&handover, &evidence, DRAIN), HANDOVER_FAILED);
    assert_string_equal(handover.why, "no other node is Active");
}

static void one_that_gives_it_back_ends_it(void **unused)
{
    struct handover_evidence evidence = well();
    struct handover handover = begun(HANDOVER_ANYBODY);

    (void)unused;
    evidence.is_active = false;
    (void)step(&handover, &evidence, 0);
    evidence.is_active = true;
    assert_int_equal(step(&handover, &evidence, NS_PER_S), HANDOVER_FAILED);
}

/* Whether or not it is well and ready; but it must be heard. */
static void by_force(void **unused)
{
    struct handover_evidence evidence = well();
    struct handover handover = begun(3);

    (void)unused;
    handover.is_forced = true;
    assert_int_equal(step(&handover, &evidence, 0), HANDOVER_PREPARES);
    assert_int_equal(handover.successor, 3);
    assert_int_equal(step(&handover, &evidence, HANDOVER_NAMED_NS), HANDOVER_GIVES);
    assert_int_equal(step(&handover, &evidence, NS_PER_S), HANDOVER_GIVES);
    evidence.peers[2].is_heard = false;
    assert_int_equal(step(&handover, &evidence, NS_PER_S), HANDOVER_FAILED);
    handover = begun(3);
    handover.is_forced = true;
    assert_int_equal(step(&handover, &evidence, 0), HANDOVER_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_its_order),
        cmocka_unit_test(by_force),
        cmocka_unit_test(only_the_one_that_was_asked_for),
        cmocka_unit_test(one_that_falls_ill_is_replaced_while_there_is_time),
        cmocka_unit_test(nobody_could),
        cmocka_unit_test(each_wait_has_its_end),
        cmocka_unit_test(one_that_gives_it_back_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
