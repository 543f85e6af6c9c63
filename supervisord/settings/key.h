/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key - a row in a table of settings, the only place that knows the key.
 *
 * Parser, checks, defaults, dump and manual read the same rows. Text comes in as people write it
 * and leaves as a typed field of the struct that the table describes, and back again.
 */
#ifndef SUPERVISORD_KEY_H
#define SUPERVISORD_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/address.h"

enum key_kind {
    KEY_KIND_GROUP,
    KEY_KIND_GROUPS, /* a list of groups; its structs are in the arena */
    KEY_KIND_BOOL,
    KEY_KIND_INT,
    KEY_KIND_DURATION, /* "100ms" */
    KEY_KIND_TEXT,
    KEY_KIND_NAME,    /* a text that may stand in logs, labels and files as it is */
    KEY_KIND_PATH,    /* absolute */
    KEY_KIND_HOST,    /* "10.0.0.11" */
    KEY_KIND_ADDRESS, /* "10.0.0.100" or "10.0.0.100/24" */
    KEY_KIND_ENUM,
    KEY_KIND_SPAN,    /* "200-299" or 401; two uint16_t */
    KEY_KIND_PATTERN, /* an extended regular expression */
    KEY_KIND_LATER,   /* known, and refused: no part of this version */
    KEY_KINDS,
};

/* How many values a key takes, and where they lie. */
enum key_many {
    KEY_MANY_ONE,
    KEY_MANY_ARRAY,  /* elements of element_bytes, as many as the counter says */
    KEY_MANY_PACKED, /* texts one after the other; the counter counts bytes */
};

struct key {
    const char *name; /* NULL ends a table */
    enum key_kind kind;
    enum key_many many;
    size_t offset;
    size_t size_bytes; /* of the field; of GROUPS a pointer's */
    size_t count_offset;
    size_t count_bytes;
    size_t element_bytes;
    const struct key *members;  /* of GROUP and GROUPS */
    const char *const *choices; /* of a BOOL or ENUM, from min to max */
    int64_t min, max;           /* in ns, in characters of a text */
    size_t count_min, count_max;
    bool may_be_lone;         /* a list of texts: one may stand without brackets */
    size_t spare;             /* room in GROUPS for what is derived */
    const char *fallback;     /* the default as people write it, NULL: none */
    const char *rule;         /* what the default is, in words, if it has no text */
    const char *const *later; /* values of a later version, ended by NULL */
    bool quiet;               /* a dump says nothing of it if it is not set */
    const char *help;
};

/*
 * The columns of a row. A kind says what type its field has, and the compiler refuses another
 * (to it, an enum without negative values is unsigned). `field` may be a path: params.vrid.
 */
#define KEY_OF(owner, field) ((struct owner *)0)->field
#define KEY_INTEGER(owner, field)                                                                  \
    .offset = _Generic(KEY_OF(owner, field), int                                                   \
                       : offsetof(struct owner, field), uint8_t                                    \
                       : offsetof(struct owner, field), uint16_t                                   \
                       : offsetof(struct owner, field), unsigned                                   \
                       : offsetof(struct owner, field)),                                           \
    .size_bytes = sizeof(KEY_OF(owner, field))
#define KEY_TYPED(owner, field, type)                                                              \
    .offset = _Generic(KEY_OF(owner, field), type                                                  \
                       : offsetof(struct owner, field)),                                           \
    .size_bytes = sizeof(KEY_OF(owner, field))
#define KEY_COUNTED(owner, counter)                                                                \
    .count_offset = offsetof(struct owner, counter), .count_bytes = sizeof(KEY_OF(owner, counter))

