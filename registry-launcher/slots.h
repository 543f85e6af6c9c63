/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slots - the two processes a registry may have: the one that serves, and the one that leaves.
 *
 * At a hand-over the serving one drains on in its slot and its cgroup, while the next one is started
 * in the other. There is never a third: who leaves has a deadline, kept by the state machine.
 */
#ifndef REGISTRY_LAUNCHER_SLOTS_H
#define REGISTRY_LAUNCHER_SLOTS_H

#include "registry-launcher/exec.h"

struct registry_slots {
    struct registry_exec execs[2];
    struct registry_exec *current;
    struct registry_exec *leaver; /* NULL: none */
    const struct registry_backend_events *leaver_events;
};

/* `leaver_events`: only exited() is called, once the one that leaves is gone. */
void registry_slots_init(struct registry_slots *slots, struct loop *loop,
                         const struct registry_backend_events *events,
                         const struct registry_backend_events *leaver_events, void *owner);

/*
 * Of the cgroup of the current one's next process: never that of the other one, which may have been
 * adopted into either slot. "" or a suffix that no name of a registry has.
 */
const char *registry_slots_suffix(const struct registry_slots *slots);

/* As registry_exec_start(), in the current slot. */
int registry_slots_start(struct registry_slots *slots, const struct registry_cgroups *cgroups,
                         const struct registry_backend_start *start, struct err *err);

/* The current one, which TERM was sent to, leaves; there is no current one then. */
void registry_slots_hand_over(struct registry_slots *slots);

/* One that was leaving already when a launcher before us ended. Returns 0 or a negative errno. */
int registry_slots_adopt_leaver(struct registry_slots *slots, pid_t pid, uint64_t start_ticks,
                                const char *cgroup);

void registry_slots_kill_leaver(struct registry_slots *slots);

/* It is gone. */
void registry_slots_left(struct registry_slots *slots);

/* Once a second; `stopped`: nothing is to run, so that an empty cgroup may go. */
void registry_slots_tick(struct registry_slots *slots, bool stopped);

/* Let them run on without us. */
void registry_slots_forget(struct registry_slots *slots);

#endif
