/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Urls of ping and file probes: what is one, and what is taken out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probes/locator.h"

#define PING PROBE_TYPE_PING
#define FILE PROBE_TYPE_FILE

static const struct {
    enum probe_type type;
    const char *url;
    const char *place; /* NULL: a mistake */
} rows[] = {
    {PING, "ping://10.0.0.1", "10.0.0.1"},
    {PING, "ping://[fd00::1]", "fd00::1"},
    {PING, "ping://[fe80::1%eth0.5]", "fe80::1%eth0.5"},
    {PING, "ping://[::ffff:10.0.0.1]", "::ffff:10.0.0.1"},
    {PING, "ping://", NULL},
    {PING, "ping://10.1", NULL},
    {PING, "ping://10.0.0.0.1", NULL},
    {PING, "ping://[fe80::1%[a]", NULL},
    {PING, "ping://[]", NULL},
    {PING, "ping://[fd00::1", NULL},
    {PING, "ping://fd00::1", NULL},
    {PING, "ping://10.0.0.1:80", NULL},
    {PING, "ping://10.0.0.1/", NULL},
    {PING, "ping://10.0.0.1%eth0", NULL},
    {PING, "ping://[fe80::1%]", NULL},
    {PING, "ping://[fe80::1%a/b]", NULL},
    {PING, "ping://[fe80::1%a%b]", NULL},
    {PING, "ping://gateway", NULL},
    {PING, "icmp://10.0.0.1", NULL},
    {PING, "ping://[fe80::1%a123456789012345678901234567890123456789012345678901234567]", NULL},
    {PROBE_TYPE_EXEC, "exec:///usr/bin/check", "/usr/bin/check"},
    {PROBE_TYPE_EXEC, "exec:///", NULL},
    {PROBE_TYPE_EXEC, "exec://check", NULL},
    {FILE, "file:///srv/registry", "/srv/registry"},
    {FILE, "file:///", "/"},
    {FILE, "file://srv", NULL},
    {FILE, "file:/srv", NULL},
    {FILE, "/srv", NULL},
};

static void test_urls(void **unused)
{
    char host[PROBE_LOCATOR_HOST_BYTES];

    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct probe_params params = {.type = (uint8_t)rows[at].type};

        print_message("%s\n", rows[at].url);
        snprintf(params.url, sizeof(params.url), "%s", rows[at].url);
        assert_int_equal(probe_locator_mistake(&params) == NULL, rows[at].place != NULL);
        if (rows[at].place == NULL)
            continue;
        probe_locator_host(&params, host);
        assert_string_equal(rows[at].type == PING ? host : probe_locator_path(&params),
                            rows[at].place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_urls)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
