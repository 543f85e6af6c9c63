/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words - spans, instants and foreign text as people read them.
 *
 * What comes from a peer or a probe may hold anything; it reaches a terminal only after
 * words_clean().
 */
#ifndef SUPERVISORD_WORDS_H
#define SUPERVISORD_WORDS_H

#include <stdint.h>

#define WORDS_SPAN_BYTES 32
#define WORDS_TIME_BYTES 40

/* "850 us", "34 ms", "3.2 s", "3 m 12 s", "5 h 3 m", "12 d 4 h"; less than nothing is "0 s". */
const char *words_span(int64_t span_ns, char text[WORDS_SPAN_BYTES]);

/* "2026-11-22 15:20:01.123" in local time. */
const char *words_time(int64_t wall_ns, char text[WORDS_TIME_BYTES]);

/* "2026-11-22T14:20:01.123Z": RFC 3339, for programs. */
const char *words_time_utc(int64_t wall_ns, char text[WORDS_TIME_BYTES]);

/* Every control character and every byte that is no UTF-8 becomes '?'. Returns `text`. */
char *words_clean(char *text);

#endif
