/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy as a table: one row per rule of the model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "supervisord/policy/role_store.h"

#define PRIORITY       150
#define SETTINGS_NODES 32
#define FORGET         (300 * NS_PER_S)
#define HOLD           (2 * NS_PER_S)
#define START          (10 * NS_PER_S)
#define READONLY_HOLD  (10 * NS_PER_S)
#define INTERVAL       (15 * NS_PER_S) /* of a probe of the store */
#define TIMEOUT        (12 * NS_PER_S)
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
    /* The store: */
    enum probe_health write, reads; /* probes of it that are not required */
    int64_t store_ns;               /* since their first failure, or since they are UP */
    int64_t elsewhere_ns;           /* since an attempt began elsewhere that succeeded; 0: none */
    bool unsettled;
    bool was_readonly, was_stopped;
    enum role_on_store on_readonly, on_down;
    /* The other nodes, people: */
    const char *peers; /* a letter each: w well, f failed the same way, o out, s silent */
    bool alone;
    enum probe_health gateway;
    enum role_on_isolated on_isolated;
    enum role_mode mode;
    bool forced;
    enum role_handover handover;
    int64_t yielded_ns; /* since it last yielded; 0: never */
    /* wanted: */
    bool candidate;
    uint8_t priority;
    enum role_cause cause;
    uint32_t restart, retry;
    bool run;
    bool readonly, store_stop;
};

#define BACKUP_WELL                                                                                \
    .state = VRRP_BACKUP, .other = PROBE_UP, .storage = PROBE_UP, .shared = PROBE_UP,              \
    .read = PROBE_NOT_APPLICABLE, .service = REGISTRY_STOPPED, .asked_ns = 60 * NS_PER_S,          \
    .candidate = true, .priority = PRIORITY, .write = PROBE_UP, .reads = PROBE_UP,                 \
    .store_ns = 60 * NS_PER_S, .peers = "www"
