/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_parse.h"

#include <errno.h>
#include <string.h>

#include <libconfig.h>

#include "base/duration.h"

#define PATH_BYTES   160
#define NUMBER_BYTES 40
#define SHOWN_MAX    80 /* characters of a wrong value */

static const int written_as[KEY_KINDS] = {
    [KEY_KIND_GROUP] = CONFIG_TYPE_GROUP,     [KEY_KIND_GROUPS] = CONFIG_TYPE_LIST,
    [KEY_KIND_BOOL] = CONFIG_TYPE_BOOL,       [KEY_KIND_INT] = CONFIG_TYPE_INT,
    [KEY_KIND_DURATION] = CONFIG_TYPE_STRING, [KEY_KIND_TEXT] = CONFIG_TYPE_STRING,
    [KEY_KIND_NAME] = CONFIG_TYPE_STRING,     [KEY_KIND_PATH] = CONFIG_TYPE_STRING,
    [KEY_KIND_HOST] = CONFIG_TYPE_STRING,     [KEY_KIND_ADDRESS] = CONFIG_TYPE_STRING,
    [KEY_KIND_ENUM] = CONFIG_TYPE_STRING,     [KEY_KIND_SPAN] = CONFIG_TYPE_STRING,
    [KEY_KIND_PATTERN] = CONFIG_TYPE_STRING,  [KEY_KIND_LATER] = CONFIG_TYPE_NONE,
};

/* One group of the file on its way into one struct. */
struct reading {
    const struct settings_parse *parse;
    const struct settings_text *text;
    const struct key *root;
    const config_setting_t *group; /* NULL: left out */
    const config_setting_t *at;    /* the group, or what it is missing in */
    const struct key *keys;
    void *base;
    const char *path; /* of the group, with its dot: "nodes[0]." */
};

static struct mistake_place place_of(const struct reading *reading, const config_setting_t *setting)
{
    const unsigned line = config_setting_is_root(setting) ? 1 : config_setting_source_line(setting);

    return settings_text_place(reading->text, line);
}

/* "regha.conf:3: nodes[0].priority: "; if the key is missing, the line is its group's. */
static FILE *begin_mistake(const struct reading *reading, const config_setting_t *setting,
                           const char *name)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s%.64s", reading->path, name);
    return mistake_begin(reading->parse->mistakes, place_of(reading, setting), path);
}

static void end_mistake(const struct reading *reading)
{
    mistake_end(reading->parse->mistakes);
}

static void note(const struct reading *reading, struct origin origin, const char *name,
                 const config_setting_t *setting)
{
    const struct mistake_place place = place_of(reading, setting);
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s%s", reading->path, name);
    origin.path = path;
    origin.file = place.file;
    origin.line = config_setting_is_root(setting) ? 0 : place.line;
    origin_set(reading->parse->origins, &origin);
}

static bool is_marked_number(const config_setting_t *setting)
{
    return config_setting_type(setting) == CONFIG_TYPE_STRING &&
           config_setting_get_string(setting)[0] == SETTINGS_TEXT_NUMBER_MARK;
}

/* The value as written, but for quotes; what holds several values is only named. */
static const char *text_of(const config_setting_t *setting, char number[NUMBER_BYTES])
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_STRING:
        return config_setting_get_string(setting) + is_marked_number(setting);
    case CONFIG_TYPE_BOOL:
        return config_setting_get_bool(setting) ? "true" : "false";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        snprintf(number, NUMBER_BYTES, "%lld", config_setting_get_int64(setting));
        return number;
    case CONFIG_TYPE_FLOAT:
        snprintf(number, NUMBER_BYTES, "%g", config_setting_get_float(setting));
        return number;
    case CONFIG_TYPE_GROUP:
        return "a group";
    default:
        return "a list";
    }
}

/* Cut, and without what would disturb a terminal. */
static void write_shown(const config_setting_t *setting, FILE *out)
{
    const bool quoted =
        config_setting_type(setting) == CONFIG_TYPE_STRING && !is_marked_number(setting);
    char number[NUMBER_BYTES];
    const char *text = text_of(setting, number);

    fputs(quoted ? "\"" : "", out);
    for (int at = 0; at < SHOWN_MAX && text[at]; at++)
        fputc((unsigned char)text[at] < ' ' || text[at] == '\x7f' ? '?' : text[at], out);
    fputs(strlen(text) > SHOWN_MAX ? "..." : "", out);
    fputs(quoted ? "\"" : "", out);
}

static bool is_written_as(const config_setting_t *setting, enum key_kind kind)
{
    const int type = config_setting_type(setting);

    if (kind == KEY_KIND_INT && type == CONFIG_TYPE_INT64)
        return true;
    if (kind == KEY_KIND_SPAN && type == CONFIG_TYPE_INT)
        return true;
    return type == written_as[kind] && !is_marked_number(setting);
}

