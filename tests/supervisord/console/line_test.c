/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "supervisord/console/line.h"

/* Commands as "word|word;word|" in order; a mistake as "!N". */
static const char *cut(const char *text, size_t length, char shown[256])
{
    char line[128];
    size_t at = 0, used = 0;

    memcpy(line, text, length);
    line[length] = 'X'; /* the byte of room need not be NUL */
    shown[0] = '\0';
    do {
        struct line_command command;
        const enum line_mistake mistake = line_next(line, length, &at, &command);

        if (mistake != LINE_GOOD)
            used += (size_t)snprintf(shown + used, 256 - used, "!%d", mistake);
        for (size_t i = 0; i < command.count; i++)
            used += (size_t)snprintf(shown + used, 256 - used, "%s|", command.words[i]);
        used += (size_t)snprintf(shown + used, 256 - used, ";");
        assert_true(at <= length);
    } while (at < length);
    return shown;
}

static void test_rows(void **state)
{
    static const struct {
        const char *rule, *line, *want;
    } rows[] = {
        {"nothing", "", ";"},
        {"only blanks", " \t ", ";"},
        {"words between blanks", "  show   info ", "show|info|;"},
        {"commands between semicolons", "show info; show probes a;help",
         "show|info|;show|probes|a|;help|;"},
        {"empty commands", ";;a;", ";;a|;"},
        {"quotes join", "\"show info\" \"a;b\"c", "show info|a;bc|;"},
        {"an empty word", "a \"\" b", "a||b|;"},
        {"a backslash takes the next one", "a\\ b\\;c \\\"d", "a b;c|\"d|;"},
        {"a backslash at the end is one", "a\\", "a\\|;"},
        {"a tab is a blank, escaped or not", "a\tb\\\tc", "a|b c|;"},
        {"an open quote", "help; a \"b", "help|;!2;"},
        {"no command before one with a control character", "help; a\001", "!1;"},
        {"sixteen words", "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6", "1|2|3|4|5|6|7|8|9|0|1|2|3|4|5|6|;"},
        {"seventeen words", "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7", "!3;"},
    };
    char shown[256];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].rule);
        assert_string_equal(cut(rows[i].line, strlen(rows[i].line), shown), rows[i].want);
    }
    assert_string_equal(cut("he\0lp", 5, shown), "!1;");
    for (int i = LINE_CONTROL_CHARACTER; i <= LINE_TOO_MANY_WORDS; i++)
        assert_true(strlen(line_mistake_text((enum line_mistake)i)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
