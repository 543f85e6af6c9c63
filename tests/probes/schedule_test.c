/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a probe asks next: bounds that hold for every seed, and chance that is the same each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "probes/schedule.h"

#define SEEDS 2000
#define NOW   (100 * NS_PER_S)
/* Starts are rounded down to it, so that many are asked in one pass. */
#define GRID_NS (4 * NS_PER_MS)

static const struct {
    const char *rule;
    int64_t interval_ms, timeout_ms;
    uint64_t number;
    int64_t took_ms;
    bool pending;
    int64_t least_ms, most_ms; /* after the start */
} rows[] = {
    {"an interval, 10 % more or less", 1000, 500, 7, 2, false, 900, 1100},
    {"the first two are apart by chance", 1000, 500, 1, 2, false, 499, 1000},
    {"a long interval too", 15000, 12000, 7, 2, false, 13500, 16500},
    {"pending: twice as often", 1000, 500, 7, 2, true, 449, 551},
    {"pending: also after the first", 1000, 500, 1, 2, true, 449, 551},
    {"pending: not more often than the timeout", 15000, 12000, 7, 2, true, 10800, 13200},
    {"pending: a timeout above the interval", 1000, 2000, 7, 2, true, 900, 1100},
    {"not before the end and a pause", 1000, 2000, 7, 2000, false, 2050, 2050},
    {"pending: not before the end and a pause", 1000, 2000, 7, 2000, true, 2050, 2050},
};

static void test_bounds(void **unused)
{
    (void)unused;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        const struct probe_params params = {.interval_ns = rows[row].interval_ms * NS_PER_MS,
                                            .timeout_ns = rows[row].timeout_ms * NS_PER_MS};
        const struct probe_schedule_last last = {
            .number = rows[row].number,
            .started = {NOW},
            .ended = {NOW + rows[row].took_ms * NS_PER_MS},
            .pending = rows[row].pending,
        };
        int64_t least_ns = INT64_MAX, most_ns = 0;

        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            const struct monotime next = probe_schedule_next(&params, seed, &last);
            const int64_t span_ns = monotime_since(last.started, next);

            least_ns = span_ns < least_ns ? span_ns : least_ns;
            most_ns = span_ns > most_ns ? span_ns : most_ns;
        }
        if (least_ns < rows[row].least_ms * NS_PER_MS - GRID_NS ||
            most_ns > rows[row].most_ms * NS_PER_MS)
            fail_msg("%s: %ld to %ld us", rows[row].rule, (long)least_ns / 1000,
                     (long)most_ns / 1000);
        /* Chance uses nearly all of its range. */
        if (most_ns - least_ns < (rows[row].most_ms - rows[row].least_ms) * NS_PER_MS / 100 * 95)
            fail_msg("%s: chance has only %ld us", rows[row].rule,
                     (long)(most_ns - least_ns) / 1000);
    }
}

/* Unless the pause behind the last attempt leaves no time for it. */
static void test_grid(void **unused)
{
    const struct probe_params params = {.interval_ns = NS_PER_S, .timeout_ns = NS_PER_S};
    struct probe_schedule_last last = {
        .number = 7, .started = {NOW + 12345}, .ended = {NOW + NS_PER_MS}};

    (void)unused;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        assert_int_equal(probe_schedule_next(&params, seed, &last).ns % GRID_NS, 0);
    last.ended.ns = NOW + 2 * NS_PER_S + 1;
    assert_int_equal(probe_schedule_next(&params, 1, &last).ns, last.ended.ns + NS_PER_S / 20);
}

static void test_same_seed_same_time(void **unused)
{
    const struct probe_params params = {.interval_ns = NS_PER_S, .timeout_ns = NS_PER_S};
    struct probe_schedule_last last = {.number = 3, .started = {NOW}, .ended = {NOW + 1}};
    const struct monotime once = probe_schedule_next(&params, 42, &last);

    (void)unused;
    assert_int_equal(once.ns, probe_schedule_next(&params, 42, &last).ns);
    assert_int_not_equal(once.ns, probe_schedule_next(&params, 43, &last).ns);
    last.number = 4;
    assert_int_not_equal(once.ns, probe_schedule_next(&params, 42, &last).ns);
    assert_int_not_equal(probe_schedule_seed(1, "a"), probe_schedule_seed(1, "b"));
    assert_int_not_equal(probe_schedule_seed(1, "a"), probe_schedule_seed(2, "a"));
    assert_int_equal(probe_schedule_seed(1, "a"), probe_schedule_seed(1, "a"));
}

static void test_hurry(void **unused)
{
    const struct probe_params params = {.interval_ns = NS_PER_S};
    const struct monotime now = {NOW};

    (void)unused;
    assert_int_equal(probe_schedule_hurry(&params, (struct monotime){0}, now).ns, NOW);
    assert_int_equal(probe_schedule_hurry(&params, (struct monotime){NOW - NS_PER_S}, now).ns, NOW);
    /* However often it is wanted. */
    assert_int_equal(probe_schedule_hurry(&params, (struct monotime){NOW - NS_PER_MS}, now).ns,
                     NOW + 49 * NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_same_seed_same_time),
        cmocka_unit_test(test_hurry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
