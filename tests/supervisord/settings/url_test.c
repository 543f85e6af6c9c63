/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is a URL of ours, and what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "supervisord/settings/url.h"

struct url_row {
    const char *text;
    enum url_fault fault;
    const char *scheme;
    const char *host;
    uint16_t port;
    bool has_path;
};

static void test_parse(void **state)
{
    static const struct url_row rows[] = {
        {"http://127.0.0.1:9000", URL_FINE, "http", "127.0.0.1", 9000, false},
        {"http://127.0.0.1:9000/", URL_FINE, "http", "127.0.0.1", 9000, false},
        {"https://minio.example.org", URL_FINE, "https", "minio.example.org", 443, false},
        {"http://h/v2/", URL_FINE, "http", "h", 80, true},
        {"tcp://[fd00::1]:6379", URL_FINE, "tcp", "fd00::1", 6379, false},
        {"tcp://h", URL_FINE, "tcp", "h", 0, false},
        {"http://h:65535", URL_FINE, "http", "h", 65535, false},
        {"", URL_NO_SCHEME, "", "", 0, false},
        {"http", URL_NO_SCHEME, "", "", 0, false},
        {"http:", URL_NO_SCHEME, "", "", 0, false},
        {"http:/h", URL_NO_SCHEME, "", "", 0, false},
        {"10.0.0.1:80", URL_NO_SCHEME, "", "", 0, false},
        {"ftp://h", URL_UNKNOWN_SCHEME, "", "", 0, false},
        {"://h", URL_UNKNOWN_SCHEME, "", "", 0, false},
        {"http://", URL_NO_HOST, "", "", 0, false},
        {"http://:80", URL_NO_HOST, "", "", 0, false},
        {"http:///path", URL_NO_HOST, "", "", 0, false},
        {"http://[]:80", URL_NO_HOST, "", "", 0, false},
        {"http://a b", URL_BAD_HOST, "", "", 0, false},
        {"http://[::1", URL_BAD_HOST, "", "", 0, false},
        {"http://[::1/]", URL_BAD_HOST, "", "", 0, false},
        {"http://[g::1]", URL_BAD_HOST, "", "", 0, false},
        {"http://h:", URL_BAD_PORT, "", "", 0, false},
        {"http://h:0", URL_BAD_PORT, "", "", 0, false},
        {"http://h:65536", URL_BAD_PORT, "", "", 0, false},
        {"http://h:99999999999999999999", URL_BAD_PORT, "", "", 0, false},
        {"http://h:8o", URL_BAD_PORT, "", "", 0, false},
        {"http://[::1]9", URL_BAD_PORT, "", "", 0, false},
        {"http://me@h", URL_HAS_USER, "", "", 0, false},
        {"http://me:secret@h:80/", URL_HAS_USER, "", "", 0, false},
        {"http://h?q", URL_HAS_QUERY, "", "", 0, false},
        {"http://h/p#f", URL_HAS_QUERY, "", "", 0, false},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct url_row *row = &rows[at];
        struct url url = {.port = 0};
        const enum url_fault fault = url_parse(row->text, &url);
        if (fault != row->fault || strcmp(url.scheme, row->scheme) != 0 ||
            strcmp(url.host, row->host) != 0 || url.port != row->port ||
            url.has_path != row->has_path)
            fail_msg("%s: got %d %s %s %u", row->text, fault, url.scheme, url.host, url.port);
    }
}

static void test_long_host(void **state)
{
    char text[300] = "http://";
    struct url url;

    (void)state;
    memset(text + 7, 'a', URL_HOST_BYTES);
    assert_int_equal(url_parse(text, &url), URL_BAD_HOST);
    text[7 + URL_HOST_BYTES - 1] = '\0';
    assert_int_equal(url_parse(text, &url), URL_FINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse),
                                       cmocka_unit_test(test_long_host)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
