/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/mistake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mistake {
    struct mistake_place place;
    size_t file_rank;   /* files in the order in which they first came up */
    size_t number;      /* to keep the order within a line */
    size_t text_offset; /* where its line begins in `texts` */
};

int mistake_init(struct mistakes *mistakes)
{
    *mistakes = (struct mistakes){.list = NULL};
    mistakes->out = open_memstream(&mistakes->texts, &mistakes->texts_bytes);
    return mistakes->out ? 0 : -ENOMEM;
}

void mistake_fini(struct mistakes *mistakes)
{
    if (mistakes->out)
        fclose(mistakes->out);
    free(mistakes->texts);
    free(mistakes->list);
    *mistakes = (struct mistakes){.list = NULL};
}

static size_t rank_of(const struct mistakes *mistakes, const char *file)
{
    size_t next = 0;

    for (size_t at = 0; at < mistakes->count; at++) {
        const struct mistake *other = &mistakes->list[at];
        if (strcmp(other->place.file, file) == 0)
            return other->file_rank;
        if (other->file_rank >= next)
            next = other->file_rank + 1;
    }
    return next;
}

/* Without memory for its place a mistake still counts, so that nothing passes as right. */
static void remember(struct mistakes *mistakes, struct mistake_place place)
{
    if (mistakes->count < mistakes->room) {
        mistakes->list[mistakes->count] = (struct mistake){
            .place = place,
            .file_rank = rank_of(mistakes, place.file),
            .number = mistakes->count,
            .text_offset = (size_t)ftell(mistakes->out),
        };
    }
    mistakes->count++;
}

static void make_room(struct mistakes *mistakes)
{
    const size_t room = mistakes->room + 64;

    if (mistakes->count < mistakes->room || room > MISTAKE_LINES_MAX + 64)
        return;
    struct mistake *list = realloc(mistakes->list, room * sizeof(*list));
    if (!list)
        return;
    mistakes->list = list;
    mistakes->room = room;
}

FILE *mistake_begin(struct mistakes *mistakes, struct mistake_place place, const char *path)
{
    make_room(mistakes);
    if (mistakes->count >= mistakes->room)
        (void)fseek(mistakes->out, mistakes->kept_bytes, SEEK_SET); /* of memory: cannot fail */
    remember(mistakes, place);
    fputs(place.file, mistakes->out);
    if (place.line > 0)
        fprintf(mistakes->out, ":%u", place.line);
    fprintf(mistakes->out, ": %s%s", path, *path ? ": " : "");
    return mistakes->out;
}

void mistake_end(struct mistakes *mistakes)
{
    fputc('\0', mistakes->out);
    if (mistakes->count <= mistakes->room)
        mistakes->kept_bytes = ftell(mistakes->out);
}

static int compare(const void *left, const void *right)
{
    const struct mistake *a = left, *b = right;

    if (a->file_rank != b->file_rank)
        return a->file_rank < b->file_rank ? -1 : 1;
    if (a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

void mistake_write(struct mistakes *mistakes, FILE *out)
{
    const size_t kept = mistakes->count < mistakes->room ? mistakes->count : mistakes->room;
    const size_t shown = kept < MISTAKE_LINES_MAX ? kept : MISTAKE_LINES_MAX;

    if (fflush(mistakes->out) != 0)
        fputs("no memory to say what is wrong\n", out);
    else if (kept > 0) {
        qsort(mistakes->list, kept, sizeof(*mistakes->list), compare);
        for (size_t at = 0; at < shown; at++)
            fprintf(out, "%s\n", mistakes->texts + mistakes->list[at].text_offset);
    }
    if (mistakes->count > shown)
        fprintf(out, "... and %zu more\n", mistakes->count - shown);
}
