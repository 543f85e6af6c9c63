/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec - backend: a registry as a child of the launcher.
 *
 * In its own session, its own cgroup where there is one to be had. It outlives a launcher that is
 * killed; the next one finds it by its number and start time. The child waits until its number is
 * noted, and dies if we die before, so no registry runs that nobody knows.
 */
#ifndef REGISTRY_LAUNCHER_EXEC_H
#define REGISTRY_LAUNCHER_EXEC_H

#include "base/loop.h"
#include "registry-launcher/backend.h"
#include "registry-launcher/cgroup.h"
#include "registry-launcher/program.h"

struct registry_exec {
    struct loop *loop;
    const struct registry_backend_events *events;
    void *owner;
    struct registry_process process;
    const char *suffix; /* of its cgroup, so that two processes of one registry have one each */
    char cgroup[REGISTRY_CGROUP_BYTES];
    bool we_killed;
    struct registry_program_failure failure; /* it said so, and is about to end */
    uint64_t oom_kills;      /* on this host, the last time but one that they were noted */
    uint64_t oom_kills_now;  /* the last time: its end may have begun before */
    int reaps;               /* how often its end was asked for */
    struct loop_io end_io;   /* its pidfd */
    struct loop_io start_io; /* readable: it could not start; its end: it has become its program */
    struct loop_timer again; /* somebody else's child: ask once more how it ended */
};

void registry_exec_init(struct registry_exec *exec, struct loop *loop,
                        const struct registry_backend_events *events, void *owner);

/*
 * Calls forked(), and answers later with spawned(), cannot_start() or exited(). Returns 0 or a
 * negative errno; then there is no process.
 */
int registry_exec_start(struct registry_exec *exec, const struct registry_cgroups *cgroups,
                        const struct registry_backend_start *start, struct err *err);

/* One that runs already, in `cgroup`. Its end will be reported. Takes the process. */
int registry_exec_adopt(struct registry_exec *exec, const struct registry_process *process,
                        const char *cgroup);

/* False: there is nothing to signal. */
bool registry_exec_term(struct registry_exec *exec);
bool registry_exec_kill(struct registry_exec *exec);

/* Call from time to time: a later SIGKILL is told from the kernel's by this. */
void registry_exec_note_oom(struct registry_exec *exec);

/* Let it run on without us. */
void registry_exec_forget(struct registry_exec *exec);

#endif
