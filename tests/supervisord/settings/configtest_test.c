/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reghad -t: where what is said goes, and the exit status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisord/settings/configtest.h"

#define RIGHT                                                                                      \
    "nodes = ( { name = \"here\"; address = \"198.51.100.77\"; } );\n"                             \
    "virtual_routers = ( { vrid = 51; addresses = ( \"198.51.100.100\" ); } );\n"

struct outcome {
    int status;
    char *out, *err;
};

static struct outcome run(const char *text, bool dump)
{
    char path[] = "/tmp/regha-configtest-XXXXXX";
    size_t out_bytes = 0, err_bytes = 0;
    struct outcome outcome = {0};
    FILE *out = open_memstream(&outcome.out, &out_bytes);
    FILE *err = open_memstream(&outcome.err, &err_bytes);
    const int fd = mkstemp(path);

    assert_true(fd >= 0 && out && err);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    outcome.status = configtest_run(path, dump, out, err);
    unlink(path);
    fclose(out);
    fclose(err);
    return outcome;
}

static void free_outcome(struct outcome *outcome)
{
    free(outcome->out);
    free(outcome->err);
}

static void test_valid(void **state)
{
    struct outcome outcome = run(RIGHT, false);

    (void)state;
    assert_int_equal(outcome.status, CONFIGTEST_VALID);
    assert_non_null(strstr(outcome.out, ": configuration is valid\nports to open:\n"));
    assert_non_null(strstr(outcome.out, "IP protocol 112"));
    assert_non_null(strstr(outcome.err, "warning: "));
    assert_non_null(strstr(outcome.err, "so this host is no node (yet)\n"));
    free_outcome(&outcome);
}

/* While keys are being changed it must be seen what is sent, and what is understood. */
static void test_keys(void **state)
{
    struct outcome outcome = run("cluster = { key_files = ( \"/a/new\", \"/a/old\" ); };\n"
                                 "nodes = ( { name = \"n1\"; address = \"198.51.100.77\"; },\n"
                                 "          { name = \"n2\"; address = \"198.51.100.78\"; } );\n"
                                 "virtual_routers = ( { vrid = 51; addresses = ( "
                                 "\"198.51.100.100\" ); } );\n",
                                 false);

    (void)state;
    assert_int_equal(outcome.status, CONFIGTEST_VALID);
    assert_non_null(strstr(outcome.out, "cluster key: /a/new seals what this node says; what "
                                        "others seal with /a/old is understood, too\n"));
    free_outcome(&outcome);
}

static void test_invalid(void **state)
{
    struct outcome outcome = run("nodes = ();\n", false);

    (void)state;
    assert_int_equal(outcome.status, CONFIGTEST_INVALID);
    assert_string_equal(outcome.out, "");
    assert_non_null(strstr(outcome.err, ":1: nodes: has 0 elements"));
    assert_null(strstr(outcome.err, "warning"));
    free_outcome(&outcome);
}

/* The dump alone is on the output, so that it is a configuration again. */
static void test_dump(void **state)
{
    struct outcome outcome = run(RIGHT, true);

    (void)state;
    assert_int_equal(outcome.status, CONFIGTEST_VALID);
    assert_non_null(strstr(outcome.err, ": configuration is valid\n"));
    struct outcome again = run(outcome.out, true);
    assert_int_equal(again.status, CONFIGTEST_VALID);
    free_outcome(&again);
    free_outcome(&outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_valid), cmocka_unit_test(test_keys),
                                       cmocka_unit_test(test_invalid), cmocka_unit_test(test_dump)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
