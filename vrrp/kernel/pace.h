/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pace - when which address is announced, so that nobody misses it and nothing is flooded.
 *
 * Pure. Each address is announced at once, then `repeat` - 1 times more, a little apart, the same
 * number again after 1 s and after 5 s (switches and hosts that were not listening), and then at a
 * low rate. Per interface, first announcements come before all repeats, and each kind has a
 * rate of its own: with thousands of addresses a flood of repeats never holds up a takeover.
 */
#ifndef VRRP_KERNEL_PACE_H
#define VRRP_KERNEL_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/monotime.h"

#define KERNEL_PACE_SPACING_NS (20 * NS_PER_MS)
/* After the start: bursts of `repeat`. */
#define KERNEL_PACE_SECOND_NS (1 * NS_PER_S)
#define KERNEL_PACE_THIRD_NS  (5 * NS_PER_S)

/* Frames a second on one interface, and how many at once. 20,000 are 13 Mbit/s. */
#define KERNEL_PACE_FIRST_RATE   20000
#define KERNEL_PACE_FIRST_BURST  1024
#define KERNEL_PACE_REPEAT_RATE  4000
#define KERNEL_PACE_REPEAT_BURST 256

/* A bucket of tokens, one for a frame. Zeroed it is full. */
struct kernel_pace_bucket {
    struct monotime filled; /* when it would have been empty, counting back */
};

/* Of one interface. */
struct kernel_pace_limits {
    struct kernel_pace_bucket first;
    struct kernel_pace_bucket repeat;
};

/* Of one address. Zeroed it is idle. */
struct kernel_pace {
    bool active;
    uint8_t repeat;
    uint32_t sent;
    int64_t refresh_ns;
    struct monotime start;
    struct monotime due;
};

/* Announce from now on; a running one begins again. `repeat` 0 counts as 1; `refresh_ns` 0: never. */
void kernel_pace_start(struct kernel_pace *pace, uint8_t repeat, int64_t refresh_ns,
                       struct monotime now);
void kernel_pace_stop(struct kernel_pace *pace);

bool kernel_pace_is_first(const struct kernel_pace *pace);

/*
 * Whether to announce now; it then counts as done. False: not before kernel_pace_next(). Ask for
 * all that is first before anything else.
 */
bool kernel_pace_take(struct kernel_pace *pace, struct kernel_pace_limits *limits,
                      struct monotime now);

/* When to ask again, as things are. */
struct monotime kernel_pace_next(const struct kernel_pace *pace,
                                 const struct kernel_pace_limits *limits);

#endif
