/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/field.h"

#include <stddef.h>
#include <string.h>

#define PREFIX       "REGHA_"
#define PREFIX_BYTES (sizeof(PREFIX) - 1)
#define NAME_MAX     (64 - PREFIX_BYTES) /* the journal drops longer names */

static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_';
}

static char upper(char byte)
{
    return byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte;
}

static size_t name_length(const char *name)
{
    size_t length = 0;

    while (is_name_byte(name[length]))
        length++;
    return length;
}

/* Up to `end`; an escaped one does not count. */
static size_t value_length(const char *value, char end)
{
    size_t length = 0;

    for (; value[length] != '\0' && value[length] != end; length++)
        if (value[length] == '\\' && value[length + 1] != '\0')
            length++;
    return length;
}

static void compose(const char *name, size_t name_bytes, const char *value, size_t value_bytes,
                    char text[FIELD_BYTES])
{
    const size_t value_max = FIELD_BYTES - PREFIX_BYTES - name_bytes - sizeof("=\n");
    char *to = text;

    memcpy(to, PREFIX, PREFIX_BYTES);
    to += PREFIX_BYTES;
    for (size_t at = 0; at < name_bytes; at++)
        *to++ = upper(name[at]);
    *to++ = '=';
    if (value_bytes > value_max)
        value_bytes = value_max;
    memcpy(to, value, value_bytes);
    memcpy(to + value_bytes, "\n", sizeof("\n"));
}

bool field_next(const char **pairs, char text[FIELD_BYTES])
{
    const char *name = *pairs;

    while (*name == ' ')
        name++;
    const size_t name_bytes = name_length(name);
    if (name_bytes == 0 || name_bytes > NAME_MAX || name[name_bytes] != '=')
        return false;

    const char *value = name + name_bytes + 1;
    const bool is_quoted = *value == '"';
    value += is_quoted;
    const size_t value_bytes = value_length(value, is_quoted ? '"' : ' ');
    compose(name, name_bytes, value, value_bytes, text);
    *pairs = value + value_bytes;
    if (is_quoted && **pairs == '"')
        (*pairs)++;
    return true;
}
