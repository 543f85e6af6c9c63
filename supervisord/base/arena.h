/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arena - memory that is handed out piece by piece and dies whole.
 *
 * For what is built at start and reload and then only read: a configuration. Pieces are zero and
 * never move.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);        /* NULL: no memory */
void arena_free(struct arena *arena); /* with all its pieces; NULL is fine */

/* `count` zeroed structs of `size_bytes`, aligned for any type; NULL: no memory. */
void *arena_allocate(struct arena *arena, size_t count, size_t size_bytes);

/* A copy of `text`; NULL: no memory. */
char *arena_text(struct arena *arena, const char *text);

#endif
