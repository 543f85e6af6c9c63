/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

static const struct wire_field process_state_fields[] = {
    WIRE_INT(process_state, pid),          WIRE_INT(process_state, started_ns),
    WIRE_BYTES(process_state, lag_counts), WIRE_INT(process_state, lag_count),
    WIRE_INT(process_state, lag_sum_ns),   WIRE_INT(process_state, stalls),
    WIRE_TEXT(process_state, worst_name),  WIRE_INT(process_state, worst_ns),
    WIRE_INT(process_state, cpu_ns),       WIRE_INT(process_state, resident_bytes),
    WIRE_TEXT(process_state, version),     WIRE_END,
};

const struct wire_layout process_state_layout = {
    .type = PROCESS_STATE_TYPE,
    .version = 1,
    .struct_bytes = sizeof(struct process_state),
    .fields = process_state_fields,
    .name = "process_state",
};

#define FILE_BYTES 1024

/* Returns whether something was read; always a text. */
static bool read_text(const char *path, char text[FILE_BYTES])
{
    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t used = fd >= 0 ? read(fd, text, FILE_BYTES - 1) : 0;

    text[used > 0 ? used : 0] = '\0';
    return used > 0;
}

static int64_t timespec_ns(clockid_t clock)
{
    struct timespec at;

    clock_gettime(clock, &at);
    return at.tv_sec * NS_PER_S + at.tv_nsec;
}

int64_t process_start_ticks(pid_t pid)
{
    char path[64] = "/proc/self/stat";
    char text[FILE_BYTES];
    long long ticks;

    if (pid != 0)
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (!read_text(path, text))
        return -1;
    /* The name in parentheses may hold anything, even parentheses. */
    const char *fields = strrchr(text, ')');
    if (fields == NULL || sscanf(fields + 1,
                                 " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d"
                                 " %*d %*d %*d %lld",
                                 &ticks) != 1)
        return -1;
    return ticks;
}

/*
 * The ticks count suspended time, too. It is taken off in whole ticks, so that the answer does not
 * move from one reading to the next.
 */
static int64_t started_ns(void)
{
    const int64_t tick_ns = NS_PER_S / sysconf(_SC_CLK_TCK);
    const int64_t suspended_ns = timespec_ns(CLOCK_BOOTTIME) - timespec_ns(CLOCK_MONOTONIC);
    const int64_t ticks = process_start_ticks(0);

    return ticks < 0 ? 0 : (ticks - (suspended_ns + tick_ns / 2) / tick_ns) * tick_ns;
}

/* proc(5), /proc/PID/statm: its second number counts resident pages. */
static uint64_t resident_bytes(void)
{
    char text[FILE_BYTES];
    unsigned long long pages;

    if (!read_text("/proc/self/statm", text) || sscanf(text, "%*u %llu", &pages) != 1)
        return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t timeval_ns(struct timeval span)
{
    return (uint64_t)(span.tv_sec * NS_PER_S + span.tv_usec * NS_PER_US);
}

static uint64_t cpu_ns(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) < 0)
        return 0;
    return timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
}

void process_state_read(const struct loop *loop, struct process_state *ret_state)
{
    const struct histogram *lag = loop_lag(loop);
    const struct loop_stalls *stalls = loop_stalls(loop);

    *ret_state = (struct process_state){
        .pid = getpid(),
        .started_ns = started_ns(),
        .lag_count = lag->count,
        .lag_sum_ns = lag->sum_ns,
        .stalls = stalls->count,
        .worst_ns = stalls->worst_ns,
        .cpu_ns = cpu_ns(),
        .resident_bytes = resident_bytes(),
        .version = REGHA_VERSION,
    };
    memcpy(ret_state->lag_counts, lag->counts, sizeof(ret_state->lag_counts));
    if (stalls->worst_name != NULL)
        snprintf(ret_state->worst_name, sizeof(ret_state->worst_name), "%s", stalls->worst_name);
}

int process_child_start(int (*work)(void *argument), void *argument)
{
    const pid_t pid = fork();

    if (pid == 0)
        _exit(work(argument));
    if (pid < 0)
        return -errno;
    const int pidfd = pidfd_open(pid, 0);
    if (pidfd >= 0)
        return pidfd;
    const int failed = -errno;
    (void)waitpid(pid, NULL, 0); /* nobody could tell us later */
    return failed;
}

int process_child_end(int pidfd)
{
    siginfo_t info = {0};
    const int failed = waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0 ? -errno : 0;

    close(pidfd);
    if (failed < 0)
        return failed;
    return info.si_code == CLD_EXITED ? info.si_status : -EINTR;
}
