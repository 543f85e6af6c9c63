/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fsm - the life of one registry: wanted, started, died, started again.
 *
 * Pure. The caller says what happened and when; the machine answers what to do and when to wake it.
 * A start is an attempt until it is reported as SPAWNED; attempts out of FAILED stay FAILED until
 * then, so that nobody takes them for life.
 */
#ifndef REGISTRY_LAUNCHER_FSM_H
#define REGISTRY_LAUNCHER_FSM_H

#include "base/monotime.h"
#include "registry-launcher/message.h"
#include "registry-launcher/restart.h"

/* Who lives that long has survived its start. */
#define REGISTRY_FSM_SURVIVED_NS (1 * NS_PER_S)
/* From the attempt to the running program; a user data base that hangs ends here. */
#define REGISTRY_FSM_SPAWN_NS (10 * NS_PER_S)
/* Wanted again while it drains: nobody is served until it has ended, so it must hurry. */
#define REGISTRY_FSM_HURRY_NS (2 * NS_PER_S)
/* The one that leaves gives its port back in a millisecond; one that does not is asked less often. */
#define REGISTRY_FSM_PORT_NS      (2 * NS_PER_MS)
#define REGISTRY_FSM_PORT_SLOW_NS (50 * NS_PER_MS)
#define REGISTRY_FSM_PORT_SOON_NS (200 * NS_PER_MS)
/* A KILL that did not end it (it waits for a disk) is repeated. */
#define REGISTRY_FSM_KILL_AGAIN_NS (1 * NS_PER_S)
/* What is not the registry's own fault is tried again at this pace, without spending its budget. */
#define REGISTRY_FSM_RETRY_NS (1 * NS_PER_S)
#define REGISTRY_FSM_REFUSED_RETRY_NS                                                              \
    (5 * NS_PER_S) /* until somebody changes a policy or a package */

enum registry_fsm_event_kind {
    REGISTRY_FSM_GOAL,
    REGISTRY_FSM_ADOPTED,      /* found running, started by a launcher before us */
    REGISTRY_FSM_SPAWNED,      /* the program runs */
    REGISTRY_FSM_CANNOT_START, /* the attempt ended before that; `cause` */
    REGISTRY_FSM_EXITED,       /* `cause` */
    REGISTRY_FSM_PORT_HELD, /* the attempt was not made: the one that leaves has the port still */
    REGISTRY_FSM_LEAVER_FOUND, /* of a launcher before us; `deadline` */
    REGISTRY_FSM_LEFT,         /* the one that leaves is gone */
    REGISTRY_FSM_TIMER,
};

struct registry_fsm_goal {
    bool run;
    bool changed;       /* other parameters than before */
    bool first;         /* of its sender: the serial is noted, and restarts nothing */
    bool can_hand_over; /* the process that serves now may drain beside the next one */
    uint32_t restart_serial;
    int64_t drain_ns;
    struct registry_restart restart;
};

struct registry_fsm_event {
    enum registry_fsm_event_kind kind;
    struct registry_fsm_goal goal; /* only of GOAL */
    enum registry_cause cause;     /* only of CANNOT_START and EXITED */
    struct monotime deadline;      /* only of LEAVER_FOUND */
};

/* Work for the caller, in the order of the bits. */
enum registry_fsm_action {
    REGISTRY_FSM_CAPTURE = 1 << 0, /* read its files anew */
    REGISTRY_FSM_KILL_LEAVER = 1 << 1,
    REGISTRY_FSM_TERM = 1 << 2,      /* answered by EXITED, also where there is no process yet */
    REGISTRY_FSM_HAND_OVER = 1 << 3, /* from now on the process is the one that leaves */
    REGISTRY_FSM_KILL = 1 << 4,
    REGISTRY_FSM_SPAWN = 1 << 5, /* answered by SPAWNED, CANNOT_START, EXITED or PORT_HELD */
};

struct registry_fsm {
    enum registry_state state;
    bool run;          /* as wanted */
    bool spawning;     /* an attempt is under way */
    bool killed;       /* our KILL was sent */
    bool port_is_held; /* by the one that leaves: the next attempt waits for it */
    struct monotime handed_over;
    bool is_leaving; /* a process before this one drains */
    bool leaver_killed;
    struct monotime leave_deadline;
    uint32_t restart_serial;
    int64_t drain_ns;
    struct registry_restart restart;
    struct registry_restart_history history;
    enum registry_cause cause; /* of the last end or failed attempt, as it is to be counted */
    struct monotime deadline;  /* of the present state */
};

void registry_fsm_init(struct registry_fsm *fsm);

/* When TIMER is due. */
struct monotime registry_fsm_deadline(const struct registry_fsm *fsm);

/* Nothing of it is left: no process that serves, none that leaves. */
bool registry_fsm_is_over(const struct registry_fsm *fsm);

/* Handle one event; returns the set of enum registry_fsm_action. An early TIMER does nothing. */
unsigned registry_fsm_handle(struct registry_fsm *fsm, const struct registry_fsm_event *event,
                             struct monotime now);

#endif