#define KEY_BOOL(owner, field)     .kind = KEY_KIND_BOOL, KEY_TYPED(owner, field, bool)
#define KEY_INT(owner, field)      .kind = KEY_KIND_INT, KEY_INTEGER(owner, field)
#define KEY_ENUM(owner, field)     .kind = KEY_KIND_ENUM, KEY_INTEGER(owner, field)
#define KEY_DURATION(owner, field) .kind = KEY_KIND_DURATION, KEY_TYPED(owner, field, int64_t)
#define KEY_TEXT(owner, field)     .kind = KEY_KIND_TEXT, KEY_TYPED(owner, field, char *)
#define KEY_NAME(owner, field)     .kind = KEY_KIND_NAME, KEY_TYPED(owner, field, char *)
#define KEY_PATH(owner, field)     .kind = KEY_KIND_PATH, KEY_TYPED(owner, field, char *)
#define KEY_PATTERN(owner, field)  .kind = KEY_KIND_PATTERN, KEY_TYPED(owner, field, char *)
#define KEY_HOST(owner, field)     .kind = KEY_KIND_HOST, KEY_TYPED(owner, field, struct address)
#define KEY_GROUP(owner, field, type, keys)                                                        \
    .kind = KEY_KIND_GROUP, KEY_TYPED(owner, field, struct type), .members = (keys)
#define KEY_INLINE(keys) .kind = KEY_KIND_GROUP, .members = (keys) /* fields of the same struct */
#define KEY_LATER        .kind = KEY_KIND_LATER
#define KEY_GROUPS(owner, field, counter, type, keys)                                              \
    .kind = KEY_KIND_GROUPS, .many = KEY_MANY_ARRAY, KEY_TYPED(owner, field, struct type *),       \
    KEY_COUNTED(owner, counter), .element_bytes = sizeof(struct type), .members = (keys)
/* Lists of texts and addresses. */
#define KEY_ARRAY(which, owner, field, counter)                                                    \
    .kind = (which), .many = KEY_MANY_ARRAY, .offset = offsetof(struct owner, field),              \
    .size_bytes = sizeof(KEY_OF(owner, field)), KEY_COUNTED(owner, counter),                       \
    .element_bytes = sizeof(KEY_OF(owner, field)[0])
#define KEY_PACKED(which, owner, field, counter)                                                   \
    .kind = (which), .many = KEY_MANY_PACKED, KEY_TYPED(owner, field, char *),                     \
    KEY_COUNTED(owner, counter)

#define KEY_CHOICES(names)      .choices = (names), .max = sizeof(names) / sizeof(names[0]) - 1
#define KEY_RANGE(least, most)  .min = (least), .max = (most)
#define KEY_COUNT(least, most)  .count_min = (least), .count_max = (most)
#define KEY_REQUIRED            .fallback = NULL
#define KEY_DEFAULT(text)       .fallback = (text)
#define KEY_RULE(words)         .rule = (words)
#define KEY_QUIET               .quiet = true
#define KEY_LATER_VALUES(names) .later = (names)
#define KEY_HELP(text)          .help = (text)

/* NULL if no key of the table has this name. */
const struct key *key_find(const struct key *keys, const char *name);

/*
 * Write which key somebody meant by `name`: the one of `keys` that is the least edit away, or one
 * elsewhere below `root` that is nearly the same. Never one of a later version.
 */
void key_write_nearest(const struct key *keys, const struct key *root, const char *name, FILE *out);

/* Store one value in the key's field of `base`; false, and nothing stored, if it is not allowed. */
bool key_store(const struct key *key, const char *text, void *base);

/*
 * Put one more value at the end of a list; false if it is not allowed. The caller has compared
 * with count_max and, for a PACKED list, asked key_has_room().
 */
bool key_append(const struct key *key, const char *text, void *base);

/* Whether one more text of this length has room in a PACKED list. */
bool key_has_room(const struct key *key, size_t text_bytes, const void *base);

/* Whether `text` is a value that a later version will know. */
bool key_is_later(const struct key *key, const char *text);

/* How many values a list holds, and where the one at `at` lies. */
size_t key_count(const struct key *key, const void *base);
void key_set_count(const struct key *key, size_t count, void *base);
const void *key_element(const struct key *key, size_t at, const void *base);

/* A value as people write it in a configuration; `field` is the field or a list's element. */
void key_write_value(const struct key *key, const void *field, FILE *out);

/* Write what the key may be, as in: must be "10ms" to "40950ms". */
void key_write_allowed(const struct key *key, FILE *out);

/* Every key of the tables below `keys`: path: help; allowed; default. */
void key_describe(const struct key *keys, const char *prefix, FILE *out);

#endif
