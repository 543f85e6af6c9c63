/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "registry-launcher/child.h"

#define ARGUMENTS_MAX 64

struct start {
    const struct registry_runner_job *job;
    int output;
};

/* execve(2) wants them writable and writes nothing. */
union texts {
    const char *in[ARGUMENTS_MAX + 1];
    char *out[ARGUMENTS_MAX + 1];
};

static int set_streams(int output, struct err *err)
{
    CLEANUP(cleanup_close)
    int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (empty < 0 || dup2(empty, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0)
        return err_errno(err, "cannot set its streams");
    return 0;
}

static void copy(const char *const *from, union texts *to)
{
    size_t at = 0;

    for (; at < ARGUMENTS_MAX && from[at] != NULL; at++)
        to->in[at] = from[at];
    to->in[at] = NULL;
}

/* In the child. */
static int run(void *argument)
{
    const struct start *start = argument;
    union texts argv, environment;
    struct err err;

    if (set_streams(start->output, &err) < 0)
        return REGISTRY_RUNNER_CANNOT;
    copy(start->job->argv, &argv);
    copy(start->job->environment, &environment);
    if (registry_child_reset(&err) < 0 || registry_child_become(start->job->user, &err) < 0) {
        dprintf(STDERR_FILENO, "%s\n", err.text);
        return REGISTRY_RUNNER_CANNOT;
    }
    /* After the change of user, which clears it. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    registry_child_cloexec_from(STDERR_FILENO + 1);
    execve(argv.in[0], argv.out, environment.out);
    dprintf(STDERR_FILENO, "cannot execute %s: %s\n", argv.in[0], strerror(errno));
    return REGISTRY_RUNNER_CANNOT;
}

static void keep(struct registry_runner *runner, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length; at++) {
        const unsigned char byte = (unsigned char)bytes[at];

        if (runner->used_bytes == REGISTRY_RUNNER_OUTPUT_BYTES)
            runner->dropped_bytes++;
        else
            runner->output[runner->used_bytes++] =
                (byte < ' ' && byte != '\n') || byte == 0x7f ? ' ' : (char)byte;
    }
    runner->output[runner->used_bytes] = '\0';
}

static void stop_output(struct registry_runner *runner)
{
    loop_io_stop(runner->loop, &runner->output_io);
    if (runner->output_io.fd >= 0)
        close(runner->output_io.fd);
    runner->output_io.fd = -1;
}

/* One piece a call: a program that never stops talking must not hold the loop up. */
static bool read_some(struct registry_runner *runner)
{
    char bytes[4096];
    const ssize_t length = read(runner->output_io.fd, bytes, sizeof(bytes));

    if (length > 0)
        keep(runner, bytes, (size_t)length);
    return length > 0;
}

static void handle_output(struct loop_io *io, unsigned events, struct monotime now)
{
    struct registry_runner *runner = io->owner;

    (void)events;
    (void)now;
    if (!read_some(runner) && errno != EAGAIN && errno != EINTR)
        stop_output(runner);
}

static void handle_end(struct loop_io *io, unsigned events, struct monotime now)
{
    struct registry_runner *runner = io->owner;
    struct registry_process_end end = {.known = false};

    (void)events;
    loop_io_stop(runner->loop, io);
    if (registry_process_reap(&runner->process, &end) < 0)
        registry_process_forget(&runner->process);
    io->fd = -1;
    if (runner->output_io.fd >= 0)
        (void)read_some(runner); /* its last words */
    stop_output(runner);
    loop_timer_cancel(runner->loop, &runner->deadline);
    const struct registry_runner_end said = {
        .known = end.known,
        .timed_out = runner->timed_out,
        .signalled = end.signalled,
        .code = end.code,
        .output = runner->output,
        .dropped_bytes = runner->dropped_bytes,
    };
    runner->done(runner->owner, &said, now);
}

/* With all of its group; its end is told when it comes. */
static void handle_deadline(struct loop_timer *timer, struct monotime now)
{
    struct registry_runner *runner = timer->owner;

    (void)now;
    runner->timed_out = true;
    registry_process_signal_group(&runner->process, SIGKILL);
    (void)registry_process_signal(&runner->process, SIGKILL);
}

void registry_runner_init(struct registry_runner *runner, struct loop *loop, const char *name,
                          void *owner)
{
    *runner = (struct registry_runner){
        .loop = loop,
        .name = name,
        .owner = owner,
        .process = REGISTRY_PROCESS_NONE,
        .output_io = {.name = name, .fd = -1, .handle = handle_output, .owner = runner},
        .end_io = {.name = name, .fd = -1, .handle = handle_end, .owner = runner},
    };
    loop_timer_init(&runner->deadline, name, handle_deadline, runner);
}

bool registry_runner_is_busy(const struct registry_runner *runner)
{
    return runner->process.pid != 0;
}

static int watch(struct registry_runner *runner, int64_t limit_ns, struct monotime now)
{
    int failed = loop_io_start(runner->loop, &runner->output_io, LOOP_READ);

    runner->end_io.fd = runner->process.pidfd;
    if (failed == 0)
        failed = loop_io_start(runner->loop, &runner->end_io, LOOP_READ);
    if (failed == 0)
        failed = loop_timer_set(runner->loop, &runner->deadline, monotime_add(now, limit_ns));
    return failed;
}

int registry_runner_start(struct registry_runner *runner, const struct registry_runner_job *job,
                          struct monotime now, struct err *err)
{
    int pipes[2];

    if (pipe2(pipes, O_CLOEXEC) < 0)
        return err_errno(err, "cannot make a pipe");
    CLEANUP(cleanup_close)
    int theirs = pipes[1];
    struct start start = {job, theirs};

    runner->output_io.fd = pipes[0];
    runner->timed_out = false;
    runner->used_bytes = runner->dropped_bytes = 0;
    runner->output[0] = '\0';
    int failed = fcntl(pipes[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
    if (failed == 0)
        failed = registry_process_start(run, &start, &runner->process, err);
    if (failed == 0)
        failed = watch(runner, job->limit_ns, now);
    if (failed == 0)
        return 0;
    registry_runner_fini(runner);
    return err_set(err, -failed, "cannot run %.100s: %s", job->argv[0], strerror(-failed));
}

void registry_runner_fini(struct registry_runner *runner)
{
    loop_timer_cancel(runner->loop, &runner->deadline);
    stop_output(runner);
    loop_io_stop(runner->loop, &runner->end_io);
    runner->end_io.fd = -1;
    /* What it started has no deadline any more. */
    registry_process_signal_group(&runner->process, SIGKILL);
    registry_process_kill_child(&runner->process);
}
