/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The breaker as a table, one row per rule of the model, and its promise driven by chance: a store
 * that could be read is never made unreadable, and nothing opens where no peer, host or link failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "supervisord/policy/breaker.h"

#define MS  NS_PER_MS
#define NOW (1000 * NS_PER_S)

static const struct breaker_params params = {
    .interval_ns = 1000 * MS,
    .doubt_interval_ns = 100 * MS,
    .connect_timeout_ns = 150 * MS,
    .answer_timeout_ns = 1500 * MS,
    .silence_ns = 500 * MS,
    .max_open = 1,
};

/* Times are "so long ago", 0 is never. The first of three peers is judged; the others answer. */
struct row {
    const char *rule;
    enum breaker_host host;
    int64_t missed, asked, two, begun, connected, answered, refused;
    int count;
    int64_t others_answered; /* and the probe began 2 ms before */
    int64_t third_asked, third_connected,
        third_refused; /* of the last one, which then answered long ago */
    bool is_excluded, is_off;
    enum breaker_state state;           /* before */
    int64_t since, renewed, barred_for; /* of that state */
    int64_t late;                       /* judged so long after it was due */
    int64_t blind;                      /* all were silent last */
    int64_t judged;                     /* the last time, if late */
    unsigned max_open, per_node, per_set, quorum;
    /* wanted: */
    enum breaker_state then;
    enum breaker_reason reason;
    bool calm; /* not doubted */
};

#define WELL                                                                                       \
    .host = BREAKER_HOST_HEARD, .answered = 400 * MS, .others_answered = 30 * MS, .max_open = 1
#define DARK                                                                                       \
    .host = BREAKER_HOST_SILENT, .missed = 515 * MS, .asked = 490 * MS, .two = 415 * MS,           \
    .begun = 11 * MS, .count = 5, .answered = 900 * MS, .others_answered = 30 * MS, .max_open = 1
#define FROZEN DARK, .connected = 489 * MS
#define HUNG                                                                                       \
    .host = BREAKER_HOST_HEARD, .asked = 1510 * MS, .two = 1430 * MS, .connected = 1509 * MS,      \
    .count = 5, .answered = 2200 * MS, .others_answered = 30 * MS, .max_open = 1
#define CUT DARK, .state = BREAKER_OPEN, .since = 400 * MS

