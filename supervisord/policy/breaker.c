/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/breaker.h"

#include <string.h>

/* Judged so often while all is quiet, so that standing still is seen. */
#define PULSE_NS       (250 * NS_PER_MS)
#define PULSE_DOUBT_NS (25 * NS_PER_MS)
/* A link that is back when the silence is long enough answers within that. */
#define LAST_NS   (10 * NS_PER_MS)
#define URGENT_NS (5 * NS_PER_S)
/* A second connection, begun so soon after the first, tells loss from silence. */
#define TRIES_MIN 2
/* Answers of that many intervals forbid to open. */
#define VETO_INTERVALS  2
#define BARRED_FIRST_NS (1 * NS_PER_S)
#define BARRED_MAX_NS   (60 * NS_PER_S)
/* Whoever has been closed for so long begins with the first wait again. */
#define FORGET_NS (120 * NS_PER_S)
/* It answers for so long before it is trusted as before. */
#define TRUST_INTERVALS 1

static const char *const state_names[BREAKER_STATES] = {
    [BREAKER_CLOSED] = "closed",
    [BREAKER_OPEN] = "open",
    [BREAKER_HALF_OPEN] = "half-open",
};

static const char *const reason_names[BREAKER_REASONS] = {
    [BREAKER_REASON_NONE] = "none",          [BREAKER_REASON_HOST] = "host-silent",
    [BREAKER_REASON_FROZEN] = "host-frozen", [BREAKER_REASON_NO_ANSWER] = "no-answer",
    [BREAKER_REASON_EARLY] = "early",        [BREAKER_REASON_EXCLUDED] = "this-host",
    [BREAKER_REASON_ALONE] = "alone",        [BREAKER_REASON_LIMIT] = "limit",
    [BREAKER_REASON_BACKOFF] = "backoff",    [BREAKER_REASON_OFF] = "off",
};

const char *breaker_state_name(enum breaker_state state)
{
    return state < BREAKER_STATES ? state_names[state] : "unknown";
}

const char *breaker_reason_name(enum breaker_reason reason)
{
    return reason < BREAKER_REASONS ? reason_names[reason] : "unknown";
}

unsigned breaker_limit(const struct breaker_params *params)
{
    if (params->drives_per_node == 0 || params->drives_per_set == 0 || params->read_quorum == 0)
        return params->max_open < 1 ? params->max_open : 1;
    if (params->drives_per_set <= params->read_quorum)
        return 0;
    const unsigned spare = (params->drives_per_set - params->read_quorum) / params->drives_per_node;
    return spare < params->max_open ? spare : params->max_open;
}

/* How long nobody has answered; 0 if somebody did last, or what is asked says nothing yet. */
static int64_t waited_ns(const struct breaker *breaker, const struct breaker_peer *peer,
                         struct monotime now)
{
    if (peer->asked.ns == 0 || peer->asked.ns < breaker->fence.ns)
        return 0;
    return monotime_since(peer->asked, now);
}

static bool is_refusing(const struct breaker_peer *peer)
{
    return peer->refused.ns > peer->answered.ns;
}

static bool is_silent(const struct breaker *breaker, const struct breaker_evidence *evidence,
                      size_t at, struct monotime now)
{
    return waited_ns(breaker, &evidence->peers[at], now) >= evidence->params.connect_timeout_ns;
}

/* Not even a connection is made. A busy peer makes them, and answers late. */
static bool is_dark(const struct breaker *breaker, const struct breaker_evidence *evidence,
                    size_t at, struct monotime now)
{
    return evidence->peers[at].connected.ns == 0 && is_silent(breaker, evidence, at, now);
}

/* Whether the peer has just now said anything to a probe begun no earlier than `since`. */
static bool has_spoken(const struct breaker_peer *peer, struct monotime since)
{
    return (peer->answered.ns != 0 && peer->answered_begun.ns >= since.ns) ||
           (peer->refused.ns != 0 && peer->refused_begun.ns >= since.ns);
}

static struct monotime spoken_at(const struct breaker_peer *peer)
{
    return peer->answered.ns > peer->refused.ns ? peer->answered : peer->refused;
}

/*
 * The network works, and so do we: another one has answered what was asked after the silence began.
 * Where our own link is cut all fall silent with the same frame, though not all are missed at once.
 */
static bool is_witnessed(const struct breaker_evidence *evidence, size_t at, struct monotime now)
{
    const struct breaker_peer *peer = &evidence->peers[at];
    struct monotime since = peer->asked;

    if (peer->host == BREAKER_HOST_SILENT && peer->missed.ns > since.ns)
        since = peer->missed;
    for (size_t other = 0; other < evidence->peer_count; other++)
        if (other != at && !evidence->peers[other].is_excluded &&
            has_spoken(&evidence->peers[other], since) &&
            monotime_since(spoken_at(&evidence->peers[other]), now) <
                VETO_INTERVALS * evidence->params.interval_ns)
            return true;
    return false;
}

