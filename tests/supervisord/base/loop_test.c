/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop's promises: order, deadlines after descriptors, no starvation, signals, stalls. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"

#define TIMERS 100

struct stage {
    struct loop *loop;
    struct loop_timer timers[TIMERS];
    struct loop_io io;
    int order[TIMERS + 1];
    size_t count;
    int pipe[2];
    int signal;
};

static struct stage *stage_new(void)
{
    static struct stage stage;
    struct err err;

    memset(&stage, 0, sizeof(stage));
    assert_int_equal(loop_new(NS_PER_S, &stage.loop, &err), 0);
    assert_int_equal(pipe(stage.pipe), 0);
    return &stage;
}

static void stage_free(struct stage *stage)
{
    loop_free(stage->loop);
    close(stage->pipe[0]);
    close(stage->pipe[1]);
}

static void note(struct stage *stage, int what)
{
    if (stage->count < TIMERS + 1)
        stage->order[stage->count++] = what;
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    struct stage *stage = timer->owner;

    (void)now;
    note(stage, (int)(timer - stage->timers));
    if (stage->count == TIMERS)
        loop_stop(stage->loop, 7);
}

static void deadlines_run_in_their_order(void **unused)
{
    struct stage *stage = stage_new();
    const struct monotime now = monotime_now();

    (void)unused;
    for (int at = 0; at < TIMERS; at++) {
        /* 37 and 100 have no common factor: each place once, in a scattered order. */
        const int64_t rank = (at * 37) % TIMERS;
        loop_timer_init(&stage->timers[at], "timer", handle_timer, stage);
        loop_timer_set(stage->loop, &stage->timers[at], monotime_add(now, rank * 10));
    }
    /* Moving one takes it from its place. */
    loop_timer_set(stage->loop, &stage->timers[5], monotime_add(now, 3 * NS_PER_MS));
    assert_int_equal(loop_run(stage->loop), 7);
    assert_int_equal(stage->count, TIMERS);
    assert_int_equal(stage->order[TIMERS - 1], 5);
    int last = -1;
    for (int at = 0; at < TIMERS - 1; at++) {
        const int rank = (stage->order[at] * 37) % TIMERS;
        assert_true(rank > last);
        last = rank;
    }
    assert_int_equal(loop_lag(stage->loop)->count, TIMERS);
    stage_free(stage);
}

static void handle_readable(struct loop_io *io, unsigned events, struct monotime now)
{
    struct stage *stage = io->owner;
    char byte;

    (void)now;
    assert_int_equal(events, LOOP_READ);
    assert_int_equal(read(io->fd, &byte, 1), 1);
    note(stage, -1);
}

static void stop_at_once(struct loop_timer *timer, struct monotime now)
{
    struct stage *stage = timer->owner;

    (void)now;
    note(stage, 0);
    loop_stop(stage->loop, 0);
}

/* What waits in a queue may make a deadline wrong: it is handled first. */
static void descriptors_come_before_deadlines(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    stage->io = (struct loop_io){
        .name = "pipe", .fd = stage->pipe[0], .handle = handle_readable, .owner = stage};
    loop_io_start(stage->loop, &stage->io, LOOP_READ);
    assert_int_equal(write(stage->pipe[1], "x", 1), 1);
    loop_timer_init(&stage->timers[0], "stop", stop_at_once, stage);
    /* Both are due when the loop wakes: the byte is there, the deadline is now. */
    loop_timer_set(stage->loop, &stage->timers[0], monotime_add(monotime_now(), NS_PER_MS));
    loop_run(stage->loop);
    assert_int_equal(stage->count, 2);
    assert_int_equal(stage->order[0], -1);
    assert_int_equal(stage->order[1], 0);
    loop_io_stop(stage->loop, &stage->io);
    stage_free(stage);
}

/* The first time it stands still until the deadline is past, and meanwhile more arrives. */
static void dawdle(struct loop_io *io, unsigned events, struct monotime now)
{
    struct stage *stage = io->owner;

    handle_readable(io, events, now);
    if (stage->count > 1)
        return;
    while (monotime_since(now, monotime_now()) < 4 * NS_PER_MS)
        continue;
    assert_int_equal(write(stage->pipe[1], "x", 1), 1);
}