#define ACTIVE_WELL                                                                                \
    .state = VRRP_ACTIVE, .other = PROBE_UP, .storage = PROBE_UP, .shared = PROBE_UP,              \
    .read = PROBE_UP, .service = REGISTRY_RUNNING, .age_ns = 60 * NS_PER_S,                        \
    .asked_ns = 60 * NS_PER_S, .candidate = true, .priority = PRIORITY, .run = true,               \
    .write = PROBE_UP, .reads = PROBE_UP, .store_ns = 60 * NS_PER_S, .peers = "www"

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

    {"a read fails while a storage peer is silent or being cut: shared, unchanged", ACTIVE_WELL,
     .read = PROBE_DOWN, .unsettled = true},
    {"the store is out of reach, peers agree or are unknown: unchanged", ACTIVE_WELL,
     .reads = PROBE_DOWN, .write = PROBE_DOWN, .store_ns = 600 * NS_PER_S},
    {"the same on a Backup", BACKUP_WELL, .reads = PROBE_DOWN, .write = PROBE_DOWN,
     .store_ns = 600 * NS_PER_S},
    {"a peer's success from before our first failure proves nothing", ACTIVE_WELL,
     .reads = PROBE_DOWN, .store_ns = 60 * NS_PER_S, .elsewhere_ns = 60 * NS_PER_S + 1},
    {"nor one that may be, as it is dated by hearsay", ACTIVE_WELL, .reads = PROBE_DOWN,
     .store_ns = 60 * NS_PER_S, .elsewhere_ns = 60 * NS_PER_S - ROLE_HEARSAY_NS},
    {"one from after it does: yield", ACTIVE_WELL, .reads = PROBE_DOWN, .store_ns = 60 * NS_PER_S,
     .elsewhere_ns = 60 * NS_PER_S - ROLE_HEARSAY_NS - 1, .priority = STORAGE,
     .cause = ROLE_STORAGE_LOST},
    {"not before an attempt elsewhere would have ended", ACTIVE_WELL, .reads = PROBE_DOWN,
     .store_ns = INTERVAL + TIMEOUT - 1, .elsewhere_ns = NS_PER_S},
    {"but then", ACTIVE_WELL, .reads = PROBE_DOWN, .store_ns = INTERVAL + TIMEOUT,
     .elsewhere_ns = NS_PER_S, .priority = STORAGE, .cause = ROLE_STORAGE_LOST},
    {"at most once per forget", ACTIVE_WELL, .reads = PROBE_DOWN, .store_ns = 60 * NS_PER_S,
     .elsewhere_ns = NS_PER_S, .yielded_ns = FORGET - 1},
    {"and then once more", ACTIVE_WELL, .reads = PROBE_DOWN, .store_ns = 60 * NS_PER_S,
     .elsewhere_ns = NS_PER_S, .yielded_ns = FORGET, .priority = STORAGE,
     .cause = ROLE_STORAGE_LOST},
    {"a Backup that alone cannot reach the store is not eligible", BACKUP_WELL, .reads = PROBE_DOWN,
     .store_ns = 60 * NS_PER_S, .elsewhere_ns = NS_PER_S, .yielded_ns = 1, .priority = STORAGE,
     .cause = ROLE_STORAGE_LOST},
    {"any shared probe that is required counts", ACTIVE_WELL, .shared = PROBE_DOWN,
     .store_ns = 60 * NS_PER_S, .elsewhere_ns = NS_PER_S, .priority = STORAGE,
     .cause = ROLE_STORAGE_LOST},

    {"writes fail, reads work: read-only after readonly_hold", ACTIVE_WELL, .write = PROBE_DOWN,
     .store_ns = READONLY_HOLD, .readonly = true},
    {"not before", ACTIVE_WELL, .write = PROBE_DOWN, .store_ns = READONLY_HOLD - 1},
    {"where it does not run, too: its next start is read-only", BACKUP_WELL, .write = PROBE_DOWN,
     .store_ns = READONLY_HOLD, .readonly = true},
    {"on_store_readonly = keep", ACTIVE_WELL, .write = PROBE_DOWN, .store_ns = READONLY_HOLD,
     .on_readonly = ROLE_ON_STORE_KEEP, .was_readonly = true},
    {"on_store_readonly = stop", ACTIVE_WELL, .write = PROBE_DOWN, .store_ns = READONLY_HOLD,
     .on_readonly = ROLE_ON_STORE_STOP, .run = false, .store_stop = true},
    {"healed: back after readonly_hold", ACTIVE_WELL, .was_readonly = true,
     .store_ns = READONLY_HOLD},
    {"healed, not before", ACTIVE_WELL, .was_readonly = true, .store_ns = READONLY_HOLD - 1,
     .readonly = true},
    {"writes UNKNOWN turn nothing", ACTIVE_WELL, .write = PROBE_UNKNOWN, .was_readonly = true,
     .readonly = true},
    {"nor to read-only", ACTIVE_WELL, .write = PROBE_UNKNOWN},
    {"reads fail, too: what was read-only stays so", ACTIVE_WELL, .write = PROBE_DOWN,
     .reads = PROBE_DOWN, .was_readonly = true, .readonly = true},
    {"and what was not does not turn", ACTIVE_WELL, .write = PROBE_DOWN, .reads = PROBE_DOWN},
    {"on_store_down = stop", ACTIVE_WELL, .write = PROBE_DOWN, .reads = PROBE_DOWN,
     .on_down = ROLE_ON_STORE_STOP, .run = false, .store_stop = true},
    {"on_store_down = stop, after the hold", ACTIVE_WELL, .reads = PROBE_DOWN,
     .store_ns = READONLY_HOLD - 1, .on_down = ROLE_ON_STORE_STOP},
    {"stopped for the store's sake: runs as soon as reads work", ACTIVE_WELL, .write = PROBE_DOWN,
     .store_ns = NS_PER_S, .was_stopped = true, .on_down = ROLE_ON_STORE_STOP},
    {"stopped, and the store is UNKNOWN: stays stopped", ACTIVE_WELL, .write = PROBE_UNKNOWN,
     .reads = PROBE_UNKNOWN, .was_stopped = true, .run = false, .store_stop = true},

    {"every peer failed the same way within forget: stays", ACTIVE_WELL, .service = REGISTRY_FAILED,
     .peers = "fff", .cause = ROLE_FAILED_EVERYWHERE},
    {"those who are silent or out do not count for that", ACTIVE_WELL, .service = REGISTRY_FAILED,
     .peers = "fso", .cause = ROLE_FAILED_EVERYWHERE},
    {"one that has not failed may try", ACTIVE_WELL, .service = REGISTRY_FAILED, .peers = "ffw",
     .priority = FAILED, .cause = ROLE_SERVICE_FAILED},
    {"nobody else is there: says so, and stays all the same", ACTIVE_WELL,
     .service = REGISTRY_FAILED, .peers = "sso", .priority = FAILED, .cause = ROLE_SERVICE_FAILED},
    {"a Backup that failed ranks last, whoever else failed", BACKUP_WELL,
     .service = REGISTRY_FAILED, .peers = "fff", .priority = FAILED, .cause = ROLE_SERVICE_FAILED},

    {"isolated, no gateway: hold", ACTIVE_WELL, .alone = true},
    {"isolated, the gateway answers: hold", ACTIVE_WELL, .alone = true, .gateway = PROBE_UP},
    {"isolated, the gateway is silent: release", ACTIVE_WELL, .alone = true, .gateway = PROBE_DOWN,
     .candidate = false, .cause = ROLE_ISOLATED},
    {"isolated, on a Backup: not eligible", BACKUP_WELL, .alone = true, .gateway = PROBE_DOWN,
     .candidate = false, .cause = ROLE_ISOLATED},
    {"the gateway is silent, but others are heard: nothing", ACTIVE_WELL, .gateway = PROBE_DOWN},
    {"on_isolated = release: whatever the gateway says", ACTIVE_WELL, .alone = true,
     .gateway = PROBE_UP, .on_isolated = ROLE_ON_ISOLATED_RELEASE, .candidate = false,
     .cause = ROLE_ISOLATED},
    {"on_isolated = hold", ACTIVE_WELL, .alone = true, .gateway = PROBE_DOWN,
     .on_isolated = ROLE_ON_ISOLATED_HOLD},

    {"drained: not eligible", BACKUP_WELL, .mode = ROLE_MODE_DRAINED, .candidate = false,
     .cause = ROLE_DRAINED},
    {"in maintenance: not eligible", BACKUP_WELL, .mode = ROLE_MODE_MAINTENANCE, .candidate = false,
     .cause = ROLE_MAINTENANCE},
    {"to be drained: holds until another one is ready", ACTIVE_WELL, .mode = ROLE_MODE_DRAINED},
    {"and then hands over", ACTIVE_WELL, .mode = ROLE_MODE_DRAINED, .handover = ROLE_HANDOVER_GIVE,
     .candidate = false, .cause = ROLE_HANDS_OVER},
    {"forced: resigns, whoever is there", ACTIVE_WELL, .mode = ROLE_MODE_DRAINED, .forced = true,
     .candidate = false, .cause = ROLE_DRAINED},
    {"the successor gets ready", BACKUP_WELL, .handover = ROLE_HANDOVER_TAKE, .run = true},
    {"unless it is not eligible", BACKUP_WELL, .handover = ROLE_HANDOVER_TAKE, .other = PROBE_DOWN,
     .priority = WORKS, .cause = ROLE_REQUIREMENT_DOWN},
    {"the others step aside meanwhile", BACKUP_WELL, .handover = ROLE_HANDOVER_ELSEWHERE,
     .priority = WORKS, .cause = ROLE_STEPS_ASIDE},
};
#pragma GCC diagnostic pop

