/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/monotime.h"
#include "supervisord/console/words.h"

static void test_spans(void **state)
{
    static const struct {
        int64_t span_ns;
        const char *want;
    } rows[] = {
        {-5, "0 s"},
        {0, "0 s"},
        {999, "0 s"},
        {850 * NS_PER_US, "850 us"},
        {34 * NS_PER_MS, "34 ms"},
        {NS_PER_S - 1, "999 ms"},
        {3250 * NS_PER_MS, "3.2 s"},
        {10 * NS_PER_S, "10 s"},
        {60 * NS_PER_S - 1, "59 s"},
        {192 * NS_PER_S, "3 m 12 s"},
        {3600 * NS_PER_S, "1 h 0 m"},
        {18180 * NS_PER_S, "5 h 3 m"},
        {86400 * NS_PER_S * 12 + 4 * 3600 * NS_PER_S, "12 d 4 h"},
        {INT64_MAX, "106751 d 23 h"},
    };
    char text[WORDS_SPAN_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(words_span(rows[i].span_ns, text), rows[i].want);
}

static void test_times(void **state)
{
    const int64_t wall_ns = INT64_C(1795360800) * NS_PER_S + 7 * NS_PER_MS;
    char text[WORDS_TIME_BYTES];

    (void)state;
    setenv("TZ", "CET-1", 1);
    assert_string_equal(words_time(wall_ns, text), "2026-11-22 16:20:00.007");
    assert_string_equal(words_time_utc(wall_ns, text), "2026-11-22T15:20:00.007Z");
}

static void test_clean(void **state)
{
    static const struct {
        const char *rule, *given, *want;
    } rows[] = {
        {"plain text stays", "200 in 2 ms", "200 in 2 ms"},
        {"UTF-8 stays", "K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x98\x80",
         "K\xc3\xb6ln \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"escape sequences do not reach a terminal", "a\033[2Jb\r\n\x7f", "a?[2Jb???"},
        {"nor the one-byte ones",
         "a\xc2\x9b"
         "2J",
         "a??2J"},
        {"a broken start", "\xff\x80x", "??x"},
        {"cut at the end", "x\xe2\x82", "x??"},
        {"overlong", "\xc0\xaf\xe0\x80\xaf", "?????"},
        {"surrogate", "\xed\xa0\x80", "???"},
        {"above U+10FFFF", "\xf4\x90\x80\x80", "????"},
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text), "%s", rows[i].given);
        print_message("%s\n", rows[i].rule);
        assert_string_equal(words_clean(text), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
