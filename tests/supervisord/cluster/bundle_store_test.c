/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was written is read again; what was damaged since is refused, and the one before is kept. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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

#include "supervisord/cluster/bundle_store.h"

#define PATH_BYTES 512

struct stage {
    char root[64];
    struct bundle_store_job job;
    char text[32];
};

/* Generation n, its bundle "bundle n". */
static void write_generation(struct stage *stage, uint64_t generation)
{
    struct bundle_store_state *state = &stage->job.state;

    snprintf(stage->text, sizeof(stage->text), "bundle %d", (int)generation);
    stage->job.bytes = stage->text;
    stage->job.length_bytes = strlen(stage->text);
    digest_of(stage->text, stage->job.length_bytes, stage->job.digest);
    state->acknowledged.generation = generation;
    memcpy(state->acknowledged.digest, stage->job.digest, sizeof(stage->job.digest));
    state->current = state->acknowledged;
    memmove(&state->history[1], &state->history[0], 2 * sizeof(state->history[0]));
    state->history[0] = (struct bundle_store_entry){.generation = generation, .wall_ns = 5};
    memcpy(state->history[0].digest, stage->job.digest, sizeof(stage->job.digest));
    state->history_count = generation < BUNDLE_STORE_KEPT ? (uint8_t)generation : BUNDLE_STORE_KEPT;
    assert_int_equal(bundle_store_write(&stage->job), 0);
}

static int set_up(void **slot)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    assert_non_null(stage);
    snprintf(stage->root, sizeof(stage->root), "/tmp/regha-bundles-XXXXXX");
    assert_non_null(mkdtemp(stage->root));
    snprintf(stage->job.folder, sizeof(stage->job.folder), "%s/bundles/registry", stage->root);
    *slot = stage;
    return 0;
}

static int remove_one(const char *path, const struct stat *stat_of, int kind, struct FTW *walk)
{
    (void)stat_of;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int tear_down(void **slot)
{
    struct stage *stage = *slot;
    const int failed = nftw(stage->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);

    free(stage);
    return failed;
}

static void test_there_and_back(void **slot)
{
    struct stage *stage = *slot;
    struct bundle_store_state state;
    struct file file;
    struct stat stat_of;
    struct err err;
    char path[PATH_BYTES];

    assert_int_equal(mkdir(stage->root, 0700), -1);
    assert_int_equal(bundle_store_read(stage->job.folder, &state, &err), -ENOENT);
    write_generation(stage, 1);
    assert_int_equal(bundle_store_read(stage->job.folder, &state, &err), 0);
    assert_memory_equal(&state, &stage->job.state, sizeof(state));
    assert_int_equal(bundle_store_read_bundle(stage->job.folder, state.current.digest, &file, &err),
                     0);
    assert_int_equal(file.length_bytes, strlen("bundle 1"));
    assert_memory_equal(file.bytes, "bundle 1", file.length_bytes);
    file_free(&file);
    snprintf(path, sizeof(path), "%s/state", stage->job.folder);
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
    assert_int_equal(stat(stage->job.folder, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0700);
}

static void test_keeps_three(void **slot)
{
    struct stage *stage = *slot;
    struct file file;
    struct err err;
    char first[DIGEST_TEXT_BYTES], second[DIGEST_TEXT_BYTES];

    digest_of("bundle 1", 8, first);
    digest_of("bundle 2", 8, second);
    for (uint64_t generation = 1; generation <= 4; generation++)
        write_generation(stage, generation);
    assert_int_equal(bundle_store_read_bundle(stage->job.folder, first, &file, &err), -ENOENT);
    assert_int_equal(bundle_store_read_bundle(stage->job.folder, second, &file, &err), 0);
    file_free(&file);
}

static void damage(const struct stage *stage, const char *name, off_t at, bool cut)
{
    char path[PATH_BYTES], byte;

    snprintf(path, sizeof(path), "%s/%s", stage->job.folder, name);
    if (cut) {
        assert_int_equal(truncate(path, at), 0);
        return;
    }
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void test_damaged(void **slot)
{
    struct stage *stage = *slot;
    struct bundle_store_state state;
    struct file file;
    struct err err;
    char name[DIGEST_TEXT_BYTES + 8], path[PATH_BYTES];

    write_generation(stage, 1);
    write_generation(stage, 2);
    snprintf(name, sizeof(name), "%s.bundle", stage->job.digest);
    damage(stage, name, 3, true);
    assert_int_equal(bundle_store_read_bundle(stage->job.folder, stage->job.digest, &file, &err),
                     -EPROTO);
    assert_non_null(strstr(err.text, "is not the bundle of its name"));
    for (off_t at = 0; at < 200; at += 11) {
        damage(stage, "state", at, false);
        assert_int_equal(bundle_store_read(stage->job.folder, &state, &err), -EPROTO);
        assert_int_equal(state.current.generation, 1); /* the one before */
        damage(stage, "state", at, false);
    }
    assert_int_equal(bundle_store_read(stage->job.folder, &state, &err), 0);
    damage(stage, "state", 100, true);
    assert_int_equal(bundle_store_read(stage->job.folder, &state, &err), -EPROTO);
    snprintf(path, sizeof(path), "%s/state", stage->job.folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(bundle_store_read(stage->job.folder, &state, &err), -EPROTO);
    assert_int_equal(state.current.generation, 1);
}

/* A state directory that is not there, or a file in its place. */
static void test_no_folder(void **slot)
{
    struct stage *stage = *slot;

    snprintf(stage->job.folder, sizeof(stage->job.folder), "%s/a/b/c", stage->root);
    assert_int_equal(bundle_store_write(&stage->job), -ENOENT);
    snprintf(stage->job.folder, sizeof(stage->job.folder), "/dev/null/x");
    assert_true(bundle_store_write(&stage->job) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keeps_three, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_folder, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
