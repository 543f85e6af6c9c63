/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/file_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/process.h"

/*
 * Asks the server even if the answer is still remembered here. Whether the path is a mount point the
 * kernel tells since 5.8.
 */
static void look(const char *path, struct probe_file_facts *ret_facts)
{
    struct timespec now;
    struct statx status;

    *ret_facts = (struct probe_file_facts){0};
    if (statx(AT_FDCWD, path, AT_STATX_FORCE_SYNC, STATX_MTIME, &status) < 0) {
        ret_facts->error = errno;
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now); /* a file's times are of this clock */
    ret_facts->is_mount =
        (status.stx_attributes & status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
    ret_facts->age_ns = (now.tv_sec - status.stx_mtime.tv_sec) * NS_PER_S +
                        (now.tv_nsec - (int64_t)status.stx_mtime.tv_nsec);
}

/* Only calls that are safe behind fork() in a program with threads: no memory is asked for. */
static int serve(void *nothing)
{
    struct probe_file_question question;
    struct probe_file_answer answer;

    (void)nothing;
    (void)prctl(PR_SET_NAME, "reghad-file", 0, 0, 0);
    loop_signals_reset();
    while (recv(STDIN_FILENO, &question, sizeof(question), 0) == (ssize_t)sizeof(question)) {
        answer = (struct probe_file_answer){.number = question.number};
        look(question.path, &answer.facts);
        if (send(STDIN_FILENO, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
            break;
    }
    return 0;
}

/* The socket becomes the only descriptor: no other of the parent's may stay open because of us. */
static int make_orphan(void *socket)
{
    if (dup2(*(const int *)socket, STDIN_FILENO) < 0 ||
        close_range(STDIN_FILENO + 1, UINT_MAX, 0) < 0)
        return 1;
    return process_child_start(serve, NULL) < 0;
}

int probe_file_helper_start(void)
{
    int ends[2], child, failed;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    child = process_child_start(make_orphan, &ends[1]);
    close(ends[1]);
    /* It forks and ends, so this does not last. */
    failed = child < 0 ? child : process_child_end(child);
    if (failed == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
        failed = -errno;
    if (failed == 0)
        return ends[0];
    close(ends[0]);
    return failed < 0 ? failed : -EAGAIN;
}
