/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/breaker_tell.h"

#include <stdio.h>

#include "supervisord/console/words.h"
#include "supervisord/journal.h"

static long long ms_since(struct monotime at, struct monotime now)
{
    return (long long)(monotime_since(at, now) / NS_PER_MS);
}

static size_t count_answering(const struct world *world, size_t but)
{
    size_t count = 0;

    for (size_t at = 0; at < world->breakers.peer_count; at++)
        count += at != but && world->breakers.peers[at].asked.ns == 0 &&
                 !world->breakers.peers[at].is_refusing;
    return count;
}

static void tell_opened(struct world *world, const struct breaker_evidence *evidence, size_t at,
                        struct monotime now)
{
    const struct breaker_view_peer *peer = &world->breakers.peers[at];
    const struct breaker_peer *seen = &evidence->peers[at];
    const struct journal_entry entry = {WORLD_EVENT_BREAKER, LOG_LEVEL_WARNING, peer->label,
                                        "closed", breaker_state_name(BREAKER_OPEN)};
    char host[64] = "";

    if (seen->host == BREAKER_HOST_SILENT && seen->missed.ns != 0)
        snprintf(host, sizeof(host), ", %s silent for %lld ms", peer->node,
                 ms_since(seen->missed, now));
    journal_add(world, now, &entry, "%s: %u probes in %lld ms, %s%s; %zu of %zu other peers answer",
                breaker_reason_name(peer->verdict.reason), seen->asked_count,
                ms_since(seen->asked, now),
                seen->connected.ns != 0 ? "connected and not answered" : "no connection", host,
                count_answering(world, at), world->breakers.peer_count - 1);
}

static void tell_state(struct world *world, const struct breaker_tell *tell, struct monotime now)
{
    const struct breaker_view_peer *peer = &world->breakers.peers[tell->at];
    const struct journal_entry entry = {WORLD_EVENT_BREAKER, LOG_LEVEL_INFO, peer->label,
                                        breaker_state_name(tell->before),
                                        breaker_state_name(peer->verdict.state)};

    if (peer->verdict.state == BREAKER_HALF_OPEN)
        journal_add(world, now, &entry, "%s: no longer cut off",
                    peer->is_refusing ? "its host refuses connections" : "it answers");
    else if (tell->before == BREAKER_HALF_OPEN)
        journal_add(world, now, &entry, "it goes on answering");
    else
        journal_add(world, now, &entry, "no longer cut off: %s",
                    breaker_reason_name(peer->verdict.reason));
}

/* That it stays as it is, if it has been silent for long, is worth a line as well. */
static void tell_kept(struct world *world, const struct breaker_evidence *evidence,
                      const struct breaker_tell *tell, struct monotime now)
{
    static const char *const sentences[BREAKER_REASONS] = {
        [BREAKER_REASON_ALONE] = "silent, as all are: nothing is cut off",
        [BREAKER_REASON_LIMIT] = "silent, and not cut off: the store may not spare one more",
        [BREAKER_REASON_BACKOFF] = "silent again, and not cut off yet",
        [BREAKER_REASON_OFF] = "silent, and nothing may be cut off",
    };
    const struct breaker_view_peer *peer = &world->breakers.peers[tell->at];
    const enum breaker_reason reason = peer->verdict.reason;
    const struct journal_entry entry = {WORLD_EVENT_BREAKER, LOG_LEVEL_WARNING, peer->label, "",
                                        ""};

    if (reason == BREAKER_REASON_NONE)
        *tell->told = BREAKER_REASON_NONE;
    /* Once for each silence: the reason may change with every probe. */
    if (!sentences[reason] || *tell->told != BREAKER_REASON_NONE ||
        monotime_since(peer->asked, now) < evidence->params.answer_timeout_ns)
        return;
    *tell->told = reason;
    journal_add(world, now, &entry, "%s", sentences[reason]);
}

void breaker_tell_peer(struct world *world, const struct breaker_evidence *evidence,
                       const struct breaker_tell *tell, struct monotime now)
{
    const struct breaker_peer_verdict *verdict = &world->breakers.peers[tell->at].verdict;

    if (!verdict->has_changed)
        tell_kept(world, evidence, tell, now);
    else if (verdict->state == BREAKER_OPEN)
        tell_opened(world, evidence, tell->at, now);
    else
        tell_state(world, tell, now);
}