/* The second initializer of a member is the row's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif
static const struct row rows[] = {
    {"all well: closed", WELL, .calm = true},
    {"the first missed frame starts a probe at once", WELL, .missed = 20 * MS},
    {"a missed frame whose host has answered since says nothing", WELL, .missed = 420 * MS,
     .calm = true},

    {"fast: host silent and no SYN-ACK", DARK, .then = BREAKER_OPEN, .reason = BREAKER_REASON_HOST},
    {"fast: the host is heard: wait for the slow path", DARK, .host = BREAKER_HOST_HEARD,
     .reason = BREAKER_REASON_EARLY},
    {"fast: nobody listens for the host: wait for the slow path", DARK,
     .host = BREAKER_HOST_UNKNOWN, .reason = BREAKER_REASON_EARLY},
    {"fast: never without our own failing probe", DARK, .asked = 0, .count = 0, .two = 0},
    {"fast: a connection has 150 ms", DARK, .asked = 149 * MS, .two = 75 * MS, .count = 2},
    {"fast: one early repeat", DARK, .count = 1, .two = 0, .reason = BREAKER_REASON_EARLY},
    {"fast: the repeat has its time, too", DARK, .count = 2, .two = 60 * MS,
     .reason = BREAKER_REASON_EARLY},
    {"fast: a link that is away for half a second is no silence", DARK, .missed = 490 * MS,
     .reason = BREAKER_REASON_EARLY},
    {"fast: its regha was stopped long ago, so the probes tell how long", DARK,
     .missed = 60000 * MS, .reason = BREAKER_REASON_EARLY},
    {"fast: its regha was stopped long ago, and half a second without answer", DARK,
     .missed = 60000 * MS, .asked = 515 * MS, .then = BREAKER_OPEN, .reason = BREAKER_REASON_HOST},
    {"fast: the last question decides", DARK, .begun = 40 * MS, .reason = BREAKER_REASON_EARLY},
    {"fast: and has its time", DARK, .begun = 9 * MS, .reason = BREAKER_REASON_EARLY},
    {"fast: a silent host whose frames were never missed is not known to be silent", DARK,
     .missed = 0, .reason = BREAKER_REASON_EARLY},
    {"fast: a probe answered within the last two intervals is a veto", DARK, .answered = 190 * MS,
     .reason = BREAKER_REASON_EARLY},
    {"fast: connected and not answered: frozen with all that is on it", FROZEN,
     .then = BREAKER_OPEN, .reason = BREAKER_REASON_FROZEN},
    {"fast: back this moment: it connects at once, and answers a little later", FROZEN,
     .connected = 5 * MS, .reason = BREAKER_REASON_EARLY},
    {"fast: an answer has twice the time of a connection", FROZEN, .asked = 290 * MS,
     .two = 200 * MS, .connected = 289 * MS, .reason = BREAKER_REASON_EARLY},
    {"fast: a peer that has never answered", DARK, .answered = 0, .then = BREAKER_OPEN,
     .reason = BREAKER_REASON_HOST},

    {"slow: connected, no answer", HUNG, .then = BREAKER_OPEN, .reason = BREAKER_REASON_NO_ANSWER},
    {"slow: not before its time", HUNG, .asked = 1490 * MS, .reason = BREAKER_REASON_EARLY},
    {"slow: a probe answered within the last two intervals is a veto", HUNG, .answered = 1990 * MS,
     .reason = BREAKER_REASON_EARLY},
    {"slow: of a host that nobody listens to", HUNG, .host = BREAKER_HOST_UNKNOWN, .connected = 0,
     .then = BREAKER_OPEN, .reason = BREAKER_REASON_NO_ANSWER},

    {"a refused connection opens nothing", WELL, .answered = 2200 * MS, .refused = 100 * MS,
     .calm = true},
    {"leaving is not silence, refused or not", WELL, .answered = 0, .refused = 100 * MS,
     .calm = true},

    {"nothing opens when all look silent", DARK, .others_answered = 2000 * MS,
     .reason = BREAKER_REASON_ALONE},
    {"nor when the others answered what was asked before", DARK, .others_answered = 500 * MS,
     .reason = BREAKER_REASON_ALONE},
    {"nor when they answered before the silence began", DARK, .asked = 700 * MS, .two = 600 * MS,
     .answered = 900 * MS, .others_answered = 520 * MS, .reason = BREAKER_REASON_ALONE},
    {"while all were silent it may have been us: what counts begins after that", DARK,
     .blind = 200 * MS, .reason = BREAKER_REASON_EARLY},
    {"slow: the same", HUNG, .blind = 200 * MS, .reason = BREAKER_REASON_EARLY},
    {"all were silent a while ago", DARK, .asked = 700 * MS, .missed = 800 * MS, .blind = 550 * MS,
     .then = BREAKER_OPEN, .reason = BREAKER_REASON_HOST},
    {"slow: nor when their answers are older than two intervals", HUNG, .asked = 3000 * MS,
     .answered = 4000 * MS, .others_answered = 2000 * MS, .reason = BREAKER_REASON_ALONE},
    {"this host never", DARK, .is_excluded = true, .reason = BREAKER_REASON_EXCLUDED},
    {"without a key never", DARK, .is_off = true, .reason = BREAKER_REASON_OFF},
    {"one more is refusing: the store may not spare two", DARK, .third_refused = 100 * MS,
     .reason = BREAKER_REASON_LIMIT},
    {"one more is silent: the store may not spare two", DARK, .third_asked = 160 * MS,
     .reason = BREAKER_REASON_LIMIT},
    {"one more is busy: it makes connections", DARK, .third_asked = 160 * MS,
     .third_connected = 159 * MS, .then = BREAKER_OPEN, .reason = BREAKER_REASON_HOST},
    {"busy for too long is lost", DARK, .third_asked = 1500 * MS, .third_connected = 1499 * MS,
     .reason = BREAKER_REASON_LIMIT},
    {"nothing opens when all look silent, though one makes connections", DARK,
     .others_answered = 2000 * MS, .third_asked = 160 * MS, .third_connected = 159 * MS,
     .reason = BREAKER_REASON_ALONE},
    {"two where drives are known: 4 nodes of 1, quorum 2", DARK, .third_asked = 160 * MS,
     .max_open = 2, .per_node = 1, .per_set = 4, .quorum = 2, .then = BREAKER_OPEN,
     .reason = BREAKER_REASON_HOST},
    {"more than one only where drives are known", DARK, .third_asked = 160 * MS, .max_open = 2,
     .reason = BREAKER_REASON_LIMIT},
    {"4 nodes of 4, quorum 12: one", DARK, .third_asked = 160 * MS, .max_open = 2, .per_node = 4,
     .per_set = 16, .quorum = 12, .reason = BREAKER_REASON_LIMIT},
    {"drives say that none may be missing", DARK, .per_node = 4, .per_set = 16, .quorum = 14,
     .reason = BREAKER_REASON_LIMIT},
    {"max_open 0: never", DARK, .max_open = 0, .reason = BREAKER_REASON_LIMIT},

    {"we stood still: what was asked before says nothing", DARK, .late = 120 * MS,
     .judged = 145 * MS},
    {"a little late is not standing still", DARK, .late = 60 * MS, .judged = 85 * MS,
     .then = BREAKER_OPEN, .reason = BREAKER_REASON_HOST},
    {"we stood still for long: the kernel has closed it", CUT, .late = 900 * MS,
     .judged = 1001 * MS},
    {"we stood still for a moment: it stays open", CUT, .late = 120 * MS, .judged = 145 * MS,
     .then = BREAKER_OPEN},

    {"open: stays while nobody answers", CUT, .then = BREAKER_OPEN, .reason = BREAKER_REASON_HOST},
    {"open: half-open once it answers", CUT, .asked = 0, .answered = 10 * MS,
     .then = BREAKER_HALF_OPEN},
    {"open: what it answered before does not count", CUT, .answered = 410 * MS, .since = 400 * MS,
     .then = BREAKER_OPEN, .reason = BREAKER_REASON_HOST},
    {"open: a refusal is an answer: its host is back", CUT, .asked = 0, .refused = 10 * MS,
     .then = BREAKER_HALF_OPEN},
    {"open: another one is gone, and the store may not spare two", CUT, .third_refused = 50 * MS,
     .reason = BREAKER_REASON_LIMIT},
    {"open: another one is slow to connect: stays", CUT, .third_asked = 200 * MS,
     .then = BREAKER_OPEN, .reason = BREAKER_REASON_HOST},
    {"open: the key is gone", CUT, .is_off = true, .reason = BREAKER_REASON_OFF},
    {"open: it is this host's address now", CUT, .is_excluded = true,
     .reason = BREAKER_REASON_EXCLUDED},

    {"half-open: trusted after an interval", WELL, .state = BREAKER_HALF_OPEN, .since = 1001 * MS,
     .calm = true},
    {"half-open: not before", WELL, .state = BREAKER_HALF_OPEN, .since = 990 * MS,
     .then = BREAKER_HALF_OPEN},
    {"re-opening needs a new failure", DARK, .state = BREAKER_HALF_OPEN, .since = 480 * MS,
     .renewed = 480 * MS, .then = BREAKER_HALF_OPEN, .reason = BREAKER_REASON_BACKOFF},
    {"re-opening waits", DARK, .state = BREAKER_HALF_OPEN, .since = 900 * MS, .renewed = 900 * MS,
     .barred_for = 100 * MS, .then = BREAKER_HALF_OPEN, .reason = BREAKER_REASON_BACKOFF},
    {"re-opening after the wait", DARK, .state = BREAKER_HALF_OPEN, .since = 1100 * MS,
     .renewed = 1100 * MS, .then = BREAKER_OPEN, .reason = BREAKER_REASON_HOST},
};
#pragma GCC diagnostic pop

static struct monotime ago(int64_t span_ns)
{
    return (struct monotime){span_ns == 0 ? 0 : NOW - span_ns};
}

static struct breaker_evidence evidence_of(const struct row *row)
{
    const struct breaker_peer other = {
        .host = BREAKER_HOST_HEARD,
        .answered = ago(row->others_answered),
        .answered_begun = ago(row->others_answered + 2 * MS),
    };
    struct breaker_evidence evidence = {.params = params,
                                        .is_off = row->is_off,
                                        .peer_count = 3,
                                        .peers[1] = other,
                                        .peers[2] = other};

    evidence.params.max_open = row->max_open;
    evidence.params.drives_per_node = row->per_node;
    evidence.params.drives_per_set = row->per_set;
    evidence.params.read_quorum = row->quorum;
    evidence.peers[0] = (struct breaker_peer){
        .is_excluded = row->is_excluded,
        .host = row->host,
        .missed = ago(row->missed),
        .asked = ago(row->asked),
        .asked_count = (unsigned)row->count,
        .asked_two = ago(row->two),
        .begun = ago(row->begun),
        .connected = ago(row->connected),
        .answered = ago(row->answered),
        .answered_begun = ago(row->answered ? row->answered + 2 * MS : 0),
        .refused = ago(row->refused),
        .refused_begun = ago(row->refused ? row->refused + MS : 0),
    };
    if (row->third_asked || row->third_refused)
        evidence.peers[2] = (struct breaker_peer){
            .host = BREAKER_HOST_HEARD,
            .answered = ago(5000 * MS),
            .answered_begun = ago(5001 * MS),
            .asked = ago(row->third_asked),
            .connected = ago(row->third_connected),
            .refused = ago(row->third_refused),
            .refused_begun = ago(row->third_refused ? row->third_refused + MS : 0),
        };
    return evidence;
}

static void test_each_rule(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct row *row = &rows[at];
        const struct breaker_evidence evidence = evidence_of(row);
        struct breaker breaker = {.peers[0] = {.state = row->state,
                                               .since = ago(row->since),
                                               .streak = row->state != BREAKER_CLOSED,
                                               .renewed = ago(row->renewed)}};

        if (row->barred_for)
            breaker.peers[0].barred.ns = NOW + row->barred_for;
        breaker.judged = ago(row->judged);
        breaker.blind = ago(row->blind);
        breaker.again = ago(row->late);
        const struct breaker_verdict verdict =
            breaker_judge(&breaker, &evidence, (struct monotime){NOW});
        const struct breaker_peer_verdict *peer = &verdict.peers[0];
        if (peer->state != row->then || peer->reason != row->reason ||
            peer->is_doubted == row->calm || peer->has_changed != (row->state != row->then))
            fail_msg("%s: %s, %s, %s, %s", row->rule, breaker_state_name(peer->state),
                     breaker_reason_name(peer->reason), peer->is_doubted ? "doubted" : "calm",
                     peer->has_changed ? "changed" : "as before");
        assert_int_equal(verdict.open_count, row->then == BREAKER_OPEN);
    }
}

/* Open, answered, silent again: 1, 2, 4 ... 60 s from when it is let go. */
static void test_backs_off(void **unused)
{
    static const int64_t waits_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
    struct row row = {DARK};
    struct breaker breaker = {0};
    struct breaker_evidence evidence = evidence_of(&row);
    int64_t shift = 0;

    (void)unused;
    for (size_t at = 0; at < sizeof(waits_s) / sizeof(waits_s[0]); at++) {
        const struct monotime now = {NOW + shift};
        struct monotime open_again = now;
        struct breaker_verdict verdict;

        for (size_t peer = 0; peer < 3; peer++) {
            evidence.peers[peer].asked.ns = peer == 0 ? now.ns - 490 * MS : 0;
            evidence.peers[peer].asked_two.ns = now.ns - 400 * MS;
            evidence.peers[peer].begun.ns = now.ns - 11 * MS;
            evidence.peers[peer].missed.ns = peer == 0 ? now.ns - 550 * MS : 0;
            evidence.peers[peer].answered.ns = now.ns - (peer == 0 ? 900 * MS : 10 * MS);
            evidence.peers[peer].answered_begun.ns = evidence.peers[peer].answered.ns - MS;
        }
        breaker.judged.ns = 0;
        verdict = breaker_judge(&breaker, &evidence, now);
        assert_int_equal(verdict.peers[0].state, BREAKER_OPEN);
        evidence.peers[0].answered.ns = evidence.peers[0].answered_begun.ns = now.ns + MS;
        evidence.peers[0].asked.ns = 0;
        verdict = breaker_judge(&breaker, &evidence, monotime_add(now, MS));
        assert_int_equal(verdict.peers[0].state, BREAKER_HALF_OPEN);
        open_again = breaker.peers[0].barred;
        assert_int_equal(monotime_since(now, open_again), MS + waits_s[at] * NS_PER_S);
        shift += MS + waits_s[at] * NS_PER_S;
    }
    assert_int_equal(breaker.peers[0].opened[BREAKER_REASON_HOST], 8);
}

