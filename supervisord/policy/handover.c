/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/handover.h"

#include <string.h>

static const struct handover_peer *find(const struct handover_evidence *evidence, int node)
{
    for (size_t at = 0; at < evidence->peer_count; at++)
        if (evidence->peers[at].node == node)
            return &evidence->peers[at];
    return NULL;
}

int handover_choose(const struct handover_evidence *evidence, int asked)
{
    const struct handover_peer *best = NULL;

    for (size_t at = 0; at < evidence->peer_count; at++) {
        const struct handover_peer *peer = &evidence->peers[at];

        if (!peer->could_take || (asked != HANDOVER_ANYBODY && peer->node != asked))
            continue;
        if (!best || peer->priority > best->priority)
            best = peer;
    }
    return best ? best->node : -1;
}

static void enter(struct handover *handover, enum handover_phase phase, struct monotime now)
{
    handover->phase = phase;
    handover->since = now;
}

static void fail(struct handover *handover, const char *why, struct monotime now)
{
    memcpy(handover->why, why, strlen(why) + 1);
    enter(handover, HANDOVER_FAILED, now);
}

void handover_begin(struct handover *handover, int asked, int64_t prepare_ns, int64_t drain_ns,
                    struct monotime now)
{
    *handover = (struct handover){
        .asked = asked,
        .successor = -1,
        .begun = now,
        .prepare_ns = prepare_ns,
        .drain_ns = drain_ns,
    };
    enter(handover, HANDOVER_PREPARES, now);
}

static bool has_lasted(const struct handover *handover, int64_t span_ns, struct monotime now)
{
    return monotime_reached(monotime_add(handover->since, span_ns), now);
}

static bool may_take(const struct handover *handover, const struct handover_peer *peer)
{
    return peer && (handover->is_forced ? peer->is_heard : peer->could_take);
}

static int choose(const struct handover *handover, const struct handover_evidence *evidence)
{
    const struct handover_peer *peer = find(evidence, handover->asked);

    if (handover->is_forced)
        return may_take(handover, peer) ? peer->node : -1;
    return handover_choose(evidence, handover->asked);
}

static void prepare(struct handover *handover, const struct handover_evidence *evidence,
                    struct monotime now)
{
    const struct handover_peer *peer = find(evidence, handover->successor);

    if (!evidence->is_active) {
        enter(handover, HANDOVER_DRAINS, now);
        return;
    }
    if (!may_take(handover, peer)) { /* none yet, or it is not what it was */
        const int chosen = choose(handover, evidence);
        peer = find(evidence, chosen);
        handover->successor = chosen;
        if (peer)
            handover->since = now;
    }
    if (!peer)
        fail(handover, "no other node could take over", now);
    else if ((peer->is_ready || handover->is_forced) &&
             has_lasted(handover, HANDOVER_NAMED_NS, now))
        enter(handover, HANDOVER_GIVES, now);
    else if (monotime_reached(monotime_add(handover->begun, handover->prepare_ns), now))
        fail(handover, "the successor did not get ready in time", now);
}

static void give(struct handover *handover, const struct handover_evidence *evidence,
                 struct monotime now)
{
    const struct handover_peer *peer = find(evidence, handover->successor);

    if (!evidence->is_active)
        enter(handover, HANDOVER_DRAINS, now);
    else if (!may_take(handover, peer))
        fail(handover, "the successor is no longer well", now);
    else if (has_lasted(handover, HANDOVER_GIVE_NS, now))
        fail(handover, "the successor did not take over", now);
}

static void drain(struct handover *handover, const struct handover_evidence *evidence,
                  struct monotime now)
{
    if (evidence->is_active)
        fail(handover, "the successor gave it back", now);
    else if (evidence->is_other_active && evidence->is_drained)
        enter(handover, HANDOVER_DONE, now);
    else if (has_lasted(handover, handover->drain_ns, now))
        fail(handover,
             evidence->is_other_active ? "what served here did not end in time"
                                       : "no other node is Active",
             now);
}

bool handover_step(struct handover *handover, const struct handover_evidence *evidence,
                   struct monotime now)
{
    const enum handover_phase before = handover->phase;

    switch (handover->phase) {
    case HANDOVER_PREPARES:
        prepare(handover, evidence, now);
        break;
    case HANDOVER_GIVES:
        give(handover, evidence, now);
        break;
    case HANDOVER_DRAINS:
        drain(handover, evidence, now);
        break;
    case HANDOVER_NONE:
    case HANDOVER_DONE:
    case HANDOVER_FAILED:
    case HANDOVER_PHASES:
        break;
    }
    return handover->phase != before;
}

struct monotime handover_again(const struct handover *handover, struct monotime now)
{
    const struct monotime named = monotime_add(handover->since, HANDOVER_NAMED_NS);
    const struct monotime ready = monotime_add(handover->begun, handover->prepare_ns);

    switch (handover->phase) {
    case HANDOVER_PREPARES:
        return monotime_reached(named, now) ? ready : monotime_earlier(named, ready);
    case HANDOVER_GIVES:
        return monotime_add(handover->since, HANDOVER_GIVE_NS);
    case HANDOVER_DRAINS:
        return monotime_add(handover->since, handover->drain_ns);
    case HANDOVER_NONE:
    case HANDOVER_DONE:
    case HANDOVER_FAILED:
    case HANDOVER_PHASES:
        break;
    }
    return MONOTIME_NEVER;
}

bool handover_is_under_way(const struct handover *handover)
{
    return handover->phase == HANDOVER_PREPARES || handover->phase == HANDOVER_GIVES ||
           handover->phase == HANDOVER_DRAINS;
}

const char *handover_phase_name(enum handover_phase phase)
{
    static const char *const names[HANDOVER_PHASES] = {"none",   "prepares", "gives",
                                                       "drains", "done",     "failed"};

    return names[phase];
}