/* What people most likely meant. */
static void write_hint(const struct key *key, const config_setting_t *setting, FILE *out)
{
    const int type = config_setting_type(setting);
    int64_t span_ns;

    if (key->kind == KEY_KIND_DURATION && type == CONFIG_TYPE_INT)
        fprintf(out, "; a duration has a unit, as in \"%d%s\"", config_setting_get_int(setting),
                key->max < INT64_C(60000000000) ? "ms" : "s");
    else if (key->kind == KEY_KIND_DURATION && type == CONFIG_TYPE_STRING &&
             duration_parse(config_setting_get_string(setting), &span_ns) == -EINVAL)
        fputs("; units are ms, s, m and h", out);
    else if (key->many != KEY_MANY_ONE && key->kind != KEY_KIND_GROUPS &&
             type == CONFIG_TYPE_STRING && !config_setting_is_list(config_setting_parent(setting)))
        fputs("; a list has brackets, as in ( \"...\" )", out);
    else if (key->kind == KEY_KIND_GROUPS && type == CONFIG_TYPE_GROUP)
        fputs("; a list has brackets, as in ( { ... } )", out);
}

static void refuse(const struct reading *reading, const struct key *key,
                   const config_setting_t *setting, const char *name)
{
    FILE *out = begin_mistake(reading, setting, name);
    char number[NUMBER_BYTES];

    fputs("is ", out);
    write_shown(setting, out);
    if (key_is_later(key, text_of(setting, number)))
        fputs(", which is not supported by this version", out);
    fputs(", must be ", out);
    key_write_allowed(key, out);
    write_hint(key, setting, out);
    end_mistake(reading);
}

static int read_group(const struct reading *reading);

static int read_members(const struct reading *reading, const struct key *key,
                        const config_setting_t *setting, void *base)
{
    char path[PATH_BYTES];
    const struct reading members = {.parse = reading->parse,
                                    .text = reading->text,
                                    .root = reading->root,
                                    .group = setting,
                                    .at = setting ? setting : reading->at,
                                    .keys = key->members,
                                    .base = base,
                                    .path = path};

    snprintf(path, sizeof(path), "%s%s.", reading->path, key->name);
    return read_group(&members);
}

/* Room for all its elements and what is derived; the pointer in `base` is set to it. */
static void *make_list(const struct reading *reading, const struct key *key, size_t count)
{
    void *list = arena_allocate(reading->parse->arena, count + key->spare + 1, key->element_bytes);

    memcpy((char *)reading->base + key->offset, &list, sizeof(list));
    return list;
}

/* A list of groups is never NULL. */
static int make_empty(const struct reading *reading, const struct key *key)
{
    return key->kind != KEY_KIND_GROUPS || make_list(reading, key, 0) ? 0 : -ENOMEM;
}

static int read_groups(const struct reading *reading, const struct key *key,
                       const config_setting_t *setting)
{
    const size_t count = (size_t)config_setting_length(setting);
    char *list = make_list(reading, key, count);

    if (!list)
        return -ENOMEM;
    for (size_t at = 0; at < count; at++) {
        const config_setting_t *element = config_setting_get_elem(setting, (unsigned)at);
        struct key named = *key;
        char name[PATH_BYTES];
        snprintf(name, sizeof(name), "%s[%zu]", key->name, at);
        named.name = name;
        void *base = list + at * key->element_bytes;
        note(reading, (struct origin){base, ORIGIN_GROUP, .key = key}, name, element);
        named.many = KEY_MANY_ONE;
        if (config_setting_type(element) != CONFIG_TYPE_GROUP)
            refuse(reading, &named, element, name);
        else if (read_members(reading, &named, element, base) < 0)
            return -ENOMEM;
    }
    key_set_count(key, count, reading->base);
    return 0;
}

static void read_element(const struct reading *reading, const struct key *key,
                         const config_setting_t *element, size_t at)
{
    struct key one = *key;
    char name[PATH_BYTES], number[NUMBER_BYTES];
    const char *text = text_of(element, number);
    const size_t before = key_count(key, reading->base);

    one.many = KEY_MANY_ONE;
    snprintf(name, sizeof(name), "%s[%zu]", key->name, at);
    if (!is_written_as(element, key->kind)) {
        refuse(reading, &one, element, name);
    } else if (!key_has_room(key, strlen(text), reading->base)) {
        fprintf(begin_mistake(reading, element, name),
                "is too long, all texts of %s together have room for %zu characters", key->name,
                key->size_bytes);
        end_mistake(reading);
    } else if (!key_append(key, text, reading->base)) {
        refuse(reading, &one, element, name);
    } else {
        const void *field = key_element(key, before, reading->base);
        note(reading, (struct origin){field, ORIGIN_ELEMENT, .key = key}, name, element);
    }
}