static void test_moves_with_its_peer(void **unused)
{
    struct breaker breaker = {.peers[2] = {.state = BREAKER_OPEN, .streak = 3},
                              .peers[0] = {.streak = 9}};
    const size_t former[] = {BREAKER_PEERS, 2};

    (void)unused;
    breaker_move(&breaker, former, 2);
    assert_int_equal(breaker.peers[0].streak, 0);
    assert_int_equal(breaker.peers[1].streak, 3);
    assert_int_equal(breaker.peers[1].state, BREAKER_OPEN);
    assert_int_equal(breaker.peers[2].state, BREAKER_CLOSED);
}

/*
 * A store of NODES nodes, seen from the first. Each step of STEP things may break or heal; probes
 * are modelled as the shell does them.
 */
#define NODES 4
#define STEP  (5 * MS)

enum fault {
    NONE,
    REGHA_GONE,   /* killed, stopped or frozen there: the host seems silent */
    REGHA_LEAVES, /* an orderly stop */
    MINIO_RESTARTS,
    BLINK, /* its link is away for half a second */
    POWER_OFF,
    HOST_FROZEN,
    MINIO_FROZEN,
    FAULTS,
};

struct node {
    enum fault fault;
    int64_t until;
    int64_t heard;
    int64_t begun, two, connected; /* of the row of probes without answer */
    int64_t next, last;
    unsigned count;
};

