/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy as a table: one row per rule of the model. Rows that need what other nodes say are
 * not here; they come with peer frames.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "supervisord/role.h"

#define PRIORITY       150
#define SETTINGS_NODES 32
#define FORGET         (300 * NS_PER_S)
#define HOLD           (2 * NS_PER_S)
#define START          (10 * NS_PER_S)
#define NOW            (1000 * NS_PER_S)

/* What the band makes of the second best node. */
#define WORKS   7
#define STORAGE 4
#define FAILED  2

struct row {
    const char *rule;
    enum vrrp_state state;
    enum probe_health other;   /* a required local probe that is no service's */
    enum probe_health storage; /* a required local probe of the store */
    enum probe_health shared;  /* a required shared probe */
    enum probe_health read;    /* the service's own probe */
    bool in_doubt;             /* the storage read behind it is not UP */
    bool launcher_away;
    bool unreadable;
    enum registry_state service;
    int64_t age_ns;       /* since the service started */
    int64_t asked_ns;     /* since reghad began */
    int64_t restarted_ns; /* since we restarted it; 0: never */
    int64_t failed_ns;    /* until a failure is forgotten; 0: none */
    /* wanted: */
    bool candidate;
    uint8_t priority;
    enum role_cause cause;
    uint32_t restart, retry;
    bool run;
};

#define BACKUP_WELL                                                                                \
    .state = VRRP_BACKUP, .other = PROBE_UP, .storage = PROBE_UP, .shared = PROBE_UP,              \
    .read = PROBE_NOT_APPLICABLE, .service = REGISTRY_STOPPED, .asked_ns = 60 * NS_PER_S,          \
    .candidate = true, .priority = PRIORITY
#define ACTIVE_WELL                                                                                \
    .state = VRRP_ACTIVE, .other = PROBE_UP, .storage = PROBE_UP, .shared = PROBE_UP,              \
    .read = PROBE_UP, .service = REGISTRY_RUNNING, .age_ns = 60 * NS_PER_S,                        \
    .asked_ns = 60 * NS_PER_S, .candidate = true, .priority = PRIORITY, .run = true

