/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_scan - reads configuration text ahead of the parser, and knows what people get wrong.
 *
 * Fed byte by byte; passes text on without comments. Says precisely what libconfig only calls a
 * syntax error: a missing quote, comma or bracket, a comma too many, a word that needs quotes.
 */
#ifndef SUPERVISORD_SETTINGS_SCAN_H
#define SUPERVISORD_SETTINGS_SCAN_H

#include <stdbool.h>

#include "supervisord/settings/settings_text.h"

#define SETTINGS_SCAN_WORD_BYTES 128

enum settings_scan_state {
    SETTINGS_SCAN_BETWEEN,
    SETTINGS_SCAN_WORD,
    SETTINGS_SCAN_TEXT,
    SETTINGS_SCAN_ESCAPE, /* after a backslash in a text */
    SETTINGS_SCAN_SLASH,  /* a comment's first byte, or a mistake */
    SETTINGS_SCAN_LINE_COMMENT,
    SETTINGS_SCAN_COMMENT,
    SETTINGS_SCAN_COMMENT_STAR, /* its end's first byte, perhaps */
    SETTINGS_SCAN_INCLUDE_BLANK,
    SETTINGS_SCAN_INCLUDE_NAME,
};

/* What came last, for what may follow. */
enum settings_scan_token {
    SETTINGS_SCAN_NOTHING, /* or the end of a setting */
    SETTINGS_SCAN_NAME,
    SETTINGS_SCAN_EQUALS,
    SETTINGS_SCAN_VALUE, /* a word, or a closed list or group */
    SETTINGS_SCAN_QUOTED,
    SETTINGS_SCAN_COMMA,
    SETTINGS_SCAN_OPENED,
};

enum settings_scan_result {
    SETTINGS_SCAN_GOES_ON,
    SETTINGS_SCAN_INCLUDE, /* the file named by `include` belongs here */
    SETTINGS_SCAN_WRONG,   /* `wrong` at `wrong_place` */
};

struct settings_scan {
    enum settings_scan_state state;
    enum settings_scan_token last;
    bool in_line; /* something other than blanks was on this line */
    size_t names;
    size_t word_bytes;
    char word[SETTINGS_SCAN_WORD_BYTES];
    char name[SETTINGS_SCAN_WORD_BYTES]; /* the last name before an equals sign */
    char include[SETTINGS_SCAN_WORD_BYTES];
    struct mistake_place token_place; /* where the word, text or comment at hand begins */
    size_t depth;
    char open[SETTINGS_TEXT_NESTING_MAX];
    struct mistake_place open_places[SETTINGS_TEXT_NESTING_MAX];
    struct mistake_place wrong_place;
    char wrong[2 * SETTINGS_SCAN_WORD_BYTES];
};

/* The next byte, which is at `place`; what is to be parsed goes to `out`. All zero to begin with. */
enum settings_scan_result settings_scan_feed(struct settings_scan *scan, char byte,
                                             struct mistake_place place, FILE *out);

/* After the last byte: is anything still open? */
enum settings_scan_result settings_scan_end(struct settings_scan *scan);

#endif
