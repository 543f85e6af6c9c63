/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/metrics_request.h"

#include "supervisord/cluster/requests.h"

static void rejected(const struct metric *metric, const struct metrics_input *input)
{
    for (int drop = REQUEST_FRAME_ACCEPTED + 1;
         drop < REQUEST_FRAME_DROPS && input->world->requests; drop++) {
        struct metric_labels labels = {0};

        metric_label(&labels, "reason", request_frame_drop_name((enum request_frame_drop)drop));
        metric_count(metric, &labels, input->world->requests->rejected[drop]);
    }
}

/* A series for each type that was ever used, and each way it ended. */
static void write_side(const struct metric *metric, const char *side,
                       const uint64_t counts[REQUESTS_TYPES + 1][REQUESTS_OUTCOMES])
{
    for (int type = 0; type <= REQUESTS_TYPES; type++) {
        for (int outcome = 0; outcome < REQUESTS_OUTCOMES; outcome++) {
            struct metric_labels labels = {0};

            if (counts[type][outcome] == 0 && outcome != REQUESTS_DONE)
                continue;
            metric_label(&labels, "side", side);
            metric_label(&labels, "type", requests_type_name((enum requests_type)type));
            metric_label(&labels, "result", requests_outcome_name((enum requests_outcome)outcome));
            metric_count(metric, &labels, counts[type][outcome]);
        }
    }
}

static void requests(const struct metric *metric, const struct metrics_input *input)
{
    if (!input->world->requests)
        return;
    write_side(metric, "asked", input->world->requests->asked);
    write_side(metric, "served", input->world->requests->served);
}

const struct metrics_row metrics_request_rows[] = {
    {"regha_requests_total", METRIC_COUNTER,
     "Requests to other nodes and of other nodes, by type and how they ended.", requests, false},
    {"regha_requests_rejected_total", METRIC_COUNTER,
     "Connections of other nodes, or to them, that were given up, by reason.", rejected, false},
    {NULL, METRIC_GAUGE, NULL, NULL, false},
};