static struct role_shared shared_of(const struct row *row, enum probe_health health)
{
    const struct monotime since = {NOW - row->store_ns};

    return (struct role_shared){
        .health = health,
        .changed = since,
        .failure_started = health == PROBE_DOWN ? since : (struct monotime){0},
        .peer_success = {row->elsewhere_ns > 0 ? NOW - row->elsewhere_ns : 0},
        .interval_ns = INTERVAL,
        .timeout_ns = TIMEOUT,
    };
}

static void add_peers(struct role_evidence *evidence, const char *letters)
{
    for (; *letters != '\0'; letters++)
        evidence->peers[evidence->peer_count++] = (struct role_peer){
            .is_reachable = *letters != 's',
            .is_out = *letters == 'o',
            .failed = *letters == 'f',
        };
}

static struct role_evidence evidence_of(const struct row *row)
{
    const struct monotime started = {row->age_ns > 0 ? NOW - row->age_ns : 0};
    struct role_evidence evidence = {
        .requirement_count = 4,
        .requirements =
            {
                {.health = row->other, .scope = PROBE_SCOPE_LOCAL, .service = ROLE_NO_SERVICE},
                {.health = row->storage, .is_storage = true, .service = ROLE_NO_SERVICE},
                {.health = row->shared,
                 .scope = PROBE_SCOPE_SHARED,
                 .is_storage = true,
                 .service = ROLE_NO_SERVICE,
                 .shared = shared_of(row, row->shared)},
                {.health = row->read,
                 .reads_storage = true,
                 .storage_in_doubt = row->in_doubt,
                 .service = 0},
            },
        .service_count = 1,
        .services = {{!row->launcher_away, row->unreadable, row->service, started, START}},
        .store_count = 2,
        .stores = {{ROLE_STORE_WRITE, shared_of(row, row->write)},
                   {ROLE_STORE_READ, shared_of(row, row->reads)}},
        .store_unsettled = row->unsettled,
        .is_alone = row->alone,
        .gateway = row->gateway,
        .state = row->state,
        .priority = PRIORITY,
        .betters = 1,
        .mode = row->mode,
        .is_forced = row->forced,
        .handover = row->handover,
        .asked = {NOW - row->asked_ns},
        .policy = {HOLD, FORGET, READONLY_HOLD, row->on_readonly, row->on_down, row->on_isolated},
    };

