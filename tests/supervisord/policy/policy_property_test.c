/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three nodes under random evidence: what the policy promises holds in each stream of it.
 *
 * A stream is a list of steps, made by a generator from its number, so that each can be had again.
 * The election is what vrrp/fsm does with priorities, in a few lines. A stream that breaks a promise
 * is cut down to the steps that are needed for it, and printed. Which rows of the model were reached
 * is counted: a generator that misses one proves nothing of it. With an argument: so many streams.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisord/policy/breaker.h"
#include "supervisord/policy/role_store.h"

#define NODES 3
#define STEPS 24
#ifdef __SANITIZE_ADDRESS__
#define STREAMS 10000 /* they take five times as long */
#else
#define STREAMS 100000
#endif
#define FORGET   (60 * NS_PER_S)
#define HOLD     (2 * NS_PER_S)
#define READONLY (10 * NS_PER_S)
#define INTERVAL (15 * NS_PER_S) /* of the probes of the store */
#define TIMEOUT  (12 * NS_PER_S)
#define RECOVER  (7 * NS_PER_S)
#define START    (10 * NS_PER_S)
#define TICK     (1 * NS_PER_S)
#define BEGIN    (1000 * NS_PER_S)

/* Streams. */

enum what {
    /* What all share: */
    PASS,   /* time */
    WRITES, /* the store takes them, or no longer */
    READS,
    STALL, /* a storage peer is silent: reads stall, and the probes of the store say nothing */
    SHARED_WHATS,
    /* And what is one node's: */
    CUT = SHARED_WHATS, /* it alone cannot reach the store */
    OTHER,              /* a required probe that is no service's */
    DISK,               /* a required probe of its own part of the store */
    BROKEN,             /* its registry starts and does not serve */
    CRASH,              /* its registry dies until the launcher gives up */
    MODE,
    FORCE,
    PAUSE,
    SILENT, /* nobody hears it, it hears nobody */
    GATEWAY,
    HANDOVER,
    LAUNCHER,
    UNREADABLE,
    WHATS,
};

static const char *const what_names[WHATS] = {
    "pass", "writes", "reads", "stall",  "cut",     "other",    "disk",     "broken",    "crash",
    "mode", "force",  "pause", "silent", "gateway", "handover", "launcher", "unreadable"};

struct step {
    enum what what;
    unsigned node, value;
};

struct stream {
    uint64_t seed;
    bool is_shared; /* only what all share happens: nothing may move */
    struct role_policy policy;
    size_t count;
    struct step steps[STEPS];
};

/* splitmix64: small, and good enough for this. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static unsigned below(uint64_t *state, unsigned limit)
{
    return (unsigned)(draw(state) % limit);
}

/* Half of them let time pass; where all is shared, reads that fail and heal are what is hardest. */
static struct step make_step(uint64_t *state, bool is_shared)
{
    const unsigned whats = is_shared ? SHARED_WHATS + 3 : WHATS;
    const unsigned what = below(state, 2) == 0 ? PASS : below(state, whats);

    return (struct step){
        .what = is_shared && what >= SHARED_WHATS ? READS : (enum what)what,
        .node = below(state, NODES),
        .value = below(state, 8),
    };
}

static struct stream make_stream(uint64_t number)
{
    uint64_t state = number * 2654435761U + 1;
    struct stream stream = {.seed = draw(&state), .is_shared = below(&state, 2) == 0};

    stream.policy = (struct role_policy){
        .startup_hold_ns = HOLD,
        .forget_ns = FORGET,
        .readonly_hold_ns = READONLY,
        .on_store_readonly = below(&state, 3),
        .on_store_down = 1 + below(&state, 2),
        .on_isolated = below(&state, 3),
    };
    stream.count = 4 + below(&state, STEPS - 3);
    for (size_t at = 0; at < stream.count; at++)
        stream.steps[at] = make_step(&state, stream.is_shared);
    return stream;
}

/* The model of the nodes. */

struct probe {
    enum probe_health health;
    struct monotime changed, success_started, failure_started;
    unsigned streak; /* of what contradicts its health */
};

