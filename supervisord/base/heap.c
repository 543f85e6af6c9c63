/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/heap.h"

#include <assert.h>

#include "base/loop.h"

static void place(struct heap *heap, struct loop_timer *timer, size_t slot)
{
    heap->timers[slot] = timer;
    timer->slot = slot;
}

static bool is_earlier(const struct heap *heap, size_t a, size_t b)
{
    return heap->timers[a]->deadline.ns < heap->timers[b]->deadline.ns;
}

static void swap(struct heap *heap, size_t a, size_t b)
{
    struct loop_timer *timer = heap->timers[a];

    place(heap, heap->timers[b], a);
    place(heap, timer, b);
}

static void rise(struct heap *heap, size_t slot)
{
    for (; slot > 0 && is_earlier(heap, slot, (slot - 1) / 2); slot = (slot - 1) / 2)
        swap(heap, slot, (slot - 1) / 2);
}

static void sink(struct heap *heap, size_t slot)
{
    for (;;) {
        size_t least = slot;

        for (size_t child = 2 * slot + 1; child <= 2 * slot + 2; child++)
            if (child < heap->count && is_earlier(heap, child, least))
                least = child;
        if (least == slot)
            return;
        swap(heap, slot, least);
        slot = least;
    }
}

void heap_insert(struct heap *heap, struct loop_timer *timer)
{
    assert(heap->count < heap->capacity);
    place(heap, timer, heap->count);
    rise(heap, heap->count++);
}

void heap_remove(struct heap *heap, struct loop_timer *timer)
{
    const size_t slot = timer->slot;

    assert(slot < heap->count && heap->timers[slot] == timer);
    heap->count--;
    timer->slot = HEAP_NO_SLOT;
    if (slot == heap->count)
        return;
    place(heap, heap->timers[heap->count], slot);
    rise(heap, slot);
    sink(heap, slot);
}

struct loop_timer *heap_first(const struct heap *heap)
{
    return heap->count > 0 ? heap->timers[0] : NULL;
}
