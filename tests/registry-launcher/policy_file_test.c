/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/policy_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LONG_32 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"

struct row {
    const char *rule;
    const char *text;
    enum registry_policy_result result;
    size_t line;
    const char *user;
    const char *binary;
};

static const struct row rows[] = {
    {"a line", "registry docker-registry /usr/bin/docker-registry\n", REGISTRY_POLICY_FOUND, 0,
     "docker-registry", "/usr/bin/docker-registry"},
    {"no newline at the end", "registry a /b", REGISTRY_POLICY_FOUND, 0, "a", "/b"},
    {"blanks, tabs, comments, empty lines", "# who\n\n \t registry \t a  /b # as\n",
     REGISTRY_POLICY_FOUND, 0, "a", "/b"},
    {"the line of this name", "one a /b\nregistry c /d\nregistry2 e /f\n", REGISTRY_POLICY_FOUND, 0,
     "c", "/d"},
    {"an empty policy allows nobody", "", REGISTRY_POLICY_NO_SUCH_NAME, 0, NULL, NULL},
    {"another name is not this one", "registry2 a /b\nreg a /b\n", REGISTRY_POLICY_NO_SUCH_NAME, 0,
     NULL, NULL},
    {"two words", "registry a\n", REGISTRY_POLICY_BAD_LINE, 1, NULL, NULL},
    {"four words", "x y /z\nregistry a /b c\n", REGISTRY_POLICY_BAD_LINE, 2, NULL, NULL},
    {"a comment in the place of a word", "registry a #/b\n", REGISTRY_POLICY_BAD_LINE, 1, NULL,
     NULL},
    {"a wrong line of somebody else refuses all", "registry a /b\nother\n",
     REGISTRY_POLICY_BAD_LINE, 2, NULL, NULL},
    {"a name that is too long", LONG_32 " a /b\n", REGISTRY_POLICY_BAD_LINE, 1, NULL, NULL},
    {"a user that is too long", "registry u" LONG_32 " /b\n", REGISTRY_POLICY_BAD_LINE, 1, NULL,
     NULL},
    {"a binary that is not absolute", "registry a b\n", REGISTRY_POLICY_BAD_PATH, 1, NULL, NULL},
    {"twice", "registry a /b\nregistry root /bin/sh\n", REGISTRY_POLICY_DUPLICATE, 2, NULL, NULL},
    {"a carriage return", "registry a /b\r\n", REGISTRY_POLICY_BAD_LINE, 1, NULL, NULL},
    {"a byte outside of ASCII", "registry a /\xc3\xa4\n", REGISTRY_POLICY_BAD_LINE, 1, NULL, NULL},
};

static void finds(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct row *row = &rows[at];
        struct registry_policy policy = {"untouched", ""};
        size_t line = 99;
        const enum registry_policy_result result =
            registry_policy_file_find(row->text, strlen(row->text), "registry", &policy, &line);

        if (result != row->result || line != row->line)
            print_error("%s\n", row->rule);
        assert_int_equal(result, row->result);
        assert_int_equal(line, row->line);
        assert_string_equal(policy.user, row->user != NULL ? row->user : "untouched");
        if (row->binary != NULL)
            assert_string_equal(policy.binary, row->binary);
    }
}

static void nul_is_a_wrong_byte(void **state)
{
    static const char text[] = "registry a /b\0c\n";
    struct registry_policy policy;
    size_t line;

    (void)state;
    assert_int_equal(registry_policy_file_find(text, sizeof(text) - 1, "registry", &policy, &line),
                     REGISTRY_POLICY_BAD_LINE);
}

static void length_is_bounded(void **state)
{
    static char text[REGISTRY_POLICY_FILE_BYTES + 1];
    struct registry_policy policy;
    size_t line;

    (void)state;
    memset(text, '\n', sizeof(text));
    memcpy(text, "registry a /b", 13);
    assert_int_equal(registry_policy_file_find(text, sizeof(text) - 1, "registry", &policy, &line),
                     REGISTRY_POLICY_FOUND);
    assert_int_equal(registry_policy_file_find(text, sizeof(text), "registry", &policy, &line),
                     REGISTRY_POLICY_TOO_LONG);
}

static const struct {
    const char *rule;
    const char *kind, *program;
    enum registry_policy_result result;
    const char *user;
} allowed[] = {
    {"a hook", "@hook", "/bin/one", REGISTRY_POLICY_FOUND, "a"},
    {"another one, and its user", "@hook", "/bin/two", REGISTRY_POLICY_FOUND, "b"},
    {"a command is no hook", "@hook", "/bin/three", REGISTRY_POLICY_NO_SUCH_NAME, NULL},
    {"a command", "@exec", "/bin/three", REGISTRY_POLICY_FOUND, "c"},
    {"the beginning of a path", "@hook", "/bin/on", REGISTRY_POLICY_NO_SUCH_NAME, NULL},
    {"a registry's program is no hook", "@hook", "/bin/registry", REGISTRY_POLICY_NO_SUCH_NAME,
     NULL},
    {"twice, by two users", "@exec", "/bin/twice", REGISTRY_POLICY_DUPLICATE, NULL},
};

static void allows_programs(void **state)
{
    static const char text[] = "registry r /bin/registry\n@hook a /bin/one\n@hook b /bin/two\n"
                               "@exec c /bin/three\n@exec d /bin/twice\n@exec e /bin/twice\n";

    (void)state;
    for (size_t at = 0; at < sizeof(allowed) / sizeof(allowed[0]); at++) {
        const struct registry_policy_asked asked = {allowed[at].kind, allowed[at].program};
        struct registry_policy policy;
        size_t line;

        print_message("%s\n", allowed[at].rule);
        assert_int_equal(registry_policy_file_allow(text, sizeof(text) - 1, &asked, &policy, &line),
                         allowed[at].result);
        if (allowed[at].user)
            assert_string_equal(policy.user, allowed[at].user);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),
        cmocka_unit_test(nul_is_a_wrong_byte),
        cmocka_unit_test(length_is_bounded),
        cmocka_unit_test(allows_programs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
