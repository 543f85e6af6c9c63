/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/schedule.h"

#define PARTS         1024
#define JITTER_PARTS  102 /* of PARTS: 10 % */
#define GRID_NS       (4 * NS_PER_MS)
#define PAUSE_DIVISOR 20 /* of the interval, between two attempts at least */

/* SplitMix64 (Steele, Lea, Flood 2014): every bit of the state reaches every bit of the result. */
static uint64_t mix(uint64_t state)
{
    state += UINT64_C(0x9e3779b97f4a7c15);
    state = (state ^ (state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    state = (state ^ (state >> 27)) * UINT64_C(0x94d049bb133111eb);
    return state ^ (state >> 31);
}

uint64_t probe_schedule_seed(uint64_t run, const char *name)
{
    uint64_t seed = mix(run);

    for (; *name != '\0'; name++)
        seed = mix(seed ^ (uint8_t)*name);
    return seed;
}

/* `span_ns` times a number of `from` to `to` parts, by chance. */
static int64_t spread(int64_t span_ns, int64_t from, int64_t to, uint64_t chance)
{
    const int64_t parts = from + (int64_t)(chance % (uint64_t)(to - from + 1));

    return span_ns / PARTS * parts;
}

static int64_t step_ns(const struct probe_params *params, bool pending)
{
    const int64_t half_ns = params->interval_ns / 2;
    int64_t least_ns = params->timeout_ns;

    if (!pending)
        return params->interval_ns;
    if (least_ns > params->interval_ns)
        least_ns = params->interval_ns;
    return half_ns > least_ns ? half_ns : least_ns;
}

static struct monotime later(struct monotime a, struct monotime b)
{
    return a.ns > b.ns ? a : b;
}

/* Those that are due at almost the same time are asked in one pass of the loop. */
static struct monotime on_grid(struct monotime at)
{
    return (struct monotime){at.ns - at.ns % GRID_NS};
}

struct monotime probe_schedule_next(const struct probe_params *params, uint64_t seed,
                                    const struct probe_schedule_last *last)
{
    const uint64_t chance = mix(seed ^ last->number);
    const int64_t wanted_ns = step_ns(params, last->pending);
    const struct monotime earliest = monotime_add(last->ended, params->interval_ns / PAUSE_DIVISOR);
    int64_t span_ns;

    if (last->number == 1 && !last->pending)
        span_ns = spread(wanted_ns, PARTS / 2, PARTS, chance);
    else
        span_ns = spread(wanted_ns, PARTS - JITTER_PARTS, PARTS + JITTER_PARTS, chance);
    return later(on_grid(monotime_add(last->started, span_ns)), earliest);
}

struct monotime probe_schedule_hurry(const struct probe_params *params, struct monotime last_ended,
                                     struct monotime now)
{
    if (last_ended.ns == 0)
        return now;
    return later(monotime_add(last_ended, params->interval_ns / PAUSE_DIVISOR), now);
}
