/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/words.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "base/monotime.h"

#define MINUTE_S 60
#define HOUR_S   (60 * MINUTE_S)
#define DAY_S    (24 * HOUR_S)

static const char *two_units(int64_t span_s, char text[WORDS_SPAN_BYTES])
{
    static const struct {
        int64_t major_s, minor_s;
        const char *major, *minor;
    } units[] = {
        {DAY_S, HOUR_S, "d", "h"},
        {HOUR_S, MINUTE_S, "h", "m"},
        {MINUTE_S, 1, "m", "s"},
    };
    size_t at = 0;

    while (span_s < units[at].major_s)
        at++;
    snprintf(text, WORDS_SPAN_BYTES, "%lld %s %lld %s", (long long)(span_s / units[at].major_s),
             units[at].major, (long long)(span_s % units[at].major_s / units[at].minor_s),
             units[at].minor);
    return text;
}

const char *words_span(int64_t span_ns, char text[WORDS_SPAN_BYTES])
{
    if (span_ns >= MINUTE_S * NS_PER_S)
        return two_units(span_ns / NS_PER_S, text);
    if (span_ns >= 10 * NS_PER_S)
        snprintf(text, WORDS_SPAN_BYTES, "%d s", (int)(span_ns / NS_PER_S));
    else if (span_ns >= NS_PER_S)
        snprintf(text, WORDS_SPAN_BYTES, "%d.%d s", (int)(span_ns / NS_PER_S),
                 (int)(span_ns % NS_PER_S / (100 * NS_PER_MS)));
    else if (span_ns >= NS_PER_MS)
        snprintf(text, WORDS_SPAN_BYTES, "%d ms", (int)(span_ns / NS_PER_MS));
    else if (span_ns >= NS_PER_US)
        snprintf(text, WORDS_SPAN_BYTES, "%d us", (int)(span_ns / NS_PER_US));
    else
        snprintf(text, WORDS_SPAN_BYTES, "0 s");
    return text;
}

static int milliseconds(int64_t wall_ns)
{
    return (int)(wall_ns % NS_PER_S / NS_PER_MS);
}

const char *words_time(int64_t wall_ns, char text[WORDS_TIME_BYTES])
{
    const time_t wall_s = (time_t)(wall_ns / NS_PER_S);
    struct tm calendar = {0};
    size_t used;

    localtime_r(&wall_s, &calendar);
    used = strftime(text, WORDS_TIME_BYTES, "%Y-%m-%d %H:%M:%S", &calendar);
    snprintf(text + used, WORDS_TIME_BYTES - used, ".%03d", milliseconds(wall_ns));
    return text;
}

const char *words_time_utc(int64_t wall_ns, char text[WORDS_TIME_BYTES])
{
    const time_t wall_s = (time_t)(wall_ns / NS_PER_S);
    struct tm calendar = {0};
    size_t used;

    gmtime_r(&wall_s, &calendar);
    used = strftime(text, WORDS_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &calendar);
    snprintf(text + used, WORDS_TIME_BYTES - used, ".%03dZ", milliseconds(wall_ns));
    return text;
}

/* How many bytes the character at `at` has; 0: it is none, or one that may steer a terminal. */
static size_t character_bytes(const unsigned char *at)
{
    size_t more;

    if (at[0] < 0x80)
        return at[0] >= 0x20 && at[0] != 0x7f;
    if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) /* C1: U+009B begins a sequence, too */
        return 0;
    if (at[0] >= 0xc2 && at[0] <= 0xdf)
        more = 1;
    else if (at[0] >= 0xe0 && at[0] <= 0xef)
        more = 2;
    else if (at[0] >= 0xf0 && at[0] <= 0xf4)
        more = 3;
    else
        return 0;
    /* RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF. */
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    for (size_t i = 1; i <= more; i++) {
        if ((at[i] & 0xc0) != 0x80) /* a NUL ends the search here, too */
            return 0;
    }
    return more + 1;
}

char *words_clean(char *text)
{
    size_t at = 0;

    while (text[at] != '\0') {
        const size_t bytes = character_bytes((const unsigned char *)text + at);

        if (bytes == 0)
            text[at++] = '?';
        else
            at += bytes;
    }
    return text;
}
