/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process - one process by its pidfd: started by us, or found running.
 *
 * A number may be another process tomorrow; a pidfd never is. Of a child waitid(2) tells the end; of
 * somebody else's the kernel does (PIDFD_GET_INFO, Linux 6.15), or nobody.
 */
#ifndef REGISTRY_LAUNCHER_PROCESS_H
#define REGISTRY_LAUNCHER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct registry_process {
    pid_t pid;            /* 0: none */
    int pidfd;            /* readable once it has ended */
    bool child;           /* ours to reap */
    uint64_t start_ticks; /* proc(5), stat, field 22: with the pid its name for this boot */
};

struct registry_process_end {
    bool known; /* else nobody could say */
    bool signalled;
    int code; /* the signal, or the exit status */
};

#define REGISTRY_PROCESS_NONE ((struct registry_process){.pidfd = -1})

/*
 * Run `work` in a child, which ends with what that returns. Returns 0 or a negative errno; nothing
 * runs then.
 */
int registry_process_start(int (*work)(void *argument), void *argument,
                           struct registry_process *ret_process, struct err *err);

/* A process that is there already. -ESRCH: it is gone, or another one has its number. */
int registry_process_find(pid_t pid, uint64_t start_ticks, struct registry_process *ret_process);

/* The same for whoever has this number now; its start time is read. */
int registry_process_find_any(pid_t pid, struct registry_process *ret_process);

/* Returns 0 or a negative errno; -ESRCH: it has ended. */
int registry_process_signal(const struct registry_process *process, int signal);

/* To its whole process group, also when it itself has ended but is not reaped yet. */
void registry_process_signal_group(const struct registry_process *process, int signal);

/*
 * How it ended; closes the pidfd. -EAGAIN: not ended, or whoever must reap it has not: ask again, or
 * call registry_process_forget().
 */
int registry_process_reap(struct registry_process *process, struct registry_process_end *ret_end);

/* Kill and reap a child that has not begun to do anything, so that this does not last. */
void registry_process_kill_child(struct registry_process *process);

/* Let it be; it runs on. */
void registry_process_forget(struct registry_process *process);

#endif
