/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/wire.h"

#include <errno.h>
#include <string.h>

#include "base/address.h"

const struct wire_field wire_address_fields[] = {
    WIRE_UPTO(address, family, AF_INET6),
    WIRE_UPTO(address, prefix_bits, 128),
    WIRE_BYTES(address, bytes),
    WIRE_END,
};

/* A place in a message, for both directions; `failed` sticks. */
struct cursor {
    uint8_t *to;         /* encoding */
    const uint8_t *from; /* decoding */
    size_t left_bytes;
    int failed; /* 0 or a negative errno */
};

static void put(struct cursor *cursor, const void *bytes, size_t length_bytes)
{
    if (cursor->failed == 0 && length_bytes > cursor->left_bytes)
        cursor->failed = -EMSGSIZE;
    if (cursor->failed != 0)
        return;
    memcpy(cursor->to, bytes, length_bytes);
    cursor->to += length_bytes;
    cursor->left_bytes -= length_bytes;
}

static void get(struct cursor *cursor, void *ret_bytes, size_t length_bytes)
{
    if (cursor->failed == 0 && length_bytes > cursor->left_bytes)
        cursor->failed = -EPROTO;
    if (cursor->failed != 0)
        return;
    memcpy(ret_bytes, cursor->from, length_bytes);
    cursor->from += length_bytes;
    cursor->left_bytes -= length_bytes;
}

static void put_number(struct cursor *cursor, uint64_t number, size_t length_bytes)
{
    uint8_t bytes[sizeof(number)];

    for (size_t at = 0; at < sizeof(bytes); at++)
        bytes[at] = (uint8_t)(number >> (8 * at));
    put(cursor, bytes, length_bytes);
}

static uint64_t get_number(struct cursor *cursor, size_t length_bytes)
{
    uint8_t bytes[sizeof(uint64_t)] = {0};
    uint64_t number = 0;

    get(cursor, bytes, length_bytes);
    for (size_t at = 0; at < sizeof(bytes); at++)
        number |= (uint64_t)bytes[at] << (8 * at);
    return number;
}

static uint64_t load_number(const void *field, size_t length_bytes)
{
    uint8_t one;
    uint16_t two;
    uint32_t four;
    uint64_t eight;

    switch (length_bytes) {
    case sizeof(one):
        memcpy(&one, field, sizeof(one));
        return one;
    case sizeof(two):
        memcpy(&two, field, sizeof(two));
        return two;
    case sizeof(four):
        memcpy(&four, field, sizeof(four));
        return four;
    default:
        memcpy(&eight, field, sizeof(eight));
        return eight;
    }
}

static void store_number(void *field, size_t length_bytes, uint64_t number)
{
    const uint8_t one = (uint8_t)number;
    const uint16_t two = (uint16_t)number;
    const uint32_t four = (uint32_t)number;

    switch (length_bytes) {
    case sizeof(one):
        memcpy(field, &one, sizeof(one));
        break;
    case sizeof(two):
        memcpy(field, &two, sizeof(two));
        break;
    case sizeof(four):
        memcpy(field, &four, sizeof(four));
        break;
    default:
        memcpy(field, &number, sizeof(number));
        break;
    }
}

static void put_fields(struct cursor *cursor, const struct wire_field *fields, const void *value);

static void put_block(struct cursor *cursor, const struct wire_field *field, const void *value)
{
    const char *at = (const char *)value + field->offset;
    uint16_t used;

    memcpy(&used, (const char *)value + field->count_offset, sizeof(used));
    if (used > field->size) {
        cursor->failed = -EINVAL;
        return;
    }
    put_number(cursor, used, sizeof(used));
    put(cursor, at, used);
}

static void put_array(struct cursor *cursor, const struct wire_field *field, const void *value)
{
    const uint8_t count = *((const uint8_t *)value + field->count_offset);

    if (count > field->max) {
        cursor->failed = -EINVAL;
        return;
    }
    put_number(cursor, count, sizeof(count));
    for (size_t at = 0; at < count; at++)
        put_fields(cursor, field->members, (const char *)value + field->offset + at * field->size);
}

/* Only the used part of a text travels: its length, then its characters. */
static void put_text(struct cursor *cursor, const struct wire_field *field, const void *value)
{
    const char *text = (const char *)value + field->offset;
    size_t length = 0;

    while (length < field->size && text[length] != '\0')
        length++;
    if (length == field->size) {
        cursor->failed = -EINVAL;
        return;
    }
    put_number(cursor, length, sizeof(uint16_t));
    put(cursor, text, length);
}

static void put_field(struct cursor *cursor, const struct wire_field *field, const void *value)
{
    const char *at = (const char *)value + field->offset;
    uint64_t number;

    switch (field->kind) {
    case WIRE_KIND_BOOL:
    case WIRE_KIND_INT:
        number = load_number(at, field->size);
        if (number > field->max)
            cursor->failed = -EINVAL;
        put_number(cursor, number, field->size);
        break;
    case WIRE_KIND_TEXT:
        put_text(cursor, field, value);
        break;
    case WIRE_KIND_BYTES:
        put(cursor, at, field->size);
        break;
    case WIRE_KIND_ARRAY:
        put_array(cursor, field, value);
        break;
    case WIRE_KIND_BLOCK:
        put_block(cursor, field, value);
        break;
    }
}

