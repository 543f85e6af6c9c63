/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* linux/pidfd.h of Linux 6.15; older headers have none of it. */
#define INFO_EXIT    (UINT64_C(1) << 3)
#define SIGNAL_GROUP (1U << 2) /* PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9 */

struct pidfd_info {
    uint64_t mask;
    uint64_t cgroup;
    uint32_t ids[11];
    int32_t exit_code; /* as waitpid(2) gives it; filled once it has been reaped */
};
#define GET_INFO _IOWR(0xFF, 11, struct pidfd_info)
_Static_assert(sizeof(struct pidfd_info) == 64, "the first published size of the kernel's struct");

/* The name in parentheses may hold anything, even parentheses: look for the last one. */
static int read_start_ticks(pid_t pid, uint64_t *ret_ticks)
{
    char path[32], text[1024];
    unsigned long long ticks;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    const ssize_t length = read(fd, text, sizeof(text) - 1);
    if (length <= 0)
        return -ESRCH;
    text[length] = '\0';
    const char *fields = strrchr(text, ')');
    if (fields == NULL || sscanf(fields + 1,
                                 " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d"
                                 " %*d %*d %*d %llu",
                                 &ticks) != 1)
        return -EPROTO;
    *ret_ticks = ticks;
    return 0;
}

int registry_process_start(int (*work)(void *argument), void *argument,
                           struct registry_process *ret_process, struct err *err)
{
    const pid_t pid = fork();

    if (pid < 0)
        return err_errno(err, "cannot start a process");
    if (pid == 0)
        _exit(work(argument));

    struct registry_process process = {.pid = pid, .child = true};
    process.pidfd = pidfd_open(pid, 0);
    if (process.pidfd < 0) {
        const int failed = err_errno(err, "cannot open the descriptor of a process");
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0); /* it was killed: this does not last */
        return failed;
    }
    (void)read_start_ticks(pid, &process.start_ticks); /* 0 is adopted by nobody */
    *ret_process = process;
    return 0;
}

static bool has_ended(int pidfd)
{
    struct pollfd asked = {.fd = pidfd, .events = POLLIN};

    return poll(&asked, 1, 0) > 0;
}

int registry_process_find_any(pid_t pid, struct registry_process *ret_process)
{
    struct registry_process process = {.pid = pid};

    if (pid <= 0)
        return -ESRCH;
    CLEANUP(cleanup_close)
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0)
        return -errno;
    /* In this order: if it still lives after its time was read, the time is its own. */
    const int failed = read_start_ticks(pid, &process.start_ticks);
    if (failed < 0)
        return failed;
    if (has_ended(pidfd))
        return -ESRCH;
    process.pidfd = cleanup_take_fd(&pidfd);
    *ret_process = process;
    return 0;
}

int registry_process_find(pid_t pid, uint64_t start_ticks, struct registry_process *ret_process)
{
    struct registry_process process;
    const int failed = registry_process_find_any(pid, &process);

    if (failed < 0)
        return failed;
    if (start_ticks == 0 || process.start_ticks != start_ticks) {
        close(process.pidfd);
        return -ESRCH;
    }
    *ret_process = process;
    return 0;
}

int registry_process_signal(const struct registry_process *process, int signal)
{
    if (process->pid <= 0)
        return -ESRCH;
    return pidfd_send_signal(process->pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

void registry_process_signal_group(const struct registry_process *process, int signal)
{
    if (process->pid <= 0)
        return;
    /* By the pidfd it cannot hit others, even when the leader is gone and its number taken. */
    if (pidfd_send_signal(process->pidfd, signal, NULL, SIGNAL_GROUP) == 0 || errno != EINVAL)
        return;
    /* Older kernels: an unreaped child keeps its number, so the group is still its own. */
    if (process->child || !has_ended(process->pidfd))
        (void)kill(-process->pid, signal);
}

static void set_end(struct registry_process_end *end, int status)
{
    end->known = true;
    end->signalled = WIFSIGNALED(status);
    end->code = end->signalled ? WTERMSIG(status) : WEXITSTATUS(status);
}

static int reap_child(const struct registry_process *process, struct registry_process_end *end)
{
    siginfo_t info = {.si_pid = 0};

    if (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOHANG) < 0)
        return errno == ECHILD ? 0 : -errno;
    if (info.si_pid == 0)
        return -EAGAIN;
    end->known = true;
    end->signalled = info.si_code != CLD_EXITED;
    end->code = info.si_status;
    return 0;
}

static int ask_kernel(const struct registry_process *process, struct registry_process_end *end)
{
    struct pidfd_info info = {.mask = INFO_EXIT};

    if (!has_ended(process->pidfd))
        return -EAGAIN;
    if (ioctl(process->pidfd, GET_INFO, &info) < 0)
        return errno == ESRCH ? -EAGAIN : 0; /* ENOTTY, EINVAL: an older kernel never says */
    if ((info.mask & INFO_EXIT) == 0)
        return -EAGAIN;
    set_end(end, info.exit_code);
    return 0;
}

int registry_process_reap(struct registry_process *process, struct registry_process_end *ret_end)
{
    struct registry_process_end end = {.known = false};
    const int failed = process->child ? reap_child(process, &end) : ask_kernel(process, &end);

    if (failed < 0)
        return failed;
    registry_process_forget(process);
    *ret_end = end;
    return 0;
}

void registry_process_kill_child(struct registry_process *process)
{
    if (process->pid > 0 && process->child) {
        (void)registry_process_signal(process, SIGKILL);
        (void)waitid(P_PIDFD, (id_t)process->pidfd, NULL, WEXITED);
    }
    registry_process_forget(process);
}

void registry_process_forget(struct registry_process *process)
{
    if (process->pidfd >= 0)
        close(process->pidfd);
    *process = REGISTRY_PROCESS_NONE;
}
