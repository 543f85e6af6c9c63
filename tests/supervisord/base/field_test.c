/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pairs of a log line, as the journal's fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/field.h"

struct row {
    const char *rule;
    const char *pairs;
    const char *fields; /* all of them, one after the other */
};

#define NAME_58 "a123456789b123456789c123456789d123456789e123456789f1234567"
#define NAME_UP "A123456789B123456789C123456789D123456789E123456789F1234567"

static const struct row rows[] = {
    {"nothing", "", ""},
    {"only blanks", "   ", ""},
    {"one", "vrid=51", "REGHA_VRID=51\n"},
    {"several, names in capitals", "vrid=51 Last_Error=7", "REGHA_VRID=51\nREGHA_LAST_ERROR=7\n"},
    {"two words", "reason=\"not yet\" vrid=1", "REGHA_REASON=not yet\nREGHA_VRID=1\n"},
    {"an escaped quote ends nothing", "a=\"x\\\" y\" b=2", "REGHA_A=x\\\" y\nREGHA_B=2\n"},
    {"a quote that never ends", "a=\"x y", "REGHA_A=x y\n"},
    {"a backslash at the end", "a=\"x\\", "REGHA_A=x\\\n"},
    {"an empty value", "a= b=\"\" c=3", "REGHA_A=\nREGHA_B=\nREGHA_C=3\n"},
    {"an equals sign in a value", "url=http://x/?a=b", "REGHA_URL=http://x/?a=b\n"},
    {"words end the fields", "a=1 loose words b=2", "REGHA_A=1\n"},
    {"a name of other bytes is no name", "a-b=1", ""},
    {"no name", "=1", ""},
    {"the longest name", NAME_58 "=1", "REGHA_" NAME_UP "=1\n"},
    {"a name that the journal would drop", NAME_58 "x=1", ""},
};

static void rows_hold(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const char *pairs = rows[at].pairs;
        char fields[4 * FIELD_BYTES] = "";
        char field[FIELD_BYTES];
        size_t used = 0;

        while (field_next(&pairs, field))
            used += (size_t)snprintf(fields + used, sizeof(fields) - used, "%s", field);
        if (strcmp(fields, rows[at].fields) != 0)
            fail_msg("%s: \"%s\", want \"%s\"", rows[at].rule, fields, rows[at].fields);
    }
}

static void a_long_value_is_cut_and_still_ends_its_line(void **state)
{
    char pairs[2 * FIELD_BYTES] = "a=";
    char field[FIELD_BYTES];
    const char *at = pairs;

    (void)state;
    memset(pairs + 2, 'x', FIELD_BYTES);
    pairs[2 + FIELD_BYTES] = '\0';
    assert_true(field_next(&at, field));
    assert_int_equal(strlen(field), FIELD_BYTES - 1);
    assert_string_equal(field + FIELD_BYTES - 3, "x\n");
    assert_false(field_next(&at, field));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_hold),
        cmocka_unit_test(a_long_value_is_cut_and_still_ends_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
