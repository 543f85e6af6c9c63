/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wanted, what is there, what is done: one row, one rule. */
#include "vrrp/kernel/reconcile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define LINK  7
#define OTHER 8
#define NOW   ((struct monotime){1000 * NS_PER_S})
#define MAX   16

#define NOTHING KERNEL_CHANGE_REMOVE + 1

enum there {
    ABSENT,
    TAGGED,
    FOREIGN,          /* the same address without our tag */
    TAGGED_WIDE,      /* ours with another prefix length */
    FOREIGN_WIDE,     /* somebody's with another prefix length */
    TAGGED_ELSEWHERE, /* on another interface */
};

struct row {
    const char *rule;
    enum there there;
    bool wanted; /* by any goal */
    bool hold;
    bool goals_known;
    bool orphaned;
    unsigned change; /* enum kernel_change_kind or NOTHING */
};

static const struct row rows[] = {
    {"held and absent: add", ABSENT, true, true, true, false, KERNEL_CHANGE_ADD},
    {"held and there: nothing", TAGGED, true, true, true, false, NOTHING},
    {"held and there without tag: adopt", FOREIGN, true, true, true, false, KERNEL_CHANGE_ADD},
    {"held, ours is of another prefix length: add first", TAGGED_WIDE, true, true, true, false,
     KERNEL_CHANGE_ADD},
    {"held, another's prefix length: add ours", FOREIGN_WIDE, true, true, true, false,
     KERNEL_CHANGE_ADD},
    {"held, ours is elsewhere: add first", TAGGED_ELSEWHERE, true, true, true, false,
     KERNEL_CHANGE_ADD},
    {"not held, absent: nothing", ABSENT, true, false, true, false, NOTHING},
    {"not held, tagged: a leftover", TAGGED, true, false, true, false, KERNEL_CHANGE_REMOVE},
    {"not held, tagged with another prefix length: a leftover", TAGGED_WIDE, true, false, true,
     false, KERNEL_CHANGE_REMOVE},
    {"not held, another's: never touched", FOREIGN, true, false, true, false, NOTHING},
    {"no goal, tagged: a stray", TAGGED, false, false, true, false, KERNEL_CHANGE_REMOVE},
    {"no goal, another's: never touched", FOREIGN, false, false, true, false, NOTHING},
    {"no goals yet: kept", TAGGED, false, false, false, false, NOTHING},
    {"orphaned, absent: nothing", ABSENT, true, true, true, true, NOTHING},
    {"orphaned, not held, tagged: nothing", TAGGED, true, false, true, true, NOTHING},
    {"orphaned, no goal: nothing", TAGGED, false, false, true, true, NOTHING},
};

static struct kernel_observed_entry memory[64];

static const struct address vip = {.family = AF_INET, .prefix_bits = 32, .bytes = {10, 0, 0, 100}};

static void put(struct kernel_observed *observed, enum there there, struct monotime seen)
{
    struct kernel_observed_entry entry = {
        .index = there == TAGGED_ELSEWHERE ? OTHER : LINK,
        .address = vip,
        .tagged = there == TAGGED || there == TAGGED_WIDE || there == TAGGED_ELSEWHERE,
        .seen = seen,
        .valid_s = KERNEL_RECONCILE_VALID_S,
    };

    if (there == TAGGED_WIDE || there == FOREIGN_WIDE)
        entry.address.prefix_bits = 24;
    if (there != ABSENT)
        assert_non_null(kernel_observed_put(observed, &entry));
}

static void clear(struct kernel_observed *observed)
{
    memset(memory, 0, sizeof(memory));
    *observed = (struct kernel_observed){0};
    kernel_observed_move(observed, memory, sizeof(memory) / sizeof(memory[0]));
}

