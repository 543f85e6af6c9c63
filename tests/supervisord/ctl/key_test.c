/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisord/ctl/key.h"

static char folder[] = "/tmp/regha-key-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/cluster.key", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int run(int (*what)(const char *path, FILE *out, struct err *err), char said[512],
               struct err *err)
{
    FILE *out = fmemopen(said, 512, "w");
    int result;

    err->text[0] = '\0';
    result = what(path, out, err);
    fclose(out);
    return result;
}

static void write_file(const char *text, mode_t mode)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void test_create(void **state)
{
    char made[512] = "", checked[512] = "", digits[128] = "";
    struct stat status;
    struct err err;
    FILE *file;

    (void)state;
    assert_int_equal(run(ctl_key_create, made, &err), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, 65);
    file = fopen(path, "re");
    assert_non_null(fgets(digits, sizeof(digits), file));
    fclose(file);
    assert_int_equal(strspn(digits, "0123456789abcdef"), 64);
    assert_null(strstr(made, digits)); /* never shown */
    assert_int_equal(run(ctl_key_check, checked, &err), 0);
    assert_string_equal(strstr(made, "fingerprint"), strstr(checked, "fingerprint"));
    assert_int_equal(run(ctl_key_create, made, &err), -EEXIST);
    assert_non_null(strstr(err.text, "never overwritten"));
    unlink(path);
    assert_int_equal(run(ctl_key_create, checked, &err), 0);
    assert_string_not_equal(strstr(made, "made") ? made : "", checked); /* another one each time */
    unlink(path);
}

static void test_check(void **state)
{
#define DIGITS "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    static const struct {
        const char *rule, *text;
        mode_t mode;
        int want;
        const char *part;
    } rows[] = {
        {"right", DIGITS "\n", 0600, 0, ""},
        {"right, read-only", DIGITS, 0400, 0, ""},
        {"others read it", DIGITS "\n", 0640, -EPERM, "has mode 0640"},
        {"short", "0011\n", 0600, -EINVAL, "64 hexadecimal digits"},
        {"long", DIGITS "00\n", 0600, -EINVAL, "64 hexadecimal digits"},
        {"more behind it", DIGITS "\nmore\n", 0600, -EINVAL, "64 hexadecimal digits"},
        {"empty", "", 0600, -EINVAL, "64 hexadecimal digits"},
        {"not a number", "zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0600,
         -EINVAL, "64 hexadecimal digits"},
        {"zeros", "0000000000000000000000000000000000000000000000000000000000000000", 0600, -EINVAL,
         "all its bytes are equal"},
    };
    char said[512];
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].rule);
        write_file(rows[i].text, rows[i].mode);
        assert_int_equal(run(ctl_key_check, said, &err), rows[i].want);
        assert_non_null(strstr(err.text, rows[i].part));
        unlink(path);
    }
    assert_int_equal(run(ctl_key_check, said, &err), -ENOENT);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(run(ctl_key_check, said, &err), -EINVAL);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),
        cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
