/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operator said is there again at the next start, or is told to be lost. */
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

#include "supervisord/policy/operator.h"
#include "supervisord/policy/operator_save.h"

struct place {
    char folder[32];
    char path[48];
    char temporary[56];
};

static int setup(void **ret_place)
{
    struct place *place = calloc(1, sizeof(*place));

    snprintf(place->folder, sizeof(place->folder), "/tmp/regha-operator.XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof(place->path), "%s/operator", place->folder);
    snprintf(place->temporary, sizeof(place->temporary), "%s.new", place->path);
    *ret_place = place;
    return 0;
}

static int teardown(void **slot)
{
    struct place *place = *slot;

    unlink(place->path);
    unlink(place->temporary);
    rmdir(place->folder);
    free(place);
    return 0;
}

static struct operator_state full(void)
{
    struct operator_state state = {
        .mode = OPERATOR_MAINTENANCE,
        .mode_wall_ns = 1732280000000000000,
        .mode_uid = 4294967294,
        .paused_until_wall_ns = OPERATOR_FOR_EVER,
        .paused_wall_ns = 1732280000000000001,
        .paused_uid = 7,
    };

    for (int at = 0; at < OPERATOR_REGISTRIES; at++) {
        char name[OPERATOR_NAME_BYTES];
        snprintf(name, sizeof(name), "registry-of-a-rather-long-name%c", 'a' + at);
        struct operator_registry *registry = operator_add_registry(&state, name);
        assert_non_null(registry);
        registry->run = OPERATOR_RUN_STOP;
        registry->write = at % 2 ? OPERATOR_WRITE_READONLY : OPERATOR_WRITE_READWRITE;
        registry->wall_ns = INT64_MAX;
        registry->uid = UINT32_MAX;
    }
    return state;
}

static void all_of_it_comes_back(void **slot)
{
    const struct place *place = *slot;
    const struct operator_state state = full();
    struct operator_state back;
    struct stat status;
    struct err err;

    assert_int_equal(operator_write(place->path, &state, &err), 0);
    assert_int_equal(operator_read(place->path, &back, &err), 0);
    assert_memory_equal(&back, &state, sizeof(state));
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(access(place->temporary, F_OK), -1);
}

static void a_missing_file_is_a_node_that_is_ready(void **slot)
{
    const struct place *place = *slot;
    struct operator_state back = full();
    struct err err;

    assert_int_equal(operator_read(place->path, &back, &err), 0);
    assert_int_equal(back.mode, OPERATOR_READY);
    assert_false(operator_is_paused(&back, 0));
}

#define HEAD   "regha-operator 1\n"
#define MODE   "mode drained 5 0\n"
#define PAUSED "paused 0 0 0\n"

static void what_cannot_be_understood_is_told_and_is_ready(void **slot)
{
    static const char *const texts[] = {
        "",
        "regha-operator 2\nend\n",
        HEAD MODE PAUSED,                        /* cut short */
        HEAD MODE "paused 0 0 0\nen",            /* cut short in the last line */
        HEAD "mode asleep 5 0\nend\n",           /* no such mode */
        HEAD "mode drained 5\nend\n",            /* nobody said it */
        HEAD "mode drained -5 0\nend\n",         /* before the time */
        HEAD "mode drained 5x 0\nend\n",         /* no number */
        HEAD "mode drained 5 4294967296\nend\n", /* no uid */
        HEAD "registry r 2 0 5 0\nend\n",        /* out of range */
        HEAD "registry r 1 0 5\nend\n",
    };
    const struct place *place = *slot;
    struct operator_state back;
    struct err err;

    for (size_t at = 0; at < sizeof(texts) / sizeof(texts[0]); at++) {
        FILE *file = fopen(place->path, "w");
        assert_non_null(file);
        fputs(texts[at], file);
        fclose(file);
        if (operator_read(place->path, &back, &err) != -EINVAL || back.mode != OPERATOR_READY)
            fail_msg("accepted: %s", texts[at]);
        assert_non_null(strstr(err.text, place->path));
    }
}

/* A byte that is no text, and a folder in its place. */
static void foreign_things_in_its_place_are_told(void **slot)
{
    const struct place *place = *slot;
    struct operator_state back;
    struct err err;
    FILE *file = fopen(place->path, "w");

    assert_non_null(file);
    fwrite(HEAD "\0" MODE "end\n", 1, sizeof(HEAD "\0" MODE "end\n") - 1, file);
    fclose(file);
    assert_int_equal(operator_read(place->path, &back, &err), -EINVAL);
    unlink(place->path);
    assert_int_equal(mkdir(place->path, 0700), 0);
    assert_true(operator_read(place->path, &back, &err) < 0);
    rmdir(place->path);
}

static void what_a_later_version_says_on_top_is_passed_over(void **slot)
{
    const struct place *place = *slot;
    struct operator_state back;
    struct err err;
    FILE *file = fopen(place->path, "w");

    assert_non_null(file);
    fputs(HEAD MODE PAUSED "weight n2 7\nend\n", file);
    fclose(file);
    assert_int_equal(operator_read(place->path, &back, &err), 0);
    assert_int_equal(back.mode, OPERATOR_DRAINED);
}

static void the_former_file_stays_where_the_new_one_cannot_be_written(void **slot)
{
    const struct place *place = *slot;
    struct operator_state state = full(), back;
    struct err err;

    assert_int_equal(operator_write(place->path, &state, &err), 0);
    assert_int_equal(mkdir(place->temporary, 0700), 0); /* in its way, even for root */
    state.mode = OPERATOR_READY;
    assert_true(operator_write(place->path, &state, &err) < 0);
    assert_int_equal(operator_read(place->path, &back, &err), 0);
    assert_int_equal(back.mode, OPERATOR_MAINTENANCE);
    rmdir(place->temporary);
}

static void a_pause_ends_by_itself(void **unused)
{
    struct operator_state state = {.paused_until_wall_ns = 100};

    (void)unused;
    assert_true(operator_is_paused(&state, 99));
    assert_false(operator_is_paused(&state, 100));
    state.paused_until_wall_ns = OPERATOR_FOR_EVER;
    assert_true(operator_is_paused(&state, INT64_MAX - 1));
}

static void what_says_nothing_any_more_makes_room(void **unused)
{
    struct operator_state state = full();

    (void)unused;
    assert_null(operator_add_registry(&state, "one-more"));
    state.registries[3].run = OPERATOR_RUN_AUTO;
    operator_tidy(&state);
    assert_non_null(operator_registry(&state, "registry-of-a-rather-long-named"));
    state.registries[3].write = OPERATOR_WRITE_AUTO;
    operator_tidy(&state);
    assert_null(operator_registry(&state, "registry-of-a-rather-long-named"));
    assert_non_null(operator_registry(&state, "registry-of-a-rather-long-namee"));
    assert_non_null(operator_add_registry(&state, "one-more"));
}

/* The child. */

struct saving {
    struct loop *loop;
    int calls, result;
};

static void handle_done(void *owner, int result, struct monotime now)
{
    struct saving *saving = owner;

    (void)now;
    saving->calls++;
    saving->result = result;
    loop_stop(saving->loop, 0);
}

static struct saving save_twice(const char *path, struct operator_state *state)
{
    struct saving saving = {0};
    struct operator_save save;
    struct err err;

    assert_int_equal(loop_new(NS_PER_S, &saving.loop, &err), 0);
    operator_save_init(&save, saving.loop, path);
    save.done = handle_done;
    save.owner = &saving;
    state->mode = OPERATOR_READY;
    operator_save_put(&save, state, monotime_now());
    state->mode = OPERATOR_DRAINED;
    operator_save_put(&save, state, monotime_now());
    assert_int_equal(loop_run(saving.loop), 0);
    operator_save_fini(&save);
    loop_free(saving.loop);
    return saving;
}

static void the_last_word_is_written_and_told_once(void **slot)
{
    const struct place *place = *slot;
    struct operator_state state = full(), back;
    struct err err;
    const struct saving saving = save_twice(place->path, &state);

    assert_int_equal(saving.calls, 1);
    assert_int_equal(saving.result, 0);
    assert_int_equal(operator_read(place->path, &back, &err), 0);
    assert_int_equal(back.mode, OPERATOR_DRAINED);
}

static void a_disk_that_refuses_is_told(void **unused)
{
    struct operator_state state = full();

    (void)unused;
    const struct saving saving = save_twice("/tmp/no-such-folder-of-regha/operator", &state);
    assert_int_equal(saving.result, -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_it_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_file_is_a_node_that_is_ready, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_understood_is_told_and_is_ready, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(foreign_things_in_its_place_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_later_version_says_on_top_is_passed_over, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_former_file_stays_where_the_new_one_cannot_be_written,
                                        setup, teardown),
        cmocka_unit_test(a_pause_ends_by_itself),
        cmocka_unit_test(what_says_nothing_any_more_makes_room),
        cmocka_unit_test_setup_teardown(the_last_word_is_written_and_told_once, setup, teardown),
        cmocka_unit_test(a_disk_that_refuses_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
