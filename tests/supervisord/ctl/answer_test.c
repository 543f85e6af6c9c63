/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "supervisord/ctl/answer.h"

static void test_parts(void **state)
{
    static const struct {
        const char *rule, *answer, *want; /* "text|code;" each */
    } rows[] = {
        {"nothing", "", ""},
        {"one answer", "a\nb\n# rc=0\n\n", "a\nb\n|0;"},
        {"two answers", "a\n# rc=0\n\nb\n# rc=4\n\n", "a\n|0;b\n|4;"},
        {"an empty answer", "# rc=0\n\n", "|0;"},
        {"a comment that looks like a code is text", "# rc=3\nx\n# rc=0\n\n", "# rc=3\nx\n|0;"},
        {"so is one with a letter", "# rc=3x\n\n# rc=0\n\n", "# rc=3x\n\n|0;"},
        {"and one without a number", "# rc=\n\n# rc=0\n\n", "# rc=\n\n|0;"},
        {"cut within the text", "a\n# rc=0\n\nhalf", "a\n|0;half|255;"},
        {"cut within the code", "a\n# rc=0", "a\n# rc=0|255;"},
        {"cut before the empty line", "a\n# rc=0\n", "a\n# rc=0\n|255;"},
        {"a number that is too long", "# rc=99999\n\n", "# rc=99999\n\n|255;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ctl_answer_part part;
        char shown[256] = "";
        size_t at = 0, used = 0;

        print_message("%s\n", rows[i].rule);
        while (ctl_answer_next(rows[i].answer, &at, &part))
            used += (size_t)snprintf(shown + used, sizeof(shown) - used, "%.*s|%d;",
                                     (int)part.text_bytes, part.text, part.code);
        assert_string_equal(shown, rows[i].want);
        assert_int_equal(at, strlen(rows[i].answer));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