struct node {
    struct role_memory memory;
    struct role_verdict verdict;
    enum vrrp_state state;
    struct probe write, read, service, other, disk;
    struct monotime started; /* its registry */
    struct monotime failed, store_failed;
    enum registry_state registry;
    bool is_cut, other_fails, disk_fails, is_broken, crashes, is_silent, is_away, is_unreadable,
        is_paused, is_forced;
    enum role_mode mode;
    enum probe_health gateway;
    enum role_handover handover;
    /* For the promises: */
    struct monotime yielded;
    bool was_readonly, was_yielding;
    struct role_verdict before;
};

enum row {
    ROW_RESTART = ROLE_CAUSES,
    ROW_RETRY,
    ROW_DOUBT,     /* a failing read that is not held against the node */
    ROW_UNSETTLED, /* the same, because a storage peer is silent */
    ROW_NO_SECOND, /* it may not yield again yet */
    ROW_NOT_YET,   /* it would yield, but an attempt elsewhere may still be on its way */
    ROW_READONLY,
    ROW_READWRITE,  /* back */
    ROW_STORE_STOP, /* services do not run because of the store */
    ROW_STORE_RUN,
    ROW_PAUSED,
    ROW_UNKNOWN,     /* a probe that says nothing, on the Active */
    ROW_JUST_BEGUN,  /* a service that fails within its start_timeout */
    ROW_ALONE_HOLDS, /* isolated, and holds */
    ROW_SUCCESSOR,
    ROW_FORCED,
    ROW_NOBODY,  /* no node is eligible, and the Active stays */
    ROW_MOVE,    /* one node took over from another */
    ROW_BREAKER, /* and the states and reasons of the breaker */
    ROWS = ROW_BREAKER + BREAKER_STATES + BREAKER_REASONS,
};

struct model {
    const struct stream *stream;
    uint64_t draws;
    struct monotime now;
    struct node nodes[NODES];
    bool writes_fail, reads_fail, stalls;
    bool failed[3]; /* whether reads did, or stalled, in the last seconds */
    unsigned moves;
    uint64_t *rows;
    const char *broken; /* the promise that was not kept; NULL: none */
};

static void promise(struct model *model, bool kept, const char *text)
{
    if (!kept && !model->broken)
        model->broken = text;
}

/* rise 2, fall 3, as configured by default. */
static void attempt(struct probe *probe, enum probe_outcome outcome, struct monotime now)
{
    const bool good = outcome == PROBE_OUTCOME_SUCCESS;

    if (outcome == PROBE_OUTCOME_UNKNOWN)
        return;
    if (good)
        probe->success_started = now;
    if (good)
        probe->failure_started = (struct monotime){0};
    else if (probe->failure_started.ns == 0)
        probe->failure_started = now;
    if (probe->health == (good ? PROBE_UP : PROBE_DOWN)) {
        probe->streak = 0;
        return;
    }
    if (++probe->streak < (good ? 2 : 3) && probe->health != PROBE_UNKNOWN)
        return;
    probe->health = good ? PROBE_UP : PROBE_DOWN;
    probe->changed = now;
    probe->streak = 0;
}

static enum probe_outcome outcome_of(bool fails)
{
    return fails ? PROBE_OUTCOME_FAILURE : PROBE_OUTCOME_SUCCESS;
}

/* What is asked each second is; what is asked seldom is asked when something hints at a change. */
static void probe_store(struct model *model, struct node *node)
{
    const bool hinted =
        node->read.streak > 0 || node->write.streak > 0 || node->service.failure_started.ns != 0;
    const bool due = monotime_since(node->read.success_started, model->now) >= INTERVAL ||
                     node->read.health != PROBE_UP || node->write.health != PROBE_UP;

    if (!due && !hinted && below(&model->draws, 2) == 0)
        return;
    if (model->stalls && !node->is_cut)
        return; /* it waits, and that is no failure */
    if (model->reads_fail || node->is_cut)
        node->store_failed = model->now;
    attempt(&node->read, outcome_of(model->reads_fail || node->is_cut), model->now);
    attempt(&node->write, outcome_of(model->writes_fail || model->reads_fail || node->is_cut),
            model->now);
}

