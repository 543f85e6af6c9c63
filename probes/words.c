/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/words.h"

#include <string.h>

#include "base/monotime.h"

void probe_words_start(struct probe_words *words, char *text, size_t size_bytes)
{
    *words = (struct probe_words){.text = text, .size_bytes = size_bytes};
    text[0] = '\0';
}

void probe_words_add_bytes(struct probe_words *words, const char *text, size_t bytes)
{
    const size_t room = words->size_bytes - 1 - words->used_bytes;

    if (bytes > room) {
        words->cut = true;
        bytes = room;
    }
    memcpy(words->text + words->used_bytes, text, bytes);
    words->used_bytes += bytes;
    words->text[words->used_bytes] = '\0';
}

void probe_words_add(struct probe_words *words, const char *text)
{
    probe_words_add_bytes(words, text, strlen(text));
}

void probe_words_number(struct probe_words *words, int64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    /* The greatest magnitude is that of INT64_MIN, which has no positive int64_t. */
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0)
        probe_words_add(words, "-");
    probe_words_add_bytes(words, digits + at, sizeof(digits) - at);
}

static void add_tenths(struct probe_words *words, int64_t tenths, const char *unit)
{
    probe_words_number(words, tenths / 10);
    probe_words_add(words, ".");
    probe_words_number(words, tenths % 10);
    probe_words_add(words, unit);
}

static void add_whole(struct probe_words *words, int64_t count, const char *unit)
{
    probe_words_number(words, count);
    probe_words_add(words, unit);
}

void probe_words_span(struct probe_words *words, int64_t span_ns)
{
    if (span_ns < 0)
        span_ns = 0;
    if (span_ns >= 10 * NS_PER_S || (span_ns >= NS_PER_S && span_ns % NS_PER_S == 0))
        add_whole(words, span_ns / NS_PER_S, " s");
    else if (span_ns >= NS_PER_S)
        add_tenths(words, span_ns / (NS_PER_S / 10), " s");
    else if (span_ns >= 10 * NS_PER_MS || (span_ns != 0 && span_ns % NS_PER_MS == 0))
        add_whole(words, span_ns / NS_PER_MS, " ms");
    else
        add_tenths(words, span_ns / (NS_PER_MS / 10), " ms");
}

void probe_words_foreign(struct probe_words *words, const char *text, size_t most)
{
    for (size_t at = 0; at < most && text[at] != '\0'; at++) {
        const bool printable = text[at] >= ' ' && text[at] <= '~' && text[at] != '"';

        probe_words_add_bytes(words, printable ? &text[at] : "?", 1);
    }
}