static void rules(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct row *row = &rows[at];
        struct kernel_observed observed;
        struct kernel_want want = {.index = LINK, .address = vip, .hold = row->hold};
        struct kernel_reconcile reconcile = {
            .wants = &want,
            .want_count = row->wanted,
            .observed = &observed,
            .goals_known = row->goals_known,
            .act_until = row->orphaned ? NOW : MONOTIME_NEVER,
        };
        struct kernel_change changes[MAX];
        struct monotime next;

        clear(&observed);
        put(&observed, row->there, NOW);
        const size_t count = kernel_reconcile_diff(&reconcile, NOW, changes, MAX, &next);
        const unsigned got = count > 0 ? changes[0].kind : NOTHING;
        if (got != row->change)
            fail_msg("%s: change %u, want %u", row->rule, got, row->change);
    }
}

/* One want and its kernel, for stories. */
struct story {
    struct kernel_observed observed;
    struct kernel_want want;
    struct kernel_reconcile reconcile;
    struct kernel_change change;
    struct monotime next;
};

static void begin(struct story *story, bool hold)
{
    *story = (struct story){.want = {.index = LINK, .address = vip, .hold = hold}};
    clear(&story->observed);
    story->reconcile = (struct kernel_reconcile){
        .wants = &story->want,
        .want_count = 1,
        .observed = &story->observed,
        .goals_known = true,
        .act_until = MONOTIME_NEVER,
    };
}

static unsigned step(struct story *story, struct monotime now)
{
    return kernel_reconcile_diff(&story->reconcile, now, &story->change, 1, &story->next) > 0
               ? story->change.kind
               : NOTHING;
}

static enum kernel_outcome result(struct story *story, int error, struct monotime now)
{
    return kernel_reconcile_result(&story->reconcile, &story->change, error, now);
}

static void removed_by_others_is_restored(void **state)
{
    struct story story;

    (void)state;
    begin(&story, true);
    assert_int_equal(step(&story, NOW), KERNEL_CHANGE_ADD);
    assert_int_equal(result(&story, 0, NOW), KERNEL_OUTCOME_ADDED);
    put(&story.observed, TAGGED, NOW);
    assert_true(kernel_reconcile_is_settled(&story.reconcile, &story.want));
    assert_int_equal(step(&story, NOW), NOTHING);
    kernel_observed_remove(&story.observed, LINK, &vip);
    assert_int_equal(step(&story, NOW), KERNEL_CHANGE_ADD);
    assert_int_equal(result(&story, 0, NOW), KERNEL_OUTCOME_RESTORED);
}

/* Also one that was found running when we started. */
static void adopted_is_restored(void **state)
{
    struct story story;

    (void)state;
    begin(&story, true);
    put(&story.observed, TAGGED, NOW);
    assert_int_equal(step(&story, NOW), NOTHING);
    kernel_observed_remove(&story.observed, LINK, &vip);
    assert_int_equal(step(&story, NOW), KERNEL_CHANGE_ADD);
    assert_int_equal(result(&story, 0, NOW), KERNEL_OUTCOME_RESTORED);
}

static void fight_is_limited(void **state)
{
    struct story story;
    int adds = 0;

    (void)state;
    begin(&story, true);
    for (; step(&story, NOW) == KERNEL_CHANGE_ADD && adds < 100; adds++)
        result(&story, 0, NOW);
    assert_int_equal(adds, KERNEL_RECONCILE_ADDS);
    assert_true(story.next.ns == monotime_add(NOW, NS_PER_S).ns);
    assert_int_equal(step(&story, story.next), KERNEL_CHANGE_ADD);
}

static void failure_waits(void **state)
{
    struct story story;

    (void)state;
    begin(&story, true);
    assert_int_equal(step(&story, NOW), KERNEL_CHANGE_ADD);
    assert_int_equal(result(&story, EPERM, NOW), KERNEL_OUTCOME_FAILED);
    assert_int_equal(story.want.error, EPERM);
    assert_int_equal(step(&story, NOW), NOTHING);
    assert_true(story.next.ns == monotime_add(NOW, KERNEL_RECONCILE_RETRY_NS).ns);
    assert_int_equal(step(&story, story.next), KERNEL_CHANGE_ADD);
    assert_int_equal(result(&story, 0, story.next), KERNEL_OUTCOME_ADDED);
    assert_int_equal(story.want.error, 0);
}

static void no_interface_is_an_error(void **state)
{
    struct story story;

    (void)state;
    begin(&story, true);
    story.want.index = 0;
    assert_int_equal(step(&story, NOW), NOTHING);
    assert_int_equal(story.want.error, ENODEV);
}

