/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/init/former.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/process.h"

#define END_MS     5000
#define LIST_BYTES 1024

/* Through a pidfd: between the look and the signal its number may go to somebody else. */
static void end_one(pid_t pid, int64_t start_ticks)
{
    CLEANUP(cleanup_close)
    int fd = pidfd_open(pid, 0);
    struct pollfd ended = {.fd = fd, .events = POLLIN};

    if (fd < 0 || process_start_ticks(pid) != start_ticks)
        return;
    log_warning("a program of a former regha-init still runs and is killed", "pid=%d", (int)pid);
    if (pidfd_send_signal(fd, SIGKILL, NULL, 0) < 0 || poll(&ended, 1, END_MS) != 1)
        log_err("a program of a former regha-init does not end", "pid=%d", (int)pid);
}

static void end_listed(const char *list)
{
    long long pid;
    long long start_ticks;
    int used;

    for (; sscanf(list, "%lld %lld\n%n", &pid, &start_ticks, &used) == 2; list += used)
        if (pid > 1 && pid <= INT_MAX)
            end_one((pid_t)pid, start_ticks);
}

int init_former_open(const char *path, struct err *err)
{
    char list[LIST_BYTES];

    CLEANUP(cleanup_close)
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(err, "cannot open %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return err_set(err, EBUSY, "another regha-init runs here: it holds %s", path);
    const ssize_t used = pread(fd, list, sizeof(list) - 1, 0);
    if (used < 0)
        return err_errno(err, "cannot read %s", path);
    list[used] = '\0';
    end_listed(list);
    return cleanup_take_fd(&fd);
}

void init_former_note(int fd, const pid_t *pids, size_t count)
{
    char list[LIST_BYTES];
    size_t used = 0;

    for (size_t at = 0; at < count && used + 64 < sizeof(list); at++)
        if (pids[at] != 0)
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%d %" PRId64 "\n",
                                     (int)pids[at], process_start_ticks(pids[at]));
    if (ftruncate(fd, 0) < 0 || pwrite(fd, list, used, 0) < 0)
        log_warning("cannot note what runs", "path=%s reason=\"%s\"", INIT_FORMER_PATH,
                    strerror(errno));
}