static bool runs(const struct node *node)
{
    return node->registry == REGISTRY_RUNNING;
}

static void probe_service(struct model *model, struct node *node)
{
    /* An attempt takes up to its timeout, and says how the store was when it began. */
    const bool then = model->failed[below(&model->draws, 3)];
    const bool fails =
        node->is_broken || node->is_cut || then || model->reads_fail || model->stalls;

    if (!runs(node)) {
        node->service = (struct probe){.health = PROBE_NOT_APPLICABLE};
        return;
    }
    if (node->service.health == PROBE_NOT_APPLICABLE)
        node->service = (struct probe){.health = PROBE_UNKNOWN};
    attempt(&node->service, outcome_of(fails), model->now);
}

static struct monotime success_elsewhere(const struct model *model, size_t self,
                                         enum role_store_use use)
{
    struct monotime newest = {0};

    for (size_t at = 0; at < NODES; at++) {
        const struct node *node = &model->nodes[at];
        const struct probe *probe = use == ROLE_STORE_READ ? &node->read : &node->write;

        if (at != self && !node->is_silent && !model->nodes[self].is_silent &&
            probe->health == PROBE_UP && probe->failure_started.ns == 0 &&
            probe->success_started.ns > newest.ns)
            newest = probe->success_started;
    }
    return newest;
}

static struct role_store store_of(const struct model *model, size_t self, enum role_store_use use)
{
    const struct node *node = &model->nodes[self];
    const struct probe *probe = use == ROLE_STORE_READ ? &node->read : &node->write;

    return (struct role_store){use,
                               {probe->health, probe->changed, probe->failure_started,
                                success_elsewhere(model, self, use), INTERVAL, TIMEOUT}};
}

static void add_others(const struct model *model, size_t self, struct role_evidence *evidence)
{
    for (size_t at = 0; at < NODES; at++) {
        const struct node *node = &model->nodes[at];

        if (at == self)
            continue;
        evidence->peers[evidence->peer_count++] = (struct role_peer){
            .is_reachable = !node->is_silent && !model->nodes[self].is_silent,
            .is_out = node->mode != ROLE_MODE_READY,
            .failed = node->failed.ns != 0 && monotime_since(node->failed, model->now) < FORGET,
        };
    }
}

static struct role_evidence evidence_of(const struct model *model, size_t self)
{
    const struct node *node = &model->nodes[self];
    const struct role_store_behind behind = {node->read.health, node->read.changed,
                                             node->read.success_started, node->store_failed};
    struct role_evidence evidence = {
        .requirement_count = 4,
        .requirements = {{.health = node->other.health, .service = ROLE_NO_SERVICE},
                         {.health = node->service.health,
                          .reads_storage = true,
                          .storage_in_doubt = role_store_in_doubt(
                              &behind, node->service.failure_started, RECOVER, model->now),
                          .service = 0},
                         {.health = node->disk.health,
                          .is_storage = true,
                          .service = ROLE_NO_SERVICE},
                         {.health = node->read.health,
                          .scope = PROBE_SCOPE_SHARED,
                          .service = ROLE_NO_SERVICE,
                          .shared = store_of(model, self, ROLE_STORE_READ).shared}},
        .service_count = 1,
        .services = {{!node->is_away, node->is_unreadable, node->registry, node->started, START}},
        .store_count = 2,
        .stores = {store_of(model, self, ROLE_STORE_READ), store_of(model, self, ROLE_STORE_WRITE)},
        .store_unsettled = model->stalls,
        .is_alone = node->is_silent,
        .gateway = node->gateway,
        .state = node->state,
        .priority = (uint8_t)(150 - 10 * self),
        .betters = self,
        .mode = node->mode,
        .is_forced = node->is_forced,
        .is_paused = node->is_paused,
        .handover = node->handover,
        .asked = {BEGIN},
        .policy = model->stream->policy,
    };

