/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which announcement goes when. Time is a loop variable. */
#include "vrrp/kernel/pace.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MS         NS_PER_MS
#define SENT_MAX   64
#define BEGIN      ((struct monotime){1000 * NS_PER_S})
#define COUNT(row) (sizeof(row) / sizeof(row[0]))

/* When one address is announced during `span_ns`, in ms after its start. */
static size_t run(struct kernel_pace *pace, int64_t span_ns, int64_t sent_ms[SENT_MAX])
{
    struct kernel_pace_limits limits = {0};
    const struct monotime end = monotime_add(BEGIN, span_ns);
    struct monotime now = BEGIN;
    size_t count = 0;

    for (; now.ns <= end.ns && count < SENT_MAX; now = kernel_pace_next(pace, &limits))
        if (kernel_pace_take(pace, &limits, now))
            sent_ms[count++] = monotime_since(BEGIN, now) / MS;
    return count;
}

static void one_address(void **state)
{
    const int64_t want_ms[] = {0, 20, 40, 1000, 1020, 1040, 5000, 5020, 5040, 65040, 125040};
    int64_t sent_ms[SENT_MAX];
    struct kernel_pace pace = {0};

    (void)state;
    kernel_pace_start(&pace, 3, 60 * NS_PER_S, BEGIN);
    assert_int_equal(run(&pace, 150 * NS_PER_S, sent_ms), COUNT(want_ms));
    assert_memory_equal(sent_ms, want_ms, sizeof(want_ms));
}

static void without_refresh_it_ends(void **state)
{
    const int64_t want_ms[] = {0, 1000, 5000};
    int64_t sent_ms[SENT_MAX];
    struct kernel_pace pace = {0};

    (void)state;
    kernel_pace_start(&pace, 0, 0, BEGIN); /* no repeat is still one announcement */
    assert_int_equal(run(&pace, 3600 * NS_PER_S, sent_ms), COUNT(want_ms));
    assert_memory_equal(sent_ms, want_ms, sizeof(want_ms));
}

static void stopped_is_silent(void **state)
{
    struct kernel_pace_limits limits = {0};
    struct kernel_pace pace = {0};

    (void)state;
    kernel_pace_start(&pace, 5, NS_PER_S, BEGIN);
    assert_true(kernel_pace_take(&pace, &limits, BEGIN));
    kernel_pace_stop(&pace);
    assert_false(kernel_pace_take(&pace, &limits, monotime_add(BEGIN, 10 * NS_PER_S)));
    assert_true(kernel_pace_next(&pace, &limits).ns == MONOTIME_NEVER.ns);
}

/* 255 virtual routers: every first announcement at once, whatever the repeats of others used. */
static void firsts_do_not_wait_for_repeats(void **state)
{
    static struct kernel_pace firsts[255];
    struct kernel_pace_limits limits = {0};
    struct kernel_pace busy = {0};
    size_t repeats = 0;

    (void)state;
    kernel_pace_start(&busy, 5, 1, BEGIN);
    assert_true(kernel_pace_take(&busy, &limits, BEGIN));
    busy.due = BEGIN;
    for (; kernel_pace_take(&busy, &limits, BEGIN); repeats++)
        busy.due = BEGIN;
    assert_int_equal(repeats, KERNEL_PACE_REPEAT_BURST);
    for (size_t at = 0; at < COUNT(firsts); at++) {
        kernel_pace_start(&firsts[at], 5, 0, BEGIN);
        assert_true(kernel_pace_is_first(&firsts[at]));
        assert_true(kernel_pace_take(&firsts[at], &limits, BEGIN));
        assert_false(kernel_pace_is_first(&firsts[at]));
    }
}

/* 255 x 20 addresses: no millisecond has more frames than the rates and bursts allow. */
static void rate_is_bounded(void **state)
{
    static struct kernel_pace all[5100];
    struct kernel_pace_limits limits = {0};
    int64_t sent = 0, last_first_ms = 0, last_ms = 0;

    (void)state;
    for (size_t at = 0; at < COUNT(all); at++)
        kernel_pace_start(&all[at], 5, 0, BEGIN);
    for (int64_t ms = 0; ms < 30000; ms++) {
        const struct monotime now = monotime_add(BEGIN, ms * MS);
        const int64_t allowed = KERNEL_PACE_FIRST_BURST + KERNEL_PACE_REPEAT_BURST +
                                ms * (KERNEL_PACE_FIRST_RATE + KERNEL_PACE_REPEAT_RATE) / 1000;

        for (size_t at = 0; at < COUNT(all); at++) {
            const bool first = kernel_pace_is_first(&all[at]);

            if (!kernel_pace_take(&all[at], &limits, now))
                continue;
            sent++;
            last_ms = ms;
            last_first_ms = first ? ms : last_first_ms;
        }
        assert_true(sent <= allowed);
    }
    assert_int_equal(sent, 5100 * 15); /* nobody starves */
    assert_true(last_first_ms <=
                (5100 - KERNEL_PACE_FIRST_BURST) * 1000 / KERNEL_PACE_FIRST_RATE + 1);
    assert_true(last_ms <= 5100 * 14 * INT64_C(1000) / KERNEL_PACE_REPEAT_RATE + 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address),       cmocka_unit_test(without_refresh_it_ends),
        cmocka_unit_test(stopped_is_silent), cmocka_unit_test(firsts_do_not_wait_for_repeats),
        cmocka_unit_test(rate_is_bounded),
    };

    return cmocka_run_group_tests_name("vrrp/kernel/pace", tests, NULL, NULL);
}
