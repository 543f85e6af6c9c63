/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bundle.h"

#include <errno.h>
#include <string.h>

/*
 * "RGHA", the version, the number of items in 16 bits; then each item: its kind, 16 bits of the
 * length of its name, 32 bits of that of its data, name and NUL, data and NUL. Little endian.
 */
#define VERSION     1
#define HEAD_BYTES  7
#define ITEM_BYTES  7
#define DATA_OFFSET 3

static const uint8_t magic[] = {'R', 'G', 'H', 'A', VERSION};

bool bundle_is_file(enum bundle_kind kind)
{
    return kind == BUNDLE_FILE || kind == BUNDLE_ABSENT || kind == BUNDLE_FOLDER;
}

bool bundle_add(struct bundle *bundle, const struct bundle_item *item)
{
    if (bundle->count == BUNDLE_ITEMS_MAX)
        return false;
    bundle->items[bundle->count++] = *item;
    return true;
}

/* Items of one class are beside each other. */
static int class_of(enum bundle_kind kind)
{
    return bundle_is_file(kind) ? BUNDLE_FILE : (int)kind;
}

static int compare_texts(const char *a, const char *b)
{
    const size_t a_bytes = strlen(a), b_bytes = strlen(b);
    const size_t least = a_bytes < b_bytes ? a_bytes : b_bytes;
    const int order = memcmp(a, b, least);

    if (order != 0 || a_bytes == b_bytes)
        return order;
    return a_bytes < b_bytes ? -1 : 1;
}

static int compare(const struct bundle_item *a, const struct bundle_item *b)
{
    const int a_class = class_of(a->kind), b_class = class_of(b->kind);

    return a_class != b_class ? a_class - b_class : compare_texts(a->name, b->name);
}

/* Stable, and there are few: nameless arguments keep their order. */
void bundle_sort(struct bundle *bundle)
{
    for (size_t at = 1; at < bundle->count; at++) {
        const struct bundle_item item = bundle->items[at];
        size_t place = at;

        for (; place > 0 && compare(&bundle->items[place - 1], &item) > 0; place--)
            bundle->items[place] = bundle->items[place - 1];
        bundle->items[place] = item;
    }
}

static bool is_text(const struct bundle_item *item)
{
    for (size_t at = 0; at < item->data_bytes; at++)
        if (item->data[at] == '\0')
            return false;
    return true;
}

static bool is_variable(const char *name)
{
    if (name[0] == '\0')
        return false;
    for (; *name != '\0'; name++)
        if (*name == '=')
            return false;
    return true;
}

static bool is_item(const struct bundle_item *item)
{
    const size_t name_bytes = strlen(item->name);

    if (name_bytes >= BUNDLE_NAME_BYTES || item->data_bytes > BUNDLE_BYTES_MAX)
        return false;
    switch (item->kind) {
    case BUNDLE_CONFIG:
        return name_bytes == 0;
    case BUNDLE_FILE:
        return item->name[0] == '/';
    case BUNDLE_ABSENT:
    case BUNDLE_FOLDER:
        return item->name[0] == '/' && item->data_bytes == 0;
    case BUNDLE_ARGUMENT:
        return name_bytes == 0 && is_text(item);
    case BUNDLE_ENVIRONMENT:
        return is_variable(item->name) && is_text(item);
    }
    return false;
}

bool bundle_is_canonical(const struct bundle *bundle)
{
    size_t arguments = 0;

    if (bundle->count == 0 || bundle->items[0].kind != BUNDLE_CONFIG)
        return false;
    for (size_t at = 0; at < bundle->count; at++) {
        const struct bundle_item *item = &bundle->items[at];
        const bool is_argument = item->kind == BUNDLE_ARGUMENT;

        if (!is_item(item))
            return false;
        if (at > 0 && compare(item - 1, item) > (is_argument ? 0 : -1))
            return false;
        arguments += is_argument;
    }
    return arguments > 0;
}

size_t bundle_encoded_bytes(const struct bundle *bundle)
{
    size_t bytes = HEAD_BYTES;

    for (size_t at = 0; at < bundle->count; at++)
        bytes += ITEM_BYTES + strlen(bundle->items[at].name) + 1 + bundle->items[at].data_bytes + 1;
    return bytes;
}

