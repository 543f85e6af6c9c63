/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/origin.h"

#include <string.h>

#define FIRST_SLOTS 256

/* Open addressing over a power of two; never more than half full. */
struct origins {
    struct arena *arena;
    size_t slot_count;
    size_t used;
    struct origin *slots; /* field NULL: free */
    bool incomplete;
};

struct origins *origin_new(struct arena *arena)
{
    struct origins *origins = arena_allocate(arena, 1, sizeof(*origins));

    if (!origins)
        return NULL;
    origins->arena = arena;
    origins->slots = arena_allocate(arena, FIRST_SLOTS, sizeof(*origins->slots));
    origins->slot_count = FIRST_SLOTS;
    return origins->slots ? origins : NULL;
}

static size_t hash_of(const void *field, enum origin_kind kind)
{
    const uint64_t mixed = ((uintptr_t)field + kind) * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)(mixed >> 32);
}

/* Where it is, or where it would be. */
static struct origin *find_slot(const struct origins *origins, const void *field,
                                enum origin_kind kind)
{
    size_t at = hash_of(field, kind) & (origins->slot_count - 1);

    while (origins->slots[at].field &&
           (origins->slots[at].field != field || origins->slots[at].kind != kind))
        at = (at + 1) & (origins->slot_count - 1);
    return &origins->slots[at];
}

static bool grow(struct origins *origins)
{
    struct origins larger = {.arena = origins->arena, .slot_count = origins->slot_count * 2};

    larger.slots = arena_allocate(origins->arena, larger.slot_count, sizeof(*larger.slots));
    if (!larger.slots)
        return false;
    for (size_t at = 0; at < origins->slot_count; at++) {
        const struct origin *old = &origins->slots[at];
        if (old->field)
            *find_slot(&larger, old->field, old->kind) = *old;
    }
    origins->slots = larger.slots;
    origins->slot_count = larger.slot_count;
    return true;
}

void origin_set(struct origins *origins, const struct origin *origin)
{
    struct origin copy = *origin;

    copy.path = arena_text(origins->arena, origin->path);
    copy.because = origin->because ? arena_text(origins->arena, origin->because) : NULL;
    if (!copy.path || (origins->used * 2 >= origins->slot_count && !grow(origins))) {
        origins->incomplete = true;
        return;
    }
    struct origin *slot = find_slot(origins, origin->field, origin->kind);
    if (!slot->field)
        origins->used++;
    *slot = copy;
}

const struct origin *origin_find(const struct origins *origins, const void *field,
                                 enum origin_kind kind)
{
    const struct origin *slot = find_slot(origins, field, kind);

    return slot->field ? slot : NULL;
}

bool origin_is_written(const struct origins *origins, const void *field)
{
    const struct origin *origin = origin_find(origins, field, ORIGIN_VALUE);

    return origin && origin->how == ORIGIN_FILE;
}

bool origin_is_incomplete(const struct origins *origins)
{
    return origins->incomplete;
}
