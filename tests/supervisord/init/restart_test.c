/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long a dead program waits for its next life. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisord/init/restart.h"

struct row {
    const char *rule;
    uint32_t deaths; /* so far */
    int64_t life_ns;
    int64_t wait_ns;
    uint32_t deaths_after;
};

static const struct row rows[] = {
    {"the first death: at once", 0, NS_PER_MS, 0, 1},
    {"the second: 0.1 s", 1, NS_PER_MS, 100 * NS_PER_MS, 2},
    {"then twice as long", 2, NS_PER_MS, 200 * NS_PER_MS, 3},
    {"and again", 5, NS_PER_MS, 1600 * NS_PER_MS, 6},
    {"at most 5 s", 7, NS_PER_MS, 5 * NS_PER_S, 8},
    {"for ever", 16, NS_PER_MS, 5 * NS_PER_S, 16},
    {"just too short a life", 3, 10 * NS_PER_S - 1, 400 * NS_PER_MS, 4},
    {"10 s of life forgive", 9, 10 * NS_PER_S, 0, 1},
};

static void rows_hold(void **state)
{
    const struct monotime started = {1234567};

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct row *row = &rows[at];
        struct init_restart restart = {row->deaths};

        const int64_t wait_ns =
            init_restart_wait_ns(&restart, started, monotime_add(started, row->life_ns));
        if (wait_ns != row->wait_ns || restart.deaths != row->deaths_after)
            fail_msg("%s: waits %lld ns after %u deaths", row->rule, (long long)wait_ns,
                     restart.deaths);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
