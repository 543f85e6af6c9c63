/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/monotime.h"
#include "supervisord/console/table.h"

static const struct table_column columns[] = {
    {"name", "NAME"},   {"count", "COUNT"}, {"for_seconds", "FOR"}, {"hidden", NULL},
    {"words", "WORDS"}, {"text", "TEXT"},   {NULL, NULL},
};

static struct table *filled(void)
{
    struct table *table = table_new(columns);

    assert_non_null(table);
    table_text(table, "first \"one\"");
    table_int(table, 5);
    table_span(table, 192 * NS_PER_S);
    table_bool(table, true);
    table_list(table, "a b");
    table_text_or_none(table, "");
    table_text(table, "2\033[31m\xff");
    table_none(table);
    table_span(table, 1500 * NS_PER_MS);
    table_none(table);
    table_list(table, "");
    table_short(table, "0123456789", 4);
    return table;
}

static void check(enum table_form form, const char *want)
{
    struct table *table = filled();
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    assert_int_equal(table_write(table, form, "empty", out), 0);
    fclose(out);
    assert_string_equal(text, want);
    free(text);
    table_free(table);
}

static void test_rows(void **state)
{
    (void)state;
    check(TABLE_ROWS, "NAME         COUNT  FOR       WORDS  TEXT\n"
                      "first \"one\"      5  3 m 12 s  a b    -\n"
                      "2?[31m?          -  1.5 s     -      0123\n");
}

static void test_sheet(void **state)
{
    (void)state;
    check(TABLE_SHEET, "NAME   first \"one\"\n"
                       "COUNT  5\n"
                       "FOR    3 m 12 s\n"
                       "WORDS  a b\n"
                       "TEXT   -\n");
}

static void test_json(void **state)
{
    (void)state;
    check(TABLE_JSON,
          "[{\"name\":\"first \\\"one\\\"\",\"count\":5,\"for_seconds\":192.000000,"
          "\"hidden\":true,\"words\":[\"a\",\"b\"],\"text\":null},\n"
          " {\"name\":\"2?[31m?\",\"count\":null,\"for_seconds\":1.500000,\"hidden\":null,"
          "\"words\":[],\"text\":\"0123456789\"}]");
}

static void test_empty(void **state)
{
    struct table *table = table_new(columns);
    char text[64] = "";
    FILE *out = fmemopen(text, sizeof(text), "w");

    (void)state;
    assert_int_equal(table_write(table, TABLE_ROWS, "no rows", out), 0);
    assert_int_equal(table_write(table, TABLE_JSON, "no rows", out), 0);
    assert_int_equal(table_write(table, TABLE_JSON_SHEET, "no rows", out), 0);
    fclose(out);
    assert_string_equal(text, "no rows\n[]{}");
    table_free(table);
    assert_true(table_write(NULL, TABLE_ROWS, "no memory", stdout) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_sheet),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