struct store {
    struct node nodes[NODES];
    struct breaker breaker;
    struct breaker_evidence evidence;
    int64_t now, blind_until, asleep_until, blinked;
    struct monotime again;
    bool is_doubted;
    uint64_t opened, doubted, harmless;
    unsigned seed;
};

static unsigned chance(struct store *store, unsigned below)
{
    return (unsigned)rand_r(&store->seed) % below;
}

/* Faults that a real store suffers from, of which `real` ones count as reasons to open. */
static void break_things(struct store *store, bool real)
{
    for (size_t at = 1; at < NODES; at++) {
        struct node *node = &store->nodes[at];

        if (node->until <= store->now)
            node->fault = NONE;
        if (node->fault != NONE || chance(store, 600) != 0)
            continue;
        node->fault = 1 + chance(store, (real ? FAULTS : POWER_OFF) - 1);
        node->until = store->now + (1 + chance(store, 400)) * 10 * MS;
        if (node->fault == BLINK) {
            node->until = store->now + 500 * MS;
            store->blinked =
                store->now; /* a second of two faults, one after the other, is no half */
        }
    }
    if (store->now >= store->blinked + NS_PER_S && chance(store, 2000) == 0)
        store->blind_until = store->now + (1 + chance(store, 300)) * 10 * MS;
    if (chance(store, 2000) == 0)
        store->asleep_until = store->now + (1 + chance(store, 300)) * 10 * MS;
}

