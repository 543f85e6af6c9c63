/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/environment.h"

#include <string.h>

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static size_t name_length(const char *text)
{
    size_t length = 0;

    while (is_letter(text[length]) || (length > 0 && text[length] >= '0' && text[length] <= '9'))
        length++;
    return length;
}

bool registry_environment_is_text(const char *text)
{
    const size_t length = name_length(text);

    return length > 0 && text[length] == '=' && !(length >= 3 && memcmp(text, "LD_", 3) == 0);
}

static bool is_same_name(const char *a, const char *b)
{
    const size_t length = name_length(a);

    return length == name_length(b) && memcmp(a, b, length) == 0;
}

static size_t find(const struct registry_environment *environment, const char *text)
{
    size_t at = 0;

    while (at < environment->count && !is_same_name(environment->texts[at], text))
        at++;
    return at;
}

enum registry_environment_result registry_environment_add(struct registry_environment *environment,
                                                          const char *text)
{
    if (!registry_environment_is_text(text))
        return REGISTRY_ENVIRONMENT_BAD_LINE;
    if (find(environment, text) < environment->count)
        return REGISTRY_ENVIRONMENT_TWICE;
    if (environment->count == REGISTRY_GOAL_TEXTS_MAX)
        return REGISTRY_ENVIRONMENT_TOO_MANY;
    environment->texts[environment->count++] = text;
    environment->texts[environment->count] = NULL;
    return REGISTRY_ENVIRONMENT_FINE;
}

/* Ends the line that begins at `line`; false: a byte that no text has. */
static bool cut(char *line, char *end, char **ret_next)
{
    char *at = line;

    for (; at < end && *at != '\n'; at++)
        if ((unsigned char)*at < ' ' && *at != '\t')
            return false;
    *at = '\0';
    *ret_next = at + 1;
    return true;
}

static enum registry_environment_result add_line(struct registry_environment *environment,
                                                 const char *text, const char *file)
{
    static const char prefix[] = REGISTRY_ENVIRONMENT_PREFIX;
    const size_t at = registry_environment_is_text(text) ? find(environment, text) : 0;

    if (!registry_environment_is_text(text))
        return REGISTRY_ENVIRONMENT_BAD_LINE;
    if (name_length(text) >= sizeof(prefix) - 1 && memcmp(text, prefix, sizeof(prefix) - 1) == 0)
        return REGISTRY_ENVIRONMENT_RESERVED;
    if (at == environment->count)
        return registry_environment_add(environment, text);
    if (environment->texts[at] >= file && environment->texts[at] < text)
        return REGISTRY_ENVIRONMENT_TWICE;
    environment->texts[at] = text;
    return REGISTRY_ENVIRONMENT_FINE;
}

enum registry_environment_result registry_environment_add_file(struct registry_environment *to,
                                                               char *bytes, size_t length_bytes,
                                                               size_t *ret_line)
{
    char *const end = bytes + length_bytes;
    enum registry_environment_result result = REGISTRY_ENVIRONMENT_FINE;
    size_t number = 0;
    char *next;

    for (char *line = bytes; line < end && result == REGISTRY_ENVIRONMENT_FINE; line = next) {
        number++;
        if (!cut(line, end, &next))
            result = REGISTRY_ENVIRONMENT_BAD_LINE;
        else if (line[0] != '\0' && line[0] != '#')
            result = add_line(to, line, bytes);
    }
    if (result != REGISTRY_ENVIRONMENT_FINE)
        *ret_line = number;
    return result;
}
