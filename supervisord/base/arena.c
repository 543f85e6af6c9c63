/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)16 * 1024)

struct block {
    struct block *next;
    size_t used_bytes;
    size_t size_bytes;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *blocks; /* the newest first; only it has room */
};

struct arena *arena_new(void)
{
    return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    while (arena->blocks) {
        struct block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    free(arena);
}

static struct block *add_block(struct arena *arena, size_t least_bytes)
{
    const size_t size_bytes = least_bytes > BLOCK_BYTES ? least_bytes : BLOCK_BYTES;
    struct block *block = calloc(1, sizeof(*block) + size_bytes);

    if (!block)
        return NULL;
    block->size_bytes = size_bytes;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_allocate(struct arena *arena, size_t count, size_t size_bytes)
{
    const size_t step = alignof(max_align_t);
    size_t wanted_bytes;

    if (__builtin_mul_overflow(count, size_bytes, &wanted_bytes) ||
        wanted_bytes > SIZE_MAX / 2 - step)
        return NULL;
    wanted_bytes = (wanted_bytes + step - 1) / step * step;

    struct block *block = arena->blocks;
    if (!block || block->size_bytes - block->used_bytes < wanted_bytes)
        block = add_block(arena, wanted_bytes);
    if (!block)
        return NULL;
    void *piece = block->bytes + block->used_bytes;
    block->used_bytes += wanted_bytes;
    return piece;
}

char *arena_text(struct arena *arena, const char *text)
{
    const size_t size_bytes = strlen(text) + 1;
    char *copy = arena_allocate(arena, 1, size_bytes);

    if (copy)
        memcpy(copy, text, size_bytes);
    return copy;
}
