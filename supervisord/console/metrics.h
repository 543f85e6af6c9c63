/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics - all of /metrics: one table of name, type, help and writer.
 *
 * The table feeds the output and regha-metrics(7); a test compares the two. A counter is that of
 * the process it comes from, and begins again with it, as Prometheus expects of counters.
 */
#ifndef SUPERVISORD_METRICS_H
#define SUPERVISORD_METRICS_H

#include "supervisord/console/metric.h"
#include "supervisord/world.h"

struct metrics_input {
    const struct world *world;
    struct monotime now;
    uint64_t open_files, most_files; /* of reghad: metrics_read_files() */
};

struct metrics_row {
    const char *name;
    enum metric_type type;
    const char *help;
    void (*write)(const struct metric *metric, const struct metrics_input *input);
    bool compat; /* only with metrics.compat = "keepalived" */
};

/* Asks the kernel how many files this process has open, and may have. */
void metrics_read_files(struct metrics_input *input);

void metrics_write(const struct metrics_input *input, bool openmetrics, FILE *out);

/* The table, row by row; NULL behind the last one. */
const struct metrics_row *metrics_at(size_t at);

#endif
