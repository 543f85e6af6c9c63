/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/locator.h"

#include <stddef.h>
#include <string.h>

#define PING "ping://"
#define EXEC "exec://"
#define FILE "file://"
#define DOTS 3 /* of an IPv4 address */

static bool begins(const char *text, const char *with)
{
    return strlen(text) >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

static bool is_address_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F') || byte == '.' || byte == ':';
}

/* What stands between host and end of an address, brackets left out; NULL if they do not match. */
static const char *address_of(const char *host, size_t *ret_bytes)
{
    const size_t bytes = strlen(host);

    if (bytes > 0 && host[0] != '[') {
        *ret_bytes = bytes;
        return host;
    }
    if (bytes < 3 || host[bytes - 1] != ']')
        return NULL;
    *ret_bytes = bytes - 2;
    return host + 1;
}

static bool is_zone_byte(char byte)
{
    return byte > ' ' && byte <= '~' && byte != '/' && byte != '%' && byte != '[' && byte != ']';
}

/* Digits, dots and colons; behind those of IPv6 "%" and an interface may follow. */
static bool is_address(const char *text, size_t bytes, bool is_ipv6)
{
    size_t at = 0, dots = 0;

    for (; at < bytes && is_address_byte(text[at]) && (is_ipv6 || text[at] != ':'); at++)
        dots += text[at] == '.';
    if (!is_ipv6)
        return at == bytes && dots == DOTS; /* resolvers take fewer for other addresses */
    if (at == 0 || at == bytes)
        return at != 0;
    if (text[at] != '%' || at + 1 == bytes)
        return false;
    for (at++; at < bytes && is_zone_byte(text[at]);)
        at++;
    return at == bytes;
}

static const char *ping_mistake(const char *url)
{
    const char *host, *address;
    size_t bytes = 0;

    if (!begins(url, PING))
        return "its url does not begin with ping://";
    host = url + strlen(PING);
    address = address_of(host, &bytes);
    if (address == NULL || !is_address(address, bytes, host[0] == '['))
        return "its url names no address, as in ping://10.0.0.1 or ping://[fd00::1]";
    if (bytes >= PROBE_LOCATOR_HOST_BYTES)
        return "its url has an address that is too long";
    return NULL;
}

static const char *file_mistake(const struct probe_params *params)
{
    if (!begins(params->url, FILE "/"))
        return "its url does not begin with file:///";
    if (params->file.max_age_ns < 0)
        return "its max_age is less than 0";
    return NULL;
}

const char *probe_locator_mistake(const struct probe_params *params)
{
    if (params->type == PROBE_TYPE_EXEC)
        return begins(params->url, EXEC "/") && params->url[strlen(EXEC "/")] != '\0'
                   ? NULL
                   : "its url names no program, as in exec:///usr/local/bin/check";
    return params->type == PROBE_TYPE_FILE ? file_mistake(params) : ping_mistake(params->url);
}

void probe_locator_host(const struct probe_params *params, char ret_host[PROBE_LOCATOR_HOST_BYTES])
{
    size_t bytes = 0;
    const char *const address = address_of(params->url + strlen(PING), &bytes);

    memset(ret_host, 0, PROBE_LOCATOR_HOST_BYTES);
    if (address != NULL && bytes < PROBE_LOCATOR_HOST_BYTES)
        memcpy(ret_host, address, bytes);
}

const char *probe_locator_path(const struct probe_params *params)
{
    return params->url + strlen(FILE);
}

const char *probe_locator_program(const struct probe_params *params)
{
    return params->url + strlen(EXEC);
}