/*
 * Until when neither its host nor a probe of ours must have got through; NEVER: the host is not
 * silent. One whose regha is gone was missed long ago, and says nothing about the network of today.
 */
static struct monotime silence_end(const struct breaker_params *params,
                                   const struct breaker_peer *peer, int64_t waited,
                                   struct monotime now)
{
    const int64_t missed = monotime_since(peer->missed, now);

    if (peer->host != BREAKER_HOST_SILENT || peer->missed.ns == 0)
        return MONOTIME_NEVER;
    return monotime_add(now, params->silence_ns -
                                 (missed - waited <= params->doubt_interval_ns ? missed : waited));
}

/* While all were silent it may have been us: what counts begins after that. */
static int64_t counted_ns(const struct breaker *breaker, const struct breaker_peer *peer,
                          struct monotime now)
{
    const int64_t waited = waited_ns(breaker, peer, now);
    const int64_t seeing = monotime_since(breaker->blind, now);

    return breaker->blind.ns != 0 && waited > seeing ? seeing : waited;
}

/* What was asked once the silence was long enough has had the time of an answer. */
static bool is_last_asked(const struct breaker_peer *peer, struct monotime end, struct monotime now)
{
    return monotime_reached(end, now) && monotime_reached(end, peer->begun) &&
           monotime_since(peer->begun, now) >= LAST_NS;
}

/* Why the peer counts as silent, REASON_EARLY as long as it does not, or NONE: it answers. */
static enum breaker_reason weigh(const struct breaker *breaker,
                                 const struct breaker_evidence *evidence, size_t at,
                                 struct monotime now)
{
    const struct breaker_params *params = &evidence->params;
    const struct breaker_peer *peer = &evidence->peers[at];
    const int64_t waited = counted_ns(breaker, peer, now);
    const int64_t answered = monotime_since(peer->answered, now);
    const bool is_known = peer->answered.ns != 0;

    if (!is_silent(breaker, evidence, at, now))
        return BREAKER_REASON_NONE;
    if (waited < params->connect_timeout_ns)
        return BREAKER_REASON_EARLY;
    if (peer->asked_count < TRIES_MIN ||
        monotime_since(peer->asked_two, now) < params->connect_timeout_ns / 2)
        return BREAKER_REASON_EARLY;
    if (is_last_asked(peer, silence_end(params, peer, waited, now), now) &&
        (!is_known || answered >= VETO_INTERVALS * params->doubt_interval_ns)) {
        if (peer->connected.ns == 0)
            return BREAKER_REASON_HOST;
        /* One that has come back this moment connects at once, and answers a little later. */
        if (monotime_since(peer->connected, now) >= 2 * params->connect_timeout_ns)
            return BREAKER_REASON_FROZEN;
    }
    if (waited >= params->answer_timeout_ns &&
        (!is_known || answered >= VETO_INTERVALS * params->interval_ns))
        return BREAKER_REASON_NO_ANSWER;
    return BREAKER_REASON_EARLY;
}

static bool is_hung(const struct breaker *breaker, const struct breaker_evidence *evidence,
                    size_t at, struct monotime now)
{
    return waited_ns(breaker, &evidence->peers[at], now) >= evidence->params.answer_timeout_ns;
}

/* Others that the store has to do without, or may have to. */
static unsigned count_lost(const struct breaker *breaker, const struct breaker_evidence *evidence,
                           size_t at, struct monotime now)
{
    unsigned lost = 0;

    for (size_t other = 0; other < evidence->peer_count; other++) {
        const struct breaker_peer *peer = &evidence->peers[other];
        if (other == at || peer->is_excluded)
            continue;
        lost += breaker->peers[other].state == BREAKER_OPEN || is_refusing(peer) ||
                is_dark(breaker, evidence, other, now) || is_hung(breaker, evidence, other, now) ||
                (peer->host == BREAKER_HOST_SILENT && is_silent(breaker, evidence, other, now));
    }
    return lost;
}

/* The same for one that is open already: what is only slow to answer does not close it. */
static unsigned count_gone(const struct breaker *breaker, const struct breaker_evidence *evidence,
                           size_t at, struct monotime now)
{
    unsigned gone = 0;

    for (size_t other = 0; other < evidence->peer_count; other++)
        gone += other != at && !evidence->peers[other].is_excluded &&
                (breaker->peers[other].state == BREAKER_OPEN ||
                 is_refusing(&evidence->peers[other]) || is_hung(breaker, evidence, other, now));
    return gone;
}

