/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/fsm.h"

void registry_fsm_init(struct registry_fsm *fsm)
{
    *fsm = (struct registry_fsm){.state = REGISTRY_STOPPED, .deadline = MONOTIME_NEVER};
}

static unsigned attempt(struct registry_fsm *fsm, struct monotime now)
{
    fsm->spawning = true;
    fsm->killed = false;
    fsm->port_is_held = false;
    fsm->deadline = monotime_add(now, REGISTRY_FSM_SPAWN_NS);
    return REGISTRY_FSM_CAPTURE | REGISTRY_FSM_SPAWN;
}

static unsigned start(struct registry_fsm *fsm, struct monotime now)
{
    fsm->state = REGISTRY_STARTING;
    return attempt(fsm, now);
}

static void survive(struct registry_fsm *fsm)
{
    fsm->state = REGISTRY_RUNNING;
    fsm->spawning = false;
    fsm->deadline = MONOTIME_NEVER;
}

static unsigned stop(struct registry_fsm *fsm, struct monotime now)
{
    fsm->state = REGISTRY_STOPPING;
    fsm->killed = false;
    fsm->deadline = monotime_add(now, fsm->drain_ns);
    return REGISTRY_FSM_TERM;
}

/* The old one drains on beside the new one. */
static unsigned hand_over(struct registry_fsm *fsm, struct monotime deadline, struct monotime now)
{
    fsm->is_leaving = true;
    fsm->leaver_killed = false;
    fsm->leave_deadline = deadline;
    fsm->handed_over = now;
    return REGISTRY_FSM_HAND_OVER | start(fsm, now);
}

/* The old one holds the place of the new one. */
static void hurry(struct registry_fsm *fsm, struct monotime now)
{
    fsm->deadline = monotime_earlier(fsm->deadline, monotime_add(now, REGISTRY_FSM_HURRY_NS));
}

static void end(struct registry_fsm *fsm)
{
    fsm->state = REGISTRY_STOPPED;
    fsm->spawning = false;
    fsm->port_is_held = false;
    fsm->deadline = MONOTIME_NEVER;
}

static unsigned kill_again(struct registry_fsm *fsm, struct monotime now)
{
    fsm->killed = true;
    fsm->deadline = monotime_add(now, REGISTRY_FSM_KILL_AGAIN_NS);
    return REGISTRY_FSM_KILL;
}

static void back_off(struct registry_fsm *fsm, struct monotime deadline)
{
    fsm->state = REGISTRY_BACKOFF;
    fsm->deadline = deadline;
}

static void fail(struct registry_fsm *fsm, struct monotime deadline)
{
    fsm->state = REGISTRY_FAILED;
    fsm->spawning = false;
    fsm->deadline = deadline;
}

/* Not the registry's own fault: the budget is for crashes. */
static void fail_slowly(struct registry_fsm *fsm, struct monotime now)
{
    const bool for_people =
        fsm->cause == REGISTRY_CAUSE_REFUSED || fsm->cause == REGISTRY_CAUSE_NO_BINARY;

    fail(fsm,
         monotime_add(now, for_people ? REGISTRY_FSM_REFUSED_RETRY_NS : REGISTRY_FSM_RETRY_NS));
}

/* A goal while no process lives: BACKOFF, FAILED. */
static unsigned reconsider(struct registry_fsm *fsm, bool again, struct monotime now)
{
    if (!fsm->run && fsm->spawning)
        return stop(fsm, now);
    if (!fsm->run)
        end(fsm);
    else if (again && !fsm->spawning)
        return start(fsm, now);
    return 0;
}

/* A goal while it lives, or is being started. */
static unsigned change(struct registry_fsm *fsm, const struct registry_fsm_goal *goal, bool restart,
                       struct monotime now)
{
    if (fsm->run && !restart)
        return 0; /* other parameters are shown as drift; they restart nothing by themselves */
    if (fsm->port_is_held) {
        if (!fsm->run)
            end(fsm); /* there is no process yet */
        return 0;
    }
    if (fsm->run && goal->can_hand_over && !fsm->is_leaving && !fsm->spawning)
        return REGISTRY_FSM_TERM | hand_over(fsm, monotime_add(now, fsm->drain_ns), now);
    return stop(fsm, now);
}

