/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a killed regha-vrrp leaves to the next one, and what it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "vrrp/memory.h"

static const struct vrrp_params params = {.interface = "eth0", .vrid = 51, .family = AF_INET};
static const struct monotime now = {1000 * NS_PER_S};

static int setup(void **state)
{
    char *folder = strdup("/tmp/vrrp-memory-XXXXXX");

    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    const int failed = rmdir(*state);

    free(*state);
    return failed;
}

static struct vrrp_memory open_in(const char *folder)
{
    struct vrrp_memory memory;
    struct err err;

    assert_int_equal(vrrp_memory_open(&memory, folder, &params, &err), 0);
    return memory;
}

static void test_next_life(void **state)
{
    struct vrrp_memory memory = open_in(*state);

    assert_false(vrrp_memory_is_fresh(&memory, NS_PER_S, now));
    vrrp_memory_note_advert(&memory, now);
    vrrp_memory_close(&memory, false); /* as if killed: nothing is said */
    memory = open_in(*state);
    assert_true(vrrp_memory_is_fresh(&memory, NS_PER_S, now));
    assert_true(vrrp_memory_is_fresh(&memory, NS_PER_S, monotime_add(now, NS_PER_S - 1)));
    assert_false(vrrp_memory_is_fresh(&memory, NS_PER_S, monotime_add(now, NS_PER_S)));
    vrrp_memory_close(&memory, true);
    memory = open_in(*state);
    assert_false(vrrp_memory_is_fresh(&memory, NS_PER_S, now));
    vrrp_memory_close(&memory, true);
}

static void test_resigned(void **state)
{
    struct vrrp_memory memory = open_in(*state);

    vrrp_memory_note_advert(&memory, now);
    vrrp_memory_note_end(&memory);
    assert_false(vrrp_memory_is_fresh(&memory, NS_PER_S, now));
    vrrp_memory_close(&memory, true);
}

/* The clock starts anew with each boot: a number of another one means nothing, nor does one that
 * is yet to come. */
static void test_another_boot(void **state)
{
    struct vrrp_memory memory = open_in(*state);
    char path[128];

    vrrp_memory_note_advert(&memory, now);
    assert_false(vrrp_memory_is_fresh(&memory, NS_PER_S, monotime_add(now, -1)));
    snprintf(path, sizeof(path), "%s", memory.path);
    vrrp_memory_close(&memory, false);

    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, 8, SEEK_SET); /* behind the mark */
    fputc('X', file);
    fclose(file);
    memory = open_in(*state);
    assert_false(vrrp_memory_is_fresh(&memory, NS_PER_S, now));
    vrrp_memory_close(&memory, true);
}

static void test_garbage(void **state)
{
    char path[128];
    struct vrrp_memory memory = open_in(*state);

    snprintf(path, sizeof(path), "%s", memory.path);
    vrrp_memory_close(&memory, true);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int at = 0; at < 9; at++)
        fputc(0x7f, file);
    fclose(file);
    memory = open_in(*state);
    assert_false(vrrp_memory_is_fresh(&memory, INT64_MAX, now));
    vrrp_memory_close(&memory, true);
}

static void test_nobody_else_reads_it(void **state)
{
    struct vrrp_memory memory = open_in(*state);
    struct stat found;

    assert_int_equal(stat(memory.path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    vrrp_memory_close(&memory, true);
}

/* Without a folder there is no memory, and all goes on. */
static void test_no_folder(void **state)
{
    struct vrrp_memory memory;
    struct err err;

    (void)state;
    assert_true(vrrp_memory_open(&memory, "/nonexistent", &params, &err) < 0);
    assert_non_null(strstr(err.text, "/nonexistent/eth0-51-ipv4"));
    vrrp_memory_note_advert(&memory, now);
    assert_false(vrrp_memory_is_fresh(&memory, INT64_MAX, now));
    vrrp_memory_close(&memory, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_life),
        cmocka_unit_test(test_resigned),
        cmocka_unit_test(test_another_boot),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_nobody_else_reads_it),
        cmocka_unit_test(test_no_folder),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
