/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secret files as they should be, and as they must not; where they are looked for. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/credential.h"
#include "probes/message.h"

static char folder[] = "/tmp/regha-credential-XXXXXX";

static void put(const char *name, const char *text, mode_t mode)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void take_away(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    unlink(path);
}

static const struct {
    const char *rule, *text;
    mode_t mode;
    int result;
    const char *user, *password;
} rows[] = {
    {"a line", "me:secret\n", 0600, 0, "me", "secret"},
    {"its group may read it", "me:secret\n", 0640, 0, "me", "secret"},
    {"as a service manager hands it over", "me:secret", 0400, 0, "me", "secret"},
    {"colons in the password", "me:se:cr:et\n", 0600, 0, "me", "se:cr:et"},
    {"a line's end of another system", "me:secret\r\n", 0600, 0, "me", "secret"},
    {"blanks belong to it", "me: a b \n", 0600, 0, "me", " a b "},
    {"others may read it", "me:secret\n", 0644, -EPERM, "", ""},
    {"its group may write it", "me:secret\n", 0660, -EPERM, "", ""},
    {"no colon", "secret\n", 0600, -EINVAL, "", ""},
    {"no user", ":secret\n", 0600, -EINVAL, "", ""},
    {"no password", "me:\n", 0600, -EINVAL, "", ""},
    {"empty", "", 0600, -EINVAL, "", ""},
    {"two lines", "me:secret\nyou:secret\n", 0600, -EINVAL, "", ""},
    {"what breaks a header", "me:a\tb\n", 0600, -EINVAL, "", ""},
};

static void test_rows(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct probe_credential got = {.user = ""};
        struct err err;
        int result;

        put("row", rows[at].text, rows[at].mode);
        result = probe_credential_read("row", &got, &err);
        if (result != rows[at].result || strcmp(got.user, rows[at].user) != 0 ||
            strcmp(got.password, rows[at].password) != 0)
            fail_msg("%s: %d %s %s", rows[at].rule, result, got.user, got.password);
        if (result < 0) /* the sentence never has the secret */
            assert_null(strstr(err.text, "secret"));
        take_away("row");
    }
}

static void test_places(void **unused)
{
    struct probe_credential got;
    struct err err;

    (void)unused;
    put("probe_there", "all:loaded\n", 0400);
    assert_int_equal(probe_credential_read("there", &got, &err), 0);
    assert_string_equal(got.user, "all");
    put("there", "one:by-name\n", 0400);
    assert_int_equal(probe_credential_read("there", &got, &err), 0);
    assert_string_equal(got.user, "one");
    probe_credential_wipe(&got);
    for (size_t at = 0; at < sizeof(got); at++)
        assert_int_equal(((const char *)&got)[at], 0);
    assert_int_equal(probe_credential_check("there", &err), 0);
    assert_int_equal(probe_credential_check("not-there-at-all", &err), -ENOENT);
    assert_non_null(strstr(err.text, "/etc/regha/credentials/not-there-at-all does not exist"));
    assert_int_equal(probe_credential_check("../there", &err), -EINVAL);
    assert_int_equal(probe_credential_check("", &err), -EINVAL);
    take_away("there");
    take_away("probe_there");
}

static void test_long(void **unused)
{
    char text[2048];
    struct probe_credential got;
    struct err err;

    (void)unused;
    memset(text, 'a', sizeof(text));
    text[1] = ':';
    text[PROBE_CREDENTIAL_BYTES + 2] = '\0';
    put("long", text, 0600);
    assert_int_equal(probe_credential_read("long", &got, &err), -EINVAL);
    text[PROBE_CREDENTIAL_BYTES + 1] = '\0';
    put("long", text, 0600);
    assert_int_equal(probe_credential_read("long", &got, &err), 0);
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    put("long", text, 0600);
    assert_int_equal(probe_credential_read("long", &got, &err), -EFBIG);
    take_away("long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_long),
    };
    int failed;

    if (mkdtemp(folder) == NULL)
        return 1;
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