/* Wanted again while it drains. */
static unsigned return_early(struct registry_fsm *fsm, const struct registry_fsm_goal *goal,
                             struct monotime now)
{
    if (goal->can_hand_over && !fsm->is_leaving && !fsm->spawning && !fsm->killed)
        return hand_over(fsm, fsm->deadline, now);
    hurry(fsm, now); /* a start is remembered until it ended */
    return 0;
}

static unsigned handle_goal(struct registry_fsm *fsm, const struct registry_fsm_goal *goal,
                            struct monotime now)
{
    const bool restart = !goal->first && goal->restart_serial != fsm->restart_serial;
    const bool again = goal->run && !fsm->run;
    const unsigned actions = goal->changed ? REGISTRY_FSM_CAPTURE : 0;

    fsm->run = goal->run;
    fsm->restart_serial = goal->restart_serial;
    fsm->drain_ns = goal->drain_ns;
    fsm->restart = goal->restart;
    if (restart || goal->changed)
        registry_restart_forget(&fsm->history);

    switch (fsm->state) {
    case REGISTRY_STOPPED:
        registry_restart_forget(&fsm->history);
        return actions | (fsm->run ? start(fsm, now) : 0);
    case REGISTRY_STARTING:
    case REGISTRY_RUNNING:
        return actions | change(fsm, goal, restart, now);
    case REGISTRY_BACKOFF:
    case REGISTRY_FAILED:
        return actions | reconsider(fsm, restart || goal->changed, now);
    case REGISTRY_STOPPING:
        return actions | (again ? return_early(fsm, goal, now) : 0);
    case REGISTRY_STATES:
        return actions;
    }
    return actions;
}

/* Its time to drain is over; a KILL that did not end it is repeated. */
static unsigned end_leaver(struct registry_fsm *fsm, struct monotime now)
{
    if (!fsm->is_leaving || !monotime_reached(fsm->leave_deadline, now))
        return 0;
    fsm->leaver_killed = true;
    fsm->leave_deadline = monotime_add(now, REGISTRY_FSM_KILL_AGAIN_NS);
    return REGISTRY_FSM_KILL_LEAVER;
}

static unsigned handle_timer(struct registry_fsm *fsm, struct monotime now)
{
    if (!monotime_reached(fsm->deadline, now))
        return 0;
    if (fsm->port_is_held)
        return attempt(fsm, now);
    if (fsm->spawning || fsm->state == REGISTRY_STOPPING)
        return kill_again(fsm, now);

    switch (fsm->state) {
    case REGISTRY_STARTING:
        survive(fsm);
        return 0;
    case REGISTRY_BACKOFF:
        return start(fsm, now);
    case REGISTRY_FAILED:
        return attempt(fsm, now);
    case REGISTRY_STOPPED:
    case REGISTRY_RUNNING:
    case REGISTRY_STOPPING:
    case REGISTRY_STATES:
        return 0;
    }
    return 0;
}

/* It ended before it did anything of its own. */
static bool never_ran(const struct registry_fsm *fsm, enum registry_cause cause)
{
    return fsm->spawning || cause == REGISTRY_CAUSE_PORT_TAKEN ||
           cause == REGISTRY_CAUSE_NO_BINARY || cause == REGISTRY_CAUSE_REFUSED;
}

/* It is gone, and we had asked for that. */
static unsigned handle_stopped(struct registry_fsm *fsm, struct monotime now)
{
    end(fsm);
    return fsm->run ? start(fsm, now) : 0;
}

static unsigned handle_exited(struct registry_fsm *fsm, enum registry_cause cause,
                              struct monotime now)
{
    fsm->cause = cause;
    if (fsm->state == REGISTRY_STOPPING) {
        fsm->cause = fsm->killed ? REGISTRY_CAUSE_KILLED : REGISTRY_CAUSE_ASKED;
        return handle_stopped(fsm, now);
    }
    if (never_ran(fsm, cause)) {
        fail_slowly(fsm, now);
        return 0;
    }
    if (fsm->state != REGISTRY_STARTING && fsm->state != REGISTRY_RUNNING)
        return 0;

