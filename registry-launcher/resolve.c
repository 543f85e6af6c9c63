/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/resolve.h"

#include <errno.h>
#include <string.h>

struct output {
    char *bytes;
    size_t size_bytes;
    size_t length_bytes;
    bool is_full;
};

static void put(struct output *output, const char *bytes, size_t length_bytes)
{
    if (output->is_full || length_bytes >= output->size_bytes - output->length_bytes) {
        output->is_full = true;
        return;
    }
    memcpy(output->bytes + output->length_bytes, bytes, length_bytes);
    output->length_bytes += length_bytes;
}

static bool is_letter_or_digit(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

/* Fit for a name that needs no quotes in YAML, and may stand in a path. */
static bool is_plain(char byte)
{
    return is_letter_or_digit(byte) || byte == '.' || byte == '_' || byte == '-';
}

static bool is_of_path(char byte)
{
    return is_plain(byte) || byte == '/' || byte == '+' || byte == '~' || byte == '@' ||
           byte == '%' || (unsigned char)byte >= 0x80;
}

void registry_resolve_name(const struct bundle *bundle, size_t at,
                           char ret_name[REGISTRY_RESOLVE_NAME_BYTES])
{
    const char *path = bundle->items[at].name, *base = path;
    size_t length = 0;

    for (; *path != '\0'; path++)
        base = *path == '/' ? path + 1 : base;
    /* Three digits at most: BUNDLE_ITEMS_MAX. */
    for (size_t unit = 100; unit > 0; unit /= 10)
        if (at >= unit || unit == 1)
            ret_name[length++] = (char)('0' + at / unit % 10);
    ret_name[length++] = '-';
    for (; *base != '\0' && length < REGISTRY_RESOLVE_NAME_BYTES - 1; base++)
        ret_name[length++] = (char)(is_plain(*base) ? *base : '_');
    ret_name[length] = '\0';
}

static bool begins(const char *text, size_t left_bytes, const char *with, size_t *ret_length)
{
    *ret_length = strlen(with);
    return *ret_length <= left_bytes && memcmp(text, with, *ret_length) == 0;
}

/* The item whose path stands at `text` as a whole; BUNDLE_ITEMS_MAX: none. */
static size_t find_path(const struct bundle *bundle, const char *text, size_t left_bytes,
                        size_t *ret_length)
{
    for (size_t at = 0; at < bundle->count; at++) {
        const struct bundle_item *item = &bundle->items[at];

        if ((item->kind == BUNDLE_FILE || item->kind == BUNDLE_ABSENT) &&
            begins(text, left_bytes, item->name, ret_length) &&
            (*ret_length == left_bytes || !is_of_path(text[*ret_length])))
            return at;
    }
    return BUNDLE_ITEMS_MAX;
}

/* Returns how many bytes of `text` it took; 0: nothing to replace stands there. */
static size_t replace(const struct registry_resolve *resolve, const char *text, size_t left_bytes,
                      struct output *output)
{
    char name[REGISTRY_RESOLVE_NAME_BYTES];
    size_t length;

    if (resolve->has_word && begins(text, left_bytes, REGISTRY_BUNDLE_WORD, &length)) {
        put(output, resolve->folder, strlen(resolve->folder));
        return length;
    }
    if (text[0] != '/')
        return 0;
    const size_t at = find_path(resolve->bundle, text, left_bytes, &length);
    if (at == BUNDLE_ITEMS_MAX)
        return 0;
    registry_resolve_name(resolve->bundle, at, name);
    put(output, resolve->folder, strlen(resolve->folder));
    put(output, "/", 1);
    put(output, name, strlen(name));
    return length;
}

int64_t registry_resolve_text(const struct registry_resolve *resolve, const char *text,
                              size_t length_bytes, char *resolved, size_t size_bytes)
{
    struct output output = {.bytes = resolved, .size_bytes = size_bytes};
    size_t at = 0;

    if (size_bytes == 0)
        return -EMSGSIZE;
    while (at < length_bytes) {
        const bool is_start = at == 0 || !is_of_path(text[at - 1]);
        const size_t taken = is_start || text[at] == '{'
                                 ? replace(resolve, text + at, length_bytes - at, &output)
                                 : 0;

        if (taken == 0)
            put(&output, text + at, 1);
        at += taken == 0 ? 1 : taken;
    }
    if (output.is_full)
        return -EMSGSIZE;
    resolved[output.length_bytes] = '\0';
    return (int64_t)output.length_bytes;
}