static void leftovers_and_ours_are_told_apart(void **state)
{
    struct story story;

    (void)state;
    begin(&story, false);
    put(&story.observed, TAGGED, NOW);
    assert_int_equal(step(&story, NOW), KERNEL_CHANGE_REMOVE);
    assert_int_equal(result(&story, 0, NOW), KERNEL_OUTCOME_REMOVED_STRAY);
    story.want.held = true;
    assert_int_equal(step(&story, NOW), KERNEL_CHANGE_REMOVE);
    assert_int_equal(result(&story, EADDRNOTAVAIL, NOW), KERNEL_OUTCOME_REMOVED);
    kernel_observed_remove(&story.observed, LINK, &vip);
    assert_int_equal(step(&story, NOW), NOTHING);
    assert_true(kernel_reconcile_is_settled(&story.reconcile, &story.want));
}

static void renewed_each_second(void **state)
{
    struct story story;
    struct monotime last = NOW;
    int renewals = 0;

    (void)state;
    begin(&story, true);
    put(&story.observed, TAGGED, NOW);
    for (struct monotime now = NOW; now.ns < monotime_add(NOW, 10 * NS_PER_S).ns;
         now = story.next) {
        if (step(&story, now) != KERNEL_CHANGE_RENEW)
            continue;
        assert_int_equal(result(&story, 0, now), KERNEL_OUTCOME_RENEWED);
        assert_true(monotime_since(last, now) <= KERNEL_RECONCILE_RENEW_NS);
        last = now;
        renewals++;
        assert_int_equal(step(&story, now), NOTHING);
    }
    assert_in_range(renewals, 9, 11);
}

static void renewal_that_fails_is_near(void **state)
{
    struct story story;
    const struct monotime due = monotime_add(NOW, KERNEL_RECONCILE_RENEW_NS);

    (void)state;
    begin(&story, true);
    put(&story.observed, TAGGED, NOW);
    assert_int_equal(step(&story, due), KERNEL_CHANGE_RENEW);
    assert_int_equal(result(&story, ENOBUFS, due), KERNEL_OUTCOME_FAILED);
    assert_int_equal(step(&story, due), NOTHING);
    assert_in_range(monotime_since(due, story.next), 1, 4 * KERNEL_RECONCILE_RETRY_NS);
    assert_int_equal(step(&story, story.next), KERNEL_CHANGE_RENEW);
}

/* The guard comes, and the lifetime grows; it is lost, and the long lifetime must not stay. */
static void lifetime_follows_the_guard(void **state)
{
    struct story story;
    struct monotime now = NOW;

    (void)state;
    begin(&story, true);
    assert_int_equal(step(&story, now), KERNEL_CHANGE_ADD);
    assert_int_equal(story.change.valid_s, KERNEL_RECONCILE_VALID_S);
    put(&story.observed, TAGGED, now);
    story.want.guarded = true;
    now = monotime_add(now, KERNEL_RECONCILE_RETRY_NS);
    assert_int_equal(step(&story, now), KERNEL_CHANGE_RENEW);
    assert_int_equal(story.change.valid_s, KERNEL_RECONCILE_GUARDED_VALID_S);
    result(&story, 0, now);
    assert_int_equal(step(&story, monotime_add(now, 2 * NS_PER_S)), NOTHING);
    assert_int_equal(step(&story, monotime_add(now, KERNEL_RECONCILE_GUARDED_RENEW_NS)),
                     KERNEL_CHANGE_RENEW);
    result(&story, 0, now);
    story.want.guarded = false;
    now = monotime_add(now, KERNEL_RECONCILE_RETRY_NS);
    assert_int_equal(step(&story, now), KERNEL_CHANGE_RENEW);
    assert_int_equal(story.change.valid_s, KERNEL_RECONCILE_VALID_S);
}