    const int64_t wait_ns = registry_restart_wait_ns(&fsm->history, &fsm->restart, now);
    if (wait_ns == 0)
        return start(fsm, now);
    if (wait_ns < 0)
        fail(fsm, MONOTIME_NEVER);
    else
        back_off(fsm, monotime_add(now, wait_ns));
    return 0;
}

static unsigned handle_cannot_start(struct registry_fsm *fsm, enum registry_cause cause,
                                    struct monotime now)
{
    if (!fsm->spawning)
        return 0;
    if (fsm->state == REGISTRY_STOPPING)
        return handle_exited(fsm, cause, now);
    fsm->cause = cause;
    fail_slowly(fsm, now);
    return 0;
}

/* The attempt is made again until the one that leaves lets go of the port, or is gone. */
static void handle_port_held(struct registry_fsm *fsm, struct monotime now)
{
    const bool soon = monotime_since(fsm->handed_over, now) < REGISTRY_FSM_PORT_SOON_NS;

    if (!fsm->spawning || fsm->state == REGISTRY_STOPPING)
        return;
    fsm->spawning = false;
    fsm->port_is_held = true;
    fsm->deadline = monotime_add(now, soon ? REGISTRY_FSM_PORT_NS : REGISTRY_FSM_PORT_SLOW_NS);
}

static unsigned handle_left(struct registry_fsm *fsm, struct monotime now)
{
    fsm->is_leaving = false;
    return fsm->port_is_held ? attempt(fsm, now) : 0;
}

static void find_leaver(struct registry_fsm *fsm, struct monotime deadline, struct monotime now)
{
    fsm->is_leaving = true;
    fsm->leaver_killed = false;
    fsm->leave_deadline = deadline;
    fsm->handed_over = now;
}

struct monotime registry_fsm_deadline(const struct registry_fsm *fsm)
{
    return fsm->is_leaving ? monotime_earlier(fsm->deadline, fsm->leave_deadline) : fsm->deadline;
}

bool registry_fsm_is_over(const struct registry_fsm *fsm)
{
    return fsm->state == REGISTRY_STOPPED && !fsm->is_leaving;
}

static void handle_spawned(struct registry_fsm *fsm, struct monotime now)
{
    if (!fsm->spawning)
        return;
    fsm->spawning = false;
    if (fsm->state == REGISTRY_STOPPING)
        return;
    fsm->state = REGISTRY_STARTING;
    fsm->deadline = monotime_add(now, REGISTRY_FSM_SURVIVED_NS);
}

unsigned registry_fsm_handle(struct registry_fsm *fsm, const struct registry_fsm_event *event,
                             struct monotime now)
{
    switch (event->kind) {
    case REGISTRY_FSM_GOAL:
        return handle_goal(fsm, &event->goal, now);
    case REGISTRY_FSM_ADOPTED:
        if (fsm->state == REGISTRY_STOPPED) {
            fsm->run = true;
            survive(fsm);
        }
        return 0;
    case REGISTRY_FSM_SPAWNED:
        handle_spawned(fsm, now);
        return 0;
    case REGISTRY_FSM_CANNOT_START:
        return handle_cannot_start(fsm, event->cause, now);
    case REGISTRY_FSM_EXITED:
        return handle_exited(fsm, event->cause, now);
    case REGISTRY_FSM_PORT_HELD:
        handle_port_held(fsm, now);
        return 0;
    case REGISTRY_FSM_LEAVER_FOUND:
        find_leaver(fsm, event->deadline, now);
        return 0;
    case REGISTRY_FSM_LEFT:
        return handle_left(fsm, now);
    case REGISTRY_FSM_TIMER:
        return end_leaver(fsm, now) | handle_timer(fsm, now);
    }
    return 0;
}
