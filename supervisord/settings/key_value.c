/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/key_value.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

bool key_value_is_pattern(const char *text)
{
    regex_t pattern;

    for (const char *at = text; *at; at += at[0] == '\\' && at[1] ? 2 : 1)
        if (at[0] == '\\' && at[1] >= '1' && at[1] <= '9')
            return false;
    if (regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    regfree(&pattern);
    return true;
}

bool key_value_store_span(const struct key *key, const char *text, void *field)
{
    char *end;
    const long least = strtol(text, &end, 10);
    const long most = *end == '-' ? strtol(end + 1, &end, 10) : least;

    if (*text < '0' || *text > '9' || *end != '\0' || least < key->min || most > key->max ||
        least > most)
        return false;
    const uint16_t span[] = {(uint16_t)least, (uint16_t)most};
    memcpy(field, span, sizeof(span));
    return true;
}

void key_value_write_span(const void *field, FILE *out)
{
    uint16_t span[2];

    memcpy(span, field, sizeof(span));
    if (span[0] == span[1])
        fprintf(out, "%u", span[0]);
    else
        fprintf(out, "\"%u-%u\"", span[0], span[1]);
}
