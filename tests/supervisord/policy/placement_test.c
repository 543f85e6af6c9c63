/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/placement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STANDBY SETTINGS_MODE_ACTIVE_STANDBY
#define BOTH    SETTINGS_MODE_ACTIVE_ACTIVE

static const struct {
    const char *rule;
    struct placement_evidence evidence;
    enum placement placement;
} rows[] = {
    {"no election yet: as found", {.mode = STANDBY}, PLACEMENT_AS_FOUND},
    {"no election yet, everywhere", {.mode = BOTH, .candidate = true}, PLACEMENT_AS_FOUND},
    {"Active: it runs", {.mode = STANDBY, .is_decided = true, .run = true}, PLACEMENT_RUN},
    {"Backup: it does not",
     {.mode = STANDBY, .is_decided = true, .candidate = true, .wanted = true},
     PLACEMENT_STOP},
    {"the role went a moment ago",
     {.mode = STANDBY, .is_decided = true, .wanted = true, .lingers = true},
     PLACEMENT_LINGER},
    {"its configuration is awaited",
     {.mode = STANDBY, .is_decided = true, .run = true, .facts_awaited = true},
     PLACEMENT_AWAIT},
    {"awaited, but it runs already",
     {.mode = STANDBY, .is_decided = true, .run = true, .facts_awaited = true, .is_found = true},
     PLACEMENT_RUN},
    {"awaited, runs already, and shall not",
     {.mode = STANDBY, .is_decided = true, .facts_awaited = true, .is_found = true},
     PLACEMENT_STOP},
    {"everywhere: on a Backup, too",
     {.mode = BOTH, .is_decided = true, .candidate = true},
     PLACEMENT_RUN},
    {"everywhere: not where nothing may serve", {.mode = BOTH, .is_decided = true}, PLACEMENT_STOP},
    {"everywhere: first results are awaited",
     {.mode = BOTH, .is_decided = true, .is_held = true, .is_found = true},
     PLACEMENT_AS_FOUND},
    {"Active-standby does not ask for first results here",
     {.mode = STANDBY, .is_decided = true, .is_held = true},
     PLACEMENT_STOP},
    {"everywhere: a cold cluster elects who purges first",
     {.mode = BOTH, .is_decided = true, .candidate = true, .is_election = true},
     PLACEMENT_ELECTION},
    {"everywhere: one that runs is not stopped for an election",
     {.mode = BOTH, .is_decided = true, .candidate = true, .is_election = true, .wanted = true},
     PLACEMENT_RUN},
};

static void places(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        print_message("%s\n", rows[at].rule);
        assert_int_equal(placement_judge(&rows[at].evidence), rows[at].placement);
    }
}

#define SINCE                                                                                      \
    {                                                                                              \
        100 * NS_PER_S                                                                             \
    }
#define MOVING .mode = BOTH, .is_running = true, .hands_over = true, .since = SINCE

static const struct {
    const char *rule;
    struct placement_purging purging;
    int64_t after_ns; /* since the router is in its state */
    bool moves;
    bool asks_again;
} purgings[] = {
    {"as it should be, Active", {MOVING, .is_active = true}, 0, false, false},
    {"as it should be, Backup", {MOVING, .no_purging = true}, 0, false, false},
    {"became Active a moment ago",
     {MOVING, .is_active = true, .no_purging = true},
     NS_PER_S,
     false,
     true},
    {"has been Active for long",
     {MOVING, .is_active = true, .no_purging = true},
     PLACEMENT_SETTLED_NS,
     true,
     false},
    {"has been Backup for long", {MOVING}, PLACEMENT_SETTLED_NS, true, false},
    {"a restart would cut somebody",
     {.mode = BOTH, .is_running = true, .is_active = true, .no_purging = true, .since = SINCE},
     PLACEMENT_SETTLED_NS,
     false,
     false},
    {"does not run",
     {.mode = BOTH, .hands_over = true, .is_active = true, .no_purging = true, .since = SINCE},
     PLACEMENT_SETTLED_NS,
     false,
     false},
    {"runs on one node only: it always purges",
     {.mode = STANDBY, .is_running = true, .hands_over = true, .since = SINCE},
     PLACEMENT_SETTLED_NS,
     false,
     false},
};

static void purging_moves(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(purgings) / sizeof(purgings[0]); at++) {
        const struct monotime now = {100 * NS_PER_S + purgings[at].after_ns};
        struct monotime again;

        print_message("%s\n", purgings[at].rule);
        assert_int_equal(placement_moves_purging(&purgings[at].purging, now, &again),
                         purgings[at].moves);
        assert_int_equal(again.ns, purgings[at].asks_again ? 100 * NS_PER_S + PLACEMENT_SETTLED_NS
                                                           : MONOTIME_NEVER.ns);
    }
}

static void one_node_purges(void **state)
{
    (void)state;
    assert_false(placement_leaves_purging(STANDBY, false));
    assert_false(placement_leaves_purging(STANDBY, true));
    assert_false(placement_leaves_purging(BOTH, true));
    assert_true(placement_leaves_purging(BOTH, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(purging_moves),
        cmocka_unit_test(one_node_purges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
