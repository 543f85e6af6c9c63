/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line - a line of the control protocol as commands and words.
 *
 * Pure. Blanks separate words and ';' separates commands; "..." keeps both inside a word, and '\'
 * takes the next character as it is. Foreign bytes: control characters are refused.
 */
#ifndef SUPERVISORD_LINE_H
#define SUPERVISORD_LINE_H

#include <stddef.h>

#define LINE_BYTES 4096 /* with its newline */
#define LINE_WORDS 16

enum line_mistake {
    LINE_GOOD,
    LINE_CONTROL_CHARACTER,
    LINE_OPEN_QUOTE,
    LINE_TOO_MANY_WORDS,
};

/* One command; its words lie in the line. */
struct line_command {
    size_t count; /* 0: an empty one */
    char *words[LINE_WORDS];
};

/*
 * Cut the next command off `line`, of which `*ret_at` bytes are used up; the line ends at
 * `length_bytes` and has one more byte of room. The line is written to. A mistake uses it up.
 */
enum line_mistake line_next(char *line, size_t length_bytes, size_t *ret_at,
                            struct line_command *ret_command);

const char *line_mistake_text(enum line_mistake mistake);

#endif
