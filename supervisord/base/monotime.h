/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monotime - instants on CLOCK_MONOTONIC.
 *
 * An instant is a struct, so the compiler refuses to mix it with a span or with
 * wall-clock time. Spans are int64_t and carry their unit in the name (_ns).
 */
#ifndef BASE_MONOTIME_H
#define BASE_MONOTIME_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_CS INT64_C(10000000)
#define NS_PER_S  INT64_C(1000000000)

struct monotime {
    int64_t ns;
};

#define MONOTIME_NEVER ((struct monotime){INT64_MAX})

/* The clock itself; only a callback of the loop and a program's start call it. */
struct monotime monotime_now(void);

/* A sum beyond the end of time is MONOTIME_NEVER. */
static inline struct monotime monotime_add(struct monotime at, int64_t span_ns)
{
    int64_t ns;

    if (__builtin_add_overflow(at.ns, span_ns, &ns))
        return MONOTIME_NEVER;
    return (struct monotime){ns};
}

static inline int64_t monotime_since(struct monotime earlier, struct monotime now)
{
    return now.ns - earlier.ns;
}

static inline bool monotime_reached(struct monotime deadline, struct monotime now)
{
    return now.ns >= deadline.ns;
}

static inline struct monotime monotime_earlier(struct monotime a, struct monotime b)
{
    return a.ns < b.ns ? a : b;
}

#endif
