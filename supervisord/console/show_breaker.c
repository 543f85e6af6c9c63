/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/show_breaker.h"

static const char *host_name(enum breaker_host host)
{
    static const char *const names[] = {
        [BREAKER_HOST_UNKNOWN] = "unknown",
        [BREAKER_HOST_HEARD] = "heard",
        [BREAKER_HOST_SILENT] = "silent",
    };

    return names[host];
}

static void span_since(struct table *table, struct monotime at, struct monotime now)
{
    if (at.ns == 0)
        table_none(table);
    else
        table_span(table, monotime_since(at, now));
}

/* What a cut would change here. */
static void effect_of(struct table *table, const struct breaker_view *view,
                      const struct breaker_view_peer *peer)
{
    if (!view->is_known)
        table_none(table);
    else if (!view->is_supported)
        table_text(table, "not supported here");
    else if (breaker_view_has_effect(view, peer))
        table_text(table, "%s", peer->seen.forwarded ? "forwarded" : "connections");
    else
        table_text(table, "no effect here");
}

static uint64_t count_opened(const struct breaker_view_peer *peer)
{
    uint64_t count = 0;

    for (int reason = 0; reason < BREAKER_REASONS; reason++)
        count += peer->opened[reason];
    return count;
}

static void peer_of(struct table *table, const struct show *show,
                    const struct breaker_view_peer *peer)
{
    const struct breaker_view *view = &show->world->breakers;

    table_text(table, "%s", peer->label);
    table_text_or_none(table, peer->node);
    table_text(table, "%s", breaker_state_name(peer->verdict.state));
    span_since(table, peer->since, show->now);
    if (peer->is_refusing)
        table_text(table, "refuses");
    else if (peer->asked.ns != 0 && peer->verdict.is_doubted)
        table_text(table, "silent");
    else
        table_text(table, "%s", peer->answered.ns != 0 ? "answers" : "unknown");
    span_since(table, peer->answered, show->now);
    table_text(table, "%s", host_name(peer->host));
    table_text_or_none(table, peer->verdict.reason == BREAKER_REASON_NONE
                                  ? view->is_off ? view->why : ""
                                  : breaker_reason_name(peer->verdict.reason));
    effect_of(table, view, peer);
    table_int(table, peer->seen.sockets);
    table_int(table, (int64_t)count_opened(peer));
    table_int(table, (int64_t)peer->seen.destroyed);
}

struct table *show_breaker_peers(const struct show *show)
{
    static const struct table_column columns[] = {
        {"peer", "PEER"},
        {"node", "NODE"},
        {"state", "STATE"},
        {"state_seconds", "FOR"},
        {"probe", "PROBE"},
        {"answered_seconds", "ANSWERED, AGO"},
        {"host", "HOST"},
        {"reason", "REASON"},
        {"effect", "A CUT CHANGES"},
        {"sockets", "SOCKETS"},
        {"opened", "OPENED"},
        {"destroyed", NULL},
        {NULL, NULL},
    };
    const struct breaker_view *view = &show->world->breakers;
    struct table *table = table_new(columns);

    for (size_t at = 0; table && at < view->peer_count; at++)
        peer_of(table, show, &view->peers[at]);
    return table;
}
