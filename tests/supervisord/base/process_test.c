/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process tells of itself, against what the kernel says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/process.h"

static void the_counters_are_ours(void **state)
{
    struct process_state now;
    struct process_state later;
    struct loop *loop;
    struct err err;

    (void)state;
    assert_int_equal(loop_new(NS_PER_S, &loop, &err), 0);
    process_state_read(loop, &now);
    assert_int_equal(now.pid, getpid());
    assert_in_range(now.resident_bytes, 256 * 1024, INT64_C(4) << 30);
    assert_string_equal(now.version, REGHA_VERSION);
    assert_string_equal(now.worst_name, "");
    /* Started before now, and not longer ago than this test may take. */
    const int64_t age_ns = monotime_now().ns - now.started_ns;
    assert_in_range(age_ns + NS_PER_S, 0, 120 * NS_PER_S);
    process_state_read(loop, &later);
    assert_int_equal(later.started_ns, now.started_ns);
    assert_true(later.cpu_ns >= now.cpu_ns);
    loop_free(loop);
}

static void a_name_with_parentheses_hides_no_number(void **state)
{
    struct process_state before;
    struct process_state after;
    struct loop *loop;
    struct err err;

    (void)state;
    assert_int_equal(loop_new(NS_PER_S, &loop, &err), 0);
    process_state_read(loop, &before);
    prctl(PR_SET_NAME, ") 1 (2");
    process_state_read(loop, &after);
    assert_int_equal(after.started_ns, before.started_ns);
    loop_free(loop);
}

static void it_travels(void **state)
{
    struct process_state sent = {
        .pid = 7,
        .started_ns = INT64_C(1) << 40,
        .lag_counts = {1, 2, 3},
        .lag_count = 6,
        .stalls = 2,
        .worst_name = "watchdog",
        .version = "1.2.3",
    };
    struct process_state received;
    uint8_t bytes[WIRE_MESSAGE_BYTES];

    (void)state;
    const int length = wire_encode(&process_state_layout, &sent, bytes, sizeof(bytes));
    assert_true(length > 0);
    assert_int_equal(
        wire_decode(&process_state_layout, bytes, (size_t)length, &received, sizeof(received)), 0);
    assert_memory_equal(&received, &sent, sizeof(sent));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counters_are_ours),
        cmocka_unit_test(a_name_with_parentheses_hides_no_number),
        cmocka_unit_test(it_travels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
