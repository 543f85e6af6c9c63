/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire - structs of fixed layout as bytes between two processes of one host.
 *
 * Pure. A table of fields per message says what is where; the same table encodes, decodes,
 * checks ranges and prints for the fuzzer. Integers travel little endian. A decoder never
 * reads beyond the bytes it was given.
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_MESSAGE_BYTES 4096
#define WIRE_HEADER_BYTES  4 /* type, version, 16 bits of body length */

enum wire_kind {
    WIRE_KIND_BOOL,  /* one byte, 0 or 1 */
    WIRE_KIND_INT,   /* of `size` bytes 1, 2, 4 or 8; at most `max` when taken as unsigned */
    WIRE_KIND_TEXT,  /* char[size], ends with NUL inside; only the used part travels */
    WIRE_KIND_BYTES, /* uint8_t[size] */
    WIRE_KIND_ARRAY, /* `max` structs of `size` bytes, of which the uint8_t at `count_offset` are used */
    WIRE_KIND_BLOCK, /* like BYTES, but only the first uint16_t at `count_offset` bytes travel */
};

struct wire_field {
    enum wire_kind kind;
    size_t offset;
    size_t size;
    uint64_t max;
    size_t count_offset;
    const struct wire_field *members; /* of an ARRAY; ended by a field of size 0 */
};

struct wire_layout {
    uint8_t type;    /* unique on its channel, 16 and above; below are the channel's own */
    uint8_t version; /* another one is refused */
    size_t struct_bytes;
    const struct wire_field *fields; /* ended by a field of size 0 */
    const char *name;
};

#define WIRE_FIELD_OF(owner, name) offsetof(struct owner, name), sizeof(((struct owner *)0)->name)
#define WIRE_BOOL(owner, name)                                                                     \
    {                                                                                              \
        WIRE_KIND_BOOL, WIRE_FIELD_OF(owner, name), 1, 0, NULL                                     \
    }
#define WIRE_INT(owner, name)                                                                      \
    {                                                                                              \
        WIRE_KIND_INT, WIRE_FIELD_OF(owner, name), UINT64_MAX, 0, NULL                             \
    }
#define WIRE_UPTO(owner, name, most)                                                               \
    {                                                                                              \
        WIRE_KIND_INT, WIRE_FIELD_OF(owner, name), most, 0, NULL                                   \
    }
#define WIRE_TEXT(owner, name)                                                                     \
    {                                                                                              \
        WIRE_KIND_TEXT, WIRE_FIELD_OF(owner, name), 0, 0, NULL                                     \
    }
#define WIRE_BYTES(owner, name)                                                                    \
    {                                                                                              \
        WIRE_KIND_BYTES, WIRE_FIELD_OF(owner, name), 0, 0, NULL                                    \
    }
#define WIRE_BLOCK(owner, name, used)                                                              \
    {                                                                                              \
        WIRE_KIND_BLOCK, WIRE_FIELD_OF(owner, name), 0, offsetof(struct owner, used), NULL         \
    }
#define WIRE_ARRAY(owner, name, used, fields)                                                      \
    {                                                                                              \
        WIRE_KIND_ARRAY, offsetof(struct owner, name), sizeof(((struct owner *)0)->name[0]),       \
            sizeof(((struct owner *)0)->name) / sizeof(((struct owner *)0)->name[0]),              \
            offsetof(struct owner, used), fields                                                   \
    }
#define WIRE_END                                                                                   \
    {                                                                                              \
        WIRE_KIND_BOOL, 0, 0, 0, 0, NULL                                                           \
    }

/* Fields of struct address, for arrays of them. */
extern const struct wire_field wire_address_fields[];

/*
 * Header and body of `value` into `bytes`; returns the length, or -EMSGSIZE if it needs more than
 * `size_bytes`, or -EINVAL if a field of `value` breaks its own layout (our mistake).
 */
int wire_encode(const struct wire_layout *layout, const void *value, uint8_t *bytes,
                size_t size_bytes);

/*
 * Decode into `value`, a struct of `value_bytes`, which must be the layout's. What does not travel
 * (unused members, the rest of a text) is zero. Returns 0, or -EPROTO: another type or version, a
 * length that is not exactly the body's, a number above its limit; `value` is then all zero.
 */
int wire_decode(const struct wire_layout *layout, const uint8_t *bytes, size_t length_bytes,
                void *value, size_t value_bytes);

#endif
