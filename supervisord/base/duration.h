/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * duration - spans as people write them: a whole number and a unit, "10ms", "1s", "2m".
 *
 * Pure. A bare number is refused, for nobody can tell what it counts.
 */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdint.h>

struct duration {
    int64_t count;
    const char *unit;
};

/* Returns 0, -EINVAL if `text` is no duration, or -ERANGE if it does not fit. */
int duration_parse(const char *text, int64_t *ret_ns);

/* `span_ns` in the largest unit that leaves no remainder; print it as count, unit. */
struct duration duration_of(int64_t span_ns);

#endif
