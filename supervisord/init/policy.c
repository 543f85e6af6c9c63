/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/init/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "supervisord/init/spawn.h"

#define DEADLINE_NS (10 * NS_PER_S)

static int write_all(int fd, const char *text, size_t length_bytes)
{
    while (length_bytes > 0) {
        const ssize_t written = write(fd, text, length_bytes);
        if (written < 0)
            return -errno;
        text += written;
        length_bytes -= (size_t)written;
    }
    return 0;
}

/* On a tmpfs: neither the write nor the rename waits for a disk. */
static int replace_file(const struct init_policy *policy, struct err *err)
{
    char fresh[PATH_MAX];

    snprintf(fresh, sizeof(fresh), "%s.new", policy->path);
    if (unlink(fresh) < 0 && errno != ENOENT)
        return err_errno(err, "cannot remove %s", fresh);
    CLEANUP(cleanup_close)
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return err_errno(err, "cannot write %s", fresh);
    const int written = write_all(fd, policy->text, policy->used_bytes);
    if (written < 0)
        return err_set(err, -written, "cannot write %s: %s", fresh, strerror(-written));
    if (fchmod(fd, 0644) < 0 || rename(fresh, policy->path) < 0)
        return err_errno(err, "cannot write %s", policy->path);
    return 0;
}

static int judge(const struct init_policy *policy, struct err *err)
{
    if (policy->failed != 0) {
        err_set(err, policy->failed, "cannot run %s --policy: %s", policy->program,
                strerror(policy->failed));
        return 1;
    }
    if (WIFSIGNALED(policy->ended)) {
        err_set(err, EIO, "reghad --policy was killed by signal %d", WTERMSIG(policy->ended));
        return 1;
    }
    if (WEXITSTATUS(policy->ended) != 0) {
        err_set(err, EINVAL, "reghad refused the configuration %s", policy->config);
        return WEXITSTATUS(policy->ended);
    }
    if (policy->used_bytes == INIT_POLICY_BYTES) {
        err_set(err, EFBIG, "the local policy is longer than %d bytes", INIT_POLICY_BYTES);
        return 1;
    }
    return replace_file(policy, err) < 0 ? 1 : 0;
}

/* Both have to be over: the answer and its writer. */
static void finish_if_over(struct init_policy *policy, struct monotime now)
{
    struct err err;

    if (init_policy_is_running(policy))
        return;
    loop_timer_cancel(policy->loop, &policy->deadline);
    const int status = judge(policy, &err);
    if (status != 0)
        log_err("the launcher's local policy was not written", "reason=\"%s\" status=%d", err.text,
                status);
    policy->done(policy->owner, status, now);
}

static void close_answer(struct init_policy *policy)
{
    loop_io_stop(policy->loop, &policy->answer);
    close(policy->answer.fd);
    policy->answer.fd = -1;
}

static void handle_answer(struct loop_io *io, unsigned events, struct monotime now)
{
    struct init_policy *policy = io->owner;

    (void)events;
    const ssize_t used =
        read(io->fd, policy->text + policy->used_bytes, INIT_POLICY_BYTES - policy->used_bytes);
    if (used < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (used > 0)
        policy->used_bytes += (size_t)used;
    if (used > 0 && policy->used_bytes < INIT_POLICY_BYTES)
        return;
    close_answer(policy);
    finish_if_over(policy, now);
}

static void handle_deadline(struct loop_timer *timer, struct monotime now)
{
    struct init_policy *policy = timer->owner;

    if (policy->failed == 0)
        log_warning("reghad --policy takes too long and is killed", "pid=%d", (int)policy->pid);
    if (policy->pid != 0)
        (void)kill(policy->pid, SIGKILL);
    if (policy->answer.watch != NULL)
        close_answer(policy);
    finish_if_over(policy, now);
}

static int run_reghad(struct init_policy *policy, bool is_quiet)
{
    char name[] = "reghad";
    char option[] = "--policy";
    char config_option[] = "-c";
    char *const argv[] = {name, option, config_option, policy->config, NULL};
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    const struct init_spawn spawn = {policy->program, argv, ends[1], is_quiet, NULL};
    int started = init_spawn_start(&spawn, &policy->pid);
    close(ends[1]);
    policy->answer.fd = ends[0];
    if (started == 0)
        started = fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
    if (started == 0)
        started = loop_io_start(policy->loop, &policy->answer, LOOP_READ);
    if (started == 0)
        return 0;
    close(ends[0]);
    if (policy->pid != 0)
        (void)kill(policy->pid, SIGKILL); /* reaped as nobody's */
    policy->pid = 0;
    return started;
}

void init_policy_start(struct init_policy *policy, bool is_quiet, struct monotime now)
{
    policy->used_bytes = 0;
    policy->pid = 0;
    policy->answer =
        (struct loop_io){.name = "policy", .fd = -1, .handle = handle_answer, .owner = policy};
    if (policy->deadline.name != NULL) /* a start before failed and has not told it yet */
        loop_timer_cancel(policy->loop, &policy->deadline);
    loop_timer_init(&policy->deadline, "policy", handle_deadline, policy);
    /* A failure is told like an end: later, and through the same door. */
    policy->failed = -run_reghad(policy, is_quiet);
    (void)loop_timer_set(policy->loop, &policy->deadline,
                         policy->failed == 0 ? monotime_add(now, DEADLINE_NS) : now);
}

bool init_policy_ended(struct init_policy *policy, pid_t pid, int ended, struct monotime now)
{
    if (policy->pid == 0 || pid != policy->pid)
        return false;
    policy->pid = 0;
    policy->ended = ended;
    finish_if_over(policy, now);
    return true;
}
