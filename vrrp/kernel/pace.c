/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/pace.h"

/* `filled` plus the whole burst is when the bucket was, or will be, full again. */
static struct monotime bucket_ready(const struct kernel_pace_bucket *bucket, int64_t frame_ns)
{
    return monotime_add(bucket->filled, frame_ns);
}

static void bucket_take(struct kernel_pace_bucket *bucket, int64_t frame_ns, int64_t burst,
                        struct monotime now)
{
    const struct monotime full = monotime_add(now, -burst * frame_ns);

    if (bucket->filled.ns < full.ns)
        bucket->filled = full;
    bucket->filled = monotime_add(bucket->filled, frame_ns);
}

void kernel_pace_start(struct kernel_pace *pace, uint8_t repeat, int64_t refresh_ns,
                       struct monotime now)
{
    *pace = (struct kernel_pace){
        .active = true,
        .repeat = repeat == 0 ? 1 : repeat,
        .refresh_ns = refresh_ns,
        .start = now,
        .due = now,
    };
}

void kernel_pace_stop(struct kernel_pace *pace)
{
    *pace = (struct kernel_pace){0};
}

bool kernel_pace_is_first(const struct kernel_pace *pace)
{
    return pace->active && pace->sent == 0;
}

/* The place of the announcement that comes next; late ones shift what is left of their burst. */
static struct monotime following(const struct kernel_pace *pace, struct monotime now)
{
    const int64_t bursts_ns[] = {0, KERNEL_PACE_SECOND_NS, KERNEL_PACE_THIRD_NS};
    const uint32_t burst = pace->sent / pace->repeat;
    const struct monotime spaced = monotime_add(now, KERNEL_PACE_SPACING_NS);

    if (burst >= sizeof(bursts_ns) / sizeof(bursts_ns[0]))
        return pace->refresh_ns > 0 ? monotime_add(now, pace->refresh_ns) : MONOTIME_NEVER;
    if (pace->sent % pace->repeat != 0)
        return spaced;

    const struct monotime next = monotime_add(pace->start, bursts_ns[burst]);
    return next.ns > spaced.ns ? next : spaced;
}

bool kernel_pace_take(struct kernel_pace *pace, struct kernel_pace_limits *limits,
                      struct monotime now)
{
    if (!pace->active || !monotime_reached(kernel_pace_next(pace, limits), now))
        return false;
    if (pace->sent == 0)
        bucket_take(&limits->first, NS_PER_S / KERNEL_PACE_FIRST_RATE, KERNEL_PACE_FIRST_BURST,
                    now);
    else
        bucket_take(&limits->repeat, NS_PER_S / KERNEL_PACE_REPEAT_RATE, KERNEL_PACE_REPEAT_BURST,
                    now);
    if (pace->sent < UINT32_MAX)
        pace->sent++;
    pace->due = following(pace, now);
    return true;
}

struct monotime kernel_pace_next(const struct kernel_pace *pace,
                                 const struct kernel_pace_limits *limits)
{
    if (!pace->active)
        return MONOTIME_NEVER;

    const struct monotime ready =
        pace->sent == 0 ? bucket_ready(&limits->first, NS_PER_S / KERNEL_PACE_FIRST_RATE)
                        : bucket_ready(&limits->repeat, NS_PER_S / KERNEL_PACE_REPEAT_RATE);
    return ready.ns > pace->due.ns ? ready : pace->due;
}
