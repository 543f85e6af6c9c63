/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole file, or why not; never a wait. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

#define PATH_BYTES 64

static void check_refused(const char *path, int result, const char *said)
{
    struct file file = {.bytes = NULL};
    struct err err = {""};

    assert_int_equal(file_read(path, 8, &file, &err), result);
    assert_string_equal(err.text, said);
    assert_null(file.bytes);
}

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void test_read(void **state)
{
    char folder[] = "/tmp/regha-file-XXXXXX", path[PATH_BYTES];
    struct file file;
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/file", folder);
    write_file(path, "12345678");
    assert_int_equal(file_read(path, 8, &file, &err), 0);
    assert_int_equal(file.length_bytes, 8);
    assert_string_equal(file.bytes, "12345678");
    file_free(&file);
    file_free(&file);
    write_file(path, "");
    assert_int_equal(file_read(path, 8, &file, &err), 0);
    assert_int_equal(file.length_bytes, 0);
    assert_string_equal(file.bytes, "");
    file_free(&file);
    write_file(path, "123456789");
    check_refused(path, -EFBIG, "has 9 bytes, must have at most 8");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    check_refused(path, -EINVAL, "is a FIFO, must be a file");
    unlink(path);
    check_refused(path, -ENOENT, "cannot be opened: No such file or directory");
    check_refused(folder, -EISDIR, "is a folder, must be a file");
    check_refused("/dev/zero", -EINVAL, "is a device or a socket, must be a file");
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_read)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
