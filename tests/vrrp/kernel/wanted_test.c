/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of goals: what is replaced, what keeps its history, what is refused. */
#include "vrrp/kernel/wanted.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct kernel_goal goal(const char *name, const char *interface, uint8_t addresses)
{
    struct kernel_goal goal = {.family = AF_INET, .hold = true, .address_count = addresses};

    memcpy(goal.name, name, strlen(name));
    memcpy(goal.interface, interface, strlen(interface));
    for (uint8_t at = 0; at < addresses; at++)
        goal.addresses[at] = (struct address){AF_INET, 32, {10, (uint8_t)name[0], 0, at}};
    return goal;
}

static void apply(struct kernel_wanted *wanted, const struct kernel_goal *one,
                  const struct kernel_goal *other, bool partial)
{
    const struct kernel_goal *goals[] = {one, other};
    const struct kernel_wanted_set set = {goals, other != NULL ? 2 : one != NULL, partial};
    struct err err;

    assert_int_equal(kernel_wanted_apply(wanted, &set, &err), 0);
}

static void full_set_replaces(void **state)
{
    const struct kernel_goal a = goal("a", "eth0", 2), b = goal("b", "eth1", 3);
    struct kernel_wanted wanted = {0};

    (void)state;
    apply(&wanted, &a, &b, false);
    assert_int_equal(wanted.goal_count, 2);
    assert_int_equal(wanted.want_count, 5);
    assert_int_equal(wanted.interface_count, 2);
    assert_int_equal(wanted.goals[1].first_want, 2);
    assert_int_equal(wanted.goal_of[4], 1);
    apply(&wanted, &b, NULL, false);
    assert_int_equal(wanted.goal_count, 1);
    assert_int_equal(wanted.want_count, 3);
    assert_int_equal(wanted.interface_count, 1);
    assert_string_equal(wanted.goals[0].goal.name, "b");
    apply(&wanted, NULL, NULL, false);
    assert_int_equal(wanted.goal_count, 0);
    assert_int_equal(wanted.want_count, 0);
    kernel_wanted_fini(&wanted);
}

static void partial_set_replaces_what_it_names(void **state)
{
    struct kernel_goal a = goal("a", "eth0", 2);
    const struct kernel_goal b = goal("b", "eth0", 3), c = goal("c", "eth0", 1);
    struct kernel_wanted wanted = {0};

    (void)state;
    apply(&wanted, &a, &b, false);
    a.hold = false;
    apply(&wanted, &a, &c, true);
    assert_int_equal(wanted.goal_count, 3);
    assert_int_equal(wanted.want_count, 6);
    assert_string_equal(wanted.goals[0].goal.name, "a");
    assert_false(wanted.wants[0].hold);
    assert_true(wanted.wants[2].hold);
    assert_string_equal(wanted.goals[2].goal.name, "c");
    assert_int_equal(wanted.interface_count, 1);
    kernel_wanted_fini(&wanted);
}

static void history_is_kept(void **state)
{
    struct kernel_goal a = goal("a", "eth0", 2);
    const struct kernel_goal b = goal("b", "eth0", 1);
    struct kernel_wanted wanted = {0};

    (void)state;
    apply(&wanted, &a, NULL, false);
    wanted.goals[0].restored = 7;
    wanted.wants[1].held = true;
    wanted.wants[1].index = 4;
    wanted.paces[1].active = true;
    a.address_count = 1;
    a.addresses[0] = a.addresses[1]; /* the first is gone, the second stays */
    a.announce_serial++;
    apply(&wanted, &b, &a, false);
    assert_int_equal(wanted.goals[1].restored, 7);
    assert_true(wanted.goals[1].announce_again);
    assert_true(wanted.wants[1].held);
    assert_true(wanted.paces[1].active);
    assert_int_equal(wanted.goals[0].restored, 0);
    assert_false(wanted.goals[0].announce_again);
    assert_false(wanted.wants[0].held);
    kernel_wanted_fini(&wanted);
}

static void another_interface_is_another_address(void **state)
{
    const struct kernel_goal here = goal("a", "eth0", 1), there = goal("a", "eth1", 1);
    struct kernel_wanted wanted = {0};

    (void)state;
    apply(&wanted, &here, NULL, false);
    wanted.wants[0].held = true;
    wanted.paces[0].active = true;
    apply(&wanted, &there, NULL, false);
    assert_false(wanted.wants[0].held);
    assert_false(wanted.paces[0].active);
    kernel_wanted_fini(&wanted);
}

