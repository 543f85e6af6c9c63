/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/url.h"

#include <string.h>

#define PORT_MAX 65535

static const struct scheme {
    const char *name;
    uint16_t port;
} schemes[] = {{"http", 80}, {"https", 443}, {"tcp", 0}};

#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

uint16_t url_parse_port(const char *text, size_t length_bytes)
{
    uint32_t port = 0;

    for (size_t at = 0; at < length_bytes; at++) {
        if (text[at] < '0' || text[at] > '9' || port > PORT_MAX)
            return 0;
        port = port * 10 + (uint32_t)(text[at] - '0');
    }
    return port > PORT_MAX ? 0 : (uint16_t)port;
}

/* The first of `stops` in `text`, or its end. */
static size_t span_to(const char *text, const char *stops)
{
    size_t at = 0;

    for (; text[at]; at++)
        for (const char *stop = stops; *stop; stop++)
            if (text[at] == *stop)
                return at;
    return at;
}

static bool is_host(char byte, bool is_ipv6)
{
    if ((byte >= '0' && byte <= '9') || byte == '.')
        return true;
    if ((byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F'))
        return true;
    if (is_ipv6)
        return byte == ':';
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '-' ||
           byte == '_';
}

static enum url_fault take_host(const char *text, size_t length_bytes, struct url *url)
{
    if (length_bytes == 0)
        return URL_NO_HOST;
    if (length_bytes >= sizeof(url->host))
        return URL_BAD_HOST;
    for (size_t at = 0; at < length_bytes; at++)
        if (!is_host(text[at], url->is_ipv6))
            return URL_BAD_HOST;
    memcpy(url->host, text, length_bytes);
    return URL_FINE;
}

/* host, host:port, [host]:port; `length_bytes` of them. */
static enum url_fault take_authority(const char *text, size_t length_bytes, struct url *url)
{
    size_t host_bytes = span_to(text, ":/?#");
    const char *host = text, *rest = text + host_bytes;

    if (span_to(text, "@") < length_bytes)
        return URL_HAS_USER;
    url->is_ipv6 = text[0] == '[';
    if (url->is_ipv6) {
        host = text + 1;
        host_bytes = span_to(host, "]/?#");
        if (host[host_bytes] != ']')
            return URL_BAD_HOST;
        rest = host + host_bytes + 1;
    }
    const enum url_fault fault = take_host(host, host_bytes, url);
    if (fault != URL_FINE)
        return fault;
    const size_t rest_bytes = length_bytes - (size_t)(rest - text);
    if (rest_bytes == 0)
        return URL_FINE;
    url->port = *rest == ':' ? url_parse_port(rest + 1, rest_bytes - 1) : 0;
    return url->port > 0 ? URL_FINE : URL_BAD_PORT;
}

static enum url_fault take_scheme(const char *text, size_t length_bytes, struct url *url)
{
    for (size_t at = 0; at < SCHEMES; at++) {
        if (strlen(schemes[at].name) == length_bytes &&
            memcmp(schemes[at].name, text, length_bytes) == 0) {
            memcpy(url->scheme, text, length_bytes);
            url->port = schemes[at].port;
            return URL_FINE;
        }
    }
    return URL_UNKNOWN_SCHEME;
}

enum url_fault url_parse(const char *text, struct url *ret_url)
{
    struct url url = {.port = 0};
    const size_t scheme_bytes = span_to(text, ":/?#");

    if (text[scheme_bytes] != ':' || text[scheme_bytes + 1] != '/' || text[scheme_bytes + 2] != '/')
        return URL_NO_SCHEME;
    enum url_fault fault = take_scheme(text, scheme_bytes, &url);
    if (fault != URL_FINE)
        return fault;
    const char *authority = text + scheme_bytes + 3;
    const size_t authority_bytes = span_to(authority, "/?#");
    fault = take_authority(authority, authority_bytes, &url);
    if (fault != URL_FINE)
        return fault;
    const char *path = authority + authority_bytes;
    if (path[span_to(path, "?#")] != '\0')
        return URL_HAS_QUERY;
    url.has_path = strlen(path) > 1;
    *ret_url = url;
    return URL_FINE;
}