    if (row->peers)
        add_peers(&evidence, row->peers);
    return evidence;
}

static struct role_memory memory_of(const struct row *row)
{
    struct role_memory memory = {.readonly = row->was_readonly, .store_stop = row->was_stopped};

    if (row->restarted_ns > 0)
        memory.restarted[0].ns = NOW - row->restarted_ns;
    if (row->failed_ns > 0)
        memory.failed_until.ns = NOW + row->failed_ns;
    if (row->yielded_ns > 0)
        memory.yielded.ns = NOW - row->yielded_ns;
    return memory;
}

static void check_row(const struct row *row)
{
    const struct role_evidence evidence = evidence_of(row);
    struct role_memory memory = memory_of(row);

    const struct role_verdict got = role_judge(&evidence, &memory, (struct monotime){NOW});
    if (got.candidate != row->candidate || got.priority != row->priority ||
        got.cause != row->cause || got.restart != row->restart || got.retry != row->retry ||
        got.run != row->run || got.yield != (row->cause == ROLE_HANDS_OVER) ||
        got.successor != (row->handover == ROLE_HANDOVER_TAKE && row->cause == ROLE_WELL) ||
        got.readonly != row->readonly || got.store_stop != row->store_stop)
        fail_msg("%s: candidate %d priority %u cause \"%s\" restart %u retry %u run %d readonly %d "
                 "stop %d",
                 row->rule, got.candidate, got.priority, role_cause_text(got.cause), got.restart,
                 got.retry, got.run, got.readonly, got.store_stop);
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

/* Whoever failed while a storage peer was silent has its time to be seen to work again. */
static void what_was_unsettled_settles(void **unused)
{
    struct row row = rows[1];
    struct role_memory memory = {0};

    (void)unused;
    row.unsettled = true;
    row.read = PROBE_DOWN;
    struct role_evidence evidence = evidence_of(&row);
    assert_int_equal(role_judge(&evidence, &memory, (struct monotime){NOW}).restart, 0);
    evidence.store_unsettled = false;
    const struct role_verdict verdict = role_judge(&evidence, &memory, (struct monotime){NOW + 1});
    assert_int_equal(verdict.restart, 0);
    assert_int_equal(verdict.again.ns, NOW + ROLE_SETTLED_NS);
    assert_int_equal(
        role_judge(&evidence, &memory, (struct monotime){NOW + ROLE_SETTLED_NS}).restart, 1);
}

static void the_store_is_to_blame_unless_it_was_seen_to_work(void **unused)
{
    static const struct {
        const char *rule;
        struct role_store_behind behind;
        bool doubt;
    } doubts[] = {
        {"down", {PROBE_DOWN, {1}, {1}, {0}}, true},
        {"not known", {PROBE_UNKNOWN, {1}, {1}, {0}}, true},
        {"not read since this one began to fail", {PROBE_UP, {1}, {99 * NS_PER_S}, {0}}, true},
        {"read since, and well all the time", {PROBE_UP, {1}, {100 * NS_PER_S}, {0}}, false},
        {"healed a moment ago", {PROBE_UP, {104 * NS_PER_S}, {105 * NS_PER_S}, {0}}, true},
        {"healed long enough ago", {PROBE_UP, {103 * NS_PER_S}, {105 * NS_PER_S}, {0}}, false},
        {"failed once since", {PROBE_UP, {1}, {105 * NS_PER_S}, {104 * NS_PER_S}}, true},
        {"failed once, long enough ago",
         {PROBE_UP, {1}, {105 * NS_PER_S}, {103 * NS_PER_S}},
         false},
    };

    (void)unused;
    for (size_t at = 0; at < sizeof(doubts) / sizeof(doubts[0]); at++)
        if (role_store_in_doubt(&doubts[at].behind, (struct monotime){100 * NS_PER_S}, 7 * NS_PER_S,
                                (struct monotime){110 * NS_PER_S}) != doubts[at].doubt)
            fail_msg("%s", doubts[at].rule);
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

/* Nothing changes by itself; but where it runs is the election's to say, and people's word counts. */
static void a_pause_keeps_what_was_judged(void **unused)
{
    struct role_evidence evidence = evidence_of(&rows[1]);
    struct role_memory memory = {0};
    struct monotime now = {NOW};

    (void)unused;
    assert_int_equal(role_judge(&evidence, &memory, now).cause, ROLE_WELL);
    evidence.is_paused = true;
    evidence.requirements[0].health = PROBE_DOWN;
    evidence.services[0].state = REGISTRY_FAILED;
    evidence.stores[0].shared = (struct role_shared){.health = PROBE_DOWN, .failure_started = {1}};
    evidence.is_alone = true;
    evidence.gateway = PROBE_DOWN;
    struct role_verdict verdict = role_judge(&evidence, &memory, now);
    assert_int_equal(verdict.cause, ROLE_WELL);
    assert_int_equal(verdict.priority, PRIORITY);
    assert_true(verdict.candidate);
    assert_false(verdict.readonly);
    assert_int_equal(verdict.restart | verdict.retry, 0);
    evidence.state = VRRP_BACKUP;
    assert_false(role_judge(&evidence, &memory, now).run);
    evidence.mode = ROLE_MODE_MAINTENANCE;
    assert_int_equal(role_judge(&evidence, &memory, now).cause, ROLE_MAINTENANCE);
    evidence.mode = ROLE_MODE_READY;
    assert_true(role_judge(&evidence, &memory, now).candidate);
    evidence.is_paused = false;
    assert_int_equal(role_judge(&evidence, &memory, now).cause, ROLE_ISOLATED);
}

/* It stays until it has worked; what it tried once is not tried again while it is away. */
static void a_yield_lasts_while_its_reason_does(void **unused)
{
    struct row row = rows[1];
    struct role_memory memory = {0};

    (void)unused;
    row.reads = PROBE_DOWN;
    row.elsewhere_ns = NS_PER_S;
    struct role_evidence evidence = evidence_of(&row);
    assert_int_equal(role_judge(&evidence, &memory, (struct monotime){NOW}).cause,
                     ROLE_STORAGE_LOST);
    assert_int_equal(role_judge(&evidence, &memory, (struct monotime){NOW + 1}).cause,
                     ROLE_STORAGE_LOST);
    evidence.state = VRRP_BACKUP;
    assert_int_equal(role_judge(&evidence, &memory, (struct monotime){NOW + 2}).cause,
                     ROLE_STORAGE_LOST);
    evidence.state = VRRP_ACTIVE; /* the others were worse */
    assert_int_equal(role_judge(&evidence, &memory, (struct monotime){NOW + 3}).cause, ROLE_WELL);
}

/* It is looked at again when a wait is over, though nothing happens then. */
static void waits_end_by_themselves(void **unused)
{
    struct row row = rows[1];
    struct role_memory memory = {0};

    (void)unused;
    row.write = PROBE_DOWN;
    row.store_ns = NS_PER_S;
    struct role_evidence evidence = evidence_of(&row);
    assert_int_equal(role_judge(&evidence, &memory, (struct monotime){NOW}).again.ns,
                     NOW - NS_PER_S + READONLY_HOLD);
    row.elsewhere_ns = 1;
    row.store_ns = READONLY_HOLD + ROLE_HEARSAY_NS;
    evidence = evidence_of(&row);
    assert_int_equal(role_judge(&evidence, &memory, (struct monotime){NOW}).again.ns,
                     NOW - row.store_ns + INTERVAL + TIMEOUT);
}

/* Somebody may be repairing what fails on every node. */
static void what_fails_everywhere_is_tried_again(void **unused)
{
    struct row row = rows[1];
    struct role_memory memory = {0};

    (void)unused;
    row.service = REGISTRY_FAILED;
    row.peers = "fff";
    const struct role_evidence evidence = evidence_of(&row);
    struct role_verdict verdict = role_judge(&evidence, &memory, (struct monotime){NOW});
    assert_int_equal(verdict.failed, 1);
    verdict = role_judge(&evidence, &memory, (struct monotime){NOW + 1});
    assert_int_equal(verdict.retry, 1);
    verdict = role_judge(&evidence, &memory, (struct monotime){NOW + 2});
    assert_int_equal(verdict.retry, 0);
    verdict = role_judge(&evidence, &memory, (struct monotime){NOW + 31 * NS_PER_S});
    assert_int_equal(verdict.retry, 1);
    assert_int_equal(verdict.priority, PRIORITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_model),
        cmocka_unit_test(a_failure_is_remembered_then_tried_again),
        cmocka_unit_test(the_one_that_failed_is_named),
        cmocka_unit_test(what_was_unsettled_settles),
        cmocka_unit_test(the_store_is_to_blame_unless_it_was_seen_to_work),
        cmocka_unit_test(the_band_keeps_the_order),
        cmocka_unit_test(a_pause_keeps_what_was_judged),
        cmocka_unit_test(a_yield_lasts_while_its_reason_does),
        cmocka_unit_test(waits_end_by_themselves),
        cmocka_unit_test(what_fails_everywhere_is_tried_again),
        cmocka_unit_test(a_witness_is_never_a_candidate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
