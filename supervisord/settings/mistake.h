/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mistake - what is wrong with a configuration: every one, in the order of the file.
 *
 * Collected while a configuration is read, in any order; written at the end, sorted by place. The
 * same list serves for warnings.
 */
#ifndef SUPERVISORD_MISTAKE_H
#define SUPERVISORD_MISTAKE_H

#include <stddef.h>
#include <stdio.h>

#define MISTAKE_LINES_MAX 500 /* written; the rest is counted */

struct mistake_place {
    const char *file;
    unsigned line; /* 0: the file as a whole */
};

struct mistakes {
    struct mistake *list;
    size_t count;
    size_t room;
    char *texts; /* one after the other, of open_memstream() */
    size_t texts_bytes;
    FILE *out;
    long kept_bytes; /* of the texts; what comes after those remembered is overwritten */
};

int mistake_init(struct mistakes *mistakes); /* 0 or -ENOMEM */
void mistake_fini(struct mistakes *mistakes);

/*
 * Begin one at `place`, `path` being the key's ("" if it concerns none); the caller writes the
 * sentence to the stream returned and calls mistake_end().
 */
FILE *mistake_begin(struct mistakes *mistakes, struct mistake_place place, const char *path);
void mistake_end(struct mistakes *mistakes);

/* All at once, a line each: file:line: path: sentence. */
void mistake_write(struct mistakes *mistakes, FILE *out);

#endif
