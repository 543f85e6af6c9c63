/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_text - the configuration as one text, with its includes in it, fit for the parser.
 *
 * Debian's libconfig 1.5 ends the process when an @include names a folder, waits for ever on a
 * FIFO, joins two texts where a comma is missing and wraps integers of more than 32 bits; so it
 * never opens a file here, and what it would misread is found first. Comments are left out; lines
 * are kept, so that each can be traced to its file.
 */
#ifndef SUPERVISORD_SETTINGS_TEXT_H
#define SUPERVISORD_SETTINGS_TEXT_H

#include "base/arena.h"
#include "supervisord/settings/mistake.h"

#define SETTINGS_TEXT_BYTES_MAX    (1024 * 1024) /* of all files together */
#define SETTINGS_TEXT_DEPTH_MAX    8             /* of includes */
#define SETTINGS_TEXT_INCLUDES_MAX 64
#define SETTINGS_TEXT_NESTING_MAX  32
#define SETTINGS_TEXT_NAMES_MAX    10000 /* libconfig compares each with all before it */

/*
 * In front of the digits of an integer that does not fit into 32 bits: such a number is passed on
 * as a text, so that the mistake can name it as it is written.
 */
#define SETTINGS_TEXT_NUMBER_MARK '\x01'

struct settings_text {
    char *bytes; /* ended by NUL */
    struct settings_text_part *parts;
    size_t part_count;
};

/*
 * Read `path` and what it includes. Returns 0, or -EINVAL and the first thing that is wrong in
 * `mistakes`: nothing after it can be trusted. An @include is relative to the folder of `path`.
 */
int settings_text_read(const char *path, struct arena *arena, struct mistakes *mistakes,
                       struct settings_text *ret_text);

/* Where `line` of the whole text is written. */
struct mistake_place settings_text_place(const struct settings_text *text, unsigned line);

#endif
