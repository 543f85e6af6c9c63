/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/challenge.h"

#include <string.h>

/* One `name = value` of a challenge, or a word that stands alone. */
struct item {
    const char *name;
    size_t name_bytes;
    bool has_value;
    const char *value; /* of a quoted one: between the quotes */
    size_t value_bytes;
    bool quoted;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 9110 section 5.6.2, and what token68 has besides but for its '=' (section 11.2). */
static bool is_token(char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~/";

    if ((c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z'))
        return true;
    for (size_t at = 0; at < sizeof(others) - 1; at++)
        if (c == others[at])
            return true;
    return false;
}

static const char *skip_blanks(const char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

/* `name` is in lower case. */
static bool is_named(const struct item *item, const char *name)
{
    size_t at = 0;

    if (strlen(name) != item->name_bytes)
        return false;
    while (at < item->name_bytes && lower(item->name[at]) == name[at])
        at++;
    return at == item->name_bytes;
}

/* After the opening quote; NULL if there is no other one. */
static const char *read_quoted(const char *text, struct item *item)
{
    item->quoted = true;
    item->value = text;
    while (*text != '"' && *text != '\0')
        text += text[0] == '\\' && text[1] != '\0' ? 2 : 1;
    if (*text == '\0')
        return NULL;
    item->value_bytes = (size_t)(text - item->value);
    return text + 1;
}

/* Returns what follows, or NULL where it makes no sense any more. */
static const char *read_item(const char *text, struct item *item)
{
    const char *after;

    *item = (struct item){.name = text};
    while (is_token(*text))
        text++;
    item->name_bytes = (size_t)(text - item->name);
    after = skip_blanks(text);
    if (item->name_bytes == 0)
        return NULL;
    if (*after != '=')
        return text;
    item->has_value = true;
    text = skip_blanks(after + 1);
    if (*text == '"')
        return read_quoted(text + 1, item);
    item->value = text;
    while (is_token(*text))
        text++;
    item->value_bytes = (size_t)(text - item->value);
    while (*text == '=') /* the padding of token68 */
        text++;
    return text;
}

/* Without the backslashes of a quoted text; "" if it has no room: half of a URL is another one. */
static void copy_value(const struct item *item, char *to, size_t room_bytes)
{
    size_t used = 0;

    to[0] = '\0';
    for (size_t at = 0; at < item->value_bytes; at++) {
        if (item->quoted && item->value[at] == '\\' && at + 1 < item->value_bytes)
            at++;
        if (used + 1 >= room_bytes)
            break;
        to[used++] = item->value[at];
        to[used] = '\0';
        if (at + 1 == item->value_bytes)
            return;
    }
    to[0] = '\0';
}

static enum probe_scheme scheme_of(const struct item *item)
{
    if (is_named(item, "bearer"))
        return PROBE_SCHEME_BEARER;
    return is_named(item, "basic") ? PROBE_SCHEME_BASIC : PROBE_SCHEME_NONE;
}

static void take_parameter(const struct item *item, struct probe_challenge *challenge)
{
    if (is_named(item, "realm"))
        copy_value(item, challenge->realm, sizeof(challenge->realm));
    else if (is_named(item, "service"))
        copy_value(item, challenge->service, sizeof(challenge->service));
}

static void keep_better(const struct probe_challenge *found, struct probe_challenge *best)
{
    if (found->scheme > best->scheme)
        *best = *found;
}

/*
 * Challenges and their parameters are divided by the same comma: a word without '=' begins a
 * challenge.
 */
void probe_challenge_decode(const char *text, struct probe_challenge *ret_challenge)
{
    struct probe_challenge found = {.scheme = PROBE_SCHEME_NONE};

    memset(ret_challenge, 0, sizeof(*ret_challenge));
    while (text != NULL) {
        struct item item;

        while (is_blank(*text) || *text == ',')
            text++;
        text = read_item(text, &item);
        if (text == NULL)
            break;
        if (item.has_value) {
            take_parameter(&item, &found);
            continue;
        }
        keep_better(&found, ret_challenge);
        found = (struct probe_challenge){.scheme = scheme_of(&item)};
    }
    keep_better(&found, ret_challenge);
}

static bool begins(const char *text, const char *with)
{
    return strlen(text) >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

const char *probe_challenge_mistake(const struct probe_challenge *challenge, const char *asked_url)
{
    const bool is_secure = begins(challenge->realm, "https://");
    const char *host = challenge->realm + (is_secure ? strlen("https://") : strlen("http://"));

    if (!is_secure && !begins(challenge->realm, "http://"))
        return "is no http(s) URL";
    if (!is_secure && begins(asked_url, "https://"))
        return "is http, while the registry is https";
    for (const char *at = challenge->realm; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~' || *at == '#' || *at == '"')
            return "is no http(s) URL";
    if (*host == '\0' || *host == '/' || *host == '?')
        return "names no host";
    for (; *host != '\0' && *host != '/' && *host != '?'; host++)
        if (*host == '@')
            return "has a user in it";
    return NULL;
}
