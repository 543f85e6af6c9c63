/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/duration.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Largest first; the last one divides every span. */
static const struct unit {
    const char *name;
    int64_t ns;
} units[] = {
    {"h", INT64_C(3600000000000)}, {"m", INT64_C(60000000000)}, {"s", INT64_C(1000000000)},
    {"ms", INT64_C(1000000)},      {"us", INT64_C(1000)},       {"ns", INT64_C(1)},
};

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

static const struct unit *find_unit(const char *name)
{
    const size_t length = strlen(name);

    for (size_t at = 0; at < UNIT_COUNT; at++)
        if (length == strlen(units[at].name) && memcmp(name, units[at].name, length) == 0)
            return &units[at];
    return NULL;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

int duration_parse(const char *text, int64_t *ret_ns)
{
    const char *at = text;
    int64_t span_ns = 0;

    for (; is_digit(*at); at++)
        if (__builtin_mul_overflow(span_ns, 10, &span_ns) ||
            __builtin_add_overflow(span_ns, *at - '0', &span_ns))
            return -ERANGE;

    const struct unit *unit = find_unit(at);
    if (at == text || !unit)
        return -EINVAL;
    if (__builtin_mul_overflow(span_ns, unit->ns, &span_ns))
        return -ERANGE;
    *ret_ns = span_ns;
    return 0;
}

struct duration duration_of(int64_t span_ns)
{
    size_t at = 0;

    while (span_ns % units[at].ns != 0)
        at++;
    return (struct duration){span_ns / units[at].ns, units[at].name};
}