static bool is_dark(const struct store *store, const struct node *node)
{
    return store->now < store->blind_until || node->fault == POWER_OFF || node->fault == BLINK;
}

static void hear_host(struct store *store, size_t at)
{
    struct node *node = &store->nodes[at];
    struct breaker_peer *peer = &store->evidence.peers[at];
    const bool is_gone =
        is_dark(store, node) || node->fault == REGHA_GONE || node->fault == HOST_FROZEN;

    if (!is_gone && (store->now / STEP) % 20 == (int64_t)at)
        node->heard = store->now;
    if (node->fault == REGHA_LEAVES)
        node->heard = store->now;
    peer->missed.ns = store->now - node->heard > 120 * MS ? node->heard + 100 * MS : 0;
    peer->host = store->now - node->heard > 330 * MS ? BREAKER_HOST_SILENT : BREAKER_HOST_HEARD;
}

static void ask(struct store *store, size_t at)
{
    struct node *node = &store->nodes[at];
    struct breaker_peer *peer = &store->evidence.peers[at];
    const bool is_waiting = node->begun != 0;

    if (store->now >= node->next) {
        node->next = store->now + (store->is_doubted || is_waiting ? 75 : 1000) * MS;
        node->count++;
        node->last = store->now;
        if (!is_waiting)
            node->begun = store->now;
        else if (node->count == 2)
            node->two = store->now;
    }
    if (node->begun != 0 && !is_dark(store, node)) {
        const bool is_mute = node->fault == HOST_FROZEN || node->fault == MINIO_FROZEN;
        struct monotime *begun = &peer->answered_begun, *ended = &peer->answered;

        if (is_mute)
            node->connected = store->now;
        if (node->fault == MINIO_RESTARTS) {
            begun = &peer->refused_begun;
            ended = &peer->refused;
        }
        if (!is_mute) {
            begun->ns = node->begun;
            ended->ns = store->now;
            node->begun = node->two = node->connected = 0;
            node->count = 0;
        }
    }
    peer->asked.ns = node->begun;
    peer->asked_two.ns = node->two;
    peer->begun.ns = node->last;
    peer->asked_count = node->count;
    peer->connected.ns = node->connected;
}

