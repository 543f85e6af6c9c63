/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/init/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "supervisord/init/spawn.h"

/* Best effort: a container may forbid it, and all works without. */
static void set_oom_score(const struct init_program *program)
{
    char path[64];
    char text[16];

    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)program->pid);
    CLEANUP(cleanup_close)
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    const int length = snprintf(text, sizeof(text), "%d", program->oom_score_adjust);
    if (fd < 0 || write(fd, text, (size_t)length) < 0)
        log_debug("cannot protect a program from the kernel's want of memory", "program=%s",
                  program->name);
}

static void handle_again(struct loop_timer *timer, struct monotime now)
{
    init_program_start(timer->owner, now);
}

static void start_later(struct init_program *program, struct monotime now)
{
    const int64_t wait_ns = init_restart_wait_ns(&program->restart, program->started, now);

    loop_timer_init(&program->again, program->name, handle_again, program);
    if (wait_ns > 0)
        log_info("a program waits for its next start", "program=%s wait_ms=%lld", program->name,
                 (long long)(wait_ns / NS_PER_MS));
    if (loop_timer_set(program->loop, &program->again, monotime_add(now, wait_ns)) < 0)
        log_err("a program is not started again, for memory is short", "program=%s", program->name);
}

void init_program_start(struct init_program *program, struct monotime now)
{
    const struct init_spawn spawn = {program->path, program->argv, -1, false, program->variable};
    const int started = init_spawn_start(&spawn, &program->pid);

    program->is_held = false;
    program->started = now;
    if (started < 0) {
        program->pid = 0;
        log_err("a program cannot be started", "program=%s path=%s reason=\"%s\"", program->name,
                program->path, strerror(-started));
        start_later(program, now);
        return;
    }
    program->starts++;
    set_oom_score(program);
    log_info("a program was started", "program=%s pid=%d starts=%u", program->name,
             (int)program->pid, program->starts);
}

void init_program_kill(const struct init_program *program, int number)
{
    if (program->pid != 0)
        (void)kill(program->pid, number);
}

static void log_end(const struct init_program *program, int ended, bool is_stopping)
{
    const enum log_level level = is_stopping ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;

    if (WIFSIGNALED(ended))
        log_write(level, "a program was killed", "program=%s pid=%d signal=%d", program->name,
                  (int)program->pid, WTERMSIG(ended));
    else
        log_write(level, "a program ended", "program=%s pid=%d status=%d", program->name,
                  (int)program->pid, WEXITSTATUS(ended));
}

void init_program_ended(struct init_program *program, int ended, bool is_stopping,
                        struct monotime now)
{
    log_end(program, ended, is_stopping);
    program->pid = 0;
    if (is_stopping)
        return;
    program->is_held = WIFEXITED(ended) && WEXITSTATUS(ended) == INIT_PROGRAM_MISCONFIGURED;
    if (program->is_held)
        log_err("a program is misconfigured and not started again before a reload", "program=%s",
                program->name);
    else
        start_later(program, now);
}