/* The second initializer of a member is the row's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif
static const struct row rows[] = {
    {"all well: VRRP decides, the standby runs nothing", BACKUP_WELL},
    {"all well: it runs on the Active", ACTIVE_WELL},

    {"required local probe DOWN: not eligible", BACKUP_WELL, .other = PROBE_DOWN, .priority = WORKS,
     .cause = ROLE_REQUIREMENT_DOWN},
    {"required local probe DOWN on the Active: says so, serves until somebody takes over",
     ACTIVE_WELL, .other = PROBE_DOWN, .priority = WORKS, .cause = ROLE_REQUIREMENT_DOWN},
    {"nobody eligible: the store decides the rank", BACKUP_WELL, .storage = PROBE_DOWN,
     .priority = STORAGE, .cause = ROLE_STORAGE_DOWN},
    {"the worst finding is told", BACKUP_WELL, .storage = PROBE_DOWN, .other = PROBE_DOWN,
     .priority = STORAGE, .cause = ROLE_STORAGE_DOWN},

    {"a service not meant to run here does not count", BACKUP_WELL, .read = PROBE_NOT_APPLICABLE},
    {"not even with a verdict from earlier", BACKUP_WELL, .read = PROBE_DOWN},

    {"UNKNOWN never demotes", ACTIVE_WELL, .other = PROBE_UNKNOWN, .storage = PROBE_UNKNOWN,
     .shared = PROBE_UNKNOWN, .read = PROBE_UNKNOWN},
    {"at start the election waits for first results", BACKUP_WELL, .other = PROBE_UNKNOWN,
     .asked_ns = HOLD - 1, .candidate = false, .cause = ROLE_STARTING},
    {"at most startup_hold", BACKUP_WELL, .other = PROBE_UNKNOWN, .asked_ns = HOLD},
    {"the probe of a service that does not run is not waited for", BACKUP_WELL,
     .read = PROBE_UNKNOWN, .asked_ns = 1},
    {"the launcher is waited for", BACKUP_WELL, .launcher_away = true, .asked_ns = 1,
     .candidate = false, .cause = ROLE_STARTING},
    {"what is found Active is not questioned", ACTIVE_WELL, .other = PROBE_UNKNOWN, .asked_ns = 1},

    {"a service just started is not judged yet", ACTIVE_WELL, .read = PROBE_DOWN,
     .age_ns = START - 1},
    {"from start_timeout on it is: restarted first", ACTIVE_WELL, .read = PROBE_DOWN,
     .age_ns = START, .restart = 1},
    {"the process from before the restart is not judged", ACTIVE_WELL, .read = PROBE_DOWN,
     .age_ns = 60 * NS_PER_S, .restarted_ns = NS_PER_S},
    {"it fails again: resigns, ranks last", ACTIVE_WELL, .read = PROBE_DOWN, .age_ns = START,
     .restarted_ns = START + 1, .priority = FAILED, .cause = ROLE_SERVICE_FAILED},
    {"ranks last for as long as that is remembered", BACKUP_WELL, .failed_ns = 1,
     .priority = FAILED, .cause = ROLE_SERVICE_FAILED},
    {"a restart long ago is forgotten", ACTIVE_WELL, .read = PROBE_DOWN, .age_ns = FORGET,
     .restarted_ns = FORGET, .restart = 1},

    {"shared DOWN: unchanged", ACTIVE_WELL, .shared = PROBE_DOWN},
    {"shared DOWN on a Backup: unchanged", BACKUP_WELL, .shared = PROBE_DOWN},
    {"a read fails while the store is in doubt: shared, unchanged", ACTIVE_WELL, .read = PROBE_DOWN,
     .in_doubt = true},

    {"crash loop: resigns", ACTIVE_WELL, .service = REGISTRY_FAILED, .priority = FAILED,
     .cause = ROLE_SERVICE_FAILED},
    {"a death that is being repaired changes nothing", ACTIVE_WELL, .service = REGISTRY_BACKOFF,
     .read = PROBE_DOWN},

    {"the launcher is away on a Backup: it could start nothing", BACKUP_WELL, .launcher_away = true,
     .priority = WORKS, .cause = ROLE_SERVICE_UNKNOWN},
    {"the launcher is away on the Active: the registry goes on", ACTIVE_WELL,
     .launcher_away = true},
    {"a configuration that cannot be read here: it could not start", BACKUP_WELL,
     .unreadable = true, .priority = FAILED, .cause = ROLE_SERVICE_UNREADABLE},
    {"one that became unreadable under a running registry: it runs on", ACTIVE_WELL,
     .unreadable = true},
};
#pragma GCC diagnostic pop

static struct role_evidence evidence_of(const struct row *row)
{
    const struct monotime started = {row->age_ns > 0 ? NOW - row->age_ns : 0};

    return (struct role_evidence){
        .requirement_count = 4,
        .requirements =
            {
                {row->other, PROBE_SCOPE_LOCAL, false, false, ROLE_NO_SERVICE},
                {row->storage, PROBE_SCOPE_LOCAL, true, false, ROLE_NO_SERVICE},
                {row->shared, PROBE_SCOPE_SHARED, true, false, ROLE_NO_SERVICE},
                {row->read, PROBE_SCOPE_LOCAL, false, row->in_doubt, 0},
            },
        .service_count = 1,
        .services = {{!row->launcher_away, row->unreadable, row->service, started, START}},
        .state = row->state,
        .priority = PRIORITY,
        .betters = 1,
        .asked = {NOW - row->asked_ns},
        .startup_hold_ns = HOLD,
        .forget_ns = FORGET,
    };
}

static void check_row(const struct row *row)
{
    const struct role_evidence evidence = evidence_of(row);
    struct role_memory memory = {0};

    if (row->restarted_ns > 0)
        memory.restarted[0].ns = NOW - row->restarted_ns;
    if (row->failed_ns > 0)
        memory.failed_until.ns = NOW + row->failed_ns;
    const struct role_verdict got = role_judge(&evidence, &memory, (struct monotime){NOW});
    if (got.candidate != row->candidate || got.priority != row->priority ||
        got.cause != row->cause || got.restart != row->restart || got.retry != row->retry ||
        got.run != row->run)
        fail_msg("%s: candidate %d priority %u cause \"%s\" restart %u retry %u run %d", row->rule,
                 got.candidate, got.priority, role_cause_text(got.cause), got.restart, got.retry,
                 got.run);
}

static void every_row_of_the_model(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++)
        check_row(&rows[at]);
}

/* A crash loop from its first failure until the node is eligible again, and again. */
static void a_failure_is_remembered_then_tried_again(void **unused)
{
    const struct row *crash_loop = NULL;
    struct role_memory memory = {0};

    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++)
        if (rows[at].service == REGISTRY_FAILED)
            crash_loop = &rows[at];
    assert_non_null(crash_loop);
    const struct role_evidence evidence = evidence_of(crash_loop);

    struct role_verdict verdict = role_judge(&evidence, &memory, (struct monotime){NOW});
    assert_int_equal(verdict.priority, FAILED);
    assert_int_equal(verdict.again.ns, NOW + FORGET);
    verdict = role_judge(&evidence, &memory, (struct monotime){NOW + FORGET - 1});
    assert_int_equal(verdict.priority, FAILED);
    assert_int_equal(verdict.retry, 0);
    verdict = role_judge(&evidence, &memory, (struct monotime){NOW + FORGET});
    assert_int_equal(verdict.priority, PRIORITY);
    assert_int_equal(verdict.retry, 1);
    /* The launcher has not answered yet: its old report is no new failure. */
    verdict = role_judge(&evidence, &memory, (struct monotime){NOW + FORGET + 1});
    assert_int_equal(verdict.priority, PRIORITY);
    assert_int_equal(verdict.retry, 0);
    verdict = role_judge(&evidence, &memory, (struct monotime){NOW + FORGET + START});
    assert_int_equal(verdict.priority, FAILED);
    assert_int_equal(verdict.again.ns, NOW + FORGET + START + FORGET);
}

