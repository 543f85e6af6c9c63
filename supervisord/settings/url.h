/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * url - the parts of a URL of ours: scheme://host:port, no more.
 *
 * Pure. User and password are refused, for a URL is shown; so are path, query and fragment, but
 * for the path where the caller wants one. Source: RFC 3986 section 3.
 */
#ifndef SUPERVISORD_URL_H
#define SUPERVISORD_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define URL_SCHEME_BYTES 8
#define URL_HOST_BYTES   128

struct url {
    char scheme[URL_SCHEME_BYTES]; /* "http", "https" or "tcp" */
    char host[URL_HOST_BYTES];     /* without the brackets of an IPv6 address */
    bool is_ipv6;
    uint16_t port; /* as written, or of the scheme; 0: neither */
    bool has_path; /* more than "/" */
};

enum url_fault {
    URL_FINE,
    URL_NO_SCHEME,
    URL_UNKNOWN_SCHEME,
    URL_NO_HOST,
    URL_BAD_HOST,
    URL_BAD_PORT,
    URL_HAS_USER,
    URL_HAS_QUERY,
    URL_FAULTS,
};

/* Judge and take apart; `ret_url` is untouched unless it is fine. */
enum url_fault url_parse(const char *text, struct url *ret_url);

/* A port as text: digits only, 1 to 65535; 0 if it is none. */
uint16_t url_parse_port(const char *text, size_t length_bytes);

#endif
