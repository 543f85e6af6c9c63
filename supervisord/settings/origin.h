/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * origin - where each value of the settings comes from: a line of a file, a default, a derivation.
 *
 * Found by the address of the value, for settings never move. Mistakes are placed with it, and
 * the dump shows it. Memory is the arena's.
 */
#ifndef SUPERVISORD_ORIGIN_H
#define SUPERVISORD_ORIGIN_H

#include "base/arena.h"
#include "supervisord/settings/key.h"

/* A list, its first element and that one's first field may lie at one address. */
enum origin_kind {
    ORIGIN_VALUE,   /* one value, or a list as a whole */
    ORIGIN_ELEMENT, /* one value of a list */
    ORIGIN_GROUP,
};

enum origin_how {
    ORIGIN_FILE,
    ORIGIN_DEFAULT,
    ORIGIN_DERIVED,
};

struct origin {
    const void *field;
    enum origin_kind kind;
    enum origin_how how;
    const struct key *key;
    const char *path;    /* "virtual_routers[0].vrid" */
    const char *file;    /* of FILE; of others the file of the nearest group */
    unsigned line;       /* 0: none */
    const char *because; /* of DERIVED: "of the position in nodes"; of others NULL */
};

struct origins;

struct origins *origin_new(struct arena *arena); /* NULL: no memory */

/* Remember; the texts are copied except `file`. Another one for the same field replaces it. */
void origin_set(struct origins *origins, const struct origin *origin);

/* NULL: nobody has said anything about it. */
const struct origin *origin_find(const struct origins *origins, const void *field,
                                 enum origin_kind kind);

/* Whether the value is written in a file. */
bool origin_is_written(const struct origins *origins, const void *field);

/* That memory ran out on the way; what was found so far cannot be trusted to be all. */
bool origin_is_incomplete(const struct origins *origins);

#endif
