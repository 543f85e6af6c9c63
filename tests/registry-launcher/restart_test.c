/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/restart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SECOND NS_PER_S
#define NEVER  INT64_C(-1)
#define END    INT64_C(-2)
#define STEPS  8

static const struct registry_restart usual = {5, 60 * SECOND, 100 * NS_PER_MS, SECOND};
static const struct registry_restart none = {0, 60 * SECOND, 100 * NS_PER_MS, SECOND};
static const struct registry_restart huge = {UINT32_MAX, INT64_MAX, INT64_MAX / 2, INT64_MAX};

struct row {
    const char *rule;
    const struct registry_restart *params;
    int64_t between_ns; /* from crash to crash */
    int64_t waits_ns[STEPS];
};

static const struct row rows[] = {
    {"the first at once, then first, doubled up to max, then the budget is spent",
     &usual,
     NS_PER_MS,
     {0, 100 * NS_PER_MS, 200 * NS_PER_MS, 400 * NS_PER_MS, 800 * NS_PER_MS, NEVER, NEVER, END}},
    {"crashes in different windows are at once each",
     &usual,
     61 * SECOND,
     {0, 0, 0, 0, 0, 0, 0, END}},
    {"the window slides: the oldest makes room, the others still count",
     &usual,
     20 * SECOND,
     {0, 100 * NS_PER_MS, 200 * NS_PER_MS, 400 * NS_PER_MS, 400 * NS_PER_MS, 400 * NS_PER_MS, END}},
    {"a budget of none never restarts", &none, SECOND, {NEVER, NEVER, END}},
    {"nothing overflows", &huge, 0, {0, INT64_MAX / 2, INT64_MAX - 1, INT64_MAX, INT64_MAX, END}},
};

static void waits(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct registry_restart_history history = {.count = 0};
        struct monotime now = {1000 * SECOND};

        for (size_t step = 0; rows[at].waits_ns[step] != END; step++) {
            const int64_t wait_ns = registry_restart_wait_ns(&history, rows[at].params, now);

            if (wait_ns != rows[at].waits_ns[step])
                print_error("%s: step %zu\n", rows[at].rule, step);
            assert_int_equal(wait_ns, rows[at].waits_ns[step]);
            now = monotime_add(now, rows[at].between_ns);
        }
    }
}

static void history_is_bounded(void **state)
{
    struct registry_restart_history history = {.count = 0};
    const struct registry_restart params = {1000, INT64_MAX, 0, 0};

    (void)state;
    for (size_t step = 0; step < REGISTRY_RESTART_BUDGET_MAX; step++)
        assert_int_equal(registry_restart_wait_ns(&history, &params, (struct monotime){0}), 0);
    assert_int_equal(registry_restart_wait_ns(&history, &params, (struct monotime){0}), NEVER);
    registry_restart_forget(&history);
    assert_int_equal(registry_restart_wait_ns(&history, &params, (struct monotime){0}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits),
        cmocka_unit_test(history_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
