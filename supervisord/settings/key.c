/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/key.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/edit.h"
#include "supervisord/settings/key_value.h"

#define PREFIX_BYTES 128
/* With more slips of the finger it is another word. */
#define LETTERS_PER_SLIP 4

const struct key *key_find(const struct key *keys, const char *name)
{
    for (const struct key *key = keys; key->name; key++)
        if (strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

static const struct key *find_nearest(const struct key *keys, const char *name)
{
    const struct key *nearest = keys;

    for (const struct key *key = keys; key->name; key++)
        if (key->kind != KEY_KIND_LATER &&
            edit_distance(name, key->name) < edit_distance(name, nearest->name))
            nearest = key;
    return nearest;
}

/* A key below `keys` that is less than `distance` away, and its path. */
static size_t find_elsewhere(const struct key *keys, const char *name, size_t distance,
                             const char *prefix, char path[PREFIX_BYTES])
{
    for (const struct key *key = keys; key->name; key++) {
        const size_t this_distance = edit_distance(name, key->name);
        char members[PREFIX_BYTES];
        if (key->kind != KEY_KIND_LATER && this_distance < distance) {
            distance = this_distance;
            snprintf(path, PREFIX_BYTES, "%s%s", prefix, key->name);
        }
        snprintf(members, sizeof(members), "%s%s.", prefix, key->name);
        if (key->members)
            distance = find_elsewhere(key->members, name, distance, members, path);
    }
    return distance;
}

void key_write_nearest(const struct key *keys, const struct key *root, const char *name, FILE *out)
{
    const struct key *nearest = find_nearest(keys, name);
    const size_t slips = strlen(name) / LETTERS_PER_SLIP;
    char path[PREFIX_BYTES] = "";

    if (edit_distance(name, nearest->name) > slips)
        (void)find_elsewhere(root, name, slips + 1, "", path);
    fprintf(out, "unknown%s, the nearest key is %s", *path ? " here" : "",
            *path ? path : nearest->name);
}

bool key_is_later(const struct key *key, const char *text)
{
    for (const char *const *later = key->later; later && *later; later++)
        if (strcmp(*later, text) == 0)
            return true;
    return false;
}

/* Letters, digits and what interfaces, users and units have beside them; never an option's dash. */
static bool is_name(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return text[0] != '-' && text[0] != '.' && text[strspn(text, allowed)] == '\0';
}

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == '\x7f')
            return false;
    return true;
}

static bool is_text_allowed(const struct key *key, const char *text)
{
    const int64_t length_bytes = (int64_t)strlen(text);

    if (length_bytes < key->min || length_bytes > key->max || !is_printable(text))
        return false;
    if (length_bytes == 0)
        return true;
    if (key->kind == KEY_KIND_NAME)
        return is_name(text);
    if (key->kind == KEY_KIND_PATTERN)
        return key_value_is_pattern(text);
    return key->kind != KEY_KIND_PATH || text[0] == '/';
}

/* Where `text` lies between min and max; what is nothing of the kind lies below. */
static int64_t measure(const struct key *key, const char *text)
{
    int64_t value = INT64_MIN;

    if (key->kind == KEY_KIND_INT)
        return strtoll(text, NULL, 10);
    if (key->kind == KEY_KIND_DURATION) {
        (void)duration_parse(text, &value); /* failed, it leaves the value alone */
        return value;
    }
    for (int64_t at = key->min; at <= key->max; at++)
        if (strcmp(text, key->choices[at]) == 0)
            return at;
    return value;
}

/* The widths that KEY_INTEGER() lets through. */
static void store_integer(void *field, size_t size_bytes, int64_t value)
{
    const uint8_t narrow = (uint8_t)value;
    const uint16_t half = (uint16_t)value;
    const uint32_t word = (uint32_t)value;
    const uint64_t wide = (uint64_t)value;

    switch (size_bytes) {
    case sizeof(narrow):
        memcpy(field, &narrow, sizeof(narrow));
        break;
    case sizeof(half):
        memcpy(field, &half, sizeof(half));
        break;
    case sizeof(word):
        memcpy(field, &word, sizeof(word));
        break;
    default:
        assert(size_bytes == sizeof(wide));
        memcpy(field, &wide, sizeof(wide));
    }
}

static int64_t load_integer(const void *field, size_t size_bytes)
{
    uint8_t narrow;
    uint16_t half;
    uint32_t word;
    uint64_t wide;

    switch (size_bytes) {
    case sizeof(narrow):
        memcpy(&narrow, field, sizeof(narrow));
        return narrow;
    case sizeof(half):
        memcpy(&half, field, sizeof(half));
        return half;
    case sizeof(word):
        memcpy(&word, field, sizeof(word));
        return word;
    default:
        assert(size_bytes == sizeof(wide));
        memcpy(&wide, field, sizeof(wide));
        return (int64_t)wide;
    }
}