static enum breaker_reason allow(const struct breaker *breaker,
                                 const struct breaker_evidence *evidence, size_t at,
                                 struct monotime now)
{
    const enum breaker_reason why = weigh(breaker, evidence, at, now);
    const struct breaker_memory *memory = &breaker->peers[at];

    if (why == BREAKER_REASON_NONE || why == BREAKER_REASON_EARLY)
        return why;
    if (evidence->peers[at].is_excluded)
        return BREAKER_REASON_EXCLUDED;
    if (evidence->is_off)
        return BREAKER_REASON_OFF;
    if (!is_witnessed(evidence, at, now))
        return BREAKER_REASON_ALONE;
    if (evidence->peers[at].asked.ns < memory->renewed.ns || !monotime_reached(memory->barred, now))
        return BREAKER_REASON_BACKOFF;
    if (count_lost(breaker, evidence, at, now) + 1 > breaker_limit(&evidence->params))
        return BREAKER_REASON_LIMIT;
    return why;
}

static void become(struct breaker_memory *memory, enum breaker_state state, struct monotime now)
{
    memory->state = state;
    memory->since = now;
}

static void become_open(struct breaker_memory *memory, enum breaker_reason reason,
                        struct monotime now)
{
    if (monotime_since(memory->since, now) >= FORGET_NS)
        memory->streak = 0;
    memory->streak++;
    memory->opened[reason]++;
    become(memory, BREAKER_OPEN, now);
}

/* 1, 2, 4 ... 60 s. */
static int64_t barred_ns(unsigned streak)
{
    int64_t span_ns = BARRED_FIRST_NS;

    for (unsigned count = 1; count < streak && span_ns < BARRED_MAX_NS; count++)
        span_ns *= 2;
    return span_ns < BARRED_MAX_NS ? span_ns : BARRED_MAX_NS;
}

/* Its element goes; a failure that began before does not put it back. */
static void let_go(struct breaker_memory *memory, enum breaker_state state, struct monotime now)
{
    become(memory, state, now);
    memory->renewed = now;
    memory->barred = monotime_add(now, barred_ns(memory->streak));
}

static enum breaker_reason judge_closed(struct breaker *breaker,
                                        const struct breaker_evidence *evidence, size_t at,
                                        struct monotime now)
{
    struct breaker_memory *memory = &breaker->peers[at];
    const enum breaker_reason why = allow(breaker, evidence, at, now);

    if (why >= BREAKER_REASON_HOST && why <= BREAKER_REASON_NO_ANSWER)
        become_open(memory, why, now);
    else if (memory->state == BREAKER_HALF_OPEN && why == BREAKER_REASON_NONE &&
             monotime_since(memory->since, now) >= TRUST_INTERVALS * evidence->params.interval_ns &&
             evidence->peers[at].asked.ns == 0)
        become(memory, BREAKER_CLOSED, now);
    return why;
}

static enum breaker_reason judge_open(struct breaker *breaker,
                                      const struct breaker_evidence *evidence, size_t at,
                                      struct monotime now)
{
    struct breaker_memory *memory = &breaker->peers[at];
    const struct breaker_peer *peer = &evidence->peers[at];

    if (peer->is_excluded || evidence->is_off) {
        let_go(memory, BREAKER_CLOSED, now);
        return peer->is_excluded ? BREAKER_REASON_EXCLUDED : BREAKER_REASON_OFF;
    }
    if (has_spoken(peer, memory->since)) {
        let_go(memory, BREAKER_HALF_OPEN, now);
        return BREAKER_REASON_NONE;
    }
    if (count_gone(breaker, evidence, at, now) + 1 > breaker_limit(&evidence->params)) {
        let_go(memory, BREAKER_CLOSED, now);
        return BREAKER_REASON_LIMIT;
    }
    return weigh(breaker, evidence, at, now);
}

static bool is_blind(const struct breaker *breaker, const struct breaker_evidence *evidence,
                     struct monotime now)
{
    bool is_any_dark = false;

    for (size_t at = 0; at < evidence->peer_count; at++) {
        if (evidence->peers[at].is_excluded)
            continue;
        if (!is_dark(breaker, evidence, at, now))
            return false;
        is_any_dark = true;
    }
    return is_any_dark;
}

/*
 * The kernel closed what was open if we stood still for long enough; and nothing that was asked
 * before can tell who it was that did not move.
 */
