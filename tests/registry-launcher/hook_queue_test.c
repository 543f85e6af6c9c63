/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/hook_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PROGRAMS 2

/*
 * A play: 'a' to 'z' is wanted; '.' the running program ends. What is started is written as the
 * change and the number of the program.
 */
static const struct {
    const char *rule;
    const char *play;
    const char *started;
    uint32_t coalesced;
    bool idle;
} rows[] = {
    {"nothing wanted, nothing run", "", "", 0, true},
    {"both programs, one after the other", "a..", "a0a1", 0, true},
    {"one at a time", "a", "a0", 0, false},
    {"the same change again is none", "aaa.a.a", "a0a1", 0, true},
    {"the next change waits for the program that runs", "a..b", "a0a1b0", 0, false},
    {"a newer change leaves the rest of the old one untold", "ab...", "a0b0b1", 0, true},
    {"the newest wins, those between are not told", "abcd...", "a0d0d1", 2, true},
    {"back to the change that is being told: it goes on", "aba...", "a0a1", 1, true},
    {"one that comes between two programs", "a.b...", "a0a1b0b1", 0, true},
};

static void check_row(size_t at)
{
    struct registry_hook_queue queue;
    char started[64] = "";
    size_t used = 0, program;

    registry_hook_queue_init(&queue, (struct registry_hook_change){0});
    for (const char *event = rows[at].play; *event; event++) {
        if (*event == '.')
            registry_hook_queue_ended(&queue);
        else
            registry_hook_queue_want(&queue,
                                     (struct registry_hook_change){(uint8_t)*event, *event});
        if (registry_hook_queue_next(&queue, PROGRAMS, &program))
            used += (size_t)snprintf(started + used, sizeof(started) - used, "%c%zu",
                                     queue.told.state, program);
    }
    assert_string_equal(started, rows[at].started);
    assert_int_equal(queue.coalesced, rows[at].coalesced);
    assert_int_equal(registry_hook_queue_is_idle(&queue), rows[at].idle);
}

static void plays(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        print_message("%s\n", rows[at].rule);
        check_row(at);
    }
}

static void what_was_told_before_is_not_told_again(void **state)
{
    const struct registry_hook_change told = {1, 100}, later = {1, 200};
    struct registry_hook_queue queue;
    size_t program;

    (void)state;
    registry_hook_queue_init(&queue, told);
    registry_hook_queue_want(&queue, told);
    assert_false(registry_hook_queue_next(&queue, PROGRAMS, &program));
    registry_hook_queue_want(&queue, later);
    assert_true(registry_hook_queue_next(&queue, PROGRAMS, &program));
}

static void no_programs_are_told_at_once(void **state)
{
    struct registry_hook_queue queue;
    size_t program;

    (void)state;
    registry_hook_queue_init(&queue, (struct registry_hook_change){0});
    registry_hook_queue_want(&queue, (struct registry_hook_change){1, 1});
    assert_false(registry_hook_queue_next(&queue, 0, &program));
    assert_true(registry_hook_queue_is_idle(&queue));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays),
        cmocka_unit_test(what_was_told_before_is_not_told_again),
        cmocka_unit_test(no_programs_are_told_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
