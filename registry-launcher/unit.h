/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit - backend: a registry as the unit regha-registry@NAME.service.
 *
 * The unit begins as regha-launcher with the capabilities to change its user, reads its goal from
 * the launcher's record and user and binary from root's policy, and becomes the registry in place
 * (regha-launcher --exec NAME). systemd gives it a cgroup and a journal stream, and knows how it
 * ended; TERM, KILL and the news of its end go by its pidfd, at once.
 */
#ifndef REGISTRY_LAUNCHER_UNIT_H
#define REGISTRY_LAUNCHER_UNIT_H

#include "registry-launcher/backend.h"
#include "registry-launcher/bus.h"
#include "registry-launcher/program.h"

/* Exit status of regha-launcher --exec NAME when it did not get to the registry. */
#define REGISTRY_UNIT_STATUS 203 /* systemd's own EXEC */

enum registry_unit_phase {
    REGISTRY_UNIT_IDLE,
    REGISTRY_UNIT_STARTING,
    REGISTRY_UNIT_RUNNING, /* its main process is known */
    REGISTRY_UNIT_ENDING,  /* that has ended; how, systemd will say */
};

struct registry_unit {
    struct loop *loop;
    const char *folder; /* of records */
    char name[REGISTRY_NAME_BYTES];
    const struct registry_backend_events *events;
    void *owner;
    enum registry_unit_phase phase;
    struct registry_process process;
    struct registry_bus_watch watch;
    struct loop_io end_io;
    struct loop_timer check; /* a signal of the bus may be lost */
    int checks;              /* since the phase began */
    bool asked;              /* its start is on its way to the manager */
    bool queued;             /* its start is the manager's; before, what it says is of the past */
};

void registry_unit_init(struct registry_unit *unit, struct loop *loop, const char *folder,
                        const struct registry_backend_events *events, void *owner);

/* Answers as registry_exec_start() does. `bus` may be NULL: that is refused. */
int registry_unit_start(struct registry_unit *unit, struct registry_bus *bus, const char *name,
                        struct err *err);
int registry_unit_adopt(struct registry_unit *unit, struct registry_bus *bus, const char *name,
                        const struct registry_process *process);

/* False: there is nothing to signal. */
bool registry_unit_term(struct registry_unit *unit);
bool registry_unit_kill(struct registry_unit *unit);

void registry_unit_forget(struct registry_unit *unit);

/*
 * In the unit: where to write a registry_program_failure for the launcher; open it before the user
 * changes. Returns the descriptor or a negative errno.
 */
int registry_unit_open_report(const char *folder, const char *name);

#endif
