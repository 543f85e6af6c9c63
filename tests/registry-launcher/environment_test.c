/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text;
    bool fine;
} names[] = {
    {"A=b", true},
    {"_=", true},
    {"AWS_REGION=a=b c", true},
    {"A1=x", true},
    {"=b", false},
    {"A", false},
    {"", false},
    {"1A=x", false},
    {"A-B=x", false},
    {" A=x", false},
    {"LD_PRELOAD=/x", false},
    {"LD_=", false},
    {"LDAP=fine", true},
    {"export A=b", false},
};

static void knows_a_text(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(names) / sizeof(names[0]); at++) {
        print_message("%s\n", names[at].text);
        assert_int_equal(registry_environment_is_text(names[at].text), names[at].fine);
    }
}

static const struct {
    const char *rule;
    const char *file;
    size_t length_bytes; /* 0: of the text */
    enum registry_environment_result result;
    size_t line;
    const char *texts; /* all, joined by '|' */
} rows[] = {
    {"two lines", "A=1\nB=2\n", 0, REGISTRY_ENVIRONMENT_FINE, 0, "FIRST=here|A=1|B=2"},
    {"the last line needs no end", "A=1", 0, REGISTRY_ENVIRONMENT_FINE, 0, "FIRST=here|A=1"},
    {"comments and empty lines", "#A=1\n\n\nB=#2\n", 0, REGISTRY_ENVIRONMENT_FINE, 0,
     "FIRST=here|B=#2"},
    {"quotes are a part of the value", "A=\"x y\"\n", 0, REGISTRY_ENVIRONMENT_FINE, 0,
     "FIRST=here|A=\"x y\""},
    {"nothing", "", 0, REGISTRY_ENVIRONMENT_FINE, 0, "FIRST=here"},
    {"no name", "A=1\n=2\n", 0, REGISTRY_ENVIRONMENT_BAD_LINE, 2, NULL},
    {"no value", "A=1\n\nB\n", 0, REGISTRY_ENVIRONMENT_BAD_LINE, 3, NULL},
    {"the dynamic loader", "LD_PRELOAD=/x\n", 0, REGISTRY_ENVIRONMENT_BAD_LINE, 1, NULL},
    {"a carriage return", "A=1\r\n", 0, REGISTRY_ENVIRONMENT_BAD_LINE, 1, NULL},
    {"a NUL byte", "A=1\0B=2\n", 8, REGISTRY_ENVIRONMENT_BAD_LINE, 1, NULL},
    {"twice", "A=1\nB=2\nA=3\n", 0, REGISTRY_ENVIRONMENT_TWICE, 3, NULL},
    {"what the goal says already is replaced", "FIRST=there\n", 0, REGISTRY_ENVIRONMENT_FINE, 0,
     "FIRST=there"},
    {"replaced twice", "FIRST=there\nFIRST=again\n", 0, REGISTRY_ENVIRONMENT_TWICE, 2, NULL},
    {"what only a start says", "REGISTRY_STORAGE_MAINTENANCE_READONLY={}\n", 0,
     REGISTRY_ENVIRONMENT_RESERVED, 1, NULL},
    {"a longer name is another one", "FIRST1=x\n", 0, REGISTRY_ENVIRONMENT_FINE, 0,
     "FIRST=here|FIRST1=x"},
};

static void check_texts(const struct registry_environment *environment, const char *wanted)
{
    char joined[256] = "";
    size_t used = 0;

    for (size_t at = 0; at < environment->count; at++)
        used += (size_t)snprintf(joined + used, sizeof(joined) - used, "%s%s", at > 0 ? "|" : "",
                                 environment->texts[at]);
    assert_string_equal(joined, wanted);
    assert_null(environment->texts[environment->count]);
}

static void reads_files(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct registry_environment environment = {.count = 0};
        const size_t length = rows[at].length_bytes ? rows[at].length_bytes : strlen(rows[at].file);
        char bytes[256];
        size_t line = 0;

        print_message("%s\n", rows[at].rule);
        memset(bytes, 'x', sizeof(bytes));
        memcpy(bytes, rows[at].file, length);
        assert_int_equal(registry_environment_add(&environment, "FIRST=here"),
                         REGISTRY_ENVIRONMENT_FINE);
        assert_int_equal(registry_environment_add_file(&environment, bytes, length, &line),
                         rows[at].result);
        assert_int_equal(line, rows[at].line);
        assert_int_equal(bytes[length + 1], 'x');
        if (rows[at].texts)
            check_texts(&environment, rows[at].texts);
    }
}

static void room_is_bounded(void **state)
{
    struct registry_environment environment = {.count = 0};
    char bytes[REGISTRY_ENVIRONMENT_FILE_BYTES + 1];
    size_t used = 0, line = 0;

    (void)state;
    for (int at = 0; at <= REGISTRY_GOAL_TEXTS_MAX; at++)
        used += (size_t)snprintf(bytes + used, sizeof(bytes) - used, "A%d=\n", at);
    assert_int_equal(registry_environment_add_file(&environment, bytes, used, &line),
                     REGISTRY_ENVIRONMENT_TOO_MANY);
    assert_int_equal(line, REGISTRY_GOAL_TEXTS_MAX + 1);
    assert_int_equal(environment.count, REGISTRY_GOAL_TEXTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_a_text),
        cmocka_unit_test(reads_files),
        cmocka_unit_test(room_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
