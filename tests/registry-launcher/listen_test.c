/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *text;
    const char *host; /* NULL: there is no port in it */
    uint16_t port;
};

static const struct row rows[] = {
    {":5000", "", 5000},
    {"127.0.0.1:5000", "127.0.0.1", 5000},
    {"[::1]:5000", "::1", 5000},
    {"[::]:1", "::", 1},
    {"localhost:65535", "localhost", 65535},
    {"", NULL, 0},
    {"5000", NULL, 0},
    {":", NULL, 0},
    {":0", NULL, 0},
    {":65536", NULL, 0},
    {":99999999999999999999", NULL, 0},
    {"host:http", NULL, 0},
    {"host:50 ", NULL, 0},
    {":-1", NULL, 0},
};

static void parses(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct row *row = &rows[at];
        struct registry_listen listen = {"untouched", 7};
        const bool parsed = registry_listen_parse(row->text, &listen);

        if (parsed != (row->host != NULL))
            print_error("\"%s\"\n", row->text);
        assert_int_equal(parsed, row->host != NULL);
        assert_string_equal(listen.host, parsed ? row->host : "untouched");
        assert_int_equal(listen.port, parsed ? row->port : 7);
    }
}

static void longest(void **state)
{
    char text[REGISTRY_LISTEN_BYTES];
    struct registry_listen listen;

    (void)state;
    memset(text, 'h', sizeof(text));
    memcpy(text + sizeof(text) - 3, ":1", 3);
    assert_true(registry_listen_parse(text, &listen));
    assert_int_equal(strlen(listen.host), sizeof(text) - 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parses), cmocka_unit_test(longest)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