/* Of groups or of values; a list that is too long is refused whole. */
static int read_list(const struct reading *reading, const struct key *key,
                     const config_setting_t *setting)
{
    const size_t count = (size_t)config_setting_length(setting);
    const int type = config_setting_type(setting);

    if (key->may_be_lone && type == CONFIG_TYPE_STRING && !is_marked_number(setting)) {
        note(reading,
             (struct origin){(char *)reading->base + key->offset, ORIGIN_VALUE, .key = key},
             key->name, setting);
        read_element(reading, key, setting, 0);
        return 0;
    }
    if (type != CONFIG_TYPE_LIST && type != CONFIG_TYPE_ARRAY) {
        refuse(reading, key, setting, key->name);
        return make_empty(reading, key);
    }
    if (count < key->count_min || count > key->count_max) {
        FILE *out = begin_mistake(reading, setting, key->name);
        fprintf(out, "has %zu elements, must be ", count);
        key_write_allowed(key, out);
        end_mistake(reading);
        return make_empty(reading, key);
    }
    note(reading, (struct origin){(char *)reading->base + key->offset, ORIGIN_VALUE, .key = key},
         key->name, setting);
    if (key->kind == KEY_KIND_GROUPS)
        return read_groups(reading, key, setting);
    for (size_t at = 0; at < count; at++)
        read_element(reading, key, config_setting_get_elem(setting, (unsigned)at), at);
    return 0;
}

static int read_setting(const struct reading *reading, const config_setting_t *setting,
                        const struct key *key)
{
    char number[NUMBER_BYTES];

    if (key->kind == KEY_KIND_LATER) {
        fputs("is not supported by this version", begin_mistake(reading, setting, key->name));
        end_mistake(reading);
        return 0;
    }
    if (key->many != KEY_MANY_ONE)
        return read_list(reading, key, setting);
    if (is_written_as(setting, key->kind)) {
        if (key->kind == KEY_KIND_GROUP)
            return read_members(reading, key, setting, (char *)reading->base + key->offset);
        if (key_store(key, text_of(setting, number), reading->base)) {
            note(reading,
                 (struct origin){(char *)reading->base + key->offset, ORIGIN_VALUE, .key = key},
                 key->name, setting);
            return 0;
        }
    }
    refuse(reading, key, setting, key->name);
    return 0;
}

/* A group that is left out still has the defaults of its members. */
static int read_missing(const struct reading *reading, const struct key *key)
{
    if (key->kind == KEY_KIND_LATER)
        return 0;
    if (key->kind == KEY_KIND_GROUP)
        return read_members(reading, key, NULL, (char *)reading->base + key->offset);
    if (make_empty(reading, key) < 0)
        return -ENOMEM;
    if (key->rule)
        return 0;
    if (!key->fallback) {
        FILE *out = begin_mistake(reading, reading->at, key->name);
        fputs("is missing, must be ", out);
        key_write_allowed(key, out);
        end_mistake(reading);
        return 0;
    }
    if (key->many != KEY_MANY_ONE && *key->fallback)
        (void)key_append(key, key->fallback, reading->base); /* our own text, see the test */
    else if (key->many == KEY_MANY_ONE)
        (void)key_store(key, key->fallback, reading->base);
    note(reading,
         (struct origin){(char *)reading->base + key->offset, ORIGIN_VALUE, .how = ORIGIN_DEFAULT,
                         .key = key},
         key->name, reading->at);
    return 0;
}

static int read_written(const struct reading *reading)
{
    for (int at = 0; reading->group && at < config_setting_length(reading->group); at++) {
        const config_setting_t *setting = config_setting_get_elem(reading->group, (unsigned)at);
        const char *name = config_setting_name(setting);
        const struct key *key = key_find(reading->keys, name);

        if (!key) {
            key_write_nearest(reading->keys, reading->root, name,
                              begin_mistake(reading, setting, name));
            end_mistake(reading);
        } else if (read_setting(reading, setting, key) < 0) {
            return -ENOMEM;
        }
    }
    return 0;
}

static int read_group(const struct reading *reading)
{
    int result = read_written(reading);

    for (const struct key *key = reading->keys; key->name && result == 0; key++)
        if (!reading->group || !config_setting_get_member(reading->group, key->name))
            result = read_missing(reading, key);
    return result;
}

/* Where libconfig lost the thread, without the blanks before it. */
static void write_line(const struct settings_text *text, unsigned line, FILE *out)
{
    const char *at = text->bytes;

    for (; at && line > 1; line--) {
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return;
    at += strspn(at, " \t");
    for (int shown = 0; *at && *at != '\n' && shown < SHOWN_MAX; at++, shown++)
        fputc((unsigned char)*at < ' ' || *at == '\x7f' ? '?' : *at, out);
}

static int refuse_syntax(const struct settings_parse *parse, const struct settings_text *text,
                         const config_t *file)
{
    const struct mistake_place place = settings_text_place(text, (unsigned)config_error_line(file));

    FILE *out = mistake_begin(parse->mistakes, place, "");
    fprintf(out, "%s in: ", config_error_text(file));
    write_line(text, (unsigned)config_error_line(file), out);
    mistake_end(parse->mistakes);
    return -EINVAL;
}

int settings_parse_text(const struct settings_parse *parse, const struct settings_text *text,
                        const struct key *keys, void *base)
{
    struct reading reading = {
        .parse = parse, .text = text, .root = keys, .keys = keys, .base = base, .path = ""};
    config_t file;
    int result;

    config_init(&file);
    if (config_read_string(&file, text->bytes)) {
        reading.group = reading.at = config_root_setting(&file);
        result = read_group(&reading);
    } else {
        result = refuse_syntax(parse, text, &file);
    }
    config_destroy(&file);
    return result;
}
