/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schedule - when a probe asks next.
 *
 * Pure. The next attempt starts an interval after the last one started, 10 % more or less by
 * chance, so that the nodes of a cluster do not ask in step. The first two are a random half
 * to a whole interval apart, which spreads the phases of probes that began together. While a
 * change of health is pending it asks twice as often, but not more often than its timeout, so that
 * a slow server is not asked faster than it may answer. Starts are put on a grid of 4 ms, so that
 * many probes do not each wake the processor. The same seed gives the same times.
 */
#ifndef PROBES_SCHEDULE_H
#define PROBES_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/monotime.h"
#include "probes/params.h"

/* The attempt that is over. */
struct probe_schedule_last {
    uint64_t number; /* 1: the first one */
    struct monotime started;
    struct monotime ended;
    bool pending; /* a change of health is */
};

/* Never before `ended` and a short pause: a probe has one attempt at a time. */
struct monotime probe_schedule_next(const struct probe_params *params, uint64_t seed,
                                    const struct probe_schedule_last *last);

/*
 * When to ask if somebody wants it at once: now, but a twentieth of the interval after the last end,
 * however often it is wanted.
 */
struct monotime probe_schedule_hurry(const struct probe_params *params, struct monotime last_ended,
                                     struct monotime now);

/* The seed of one probe among those of one run: `name` ends in NUL. */
uint64_t probe_schedule_seed(uint64_t run, const char *name);

#endif