    add_others(model, self, &evidence);
    return evidence;
}

/* The promises of one judgement. */

static bool is_degraded(const struct role_verdict *verdict)
{
    return verdict->priority <= VRRP_PRIORITY_DEGRADED_MAX;
}

static bool may_refuse(enum role_cause cause)
{
    return cause == ROLE_STARTING || cause == ROLE_ISOLATED || cause == ROLE_DRAINED ||
           cause == ROLE_MAINTENANCE || cause == ROLE_HANDS_OVER;
}

static void check_yield(struct model *model, struct node *node)
{
    const bool yields = node->memory.is_yielding;

    if (yields && !node->was_yielding) {
        promise(model, node->yielded.ns == 0 || monotime_since(node->yielded, model->now) >= FORGET,
                "a node yields at most once per forget");
        promise(model, node->is_cut || model->reads_fail || model->writes_fail || model->stalls,
                "a node yields only while something fails");
        node->yielded = model->now;
    }
    node->was_yielding = yields;
}

static void check_readonly(struct model *model, struct node *node)
{
    const bool is = node->verdict.readonly;

    if (is && !node->was_readonly)
        promise(model,
                node->write.health == PROBE_DOWN && node->read.health != PROBE_DOWN &&
                    monotime_since(node->write.failure_started, model->now) >= READONLY,
                "read-only only when writes have failed for readonly_hold, and reads work");
    if (!is && node->was_readonly)
        promise(model,
                model->stream->policy.on_store_readonly != ROLE_ON_STORE_READONLY ||
                    (node->write.health == PROBE_UP &&
                     monotime_since(node->write.changed, model->now) >= READONLY),
                "back only when writes have worked for readonly_hold");
    /* It is not forgotten: a second later than promised at most, for that is how often we look. */
    if (!node->is_paused && node->memory.hold_is_over &&
        model->stream->policy.on_store_readonly == ROLE_ON_STORE_READONLY &&
        node->write.health == PROBE_DOWN && node->read.health == PROBE_UP)
        promise(model,
                is || monotime_since(node->write.failure_started, model->now) < READONLY + TICK,
                "read-only in time");
    model->rows[ROW_READONLY] += is && !node->was_readonly;
    model->rows[ROW_READWRITE] += !is && node->was_readonly;
    node->was_readonly = is;
}

static void check_verdict(struct model *model, size_t self)
{
    struct node *node = &model->nodes[self];
    const struct role_verdict *verdict = &node->verdict;

    promise(model, is_degraded(verdict) || verdict->priority == 150 - 10 * self,
            "the priority is the configured one, or in the degraded band");
    promise(model, verdict->candidate || may_refuse(verdict->cause),
            "health alone takes no candidacy: the Active stays where nobody is better");
    promise(model, !verdict->run || node->state == VRRP_ACTIVE || verdict->successor,
            "a service runs where its router is Active, or is about to be");
    promise(model, !(verdict->run && verdict->store_stop), "what is stopped does not run");
    if (node->is_paused && node->memory.has_last)
        promise(model, verdict->restart == 0 && verdict->retry == 0,
                "while paused nothing is restarted");
    if (node->mode != ROLE_MODE_READY && node->state != VRRP_ACTIVE &&
        verdict->cause != ROLE_STARTING)
        promise(model, !verdict->candidate, "who is drained or in maintenance is no candidate");
    check_yield(model, node);
    check_readonly(model, node);
}

