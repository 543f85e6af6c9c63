/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * words - short sentences and URLs, put together piece by piece in memory of fixed size.
 *
 * Pure, which printf() is not. The text always ends in NUL; what does not fit is left out and
 * remembered.
 */
#ifndef PROBES_WORDS_H
#define PROBES_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct probe_words {
    char *text;
    size_t size_bytes;
    size_t used_bytes;
    bool cut;
};

void probe_words_start(struct probe_words *words, char *text, size_t size_bytes);

void probe_words_add(struct probe_words *words, const char *text);
void probe_words_add_bytes(struct probe_words *words, const char *text, size_t bytes);
void probe_words_number(struct probe_words *words, int64_t number);

/* A span to the digits a person wants: "0.4 ms", "19 ms", "1.5 s". */
void probe_words_span(struct probe_words *words, int64_t span_ns);

/*
 * What a stranger sent, at most `most` bytes of it: only printable ASCII, so that it can neither
 * steer a terminal nor break a log line.
 */
void probe_words_foreign(struct probe_words *words, const char *text, size_t most);

#endif
