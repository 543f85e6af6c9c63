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
    REGISTRY_FSM_TIMER,
};

struct registry_fsm_goal {
    bool run;
    bool changed; /* other parameters than before */
    bool first;   /* of its sender: the serial is noted, and restarts nothing */
    uint32_t restart_serial;
    int64_t drain_ns;
    struct registry_restart restart;
};

struct registry_fsm_event {
    enum registry_fsm_event_kind kind;
    struct registry_fsm_goal goal; /* only of GOAL */
    enum registry_cause cause;     /* only of CANNOT_START and EXITED */
};

/* Work for the caller, in the order of the bits. */
enum registry_fsm_action {
    REGISTRY_FSM_CAPTURE = 1 << 0, /* read its files anew */
    REGISTRY_FSM_TERM = 1 << 1,    /* answered by EXITED, also where there is no process yet */
    REGISTRY_FSM_KILL = 1 << 2,
    REGISTRY_FSM_SPAWN = 1 << 3, /* answered by SPAWNED, CANNOT_START or EXITED */
};

struct registry_fsm {
    enum registry_state state;
    bool run;      /* as wanted */
    bool spawning; /* an attempt is under way */
    bool killed;   /* our KILL was sent */
    uint32_t restart_serial;
    int64_t drain_ns;
    struct registry_restart restart;
    struct registry_restart_history history;
    enum registry_cause cause; /* of the last end or failed attempt, as it is to be counted */
    struct monotime deadline;  /* when TIMER is due */
};

void registry_fsm_init(struct registry_fsm *fsm);

/* Handle one event; returns the set of enum registry_fsm_action. An early TIMER does nothing. */
unsigned registry_fsm_handle(struct registry_fsm *fsm, const struct registry_fsm_event *event,
                             struct monotime now);

#endif