/* Which rows of the model this was about. */
static void count_rows(struct model *model, const struct node *node,
                       const struct role_evidence *evidence)
{
    const struct role_verdict *verdict = &node->verdict;
    const bool active = node->state == VRRP_ACTIVE;
    const bool read_fails = active && node->service.health == PROBE_DOWN;
    struct monotime again = MONOTIME_NEVER;
    uint64_t *rows = model->rows;

    rows[verdict->cause]++;
    rows[ROW_RESTART] += verdict->restart != 0;
    rows[ROW_RETRY] += verdict->retry != 0;
    rows[ROW_DOUBT] += read_fails && evidence->requirements[1].storage_in_doubt;
    rows[ROW_UNSETTLED] += read_fails && evidence->store_unsettled;
    const int lost = role_store_find_lost(evidence, model->now, &again);
    rows[ROW_NO_SECOND] += active && lost >= 0 && verdict->cause == ROLE_WELL;
    rows[ROW_NOT_YET] += active && lost < 0 && again.ns != MONOTIME_NEVER.ns;
    rows[ROW_STORE_STOP] += verdict->store_stop && !node->before.store_stop;
    rows[ROW_STORE_RUN] += !verdict->store_stop && node->before.store_stop;
    rows[ROW_PAUSED] += node->is_paused && node->memory.has_last;
    rows[ROW_UNKNOWN] += active && node->other.health == PROBE_UNKNOWN;
    rows[ROW_JUST_BEGUN] +=
        read_fails && node->is_broken && monotime_since(node->started, model->now) < START;
    rows[ROW_ALONE_HOLDS] += active && evidence->is_alone && verdict->candidate;
    rows[ROW_SUCCESSOR] += verdict->successor;
    rows[ROW_FORCED] += active && node->is_forced && node->mode != ROLE_MODE_READY;
}

/* The launcher does as it is told, at once; one that crashes is given up. */
static void follow(struct model *model, struct node *node)
{
    const bool was = runs(node);
    const bool anew = (node->verdict.restart | node->verdict.retry) != 0;

    if (!node->verdict.run || node->is_away)
        node->registry = node->is_away ? node->registry : REGISTRY_STOPPED;
    else if (node->crashes)
        node->registry = REGISTRY_FAILED;
    else if (node->registry != REGISTRY_FAILED || anew)
        node->registry = REGISTRY_RUNNING;
    if (runs(node) && (!was || anew))
        node->started = model->now;
    if (node->verdict.failed != 0)
        node->failed = model->now;
}

static void judge(struct model *model, size_t self)
{
    struct node *node = &model->nodes[self];
    const struct role_evidence evidence = evidence_of(model, self);

    node->before = node->verdict;
    node->verdict = role_judge(&evidence, &node->memory, model->now);
    check_verdict(model, self);
    count_rows(model, node, &evidence);
    follow(model, node);
}

/* As vrrp/fsm elects, without its milliseconds; who is silent takes part in no election. */

static int find_active(const struct model *model)
{
    for (int at = 0; at < NODES; at++)
        if (model->nodes[at].state == VRRP_ACTIVE && !model->nodes[at].is_silent)
            return at;
    return -1;
}

static int find_best(const struct model *model, bool healthy)
{
    int best = -1;

    for (int at = 0; at < NODES; at++) {
        const struct node *node = &model->nodes[at];

        if (node->is_silent || !node->verdict.candidate || node->state == VRRP_ACTIVE ||
            (healthy && is_degraded(&node->verdict)))
            continue;
        if (best < 0 || node->verdict.priority > model->nodes[best].verdict.priority)
            best = at;
    }
    return best;
}

static void elect(struct model *model)
{
    const int active = find_active(model);
    const struct role_verdict *verdict = active >= 0 ? &model->nodes[active].verdict : NULL;
    const bool resigns = verdict && !verdict->candidate;
    const bool asks = verdict && verdict->candidate && is_degraded(verdict);
    const int next = !verdict || resigns ? find_best(model, false)
                     : asks              ? find_best(model, true)
                                         : -1;

    model->rows[ROW_NOBODY] += asks && next < 0;
    if (resigns)
        model->nodes[active].state = VRRP_BACKUP;
    for (int at = 0; at < NODES; at++) /* one that is alone gives up what it may not keep, too */
        if (model->nodes[at].is_silent && !model->nodes[at].verdict.candidate)
            model->nodes[at].state = VRRP_BACKUP;
    if (next < 0)
        return;
    if (active >= 0)
        model->nodes[active].state = VRRP_BACKUP;
    model->nodes[next].state = VRRP_ACTIVE;
    model->moves += active >= 0;
    model->rows[ROW_MOVE] += active >= 0;
}

