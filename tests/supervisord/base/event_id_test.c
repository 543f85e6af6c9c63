/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of kinds of events, against published values of the hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/event_id.h"

struct row {
    const char *sentence;
    const char *id;
};

static const struct row rows[] = {
    {"", "6c62272e07bb014262b821756295c58d"},
    {"a", "d228cb696f1a8caf78912b704e4a8964"},
    {"foobar", "343e1662793c64bf6f0d3597ba446f18"},
};

static void rows_hold(void **state)
{
    char text[EVENT_ID_BYTES];

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++)
        assert_string_equal(event_id_format(rows[at].sentence, text), rows[at].id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
