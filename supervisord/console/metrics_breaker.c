/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/metrics_breaker.h"

static struct metric_labels labels_of(const struct breaker_view_peer *peer)
{
    struct metric_labels labels = {0};

    metric_label(&labels, "peer", peer->label);
    return labels;
}

static const char *state_name(int state)
{
    return breaker_state_name((enum breaker_state)state);
}

static void state(const struct metric *metric, const struct metrics_input *input)
{
    const struct breaker_view *view = &input->world->breakers;

    for (size_t at = 0; at < view->peer_count; at++) {
        const struct metric_labels labels = labels_of(&view->peers[at]);

        metric_states(metric, &labels, state_name, BREAKER_STATES,
                      (int)view->peers[at].verdict.state);
    }
}

static void opened(const struct metric *metric, const struct metrics_input *input)
{
    const struct breaker_view *view = &input->world->breakers;

    for (size_t at = 0; at < view->peer_count; at++)
        for (int reason = BREAKER_REASON_HOST; reason <= BREAKER_REASON_NO_ANSWER; reason++) {
            struct metric_labels labels = labels_of(&view->peers[at]);

            metric_label(&labels, "reason", breaker_reason_name((enum breaker_reason)reason));
            metric_count(metric, &labels, view->peers[at].opened[reason]);
        }
}

static void effective(const struct metric *metric, const struct metrics_input *input)
{
    const struct breaker_view *view = &input->world->breakers;

    for (size_t at = 0; at < view->peer_count && view->is_known; at++) {
        const struct metric_labels labels = labels_of(&view->peers[at]);

        metric_count(metric, &labels, breaker_view_has_effect(view, &view->peers[at]));
    }
}

static void answering(const struct metric *metric, const struct metrics_input *input)
{
    const struct breaker_view *view = &input->world->breakers;

    for (size_t at = 0; at < view->peer_count; at++) {
        const struct breaker_view_peer *peer = &view->peers[at];
        const struct metric_labels labels = labels_of(peer);

        metric_count(metric, &labels,
                     peer->answered.ns != 0 && !peer->is_refusing && !peer->verdict.is_doubted);
    }
}

const struct metrics_row metrics_breaker_rows[] = {
    {"regha_breaker_state", METRIC_GAUGE, "State of the circuit breaker of the storage peer.",
     state, false},
    {"regha_breaker_opened_total", METRIC_COUNTER,
     "How often the storage peer was cut off, and why.", opened, false},
    {"regha_breaker_effective", METRIC_GAUGE,
     "Whether cutting the storage peer off would change anything here.", effective, false},
    {"regha_breaker_peer_answering", METRIC_GAUGE, "Whether the storage peer answers its probes.",
     answering, false},
    {NULL, METRIC_GAUGE, NULL, NULL, false},
};