/* Steps. */

static void tick(struct model *model)
{
    model->now = monotime_add(model->now, TICK);
    for (size_t at = 0; at < NODES; at++) {
        struct node *node = &model->nodes[at];

        probe_store(model, node);
        probe_service(model, node);
        if (node->other.health != PROBE_UNKNOWN || draw(&model->draws) % 2)
            attempt(&node->other, outcome_of(node->other_fails), model->now);
        attempt(&node->disk, outcome_of(node->disk_fails), model->now);
    }
    for (size_t at = 0; at < NODES; at++)
        judge(model, at);
    elect(model);
    memmove(&model->failed[1], &model->failed[0], 2 * sizeof(model->failed[0]));
    model->failed[0] = model->reads_fail || model->stalls;
}

static void pass(struct model *model, unsigned value)
{
    static const unsigned ticks[] = {1, 1, 2, 4, 8, 12, 30, 65};

    for (unsigned at = 0; at < ticks[value] && !model->broken; at++)
        tick(model);
}

static void change(struct model *model, struct node *node, const struct step *step)
{
    const bool set = step->value % 2;

    switch (step->what) {
    case WRITES:
        model->writes_fail = set;
        break;
    case READS:
        model->reads_fail = set;
        break;
    case STALL:
        model->stalls = set;
        break;
    case CUT:
        node->is_cut = set;
        break;
    case OTHER:
        node->other_fails = set;
        node->other.health = step->value == 6 ? PROBE_UNKNOWN : node->other.health;
        break;
    case DISK:
        node->disk_fails = set;
        break;
    case BROKEN:
        for (size_t at = 0; at < NODES; at++)
            if (step->value > 5 || node == &model->nodes[at])
                model->nodes[at].is_broken = set;
        break;
    case CRASH:
        for (size_t at = 0; at < NODES; at++)
            if (step->value > 3 || node == &model->nodes[at])
                model->nodes[at].crashes = set;
        break;
    case MODE:
        node->mode = (enum role_mode)(step->value % 3);
        break;
    case FORCE:
        node->is_forced = set;
        break;
    case PAUSE:
        node->is_paused = set;
        break;
    case SILENT:
        node->is_silent = set;
        break;
    case GATEWAY:
        node->gateway = (enum probe_health)(step->value % 3);
        break;
    case HANDOVER:
        node->handover = (enum role_handover)(step->value % 4);
        break;
    case LAUNCHER:
        node->is_away = set;
        break;
    case UNREADABLE:
        node->is_unreadable = set;
        break;
    case PASS:
    case WHATS:
        break;
    }
}

static void begin(struct model *model, const struct stream *stream, uint64_t *rows)
{
    *model = (struct model){.stream = stream, .draws = stream->seed, .now = {BEGIN}, .rows = rows};
    for (size_t at = 0; at < NODES; at++)
        model->nodes[at].other.health = PROBE_UNKNOWN;
    model->nodes[stream->seed % NODES].other_fails = !stream->is_shared && stream->seed % 5 == 0;
    for (int at = 0; at < 6; at++)
        tick(model); /* until somebody is Active, and its registry serves */
}

/* The promise that the stream breaks, or NULL. */
static const char *run(const struct stream *stream, uint64_t *rows)
{
    struct model model;

    begin(&model, stream, rows);
    model.moves = 0;
    for (size_t at = 0; at < stream->count && !model.broken; at++) {
        const struct step *step = &stream->steps[at];

        if (step->what == PASS)
            pass(&model, step->value);
        else
            change(&model, &model.nodes[step->node], step);
        if (stream->is_shared)
            promise(&model, model.moves == 0, "P6: what all share moves nothing");
    }
    return model.broken;
}

/* The same promise is broken by fewer steps? Then those are told. */
static void shrink(struct stream *stream)
{
    uint64_t rows[ROWS];
    size_t at = 0;

    while (at < stream->count) {
        struct stream less = *stream;

        less.count--;
        memmove(&less.steps[at], &less.steps[at + 1], (less.count - at) * sizeof(less.steps[0]));
        if (run(&less, rows))
            *stream = less;
        else
            at++;
    }
}