static bool notice_standstill(struct breaker *breaker, size_t count, struct monotime now)
{
    const bool has_stood_still =
        breaker->judged.ns != 0 && monotime_since(breaker->again, now) >= BREAKER_LATE_NS;

    if (has_stood_still)
        breaker->fence = now;
    if (has_stood_still && monotime_since(breaker->judged, now) >= BREAKER_LIFE_NS)
        for (size_t at = 0; at < count; at++)
            if (breaker->peers[at].state == BREAKER_OPEN)
                become(&breaker->peers[at], BREAKER_CLOSED, now);
    return has_stood_still;
}

/* The instant that decides is not left to the pulse. Returns when to judge again. */
static struct monotime plan(const struct breaker *breaker, const struct breaker_evidence *evidence,
                            size_t at, struct breaker_peer_verdict *verdict, struct monotime now)
{
    const struct breaker_peer *peer = &evidence->peers[at];
    const struct monotime end =
        silence_end(&evidence->params, peer, counted_ns(breaker, peer, now), now);

    if (verdict->state == BREAKER_OPEN || verdict->reason != BREAKER_REASON_EARLY ||
        !monotime_reached(end, now))
        return end;
    verdict->ask_now = !monotime_reached(end, peer->begun);
    return monotime_add(verdict->ask_now ? now : peer->begun, LAST_NS);
}

static void judge_peer(struct breaker *breaker, const struct breaker_evidence *evidence, size_t at,
                       struct breaker_verdict *verdict, struct monotime now)
{
    struct breaker_memory *memory = &breaker->peers[at];
    struct breaker_peer_verdict *peer = &verdict->peers[at];

    peer->reason = memory->state == BREAKER_OPEN ? judge_open(breaker, evidence, at, now)
                                                 : judge_closed(breaker, evidence, at, now);
    peer->state = memory->state;
    peer->is_doubted = memory->state != BREAKER_CLOSED || peer->reason != BREAKER_REASON_NONE ||
                       (evidence->peers[at].missed.ns != 0 &&
                        evidence->peers[at].answered.ns < evidence->peers[at].missed.ns);
    verdict->open_count += memory->state == BREAKER_OPEN;
    verdict->is_urgent |= memory->state != BREAKER_OPEN && peer->is_doubted &&
                          monotime_since(evidence->peers[at].asked, now) < URGENT_NS;
    verdict->is_doubted |= peer->is_doubted && !evidence->peers[at].is_excluded;
    const struct monotime next = plan(breaker, evidence, at, peer, now);
    if (monotime_since(now, next) > 0)
        verdict->again = monotime_earlier(verdict->again, next);
}

struct breaker_verdict breaker_judge(struct breaker *breaker,
                                     const struct breaker_evidence *evidence, struct monotime now)
{
    const size_t count =
        evidence->peer_count < BREAKER_PEERS ? evidence->peer_count : BREAKER_PEERS;
    enum breaker_state before[BREAKER_PEERS];
    struct breaker_verdict verdict;

    memset(&verdict, 0, sizeof(verdict));
    for (size_t at = 0; at < count; at++)
        before[at] = breaker->peers[at].state;
    verdict.has_stood_still = notice_standstill(breaker, count, now);
    if (is_blind(breaker, evidence, now))
        breaker->blind = now;
    verdict.limit = breaker_limit(&evidence->params);
    verdict.again = MONOTIME_NEVER;
    /* What is closed makes room for what is opened. */
    for (size_t at = 0; at < count; at++)
        if (breaker->peers[at].state == BREAKER_OPEN)
            judge_peer(breaker, evidence, at, &verdict, now);
        else
            verdict.peers[at].state = BREAKER_STATES; /* its turn comes */
    for (size_t at = 0; at < count; at++)
        if (verdict.peers[at].state == BREAKER_STATES)
            judge_peer(breaker, evidence, at, &verdict, now);
    for (size_t at = 0; at < count; at++)
        verdict.peers[at].has_changed = before[at] != breaker->peers[at].state;
    breaker->judged = now;
    breaker->again = monotime_earlier(
        verdict.again, monotime_add(now, verdict.is_urgent ? PULSE_DOUBT_NS : PULSE_NS));
    verdict.again = breaker->again;
    return verdict;
}

void breaker_move(struct breaker *breaker, const size_t *former, size_t count)
{
    struct breaker_memory moved[BREAKER_PEERS];

    memset(moved, 0, sizeof(moved));
    for (size_t at = 0; at < count && at < BREAKER_PEERS; at++)
        if (former[at] < BREAKER_PEERS)
            moved[at] = breaker->peers[former[at]];
    memcpy(breaker->peers, moved, sizeof(moved));
}