/* Before any goal, and after the last word of regha-vrrp: kept alive for a while, then no more. */
static void orphans_are_kept_for_a_while(void **state)
{
    struct story story;
    const struct monotime end = monotime_add(NOW, KERNEL_RECONCILE_ORPHAN_NS);
    int renewals = 0;

    (void)state;
    begin(&story, true);
    story.reconcile.want_count = 0;
    story.reconcile.goals_known = false;
    story.reconcile.act_until = end;
    put(&story.observed, TAGGED, (struct monotime){0}); /* found at start */
    for (struct monotime now = NOW; now.ns != MONOTIME_NEVER.ns; now = story.next)
        if (step(&story, now) == KERNEL_CHANGE_RENEW) {
            assert_false(monotime_reached(end, now));
            result(&story, 0, now);
            assert_int_equal(step(&story, now), NOTHING);
            renewals++;
        }
    assert_in_range(renewals, 3, 4);
}

static void lapsed_while_orphaned_is_no_restore(void **state)
{
    struct story story;

    (void)state;
    begin(&story, true);
    put(&story.observed, TAGGED, NOW);
    assert_int_equal(step(&story, NOW), NOTHING);
    story.reconcile.act_until = NOW;
    kernel_observed_remove(&story.observed, LINK, &vip);
    assert_int_equal(step(&story, NOW), NOTHING);
    story.reconcile.act_until = MONOTIME_NEVER;
    assert_int_equal(step(&story, NOW), KERNEL_CHANGE_ADD);
    assert_int_equal(result(&story, 0, NOW), KERNEL_OUTCOME_ADDED);
}

/* Two goals name the same address: whoever holds it wins. */
static void hold_wins(void **state)
{
    struct story story;
    struct kernel_want wants[2];

    (void)state;
    begin(&story, true);
    wants[0] = wants[1] = story.want;
    wants[0].hold = false;
    story.reconcile.wants = wants;
    story.reconcile.want_count = 2;
    assert_int_equal(step(&story, NOW), KERNEL_CHANGE_ADD);
    put(&story.observed, TAGGED, NOW);
    assert_int_equal(step(&story, NOW), NOTHING);
}

static void what_does_not_fit_is_due_at_once(void **state)
{
    struct story story;
    struct kernel_want wants[2];

    (void)state;
    begin(&story, true);
    wants[0] = wants[1] = story.want;
    wants[1].address.bytes[3] = 101;
    story.reconcile.wants = wants;
    story.reconcile.want_count = 2;
    assert_int_equal(step(&story, NOW), KERNEL_CHANGE_ADD);
    assert_true(story.next.ns == NOW.ns);
}

static void own_address_is_nobodys_goal(void **state)
{
    struct story story;
    struct kernel_observed_entry own = {.index = LINK, .address = vip};

    (void)state;
    begin(&story, false);
    put(&story.observed, FOREIGN_WIDE, NOW);
    own.address.bytes[3] = 11;
    kernel_observed_put(&story.observed, &own);
    step(&story, NOW);
    assert_false(kernel_reconcile_is_ours(
        &story.reconcile, kernel_observed_find(&story.observed, LINK, &own.address)));
    assert_true(kernel_reconcile_is_ours(&story.reconcile,
                                         kernel_observed_next(&story.observed, LINK, &vip, NULL)));
    assert_true(kernel_reconcile_is_present(&story.reconcile, &story.want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules),
        cmocka_unit_test(removed_by_others_is_restored),
        cmocka_unit_test(adopted_is_restored),
        cmocka_unit_test(fight_is_limited),
        cmocka_unit_test(failure_waits),
        cmocka_unit_test(no_interface_is_an_error),
        cmocka_unit_test(leftovers_and_ours_are_told_apart),
        cmocka_unit_test(renewed_each_second),
        cmocka_unit_test(renewal_that_fails_is_near),
        cmocka_unit_test(lifetime_follows_the_guard),
        cmocka_unit_test(orphans_are_kept_for_a_while),
        cmocka_unit_test(lapsed_while_orphaned_is_no_restore),
        cmocka_unit_test(hold_wins),
        cmocka_unit_test(what_does_not_fit_is_due_at_once),
        cmocka_unit_test(own_address_is_nobodys_goal),
    };

    return cmocka_run_group_tests_name("vrrp/kernel/reconcile", tests, NULL, NULL);
}