static void print_stream(const struct stream *stream, uint64_t number, const char *broken)
{
    printf("stream %llu: %s\n  %s, on_store_readonly=%d on_store_down=%d on_isolated=%d\n",
           (unsigned long long)number, broken, stream->is_shared ? "all shared" : "of all kinds",
           stream->policy.on_store_readonly, stream->policy.on_store_down,
           stream->policy.on_isolated);
    for (size_t at = 0; at < stream->count; at++)
        printf("  %s node=%u value=%u\n", what_names[stream->steps[at].what],
               stream->steps[at].node + 1, stream->steps[at].value);
}

/* The breaker: P8 says that it makes nothing worse. */

#define PEERS 4

enum manner {
    ANSWERS,
    DEAD,   /* its host, too */
    FROZEN, /* its host is silent, its kernel still takes connections */
    HANGS,  /* only the server */
    MANNERS,
};

struct cutter {
    struct breaker breaker;
    struct breaker_evidence evidence;
    enum manner manners[PEERS];
    struct monotime now;
    uint64_t draws;
    const char *broken;
};

static void answer(struct breaker_peer *peer, struct monotime now)
{
    peer->asked = peer->asked_two = peer->connected = peer->missed = (struct monotime){0};
    peer->asked_count = 0;
    peer->host = BREAKER_HOST_HEARD;
    peer->answered_begun = monotime_add(now, -5 * NS_PER_MS);
    peer->answered = now;
}

static void stay_silent(struct breaker_peer *peer, enum manner manner, struct monotime now)
{
    peer->host = manner == HANGS ? BREAKER_HOST_HEARD : BREAKER_HOST_SILENT;
    if (manner != HANGS && peer->missed.ns == 0)
        peer->missed = now;
    if (peer->asked.ns == 0)
        peer->asked = now;
    peer->begun = peer->asked_count == 0 ? now : monotime_add(now, -15 * NS_PER_MS);
    if (++peer->asked_count == 2)
        peer->asked_two = now;
    if (manner != DEAD && peer->connected.ns == 0)
        peer->connected = now;
}

/* What each of them does, and now and then something else. */
static void go_on(struct cutter *cutter)
{
    for (size_t at = 0; at < PEERS; at++) {
        enum manner *manner = &cutter->manners[at];

        if (below(&cutter->draws, at == 1 ? 8 : 32) == 0)
            *manner =
                below(&cutter->draws, 2) ? ANSWERS : (enum manner)below(&cutter->draws, MANNERS);
        if (*manner == ANSWERS)
            answer(&cutter->evidence.peers[at], cutter->now);
        else
            stay_silent(&cutter->evidence.peers[at], *manner, cutter->now);
    }
}

/* Another one answered what was asked no earlier: so it is not us, and not everything. */
static bool is_vouched(const struct breaker_evidence *evidence, size_t opened)
{
    for (size_t at = 0; at < PEERS; at++)
        if (at != opened &&
            evidence->peers[at].answered_begun.ns >= evidence->peers[opened].asked.ns)
            return true;
    return false;
}

static void check_cuts(struct cutter *cutter, const struct breaker_verdict *verdict)
{
    const struct breaker_evidence *evidence = &cutter->evidence;
    size_t open = 0;

    for (size_t at = 0; at < PEERS; at++) {
        const struct breaker_peer *peer = &evidence->peers[at];
        const struct breaker_peer_verdict *judged = &verdict->peers[at];

        open += judged->state == BREAKER_OPEN;
        if (judged->state != BREAKER_OPEN || !judged->has_changed)
            continue;
        if (peer->is_excluded || evidence->is_off || peer->asked.ns == 0)
            cutter->broken = "P8: nothing is cut off that answers, is here, or while it is off";
        if (verdict->has_stood_still)
            cutter->broken = "P8: nothing is cut off because we stood still";
        if (!is_vouched(evidence, at))
            cutter->broken = "P8: nothing is cut off when nobody answers";
    }
    if (open > verdict->limit || verdict->limit > evidence->params.max_open)
        cutter->broken = "P8: never more than the store can spare";
}

