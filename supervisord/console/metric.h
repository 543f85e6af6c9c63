/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metric - samples in the exposition formats of Prometheus (0.0.4) and OpenMetrics (1.0.0).
 *
 * Writes one sample at a time and keeps nothing. Label values may be anything.
 */
#ifndef SUPERVISORD_METRIC_H
#define SUPERVISORD_METRIC_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/histogram.h"

enum metric_type {
    METRIC_COUNTER,   /* its name ends in _total */
    METRIC_GAUGE,     /* a state set is one series per state, 0 or 1 */
    METRIC_HISTOGRAM, /* in seconds */
    METRIC_INFO,      /* always 1; its name ends in _info */
};

/* One metric being written. */
struct metric {
    FILE *out;
    bool openmetrics;
    const char *name;
};

#define METRIC_LABELS_BYTES 1024

struct metric_labels {
    size_t used;
    char text[METRIC_LABELS_BYTES];
};

/* HELP and TYPE lines. */
void metric_head(const struct metric *metric, enum metric_type type, const char *help);
void metric_end(FILE *out); /* of OpenMetrics */

/* An empty `value` is no label; one that has no room is left out with its name. */
void metric_label(struct metric_labels *labels, const char *name, const char *value);

/* `labels` may be NULL. */
void metric_count(const struct metric *metric, const struct metric_labels *labels, uint64_t value);
void metric_seconds(const struct metric *metric, const struct metric_labels *labels,
                    int64_t span_ns);
void metric_histogram(const struct metric *metric, const struct metric_labels *labels,
                      const struct histogram *histogram);

/* One series per state, of `count`; `state` is the one that is 1, none of them if it is beyond. */
void metric_states(const struct metric *metric, const struct metric_labels *labels,
                   const char *(*name_of)(int state), int count, int state);

const char *metric_type_name(enum metric_type type); /* "counter" */

#endif
