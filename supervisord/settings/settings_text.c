/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "supervisord/settings/settings_scan.h"

/* From `first_line` of the whole text on it is this file's, beginning with its `file_line`. */
struct settings_text_part {
    unsigned first_line;
    const char *file;
    unsigned file_line;
};

struct expansion {
    struct arena *arena;
    struct mistakes *mistakes;
    const char *main_path;
    FILE *out;
    struct settings_scan scan; /* goes on across files, as the parser would */
    unsigned lines;            /* of the whole text so far */
    size_t bytes;              /* read so far */
    unsigned includes;
    struct settings_text_part *parts;
    size_t part_count;
};

#define PARTS_MAX (2 * SETTINGS_TEXT_INCLUDES_MAX + 1)

static int refuse(struct expansion *expansion, struct mistake_place place, const char *sentence)
{
    fputs(sentence, mistake_begin(expansion->mistakes, place, ""));
    mistake_end(expansion->mistakes);
    return -EINVAL;
}

static void begin_part(struct expansion *expansion, const char *file, unsigned file_line)
{
    expansion->parts[expansion->part_count++] = (struct settings_text_part){
        .first_line = expansion->lines + 1, .file = file, .file_line = file_line};
}

static int expand_file(struct expansion *expansion, const char *path, struct mistake_place from,
                       unsigned depth);

/* The path as it is to be opened; NULL: too long, or no memory. */
static const char *resolve(const struct expansion *expansion, const char *name)
{
    const char *slash = strrchr(expansion->main_path, '/');
    const int folder_bytes = slash && name[0] != '/' ? (int)(slash + 1 - expansion->main_path) : 0;
    char path[PATH_MAX];
    const int length =
        snprintf(path, sizeof(path), "%.*s%s", folder_bytes, expansion->main_path, name);

    if (length < 0 || (size_t)length >= sizeof(path))
        return NULL;
    return arena_text(expansion->arena, path);
}

static int include(struct expansion *expansion, struct mistake_place place, unsigned depth)
{
    const char *path = resolve(expansion, expansion->scan.include);

    if (!path)
        return refuse(expansion, place, "@include: the name is too long");
    if (depth >= SETTINGS_TEXT_DEPTH_MAX)
        return refuse(expansion, place, "@include: nested too deep, at most 8 files");
    if (++expansion->includes > SETTINGS_TEXT_INCLUDES_MAX)
        return refuse(expansion, place, "@include: too many, at most 64 in all");
    fputc('\n', expansion->out);
    expansion->lines++;
    begin_part(expansion, path, 1);
    expansion->scan.in_line = false;
    const int result = expand_file(expansion, path, place, depth + 1);
    if (result < 0)
        return result;
    fputc('\n', expansion->out);
    expansion->lines++;
    begin_part(expansion, place.file, place.line);
    return 0;
}

/* Feed the file to the scanner byte by byte; it says what to do with what it has seen. */
static int expand_bytes(struct expansion *expansion, const struct file *file, const char *path,
                        unsigned depth)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    const size_t start =
        strncmp(file->bytes, byte_order_mark, 3) == 0 ? sizeof(byte_order_mark) - 1 : 0;
    struct mistake_place place = {path, 1};

    for (size_t at = start; at <= file->length_bytes; at++) {
        const char byte = file->bytes[at];
        if (byte == '\0' && at < file->length_bytes)
            return refuse(expansion, place, "holds a NUL byte, must be text");
        /* A file's end is a line's end, so that no word goes on in the next file. */
        const char fed = byte == '\0' ? '\n' : byte;
        const enum settings_scan_result result =
            settings_scan_feed(&expansion->scan, fed, place, expansion->out);
        if (result == SETTINGS_SCAN_WRONG)
            return refuse(expansion, expansion->scan.wrong_place, expansion->scan.wrong);
        if (result == SETTINGS_SCAN_INCLUDE && include(expansion, place, depth) < 0)
            return -EINVAL;
        if (fed == '\n') {
            place.line++;
            expansion->lines++;
        }
    }
    return 0;
}

static int expand_file(struct expansion *expansion, const char *path, struct mistake_place from,
                       unsigned depth)
{
    CLEANUP(file_free)
    struct file file = {.bytes = NULL};
    struct err err;

    if (file_read(path, SETTINGS_TEXT_BYTES_MAX, &file, &err) < 0) {
        FILE *out = mistake_begin(expansion->mistakes, from, depth > 0 ? "@include" : "");
        fprintf(out, "%s%s%s", depth > 0 ? path : "", depth > 0 ? " " : "", err.text);
        mistake_end(expansion->mistakes);
        return -EINVAL;
    }
    if (depth == 0 && file.length_bytes == 0)
        return refuse(expansion, from, "is empty");
    expansion->bytes += file.length_bytes;
    if (expansion->bytes > SETTINGS_TEXT_BYTES_MAX)
        return refuse(expansion, from, "@include: all files together exceed 1048576 bytes");
    return expand_bytes(expansion, &file, path, depth);
}

static int expand(struct expansion *expansion)
{
    const struct mistake_place whole = {expansion->main_path, 0};

    expansion->parts =
        arena_allocate(expansion->arena, PARTS_MAX, sizeof(struct settings_text_part));
    if (!expansion->parts)
        return refuse(expansion, whole, "cannot be read: no memory");
    begin_part(expansion, expansion->main_path, 1);
    const int result = expand_file(expansion, expansion->main_path, whole, 0);
    if (result < 0)
        return result;
    if (settings_scan_end(&expansion->scan) == SETTINGS_SCAN_WRONG)
        return refuse(expansion, expansion->scan.wrong_place, expansion->scan.wrong);
    return 0;
}

int settings_text_read(const char *path, struct arena *arena, struct mistakes *mistakes,
                       struct settings_text *ret_text)
{
    struct expansion expansion = {
        .arena = arena, .mistakes = mistakes, .main_path = arena_text(arena, path)};
    char *bytes = NULL;
    size_t bytes_count = 0;

    if (!expansion.main_path)
        return -ENOMEM;
    expansion.out = open_memstream(&bytes, &bytes_count);
    if (!expansion.out)
        return -ENOMEM;
    int result = expand(&expansion);
    if (fclose(expansion.out) != 0 && result == 0)
        result = -ENOMEM;
    if (result == 0) {
        *ret_text =
            (struct settings_text){arena_text(arena, bytes), expansion.parts, expansion.part_count};
        result = ret_text->bytes ? 0 : -ENOMEM;
    }
    free(bytes);
    return result;
}

struct mistake_place settings_text_place(const struct settings_text *text, unsigned line)
{
    const struct settings_text_part *part = text->parts;

    for (size_t at = 1; at < text->part_count && text->parts[at].first_line <= line; at++)
        part = &text->parts[at];
    return (struct mistake_place){part->file, part->file_line + line - part->first_line};
}
