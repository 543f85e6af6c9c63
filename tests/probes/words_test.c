/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of sentences, their limits, and what a stranger may put into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/monotime.h"
#include "probes/words.h"

static void test_spans(void **unused)
{
    static const struct {
        int64_t span_ns;
        const char *wanted;
    } rows[] = {
        {0, "0.0 ms"},
        {-5, "0.0 ms"},
        {420000, "0.4 ms"},
        {NS_PER_MS, "1 ms"},
        {2 * NS_PER_MS + 390000, "2.3 ms"},
        {19 * NS_PER_MS + 999999, "19 ms"},
        {999 * NS_PER_MS + 999999, "999 ms"},
        {NS_PER_S, "1 s"},
        {1540 * NS_PER_MS, "1.5 s"},
        {12 * NS_PER_S + 700 * NS_PER_MS, "12 s"},
    };

    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct probe_words words;
        char text[32];

        probe_words_start(&words, text, sizeof(text));
        probe_words_span(&words, rows[at].span_ns);
        assert_string_equal(text, rows[at].wanted);
    }
}

static void test_limits(void **unused)
{
    struct probe_words words;
    char text[8];

    (void)unused;
    probe_words_start(&words, text, sizeof(text));
    assert_string_equal(text, "");
    probe_words_add(&words, "1234567");
    assert_false(words.cut);
    probe_words_add(&words, "8");
    assert_true(words.cut);
    probe_words_number(&words, 99);
    assert_string_equal(text, "1234567");
}

static void test_numbers(void **unused)
{
    struct probe_words words;
    char text[64];

    (void)unused;
    probe_words_start(&words, text, sizeof(text));
    probe_words_number(&words, INT64_MIN);
    probe_words_add(&words, " ");
    probe_words_number(&words, INT64_MAX);
    assert_string_equal(text, "-9223372036854775808 9223372036854775807");
}

static void test_strangers(void **unused)
{
    struct probe_words words;
    char text[32];

    (void)unused;
    probe_words_start(&words, text, sizeof(text));
    probe_words_foreign(&words, "a\x1b[31m\n\"\xff z!!!", 11);
    assert_string_equal(text, "a?[31m??? z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_strangers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
