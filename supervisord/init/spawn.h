/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spawn - start another program as a child with nothing of ours but stdin, stdout and stderr.
 */
#ifndef SUPERVISORD_INIT_SPAWN_H
#define SUPERVISORD_INIT_SPAWN_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct init_spawn {
    const char *path;
    char *const *argv;
    int stdout_fd;  /* -1: ours */
    bool is_quiet;  /* stderr to nowhere */
    char *variable; /* one more for its environment, "NAME=value", or NULL */
};

/*
 * The child leads a process group of its own, so that Ctrl-C reaches only us and the order of
 * stopping stays ours. It does not see who manages us: NOTIFY_SOCKET, WATCHDOG_*, LISTEN_*.
 * Returns 0 or a negative errno.
 */
int init_spawn_start(const struct init_spawn *spawn, pid_t *ret_pid);

/*
 * Where `name` is: in `folder`, or, as installed, in lib/regha or sbin beside it. Returns 0, or
 * -ENOENT with a sentence.
 */
int init_spawn_find(const char *folder, const char *name, char ret_path[PATH_MAX], struct err *err);

#endif