static void put_number(uint8_t *bytes, uint64_t number, size_t count)
{
    for (size_t at = 0; at < count; at++)
        bytes[at] = (uint8_t)(number >> (8 * at));
}

static uint64_t get_number(const uint8_t *bytes, size_t count)
{
    uint64_t number = 0;

    for (size_t at = 0; at < count; at++)
        number |= (uint64_t)bytes[at] << (8 * at);
    return number;
}

static uint8_t *put_item(uint8_t *bytes, const struct bundle_item *item)
{
    const size_t name_bytes = strlen(item->name);

    bytes[0] = (uint8_t)item->kind;
    put_number(bytes + 1, name_bytes, 2);
    put_number(bytes + DATA_OFFSET, item->data_bytes, 4);
    bytes += ITEM_BYTES;
    memcpy(bytes, item->name, name_bytes + 1);
    bytes += name_bytes + 1;
    if (item->data_bytes > 0)
        memcpy(bytes, item->data, item->data_bytes);
    bytes[item->data_bytes] = '\0';
    return bytes + item->data_bytes + 1;
}

int64_t bundle_encode(const struct bundle *bundle, uint8_t *bytes, size_t size_bytes)
{
    uint8_t *at = bytes + HEAD_BYTES;

    if (!bundle_is_canonical(bundle))
        return -EINVAL;
    const size_t length_bytes = bundle_encoded_bytes(bundle);
    if (length_bytes > size_bytes || length_bytes > BUNDLE_BYTES_MAX)
        return -EMSGSIZE;
    memcpy(bytes, magic, sizeof(magic));
    put_number(bytes + sizeof(magic), bundle->count, 2);
    for (size_t item = 0; item < bundle->count; item++)
        at = put_item(at, &bundle->items[item]);
    return (int64_t)length_bytes;
}

/* Returns how many bytes it took; 0: it is none. */
static size_t get_item(const uint8_t *bytes, size_t left_bytes, struct bundle_item *ret_item)
{
    if (left_bytes < ITEM_BYTES + 2)
        return 0;
    const size_t name_bytes = (size_t)get_number(bytes + 1, 2);
    const size_t data_bytes = (size_t)get_number(bytes + DATA_OFFSET, 4);
    if (name_bytes > left_bytes || data_bytes > left_bytes ||
        ITEM_BYTES + name_bytes + 1 + data_bytes + 1 > left_bytes)
        return 0;
    const char *name = (const char *)bytes + ITEM_BYTES;
    const char *data = name + name_bytes + 1;
    if (name[name_bytes] != '\0' || data[data_bytes] != '\0')
        return 0;
    *ret_item = (struct bundle_item){(enum bundle_kind)bytes[0], name, data, data_bytes};
    return strlen(name) == name_bytes ? ITEM_BYTES + name_bytes + 1 + data_bytes + 1 : 0;
}

static bool get_items(const uint8_t *bytes, size_t length_bytes, struct bundle *bundle)
{
    size_t at = HEAD_BYTES;

    if (length_bytes < HEAD_BYTES || length_bytes > BUNDLE_BYTES_MAX ||
        memcmp(bytes, magic, sizeof(magic)) != 0)
        return false;
    const size_t count = (size_t)get_number(bytes + sizeof(magic), 2);
    if (count > BUNDLE_ITEMS_MAX)
        return false;
    for (; bundle->count < count; bundle->count++) {
        const size_t taken = get_item(bytes + at, length_bytes - at, &bundle->items[bundle->count]);
        if (taken == 0)
            return false;
        at += taken;
    }
    return at == length_bytes;
}

int bundle_decode(const uint8_t *bytes, size_t length_bytes, struct bundle *ret_bundle)
{
    ret_bundle->count = 0;
    if (get_items(bytes, length_bytes, ret_bundle) && bundle_is_canonical(ret_bundle))
        return 0;
    ret_bundle->count = 0;
    return -EPROTO;
}

const struct bundle_item *bundle_config(const struct bundle *bundle)
{
    return &bundle->items[0];
}
