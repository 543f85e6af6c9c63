/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/regha-adopt-XXXXXX";
static char path[sizeof(folder) + sizeof("/registry.state")];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/registry.state", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static struct registry_adopt_record sample(void)
{
    struct registry_adopt_record record = {
        .goal = {.params = {.name = "registry",
                            .config = "/etc/registry.yml",
                            .argv = "/bin/true",
                            .argv_bytes = sizeof("/bin/true"),
                            .environment = "SECRET=x",
                            .environment_bytes = sizeof("SECRET=x"),
                            .backend = REGISTRY_BACKEND_EXEC},
                 .run = true,
                 .restart_serial = 3},
        .pid = 4711,
        .start_ticks = 12345678,
        .started_ns = 99,
        .backend = REGISTRY_BACKEND_EXEC,
        .cgroup = "/sys/fs/cgroup/x",
    };

    memset(record.digest, 'd', sizeof(record.digest) - 1);
    return record;
}

static void comes_back(void **state)
{
    const struct registry_adopt_record record = sample();
    struct registry_adopt_record back;
    char names[REGISTRY_ADOPT_MAX][REGISTRY_NAME_BYTES];
    struct stat stat_of;
    struct err err;

    (void)state;
    assert_int_equal(registry_adopt_write(folder, &record, &err), 0);
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600); /* it holds secrets */
    assert_int_equal(registry_adopt_list(folder, names), 1);
    assert_string_equal(names[0], "registry");
    assert_int_equal(registry_adopt_read(folder, "registry", &back, &err), 0);
    assert_memory_equal(&back.goal, &record.goal, sizeof(record.goal));
    assert_int_equal(back.pid, record.pid);
    assert_int_equal(back.start_ticks, record.start_ticks);
    assert_int_equal(back.started_ns, record.started_ns);
    assert_int_equal(back.backend, record.backend);
    assert_string_equal(back.digest, record.digest);
    assert_string_equal(back.cgroup, record.cgroup);
    registry_adopt_remove(folder, "registry");
    assert_int_equal(registry_adopt_read(folder, "registry", &back, &err), -ENOENT);
}

static size_t read_record(uint8_t *bytes, size_t size_bytes)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = read(fd, bytes, size_bytes);

    close(fd);
    assert_true(got > 0);
    return (size_t)got;
}

static void write_record(const uint8_t *bytes, size_t length_bytes)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, bytes, length_bytes), (ssize_t)length_bytes);
    close(fd);
}

/* A launcher killed in the middle of something must find all or nothing. */
static void every_cut_is_refused(void **state)
{
    const struct registry_adopt_record record = sample();
    struct registry_adopt_record back;
    uint8_t bytes[8192];
    struct err err;

    (void)state;
    assert_int_equal(registry_adopt_write(folder, &record, &err), 0);
    const size_t length = read_record(bytes, sizeof(bytes));
    for (size_t cut = 0; cut < length; cut += 7) {
        write_record(bytes, cut);
        assert_true(registry_adopt_read(folder, "registry", &back, &err) < 0);
    }
}

static void another_boot_is_told(void **state)
{
    const struct registry_adopt_record record = sample();
    struct registry_adopt_record back;
    uint8_t bytes[8192];
    struct err err;

    (void)state;
    assert_int_equal(registry_adopt_write(folder, &record, &err), 0);
    const size_t length = read_record(bytes, sizeof(bytes));
    bytes[10] ^= 1; /* in the boot's number, behind length, header and the text's length */
    assert_int_equal(registry_adopt_read(folder, "registry", &back, &err), 0);
    assert_false(back.other_boot);
    write_record(bytes, length);
    assert_int_equal(registry_adopt_read(folder, "registry", &back, &err), 0);
    assert_true(back.other_boot);
}

static void only_its_own(void **state)
{
    const struct registry_adopt_record record = sample();
    struct registry_adopt_record back;
    struct err err;

    (void)state;
    assert_int_equal(registry_adopt_write(folder, &record, &err), 0);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(registry_adopt_read(folder, "registry", &back, &err), -EACCES);
    assert_int_equal(registry_adopt_read(folder, "../registry", &back, &err), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(another_boot_is_told),
        cmocka_unit_test(only_its_own),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
