/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "supervisord/ctl/paint.h"

#define GREEN(word)  "\033[32m" word "\033[0m"
#define RED(word)    "\033[31m" word "\033[0m"
#define YELLOW(word) "\033[33m" word "\033[0m"

static void test_words(void **state)
{
    static const struct {
        const char *rule, *text, *want;
    } rows[] = {
        {"a cell in the middle", "n1  active  eth0\n", "n1  " GREEN("active") "  eth0\n"},
        {"the last cell", "role  down\n", "role  " RED("down") "\n"},
        {"the first word of a line", "down: it is\nwell: x",
         RED("down:") " it is\n" GREEN("well:") " x"},
        {"not in a sentence", "probe is down for 3 s\n", "probe is down for 3 s\n"},
        {"not in a longer word", "x  inactive  y\n", "x  inactive  y\n"},
        {"at the very end", "a  unknown", "a  " YELLOW("unknown")},
        {"nothing", "", ""},
        {"blank lines", "\n\n", "\n\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = NULL;
        size_t bytes = 0;
        FILE *out = open_memstream(&text, &bytes);

        print_message("%s\n", rows[i].rule);
        ctl_paint_write(rows[i].text, strlen(rows[i].text), out);
        fclose(out);
        assert_string_equal(text, rows[i].want);
        free(text);
    }
}

static void test_terminals_only(void **state)
{
    FILE *out = fopen("/dev/null", "we");

    (void)state;
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_false(ctl_paint_wanted(out));
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_terminals_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
