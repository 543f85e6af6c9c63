/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heap - the order of deadlines: a binary heap of timers.
 *
 * Pure. The array belongs to the caller. A timer knows its slot, so that moving or taking out any
 * of n costs log n steps.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>

#include "base/monotime.h"

struct loop_timer;

#define HEAP_NO_SLOT ((size_t)-1)

struct heap {
    struct loop_timer **timers;
    size_t count;
    size_t capacity;
};

/* There must be room. The timer must be in no heap. */
void heap_insert(struct heap *heap, struct loop_timer *timer);

/* The timer must be in this heap. */
void heap_remove(struct heap *heap, struct loop_timer *timer);

/* The earliest, or NULL. */
struct loop_timer *heap_first(const struct heap *heap);

#endif
