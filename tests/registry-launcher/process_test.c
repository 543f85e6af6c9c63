/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/process.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/monotime.h"

static int exit_with(void *argument)
{
    return *(const int *)argument;
}

static int wait_for_signal(void *argument)
{
    (void)argument;
    pause();
    return 0;
}

/* Its own group, with a child in it; says so by a byte. */
static int lead_group(void *argument)
{
    const int *fd = argument;

    setsid();
    if (fork() == 0)
        pause();
    (void)!write(*fd, "x", 1);
    pause();
    return 0;
}

static struct registry_process start(int (*work)(void *argument), void *argument)
{
    struct registry_process process;
    struct err err;

    assert_int_equal(registry_process_start(work, argument, &process, &err), 0);
    return process;
}

static struct registry_process_end wait_end(struct registry_process *process)
{
    struct pollfd asked = {.fd = process->pidfd, .events = POLLIN};
    struct registry_process_end end;

    assert_int_equal(poll(&asked, 1, 10000), 1);
    assert_int_equal(registry_process_reap(process, &end), 0);
    assert_int_equal(process->pid, 0);
    return end;
}

static void exits(void **state)
{
    int status = 42;
    struct registry_process process = start(exit_with, &status);
    const struct registry_process_end end = wait_end(&process);

    (void)state;
    assert_true(end.known);
    assert_false(end.signalled);
    assert_int_equal(end.code, 42);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left to reap */
}

static void killed(void **state)
{
    struct registry_process process = start(wait_for_signal, NULL);
    struct registry_process_end end;

    (void)state;
    assert_int_equal(registry_process_reap(&process, &end), -EAGAIN);
    assert_int_equal(registry_process_signal(&process, SIGKILL), 0);
    end = wait_end(&process);
    assert_true(end.signalled);
    assert_int_equal(end.code, SIGKILL);
    assert_int_equal(registry_process_signal(&process, SIGKILL), -ESRCH);
}

/* A number alone is not a process: its start time must fit, and it must live. */
static void found_again(void **state)
{
    struct registry_process process = start(wait_for_signal, NULL), found;
    const pid_t pid = process.pid;
    const uint64_t ticks = process.start_ticks;

    (void)state;
    assert_true(ticks > 0);
    assert_int_equal(registry_process_find(pid, ticks, &found), 0);
    assert_false(found.child);
    registry_process_forget(&found);
    assert_int_equal(registry_process_find(pid, ticks + 1, &found), -ESRCH);
    assert_int_equal(registry_process_find(pid, 0, &found), -ESRCH);
    assert_int_equal(registry_process_find(0, ticks, &found), -ESRCH);

    assert_int_equal(registry_process_signal(&process, SIGKILL), 0);
    struct pollfd asked = {.fd = process.pidfd, .events = POLLIN};
    assert_int_equal(poll(&asked, 1, 10000), 1);
    assert_int_equal(registry_process_find(pid, ticks, &found), -ESRCH); /* a zombie is not alive */
    (void)wait_end(&process);
}

/* As a launcher sees the child of one that was killed: another reaps it, the kernel tells. */
static void end_of_a_stranger(void **state)
{
    struct registry_process process = start(wait_for_signal, NULL), found;
    struct registry_process_end end = {.known = false};

    (void)state;
    assert_int_equal(registry_process_find(process.pid, process.start_ticks, &found), 0);
    assert_int_equal(registry_process_reap(&found, &end), -EAGAIN);
    assert_int_equal(registry_process_signal(&found, SIGTERM), 0);
    struct pollfd asked = {.fd = found.pidfd, .events = POLLIN};
    assert_int_equal(poll(&asked, 1, 10000), 1);
    const int early = registry_process_reap(&found, &end);
    if (early == 0 && !end.known) { /* before Linux 6.15 nobody can say */
        (void)wait_end(&process);
        skip();
    }
    assert_int_equal(early, -EAGAIN);
    (void)wait_end(&process);
    assert_int_equal(registry_process_reap(&found, &end), 0);
    assert_true(end.known && end.signalled);
    assert_int_equal(end.code, SIGTERM);
}

/* The leader is dead and not yet reaped, or reaped: its group is ended all the same. */
static void group(void **state)
{
    int ends[2];
    char byte;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    assert_int_equal(pipe(ends), 0);
    struct registry_process process = start(lead_group, &ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(registry_process_signal(&process, SIGKILL), 0);
    struct pollfd asked = {.fd = process.pidfd, .events = POLLIN};
    assert_int_equal(poll(&asked, 1, 10000), 1);
    registry_process_signal_group(&process, SIGKILL);
    (void)wait_end(&process);
    assert_true(waitpid(-1, NULL, 0) > 0); /* the child, now ours */
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exits),       cmocka_unit_test(killed),
        cmocka_unit_test(found_again), cmocka_unit_test(end_of_a_stranger),
        cmocka_unit_test(group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