static bool may_be_opened(const struct node *node)
{
    return node->fault == POWER_OFF || node->fault == HOST_FROZEN || node->fault == MINIO_FROZEN;
}

/* What the store has lost for sure, and what is cut off, must leave a quorum. */
static void check_readable(const struct store *store, const struct breaker_verdict *verdict)
{
    unsigned gone = 0;

    for (size_t at = 1; at < NODES; at++)
        gone += verdict->peers[at].state == BREAKER_OPEN ||
                store->evidence.peers[at].refused.ns > store->evidence.peers[at].answered.ns;
    if (verdict->open_count > 0 && gone > verdict->limit)
        fail_msg("seed %u at %lld ms: %zu open, %u of %u gone", store->seed,
                 (long long)(store->now / MS), verdict->open_count, gone, verdict->limit);
}

static void start_anew(struct store *store)
{
    for (size_t at = 1; at < NODES; at++) {
        struct node *node = &store->nodes[at];
        node->begun = node->two = node->connected = node->next = 0;
        node->count = 0;
        ask(store, at);
    }
}

static void judge(struct store *store)
{
    const struct breaker_verdict verdict =
        breaker_judge(&store->breaker, &store->evidence, (struct monotime){store->now});

    store->again = verdict.again;
    if (verdict.is_doubted && !store->is_doubted)
        for (size_t at = 1; at < NODES; at++)
            store->nodes[at].next = store->now;
    store->is_doubted = verdict.is_doubted;
    store->doubted += verdict.is_doubted;
    if (verdict.has_stood_still)
        start_anew(store);
    check_readable(store, &verdict);
    for (size_t at = 1; at < NODES; at++) {
        if (verdict.peers[at].ask_now)
            store->nodes[at].next = store->now;
        if (!verdict.peers[at].has_changed || verdict.peers[at].state != BREAKER_OPEN)
            continue;
        store->opened++;
        store->harmless += !may_be_opened(&store->nodes[at]);
    }
}

static void drive(struct store *store, bool real, int steps)
{
    for (int step = 0; step < steps; step++, store->now += STEP) {
        break_things(store, real);
        if (store->now < store->asleep_until)
            continue; /* frames pile up unread, and nothing is asked */
        for (size_t at = 1; at < NODES; at++) {
            hear_host(store, at);
            ask(store, at);
        }
        judge(store);
    }
}

static struct store store_new(unsigned seed)
{
    struct store store = {.now = NOW, .seed = seed};

    store.evidence.params = params;
    store.evidence.peer_count = NODES;
    store.evidence.peers[0].is_excluded = true;
    for (size_t at = 0; at < NODES; at++)
        store.nodes[at].heard = NOW;
    if (seed % 2) {
        store.evidence.params.max_open = 2;
        store.evidence.params.drives_per_node = 1;
        store.evidence.params.drives_per_set = 4;
        store.evidence.params.read_quorum = 2;
    }
    return store;
}

static void test_opens_only_for_a_fault(void **unused)
{
    uint64_t doubted = 0;

    (void)unused;
    for (unsigned seed = 1; seed <= 400; seed++) {
        struct store store = store_new(seed);
        drive(&store, false, 4000);
        if (store.opened > 0)
            fail_msg("seed %u: opened %u times for nothing", seed, (unsigned)store.opened);
        doubted += store.doubted;
    }
    assert_true(doubted > 10000); /* it had the occasion */
}

static void test_never_makes_it_unreadable(void **unused)
{
    uint64_t opened = 0, harmless = 0;

    (void)unused;
    for (unsigned seed = 1; seed <= 400; seed++) {
        struct store store = store_new(seed);
        drive(&store, true, 4000);
        opened += store.opened;
        harmless += store.harmless;
    }
    print_message("%u opened, %u of them a moment after the fault had healed\n", (unsigned)opened,
                  (unsigned)harmless);
    assert_true(opened > 100);
    assert_true(harmless * 20 < opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule),
        cmocka_unit_test(test_backs_off),
        cmocka_unit_test(test_moves_with_its_peer),
        cmocka_unit_test(test_opens_only_for_a_fault),
        cmocka_unit_test(test_never_makes_it_unreadable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