static bool store_measured(const struct key *key, const char *text, void *field)
{
    const int64_t value = measure(key, text);

    if (value < key->min || value > key->max)
        return false;
    store_integer(field, key->size_bytes, value);
    return true;
}

static bool store_address(const struct key *key, const char *text, void *field)
{
    struct address address;

    if ((key->kind == KEY_KIND_HOST && strchr(text, '/')) || address_parse(text, &address) < 0)
        return false;
    memcpy(field, &address, sizeof(address));
    return true;
}

static bool store_text(const struct key *key, const char *text, void *field)
{
    if (!is_text_allowed(key, text))
        return false;
    memcpy(field, text, strlen(text) + 1);
    return true;
}

static bool store(const struct key *key, const char *text, void *field)
{
    switch (key->kind) {
    case KEY_KIND_BOOL:
    case KEY_KIND_INT:
    case KEY_KIND_DURATION:
    case KEY_KIND_ENUM:
        return store_measured(key, text, field);
    case KEY_KIND_SPAN:
        return key_value_store_span(key, text, field);
    case KEY_KIND_TEXT:
    case KEY_KIND_NAME:
    case KEY_KIND_PATH:
    case KEY_KIND_PATTERN:
        return store_text(key, text, field);
    case KEY_KIND_HOST:
    case KEY_KIND_ADDRESS:
        return store_address(key, text, field);
    case KEY_KIND_GROUP:
    case KEY_KIND_GROUPS:
    case KEY_KIND_LATER:
    case KEY_KINDS:
        break;
    }
    return false;
}

bool key_store(const struct key *key, const char *text, void *base)
{
    return store(key, text, (char *)base + key->offset);
}

/* What the counter says: values of an array, bytes of packed texts. */
static size_t counter(const struct key *key, const void *base)
{
    return (size_t)load_integer((const char *)base + key->count_offset, key->count_bytes);
}

void key_set_count(const struct key *key, size_t count, void *base)
{
    store_integer((char *)base + key->count_offset, key->count_bytes, (int64_t)count);
}

bool key_has_room(const struct key *key, size_t text_bytes, const void *base)
{
    return key->many != KEY_MANY_PACKED || text_bytes < key->size_bytes - counter(key, base);
}

bool key_append(const struct key *key, const char *text, void *base)
{
    const size_t used = counter(key, base);
    const size_t step = key->many == KEY_MANY_PACKED ? 1 : key->element_bytes;

    if (!store(key, text, (char *)base + key->offset + used * step))
        return false;
    key_set_count(key, used + (key->many == KEY_MANY_PACKED ? strlen(text) + 1 : 1), base);
    return true;
}

size_t key_count(const struct key *key, const void *base)
{
    const size_t used = counter(key, base);
    const char *bytes = (const char *)base + key->offset;
    size_t count = 0;

    if (key->many != KEY_MANY_PACKED)
        return used;
    for (size_t at = 0; at < used; at += strlen(bytes + at) + 1)
        count++;
    return count;
}

/* Structs of GROUPS are elsewhere, elements of the others in the field itself. */
static const char *list_of(const struct key *key, const void *base)
{
    const char *field = (const char *)base + key->offset;
    const char *elsewhere;

    if (key->kind != KEY_KIND_GROUPS)
        return field;
    memcpy(&elsewhere, field, sizeof(elsewhere));
    return elsewhere;
}

const void *key_element(const struct key *key, size_t at, const void *base)
{
    const char *bytes = list_of(key, base);

    if (key->many != KEY_MANY_PACKED)
        return bytes + at * key->element_bytes;
    for (; at > 0; at--)
        bytes += strlen(bytes) + 1;
    return bytes;
}

static void write_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void write_number(const struct key *key, int64_t value, FILE *out)
{
    const struct duration duration = duration_of(value);

    if (key->kind == KEY_KIND_DURATION && value == 0)
        fputs("\"0s\"", out);
    else if (key->kind == KEY_KIND_DURATION)
        fprintf(out, "\"%" PRId64 "%s\"", duration.count, duration.unit);
    else if (key->kind == KEY_KIND_ENUM)
        fprintf(out, "\"%s\"", key->choices[value]);
    else if (key->kind == KEY_KIND_BOOL)
        fputs(key->choices[value], out);
    else
        fprintf(out, "%" PRId64, value);
}

static void write_address(const struct address *address, FILE *out)
{
    char text[ADDRESS_TEXT_BYTES];

    fprintf(out, "\"%s\"", address_format(address, text));
}