/* It passed after the descriptors were looked at, so they are looked at once more. */
static void a_deadline_that_passes_unseen_waits_for_descriptors(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    stage->io =
        (struct loop_io){.name = "pipe", .fd = stage->pipe[0], .handle = dawdle, .owner = stage};
    loop_io_start(stage->loop, &stage->io, LOOP_READ);
    assert_int_equal(write(stage->pipe[1], "x", 1), 1);
    loop_timer_init(&stage->timers[0], "stop", stop_at_once, stage);
    loop_timer_set(stage->loop, &stage->timers[0], monotime_add(monotime_now(), 3 * NS_PER_MS));
    loop_run(stage->loop);
    assert_int_equal(stage->count, 3);
    assert_int_equal(stage->order[1], -1);
    assert_int_equal(stage->order[2], 0);
    loop_io_stop(stage->loop, &stage->io);
    stage_free(stage);
}

static void set_into_the_past(struct loop_timer *timer, struct monotime now)
{
    struct stage *stage = timer->owner;

    (void)now;
    note(stage, 1);
    loop_timer_set(stage->loop, timer, (struct monotime){0});
}

static void deadlines_in_the_past_starve_nobody(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    loop_timer_init(&stage->timers[0], "past", set_into_the_past, stage);
    loop_timer_set(stage->loop, &stage->timers[0], (struct monotime){0});
    loop_timer_init(&stage->timers[1], "stop", stop_at_once, stage);
    loop_timer_set(stage->loop, &stage->timers[1], monotime_add(monotime_now(), NS_PER_MS));
    assert_int_equal(loop_run(stage->loop), 0);
    assert_true(stage->count >= 2);
    stage_free(stage);
}

static void cancelled_deadlines_do_not_run(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    loop_timer_init(&stage->timers[0], "never", set_into_the_past, stage);
    loop_timer_set(stage->loop, &stage->timers[0], monotime_now());
    loop_timer_cancel(stage->loop, &stage->timers[0]);
    loop_timer_cancel(stage->loop, &stage->timers[0]);
    loop_timer_init(&stage->timers[1], "stop", stop_at_once, stage);
    loop_timer_set(stage->loop, &stage->timers[1], monotime_now());
    loop_run(stage->loop);
    assert_int_equal(stage->count, 1);
    stage_free(stage);
}

static void handle_signal(void *owner, int number, struct monotime now)
{
    struct stage *stage = owner;

    (void)now;
    stage->signal = number;
    loop_stop(stage->loop, 0);
}

static void signals_arrive_through_the_loop(void **unused)
{
    struct stage *stage = stage_new();
    const int signals[] = {SIGUSR1, 0};

    (void)unused;
    assert_int_equal(loop_signals(stage->loop, signals, handle_signal, stage), 0);
    raise(SIGUSR1);
    loop_run(stage->loop);
    assert_int_equal(stage->signal, SIGUSR1);
    stage_free(stage);
}

static void stand_still(struct loop_timer *timer, struct monotime now)
{
    struct stage *stage = timer->owner;

    while (monotime_since(now, monotime_now()) < 2 * NS_PER_MS)
        continue;
    loop_stop(stage->loop, 0);
}

static void a_slow_handler_is_counted_by_name(void **unused)
{
    struct stage *stage = stage_new();
    struct err err;

    (void)unused;
    loop_free(stage->loop);
    assert_int_equal(loop_new(NS_PER_MS, &stage->loop, &err), 0);
    loop_timer_init(&stage->timers[0], "slow one", stand_still, stage);
    loop_timer_set(stage->loop, &stage->timers[0], monotime_now());
    loop_run(stage->loop);
    assert_true(loop_stalls(stage->loop)->count >= 1);
    assert_string_equal(loop_stalls(stage->loop)->worst_name, "slow one");
    assert_true(loop_stalls(stage->loop)->worst_ns >= 2 * NS_PER_MS);
    stage_free(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadlines_run_in_their_order),
        cmocka_unit_test(descriptors_come_before_deadlines),
        cmocka_unit_test(a_deadline_that_passes_unseen_waits_for_descriptors),
        cmocka_unit_test(deadlines_in_the_past_starve_nobody),
        cmocka_unit_test(cancelled_deadlines_do_not_run),
        cmocka_unit_test(signals_arrive_through_the_loop),
        cmocka_unit_test(a_slow_handler_is_counted_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
