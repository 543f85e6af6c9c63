/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * histogram - counts of spans in fixed buckets, as Prometheus wants them.
 *
 * Pure. The bounds belong to whoever made it and are shared by all of a kind.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS 14

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS + 1]; /* not cumulative; the last one: above every bound */
    uint64_t count;
    int64_t sum_ns;
};

/* Upper bounds of the buckets, 50 us to 10 s in steps of about 2.5; the same for every histogram. */
extern const int64_t histogram_bounds_ns[HISTOGRAM_BUCKETS];

void histogram_add(struct histogram *histogram, int64_t span_ns);

/* The bound below which `percent` of the counts lie; 0 if empty, INT64_MAX above the last bound. */
int64_t histogram_quantile_ns(const struct histogram *histogram, int percent);

#endif