/* Of two that follow, the second one failed, and it is the one that is named. */
static void the_one_that_failed_is_named(void **unused)
{
    struct role_evidence evidence = evidence_of(&rows[0]);
    struct role_memory memory = {0};

    (void)unused;
    evidence.service_count = 2;
    evidence.services[1] = evidence.services[0];
    evidence.services[1].state = REGISTRY_FAILED;
    const struct role_verdict verdict = role_judge(&evidence, &memory, (struct monotime){NOW});
    assert_int_equal(verdict.cause, ROLE_SERVICE_FAILED);
    assert_int_equal(verdict.which, 1);
}

/* Degraded nodes keep their order, the three best ones apart, and never leave the band. */
static void the_band_keeps_the_order(void **unused)
{
    const struct row row = rows[2]; /* a required local probe DOWN */
    uint8_t last = VRRP_PRIORITY_DEGRADED_MAX + 1;

    (void)unused;
    assert_int_equal(row.cause, ROLE_REQUIREMENT_DOWN);
    for (size_t betters = 0; betters < SETTINGS_NODES; betters++) {
        struct role_evidence evidence = evidence_of(&row);
        struct role_memory memory = {0};
        evidence.betters = betters;
        const struct role_verdict verdict = role_judge(&evidence, &memory, (struct monotime){NOW});
        assert_true(betters < 3 ? verdict.priority < last : verdict.priority <= last);
        assert_in_range(verdict.priority, VRRP_PRIORITY_ORPHANED + 1, VRRP_PRIORITY_DEGRADED_MAX);
        last = verdict.priority;
    }
}

static void a_witness_is_never_a_candidate(void **unused)
{
    struct role_evidence evidence = evidence_of(&rows[0]);
    struct role_memory memory = {0};

    (void)unused;
    evidence.is_witness = true;
    const struct role_verdict verdict = role_judge(&evidence, &memory, (struct monotime){NOW});
    assert_false(verdict.candidate);
    assert_int_equal(verdict.cause, ROLE_WITNESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_model),
        cmocka_unit_test(a_failure_is_remembered_then_tried_again),
        cmocka_unit_test(the_one_that_failed_is_named),
        cmocka_unit_test(the_band_keeps_the_order),
        cmocka_unit_test(a_witness_is_never_a_candidate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
