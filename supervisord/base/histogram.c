/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/histogram.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

const int64_t histogram_bounds_ns[HISTOGRAM_BUCKETS] = {
    50 * US, 100 * US, 250 * US, 500 * US, 1 * MS,   2500 * US, 5 * MS,
    10 * MS, 25 * MS,  50 * MS,  100 * MS, 250 * MS, 1 * S,     10 * S,
};

void histogram_add(struct histogram *histogram, int64_t span_ns)
{
    int at = 0;

    while (at < HISTOGRAM_BUCKETS && span_ns > histogram_bounds_ns[at])
        at++;
    histogram->counts[at]++;
    histogram->count++;
    histogram->sum_ns += span_ns;
}

int64_t histogram_quantile_ns(const struct histogram *histogram, int percent)
{
    const uint64_t wanted = (histogram->count * (uint64_t)percent + 99) / 100;
    uint64_t seen = 0;

    if (histogram->count == 0)
        return 0;
    for (int at = 0; at < HISTOGRAM_BUCKETS; at++) {
        seen += histogram->counts[at];
        if (seen >= wanted)
            return histogram_bounds_ns[at];
    }
    return INT64_MAX;
}