static void put_fields(struct cursor *cursor, const struct wire_field *fields, const void *value)
{
    for (const struct wire_field *field = fields; field->size > 0 && cursor->failed == 0; field++)
        put_field(cursor, field, value);
}

static void get_fields(struct cursor *cursor, const struct wire_field *fields, void *value);

static void get_block(struct cursor *cursor, const struct wire_field *field, void *value)
{
    const uint16_t used = (uint16_t)get_number(cursor, sizeof(used));

    if (cursor->failed == 0 && used > field->size)
        cursor->failed = -EPROTO;
    if (cursor->failed != 0)
        return;
    memcpy((char *)value + field->count_offset, &used, sizeof(used));
    get(cursor, (char *)value + field->offset, used);
}

static void get_array(struct cursor *cursor, const struct wire_field *field, void *value)
{
    const uint8_t count = (uint8_t)get_number(cursor, sizeof(count));

    uint8_t *const known = (uint8_t *)value + field->count_offset;

    /* Arrays may share their count; then they agree. */
    if (cursor->failed == 0 && (count > field->max || (*known != 0 && *known != count)))
        cursor->failed = -EPROTO;
    if (cursor->failed != 0)
        return;
    *known = count;
    for (size_t at = 0; at < count; at++)
        get_fields(cursor, field->members, (char *)value + field->offset + at * field->size);
}

static void get_text(struct cursor *cursor, const struct wire_field *field, void *value)
{
    char *text = (char *)value + field->offset;
    const size_t length = (size_t)get_number(cursor, sizeof(uint16_t));

    if (cursor->failed == 0 && length >= field->size)
        cursor->failed = -EPROTO;
    if (cursor->failed != 0)
        return;
    get(cursor, text, length);
    for (size_t at = 0; at < length; at++)
        if (text[at] == '\0')
            cursor->failed = -EPROTO;
}

static void get_field(struct cursor *cursor, const struct wire_field *field, void *value)
{
    char *at = (char *)value + field->offset;
    uint64_t number;

    switch (field->kind) {
    case WIRE_KIND_BOOL:
    case WIRE_KIND_INT:
        number = get_number(cursor, field->size);
        if (cursor->failed == 0 && number > field->max)
            cursor->failed = -EPROTO;
        if (cursor->failed == 0)
            store_number(at, field->size, number);
        break;
    case WIRE_KIND_TEXT:
        get_text(cursor, field, value);
        break;
    case WIRE_KIND_BYTES:
        get(cursor, at, field->size);
        break;
    case WIRE_KIND_ARRAY:
        get_array(cursor, field, value);
        break;
    case WIRE_KIND_BLOCK:
        get_block(cursor, field, value);
        break;
    }
}

static void get_fields(struct cursor *cursor, const struct wire_field *fields, void *value)
{
    for (const struct wire_field *field = fields; field->size > 0 && cursor->failed == 0; field++)
        get_field(cursor, field, value);
}

int wire_encode(const struct wire_layout *layout, const void *value, uint8_t *bytes,
                size_t size_bytes)
{
    struct cursor cursor = {.to = bytes, .left_bytes = size_bytes};
    struct cursor header = {.to = bytes, .left_bytes = WIRE_HEADER_BYTES};

    if (size_bytes < WIRE_HEADER_BYTES)
        return -EMSGSIZE;
    cursor.to += WIRE_HEADER_BYTES;
    cursor.left_bytes -= WIRE_HEADER_BYTES;
    put_fields(&cursor, layout->fields, value);
    if (cursor.failed != 0)
        return cursor.failed;

    const size_t length_bytes = size_bytes - cursor.left_bytes;
    put_number(&header, layout->type, sizeof(uint8_t));
    put_number(&header, layout->version, sizeof(uint8_t));
    put_number(&header, length_bytes - WIRE_HEADER_BYTES, sizeof(uint16_t));
    return (int)length_bytes;
}

int wire_decode(const struct wire_layout *layout, const uint8_t *bytes, size_t length_bytes,
                void *value, size_t value_bytes)
{
    struct cursor cursor = {.from = bytes, .left_bytes = length_bytes};
    const uint64_t type = get_number(&cursor, sizeof(uint8_t));
    const uint64_t version = get_number(&cursor, sizeof(uint8_t));
    const uint64_t body_bytes = get_number(&cursor, sizeof(uint16_t));

    if (cursor.failed != 0 || type != layout->type || version != layout->version ||
        body_bytes != cursor.left_bytes || value_bytes != layout->struct_bytes)
        return -EPROTO;
    memset(value, 0, value_bytes);
    get_fields(&cursor, layout->fields, value);
    if (cursor.failed == 0 && cursor.left_bytes > 0)
        cursor.failed = -EPROTO;
    if (cursor.failed != 0)
        memset(value, 0, value_bytes);
    return cursor.failed;
}