static const char *run_breaker(uint64_t number, uint64_t *rows)
{
    struct cutter cutter = {.now = {BEGIN}, .draws = number * 7919 + 3};

    cutter.evidence.params = (struct breaker_params){
        .interval_ns = NS_PER_S,
        .doubt_interval_ns = 100 * NS_PER_MS,
        .connect_timeout_ns = 150 * NS_PER_MS,
        .answer_timeout_ns = 1500 * NS_PER_MS,
        .silence_ns = 200 * NS_PER_MS,
        .max_open = 1 + below(&cutter.draws, 2),
    };
    cutter.evidence.is_off = below(&cutter.draws, 10) == 0;
    cutter.evidence.peer_count = PEERS;
    cutter.evidence.peers[0].is_excluded = below(&cutter.draws, 2);
    for (int step = 0; step < 32 && !cutter.broken; step++) {
        const bool stands_still = below(&cutter.draws, 40) == 0;
        cutter.now = monotime_add(cutter.now, (stands_still ? 2000 : 50) * NS_PER_MS);
        go_on(&cutter);
        const struct breaker_verdict verdict =
            breaker_judge(&cutter.breaker, &cutter.evidence, cutter.now);
        check_cuts(&cutter, &verdict);
        for (size_t at = 0; at < PEERS; at++) {
            rows[ROW_BREAKER + (int)verdict.peers[at].state]++;
            rows[ROW_BREAKER + BREAKER_STATES + (int)verdict.peers[at].reason]++;
        }
    }
    return cutter.broken;
}

static void row_name(size_t row, char text[64])
{
    static const char *const names[] = {"restarted",
                                        "tried again",
                                        "a read in doubt",
                                        "the store unsettled",
                                        "no second yield",
                                        "not yet lost",
                                        "read-only",
                                        "read-write again",
                                        "stopped for the store",
                                        "run again",
                                        "paused",
                                        "a probe unknown",
                                        "just begun",
                                        "alone and holds",
                                        "successor",
                                        "forced",
                                        "nobody eligible",
                                        "a move"};

    if (row < ROLE_CAUSES)
        snprintf(text, 64, "%s", role_cause_text((enum role_cause)row));
    else if (row < ROW_BREAKER)
        snprintf(text, 64, "%s", names[row - ROLE_CAUSES]);
    else if (row < ROW_BREAKER + BREAKER_STATES)
        snprintf(text, 64, "breaker %s",
                 breaker_state_name((enum breaker_state)(row - ROW_BREAKER)));
    else
        snprintf(text, 64, "breaker reason %s",
                 breaker_reason_name((enum breaker_reason)(row - ROW_BREAKER - BREAKER_STATES)));
}

/* A witness holds nothing and judges nothing; its row is role_test's. */
static int check_reached(const uint64_t *rows)
{
    int missed = 0;
    char name[64];

    for (size_t row = 0; row < ROWS; row++) {
        row_name(row, name);
        printf("  %10llu %s\n", (unsigned long long)rows[row], name);
        if (rows[row] == 0 && row != ROLE_WITNESS) {
            printf("  ^ never reached: the generator proves nothing of it\n");
            missed++;
        }
    }
    return missed;
}

int main(int argc, char **argv)
{
    const uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : STREAMS;
    uint64_t rows[ROWS] = {0};

    for (uint64_t number = 1; number <= count; number++) {
        struct stream stream = make_stream(number);
        const char *broken = run(&stream, rows);
        const char *cut = run_breaker(number, rows);

        if (broken) {
            uint64_t unused[ROWS];
            shrink(&stream);
            print_stream(&stream, number, run(&stream, unused));
        }
        if (cut)
            printf("breaker stream %llu: %s\n", (unsigned long long)number, cut);
        if (broken || cut)
            return 1;
    }
    printf("%llu streams\n", (unsigned long long)count);
    return count >= STREAMS && check_reached(rows) > 0;
}
