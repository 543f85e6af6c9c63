/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The request as it goes out, and which datagrams are its answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "probes/echo.h"

static const struct probe_echo echo4 = {false, 0x1234, UINT64_C(0x0102030405060708)};
static const struct probe_echo echo6 = {true, 0x1234, UINT64_C(0x0102030405060708)};

static void test_request(void **unused)
{
    static const uint8_t wanted[] = {8, 0, 0, 0, 0, 0, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8, 0};
    uint8_t request[PROBE_ECHO_BYTES];

    (void)unused;
    probe_echo_encode(&echo4, request);
    assert_memory_equal(request, wanted, sizeof(wanted));
    probe_echo_encode(&echo6, request);
    assert_int_equal(request[0], 128); /* RFC 4443 section 4.1 */
    assert_memory_equal(request + 1, wanted + 1, sizeof(wanted) - 1);
}

static const struct {
    const char *rule;
    size_t at; /* the byte that differs from a good answer; PROBE_ECHO_BYTES: none */
    uint8_t byte;
    size_t size;
    bool wanted;
} rows[] = {
    {"the answer", PROBE_ECHO_BYTES, 0, PROBE_ECHO_BYTES, true},
    {"the least that can be told", PROBE_ECHO_BYTES, 0, 16, true},
    {"too short", PROBE_ECHO_BYTES, 0, 15, false},
    {"nothing", PROBE_ECHO_BYTES, 0, 0, false},
    {"a request", 0, 8, PROBE_ECHO_BYTES, false},
    {"unreachable", 0, 3, PROBE_ECHO_BYTES, false},
    {"a code", 1, 1, PROBE_ECHO_BYTES, false},
    {"the checksum is the kernel's", 2, 99, PROBE_ECHO_BYTES, true},
    {"the identifier is the kernel's", 4, 99, PROBE_ECHO_BYTES, true},
    {"of a former attempt", 7, 0x33, PROBE_ECHO_BYTES, false},
    {"of another one by 256", 6, 0x11, PROBE_ECHO_BYTES, false},
    {"who guesses", 15, 9, PROBE_ECHO_BYTES, false},
    {"what follows does not count", 16, 1, PROBE_ECHO_BYTES, true},
};

static void test_answers(void **unused)
{
    uint8_t answer[PROBE_ECHO_BYTES];

    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        print_message("%s\n", rows[at].rule);
        probe_echo_encode(&echo4, answer);
        answer[0] = 0; /* RFC 792: echo reply */
        if (rows[at].at < sizeof(answer))
            answer[rows[at].at] = rows[at].byte;
        assert_int_equal(probe_echo_is_answer(&echo4, answer, rows[at].size), rows[at].wanted);
    }
}

/* Each family has its own number for it. */
static void test_families(void **unused)
{
    uint8_t answer[PROBE_ECHO_BYTES];

    (void)unused;
    probe_echo_encode(&echo6, answer);
    answer[0] = 129;
    assert_true(probe_echo_is_answer(&echo6, answer, sizeof(answer)));
    assert_false(probe_echo_is_answer(&echo4, answer, sizeof(answer)));
    answer[0] = 0;
    assert_false(probe_echo_is_answer(&echo6, answer, sizeof(answer)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_families),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