void key_write_value(const struct key *key, const void *field, FILE *out)
{
    struct address address;

    switch (key->kind) {
    case KEY_KIND_BOOL:
    case KEY_KIND_INT:
    case KEY_KIND_DURATION:
    case KEY_KIND_ENUM:
        write_number(key, load_integer(field, key->size_bytes), out);
        break;
    case KEY_KIND_SPAN:
        key_value_write_span(field, out);
        break;
    case KEY_KIND_TEXT:
    case KEY_KIND_NAME:
    case KEY_KIND_PATH:
    case KEY_KIND_PATTERN:
        write_quoted(field, out);
        break;
    case KEY_KIND_HOST:
    case KEY_KIND_ADDRESS:
        memcpy(&address, field, sizeof(address));
        write_address(&address, out);
        break;
    case KEY_KIND_GROUP:
    case KEY_KIND_GROUPS:
    case KEY_KIND_LATER:
    case KEY_KINDS:
        break;
    }
}

static void write_choices(const struct key *key, FILE *out)
{
    for (int64_t at = key->min; at <= key->max; at++) {
        fputs(at > key->min ? " or " : "", out);
        write_number(key, at, out);
    }
}

static void write_range(const struct key *key, FILE *out)
{
    write_number(key, key->min, out);
    if (key->max > key->min) {
        fputs(" to ", out);
        write_number(key, key->max, out);
    }
}

static void write_allowed_one(const struct key *key, FILE *out)
{
    switch (key->kind) {
    case KEY_KIND_GROUP:
    case KEY_KIND_GROUPS:
    case KEY_KIND_LATER:
    case KEY_KINDS:
        fputs("a group", out);
        break;
    case KEY_KIND_BOOL:
    case KEY_KIND_ENUM:
        write_choices(key, out);
        break;
    case KEY_KIND_INT:
    case KEY_KIND_DURATION:
        write_range(key, out);
        break;
    case KEY_KIND_SPAN:
        fprintf(out,
                "%" PRId64 " to %" PRId64 ", or a range of these as in \"%" PRId64 "-%" PRId64 "\"",
                key->min, key->max, key->min * 2, key->min * 3 - 1);
        break;
    case KEY_KIND_PATTERN:
        fprintf(out,
                "an extended regular expression of %" PRId64 " to %" PRId64
                " characters without back-references",
                key->min, key->max);
        break;
    case KEY_KIND_TEXT:
        fprintf(out, "a text of %" PRId64 " to %" PRId64 " characters", key->min, key->max);
        break;
    case KEY_KIND_NAME:
        fprintf(out, "a name of %" PRId64 " to %" PRId64 " letters, digits, '.', '_' and '-'",
                key->min, key->max);
        break;
    case KEY_KIND_PATH:
        fprintf(out, "an absolute path of at most %" PRId64 " characters", key->max);
        break;
    case KEY_KIND_HOST:
        fputs("an address as in \"10.0.0.11\"", out);
        break;
    case KEY_KIND_ADDRESS:
        fputs("an address as in \"10.0.0.100\" or \"10.0.0.100/24\"", out);
        break;
    }
}

void key_write_allowed(const struct key *key, FILE *out)
{
    if (key->many != KEY_MANY_ONE && key->count_min == key->count_max)
        fprintf(out, "a list of %zu, each ", key->count_min);
    else if (key->many != KEY_MANY_ONE)
        fprintf(out, "a list of %zu to %zu, each ", key->count_min, key->count_max);
    write_allowed_one(key, out);
}

static void describe_one(const struct key *key, const char *prefix, FILE *out)
{
    const bool quoted = key->kind != KEY_KIND_BOOL && key->kind != KEY_KIND_INT;
    const char *quote = quoted ? "\"" : "";

    fprintf(out, "%s%s: %s; ", prefix, key->name, key->help);
    key_write_allowed(key, out);
    if (key->rule)
        fprintf(out, "; default: %s\n", key->rule);
    else if (key->fallback)
        fprintf(out, "; default %s%s%s\n", quote, key->fallback, quote);
    else
        fputs("; required\n", out);
}

void key_describe(const struct key *keys, const char *prefix, FILE *out)
{
    for (const struct key *key = keys; key->name; key++) {
        if (key->kind == KEY_KIND_LATER)
            continue;
        if (key->kind != KEY_KIND_GROUP)
            describe_one(key, prefix, out);
        if (key->members) {
            char path[PREFIX_BYTES];
            snprintf(path, sizeof(path), "%s%s.", prefix, key->name);
            key_describe(key->members, path, out);
        }
    }
}