/* The guard is made anew only when more changed than who holds what. */
static void shape_is_more_than_hold(void **state)
{
    struct kernel_goal a = goal("a", "eth0", 2);
    const struct kernel_goal b = goal("b", "eth0", 1);
    struct kernel_wanted wanted = {0};

    (void)state;
    apply(&wanted, &a, &b, false);
    const uint32_t shape = wanted.shape;
    a.hold = false;
    a.announce_serial++;
    apply(&wanted, &a, NULL, true);
    assert_int_equal(wanted.shape, shape);
    a.guard_ns = 1;
    apply(&wanted, &a, NULL, true);
    assert_int_not_equal(wanted.shape, shape);
    const uint32_t with_b = wanted.shape;
    apply(&wanted, &a, NULL, false);
    assert_int_not_equal(wanted.shape, with_b);
    kernel_wanted_fini(&wanted);
}

/* One family of a router does not stand for the other. */
static void families_are_apart(void **state)
{
    const struct kernel_goal four = goal("a", "eth0", 1);
    struct kernel_goal six = goal("a", "eth0", 1);
    struct kernel_wanted wanted = {0};

    (void)state;
    six.family = AF_INET6;
    six.addresses[0].family = AF_INET6;
    six.addresses[0].prefix_bits = 128;
    apply(&wanted, &four, &six, false);
    assert_int_equal(wanted.goal_count, 2);
    kernel_wanted_fini(&wanted);
}

static void interfaces_are_resolved(void **state)
{
    const struct kernel_goal a = goal("a", "eth0", 1);
    struct kernel_observe_link eth0 = {.index = 4, .name = "eth0"};
    struct kernel_links links = {0};
    struct kernel_wanted wanted = {0};

    (void)state;
    apply(&wanted, &a, NULL, false);
    kernel_wanted_resolve(&wanted, &links);
    assert_int_equal(wanted.wants[0].index, 0);
    assert_int_equal(kernel_link_put(&links, &eth0, 0), 0);
    kernel_wanted_resolve(&wanted, &links);
    assert_int_equal(wanted.wants[0].index, 4);
    wanted.wants[0].held = true;
    kernel_wanted_resolve(&wanted, &links);
    assert_true(wanted.wants[0].held);
    kernel_link_remove(&links, 4);
    eth0.index = 5; /* made again */
    assert_int_equal(kernel_link_put(&links, &eth0, 0), 0);
    kernel_wanted_resolve(&wanted, &links);
    assert_int_equal(wanted.wants[0].index, 5);
    assert_false(wanted.wants[0].held);
    kernel_link_fini(&links);
    kernel_wanted_fini(&wanted);
}

static void refuse(struct kernel_wanted *wanted, const struct kernel_goal *one,
                   const struct kernel_goal *other)
{
    const struct kernel_goal *goals[] = {one, other};
    const struct kernel_wanted_set set = {goals, 2, false};
    struct err err = {""};

    assert_int_equal(kernel_wanted_apply(wanted, &set, &err), -EINVAL);
    assert_string_not_equal(err.text, "");
    assert_int_equal(wanted->goal_count, 1);
}

static void nonsense_changes_nothing(void **state)
{
    const struct kernel_goal a = goal("a", "eth0", 1);
    struct kernel_goal bad = goal("b", "eth0", 1);
    struct kernel_wanted wanted = {0};

    (void)state;
    apply(&wanted, &a, NULL, false);
    refuse(&wanted, &a, &a);
    bad.family = AF_UNIX;
    refuse(&wanted, &a, &bad);
    bad = goal("b", "", 1);
    refuse(&wanted, &a, &bad);
    bad = goal("b", "eth0", 1);
    bad.addresses[0].family = AF_INET6;
    refuse(&wanted, &a, &bad);
    bad = goal("b", "eth0", 1);
    bad.addresses[0].prefix_bits = 33;
    refuse(&wanted, &a, &bad);
    bad.addresses[0].prefix_bits = 0;
    refuse(&wanted, &a, &bad);
    kernel_wanted_fini(&wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_set_replaces),
        cmocka_unit_test(partial_set_replaces_what_it_names),
        cmocka_unit_test(history_is_kept),
        cmocka_unit_test(another_interface_is_another_address),
        cmocka_unit_test(shape_is_more_than_hold),
        cmocka_unit_test(families_are_apart),
        cmocka_unit_test(interfaces_are_resolved),
        cmocka_unit_test(nonsense_changes_nothing),
    };

    return cmocka_run_group_tests_name("vrrp/kernel/wanted", tests, NULL, NULL);
}
