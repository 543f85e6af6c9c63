/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/keeper.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "registry-launcher/goal_check.h"
#include "registry-launcher/look.h"
#include "registry-launcher/policy.h"
#include "registry-launcher/record.h"
#include "registry-launcher/sentence.h"

/* The end of a process or of an attempt goes with its event. */
static void step(struct registry_keeper *keeper, const struct registry_fsm_event *event,
                 const struct registry_backend_end *end, struct monotime now);

static const char *name_of(const struct registry_keeper *keeper)
{
    return keeper->goal.params.name;
}

static enum registry_backend backend_of(const struct registry_keeper *keeper)
{
    return keeper->goal.params.backend == REGISTRY_BACKEND_AUTO
               ? keeper->shared->own
               : (enum registry_backend)keeper->goal.params.backend;
}

/* What happened, for people; the state machine may be elsewhere by the time it is read. */
static void account(struct registry_keeper *keeper, const struct registry_backend_end *end)
{
    const enum registry_cause cause = keeper->fsm.cause;
    const bool asked = cause == REGISTRY_CAUSE_ASKED;
    const struct registry_sentence_end said = {cause, end->code, asked ? "" : end->words,
                                               keeper->status.captured_error};
    char before[REGISTRY_SENTENCE_BYTES];

    memcpy(before, keeper->status.detail, sizeof(before));
    keeper->status.exits[cause]++;
    keeper->status.cause = (uint8_t)cause;
    keeper->status.code = end->code;
    registry_sentence_write(&said, &keeper->fsm, keeper->status.detail);
    if (strcmp(before, keeper->status.detail) == 0 && keeper->fsm.state == REGISTRY_FAILED)
        return; /* the same trouble again, at each attempt */
    char quoted[2 * REGISTRY_SENTENCE_BYTES];

    if (asked)
        log_info("the registry ended as asked", "registry=%s", name_of(keeper));
    else
        log_warning("the registry ended or cannot start",
                    "registry=%s cause=%s code=%d reason=\"%s\"", name_of(keeper),
                    registry_message_cause_name(cause), end->code,
                    log_quote(keeper->status.detail, quoted, sizeof(quoted)));
}

static void report(struct registry_keeper *keeper)
{
    struct registry_status *status = &keeper->status;

    status->state = (uint8_t)keeper->fsm.state;
    status->run = keeper->fsm.run;
    if (memcmp(status, &keeper->sent, sizeof(*status)) == 0)
        return;
    if (status->state != keeper->sent.state)
        log_info("the registry changed its state", "registry=%s from=%s to=%s pid=%lld",
                 name_of(keeper), registry_message_state_name(keeper->sent.state),
                 registry_message_state_name(status->state), (long long)status->pid);
    keeper->sent = *status;
    keeper->shared->status_changed(keeper->shared->owner, keeper);
}

static void cannot_start(struct registry_keeper *keeper, enum registry_cause cause,
                         const char *words, struct monotime now)
{
    const struct registry_fsm_event event = {.kind = REGISTRY_FSM_CANNOT_START, .cause = cause};
    const struct registry_backend_end end = {cause, 0, words};

    step(keeper, &event, &end, now);
}

static void exited(struct registry_keeper *keeper, const struct registry_backend_end *end,
                   struct monotime now)
{
    const struct registry_fsm_event event = {.kind = REGISTRY_FSM_EXITED, .cause = end->cause};

    step(keeper, &event, end, now);
}

static void handle_looked(void *owner, struct registry_helper_answer *answer, struct monotime now)
{
    if (registry_look_take(owner, answer, now))
        report(owner);
}

/* What is started, noted in status and record. False: not now, or not at all. */
static bool choose_bundle(struct registry_keeper *keeper, struct monotime now)
{
    char digest[REGISTRY_DIGEST_BYTES];
    const enum registry_placing_state state =
        registry_placing_choose(&keeper->placing, now, digest);

    keeper->spawn_waits = state == REGISTRY_PLACING_WAIT;
    if (state == REGISTRY_PLACING_NEVER)
        cannot_start(keeper, REGISTRY_CAUSE_REFUSED, keeper->placing.error, now);
    if (state == REGISTRY_PLACING_WAIT || state == REGISTRY_PLACING_NEVER)
        return false;
    memcpy(keeper->status.digest, digest, sizeof(digest));
    snprintf(keeper->record.bundle, sizeof(keeper->record.bundle), "%s",
             state == REGISTRY_PLACING_READY ? digest : "");
    registry_placing_keep(&keeper->placing, keeper->record.bundle);
    return true;
}

static void spawn(struct registry_keeper *keeper, struct monotime now)
{
    static const struct registry_fsm_event held = {.kind = REGISTRY_FSM_PORT_HELD};
    const struct registry_keeper_shared *shared = keeper->shared;
    struct registry_policy policy;
    const struct registry_backend_start start = {.params = &keeper->goal.params,
                                                 .policy = &policy,
                                                 .folder = shared->bundle_folder,
                                                 .digest = keeper->record.bundle,
                                                 .readonly = keeper->goal.readonly,
                                                 .no_purging = keeper->goal.no_purging};
    struct registry_program_failure failure;
    struct err err;

    keeper->spawn_waits = false; /* it is this attempt, and waits no more unless for its bundle */
    if (registry_policy_read(shared->policy_path, name_of(keeper), &policy, &err) < 0) {
        cannot_start(keeper, REGISTRY_CAUSE_REFUSED, err.text, now);
        return;
    }
    if (!registry_program_is_allowed(&start, &failure)) {
        cannot_start(keeper, failure.cause, failure.words, now);
        return;
    }
    if (keeper->fsm.is_leaving && registry_look_is_taken(keeper)) {
        step(keeper, &held, NULL, now);
        return;
    }
    if (registry_look_is_taken(keeper)) {
        cannot_start(keeper, REGISTRY_CAUSE_PORT_TAKEN,
                     registry_look_words(keeper, policy.user, now), now);
        return;
    }
    if (!choose_bundle(keeper, now))
        return;
    keeper->status.backend = (uint8_t)backend_of(keeper);
    keeper->status.started_ns = now.ns;
    keeper->status.readonly = keeper->goal.readonly;
    keeper->status.no_purging = keeper->goal.no_purging;
    int failed;
    if (keeper->status.backend == REGISTRY_BACKEND_SYSTEMD) {
        failed = registry_record_write(keeper, &err); /* where the unit finds its goal */
        if (failed == 0)
            failed = registry_unit_start(&keeper->unit, shared->bus, name_of(keeper), &err);
    } else {
        failed = registry_slots_start(&keeper->slots, &shared->cgroups, &start, &err);
    }
    if (failed < 0)
        cannot_start(keeper, REGISTRY_CAUSE_UNKNOWN, err.text, now);
}

/* The one that has served drains on, bounded by the state machine; the next one takes its place. */
static void hand_over(struct registry_keeper *keeper)
{
    log_info("the registry drains while the next one is started", "registry=%s pid=%lld",
             name_of(keeper), (long long)keeper->status.pid);
    keeper->status.draining_pid = keeper->status.pid;
    keeper->record.leaver = (struct registry_adopt_leaver){
        .pid = keeper->record.pid,
        .start_ticks = keeper->record.start_ticks,
        .deadline_ns = keeper->fsm.leave_deadline.ns,
    };
    memcpy(keeper->record.leaver.cgroup, keeper->slots.current->cgroup,
           sizeof(keeper->record.leaver.cgroup));
    registry_record_forget_process(keeper);
    registry_slots_hand_over(&keeper->slots);
    registry_record_try(keeper);
}

static void perform(struct registry_keeper *keeper, unsigned actions, struct monotime now)
{
    const struct registry_backend_end none = {REGISTRY_CAUSE_UNKNOWN, 0, ""};
    bool there = true;

    if (actions & REGISTRY_FSM_CAPTURE)
        registry_files_read(&keeper->files, now);
    if (actions & REGISTRY_FSM_KILL_LEAVER)
        registry_slots_kill_leaver(&keeper->slots);
    if (actions & REGISTRY_FSM_TERM)
        there = registry_exec_term(keeper->slots.current) || registry_unit_term(&keeper->unit);
    if (actions & REGISTRY_FSM_HAND_OVER)
        hand_over(keeper);
    if (actions & REGISTRY_FSM_KILL)
        there = registry_exec_kill(keeper->slots.current) || registry_unit_kill(&keeper->unit);
    if (!there)
        exited(keeper, &none, now);
    else if (actions & REGISTRY_FSM_SPAWN)
        spawn(keeper, now);
}

static void step(struct registry_keeper *keeper, const struct registry_fsm_event *event,
                 const struct registry_backend_end *end, struct monotime now)
{
    const unsigned actions = registry_fsm_handle(&keeper->fsm, event, now);

    if (end != NULL) {
        registry_record_forget_process(keeper);
        account(keeper, end);
    }
    perform(keeper, actions, now);
    if (registry_fsm_is_over(&keeper->fsm))
        registry_adopt_remove(keeper->shared->folder, name_of(keeper));
    const struct monotime deadline = registry_fsm_deadline(&keeper->fsm);
    if (deadline.ns == MONOTIME_NEVER.ns)
        loop_timer_cancel(keeper->shared->loop, &keeper->timer);
    else if (loop_timer_set(keeper->shared->loop, &keeper->timer, deadline) < 0)
        log_err("no memory for a deadline of the registry", "registry=%s", name_of(keeper));
    report(keeper);
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    static const struct registry_fsm_event event = {.kind = REGISTRY_FSM_TIMER};

    step(timer->owner, &event, NULL, now);
}

static void handle_forked(void *owner, const struct registry_process *process)
{
    struct registry_keeper *keeper = owner;

    keeper->status.pid = process->pid;
    keeper->record.pid = process->pid;
    keeper->record.start_ticks = process->start_ticks;
    registry_record_try(keeper);
}

static void handle_spawned(void *owner, const struct registry_process *process, struct monotime now)
{
    static const struct registry_fsm_event event = {.kind = REGISTRY_FSM_SPAWNED};
    struct registry_keeper *keeper = owner;

    (void)process;
    keeper->status.starts++;
    keeper->port_words[0] = '\0';
    keeper->look_again = now;
    step(keeper, &event, NULL, now);
}

static void handle_cannot_start(void *owner, enum registry_cause cause, const char *words,
                                struct monotime now)
{
    cannot_start(owner, cause, words, now);
}

static void handle_exited(void *owner, const struct registry_backend_end *end, struct monotime now)
{
    struct registry_keeper *keeper = owner;
    struct registry_backend_end said = *end;
    struct registry_policy policy;
    struct err err;

    /* It came too late for its port: somebody took it between our look and its own. */
    if (said.cause == REGISTRY_CAUSE_EXITED && keeper->fsm.state == REGISTRY_STARTING &&
        registry_look_is_taken(keeper) &&
        registry_policy_read(keeper->shared->policy_path, name_of(keeper), &policy, &err) == 0) {
        said.cause = REGISTRY_CAUSE_PORT_TAKEN;
        said.words = registry_look_words(keeper, policy.user, now);
    }
    exited(keeper, &said, now);
}

/* It was asked to end, so that neither its status nor its signal is a crash. */
static void handle_left(void *owner, const struct registry_backend_end *end, struct monotime now)
{
    static const struct registry_fsm_event left = {.kind = REGISTRY_FSM_LEFT};
    struct registry_keeper *keeper = owner;
    const bool killed = keeper->fsm.leaver_killed;

    keeper->status.exits[killed ? REGISTRY_CAUSE_KILLED : REGISTRY_CAUSE_ASKED]++;
    log_info(killed ? "the registry that drained was killed at the end of its time"
                    : "the registry that drained has ended",
             "registry=%s pid=%lld code=%d", name_of(keeper),
             (long long)keeper->status.draining_pid, end->code);
    keeper->status.draining_pid = 0;
    memset(&keeper->record.leaver, 0, sizeof(keeper->record.leaver));
    registry_slots_left(&keeper->slots);
    registry_record_renew(keeper);
    step(keeper, &left, NULL, now);
}

static const struct registry_backend_events leaver_events = {.exited = handle_left};

static const struct registry_backend_events events = {
    .forked = handle_forked,
    .spawned = handle_spawned,
    .cannot_start = handle_cannot_start,
    .exited = handle_exited,
};

/* What a start needs has come, or what the next one will need can be put there now. */
static void go_on(struct registry_keeper *keeper, struct monotime now)
{
    char digest[REGISTRY_DIGEST_BYTES];

    if (keeper->spawn_waits)
        spawn(keeper, now);
    else
        (void)registry_placing_choose(&keeper->placing, now, digest);
    memcpy(keeper->status.bundle_error, keeper->placing.error, sizeof(keeper->status.bundle_error));
}

static void handle_placed(void *owner, struct monotime now)
{
    struct registry_keeper *keeper = owner;

    go_on(keeper, now);
    report(keeper);
}

void registry_keeper_give(struct registry_keeper *keeper, const struct registry_bundle *bundle,
                          int fd, struct monotime now)
{
    registry_placing_give(&keeper->placing, bundle, fd);
    go_on(keeper, now);
    report(keeper);
}

static void handle_files(void *owner, bool ours, struct monotime now)
{
    struct registry_keeper *keeper = owner;
    struct registry_status *status = &keeper->status;
    const struct registry_files *files = &keeper->files;

    if (files->last.error[0] != '\0' && strcmp(status->captured_error, files->last.error) != 0)
        log_warning("the files of the registry cannot be read", "registry=%s reason=\"%s\"",
                    name_of(keeper), files->last.error);
    memcpy(status->captured_digest, files->last.digest, sizeof(status->captured_digest));
    memcpy(status->captured_error, files->last.error, sizeof(status->captured_error));
    if (files->bundle_changed)
        keeper->shared->bundle_changed(keeper->shared->owner, keeper);
    if (ours)
        go_on(keeper, now);
    report(keeper);
}

void registry_keeper_init(struct registry_keeper *keeper,
                          const struct registry_keeper_shared *shared,
                          const struct registry_goal *goal)
{
    *keeper = (struct registry_keeper){.shared = shared, .goal = *goal};
    memcpy(keeper->status.name, goal->params.name, sizeof(keeper->status.name));
    keeper->status.backend = (uint8_t)backend_of(keeper);
    registry_fsm_init(&keeper->fsm);
    registry_slots_init(&keeper->slots, shared->loop, &events, &leaver_events, keeper);
    registry_unit_init(&keeper->unit, shared->loop, shared->folder, &events, keeper);
    registry_files_init(&keeper->files, shared->loop, &keeper->goal.params, shared->policy_path);
    keeper->files.owner = keeper;
    keeper->files.changed = handle_files;
    registry_placing_init(&keeper->placing, shared->loop, keeper->goal.params.name, keeper);
    keeper->placing.folder = shared->bundle_folder;
    keeper->placing.policy_path = shared->policy_path;
    keeper->placing.need = (struct registry_placing_need){&keeper->goal, &keeper->files};
    keeper->placing.done = handle_placed;
    registry_helper_init(&keeper->look, shared->loop, "registry-port", keeper);
    keeper->look.done = handle_looked;
    loop_timer_init(&keeper->timer, "registry", handle_timer, keeper);
}

static void set_goal(struct registry_keeper *keeper, const struct registry_goal *goal, bool first,
                     struct monotime now)
{
    const struct registry_fsm_event event = {
        .kind = REGISTRY_FSM_GOAL,
        .goal = {.run = goal->run,
                 .changed = !keeper->known ||
                            !registry_goal_check_same(&keeper->goal.params, &goal->params),
                 .first = first,
                 .can_hand_over = goal->params.handover &&
                                  keeper->slots.current->process.pid != 0 &&
                                  registry_listen_parse(goal->params.listen, &keeper->listen) &&
                                  !registry_goal_check_is_container(goal->params.argv),
                 .restart_serial = goal->restart_serial,
                 .drain_ns = goal->params.drain_ns,
                 .restart = goal->params.restart},
    };

    keeper->known = true;
    keeper->goal = *goal;
    keeper->has_listen = registry_listen_parse(goal->params.listen, &keeper->listen) &&
                         !registry_goal_check_is_container(goal->params.argv);
    registry_placing_retry(&keeper->placing);
    step(keeper, &event, NULL, now);
    go_on(keeper, now);
    registry_record_renew(keeper);
}

void registry_keeper_want(struct registry_keeper *keeper, const struct registry_goal *goal,
                          bool first, struct monotime now)
{
    keeper->wanted = true;
    set_goal(keeper, goal, first, now);
}

void registry_keeper_drop(struct registry_keeper *keeper, struct monotime now)
{
    struct registry_goal goal = keeper->goal;

    goal.run = false;
    keeper->wanted = false;
    set_goal(keeper, &goal, false, now);
    registry_files_stop(&keeper->files);
    keeper->known = false; /* if it comes back, its files are read anew */
}

static int adopt_process(struct registry_keeper *keeper, const struct registry_adopt_record *record)
{
    struct registry_process process;
    int failed = registry_process_find((pid_t)record->pid, record->start_ticks, &process);

    if (failed < 0)
        return failed;
    if (record->backend == REGISTRY_BACKEND_SYSTEMD)
        failed = registry_unit_adopt(&keeper->unit, keeper->shared->bus, name_of(keeper), &process);
    else
        failed = registry_exec_adopt(keeper->slots.current, &process, record->cgroup);
    if (failed < 0)
        registry_process_forget(&process);
    return failed;
}

static void adopt_leaver(struct registry_keeper *keeper, const struct registry_adopt_leaver *leaver,
                         struct monotime now)
{
    const struct registry_fsm_event found = {.kind = REGISTRY_FSM_LEAVER_FOUND,
                                             .deadline = {leaver->deadline_ns}};

    if (leaver->pid == 0 || registry_slots_adopt_leaver(&keeper->slots, (pid_t)leaver->pid,
                                                        leaver->start_ticks, leaver->cgroup) < 0) {
        memset(&keeper->record.leaver, 0, sizeof(keeper->record.leaver));
        return;
    }
    keeper->status.draining_pid = leaver->pid;
    step(keeper, &found, NULL, now);
}

void registry_keeper_adopt(struct registry_keeper *keeper,
                           const struct registry_adopt_record *record, struct monotime now)
{
    static const struct registry_fsm_event adopted = {.kind = REGISTRY_FSM_ADOPTED};
    static const struct registry_backend_end gone = {REGISTRY_CAUSE_UNKNOWN, 0, ""};

    keeper->wanted = true;
    keeper->known = true;
    keeper->record = *record;
    registry_placing_keep(&keeper->placing, record->bundle);
    keeper->status.started_ns = record->started_ns;
    keeper->status.backend = record->backend;
    keeper->status.readonly = record->readonly;
    keeper->status.no_purging = record->no_purging;
    memcpy(keeper->status.digest, record->digest, sizeof(keeper->status.digest));
    adopt_leaver(keeper, &record->leaver, now);
    if (record->pid != 0 && adopt_process(keeper, record) == 0) {
        keeper->status.pid = record->pid;
        log_info("the registry of a launcher before is adopted", "registry=%s pid=%lld",
                 name_of(keeper), (long long)record->pid);
        step(keeper, &adopted, NULL, now);
    } else if (record->pid != 0 && record->goal.run) {
        /* It ended while nobody looked: started again by the goal that was noted with it. */
        keeper->fsm.cause = gone.cause;
        registry_record_forget_process(keeper);
        account(keeper, &gone);
    }
    set_goal(keeper, &record->goal, true, now);
    registry_files_read(&keeper->files, now);
}

void registry_keeper_tick(struct registry_keeper *keeper)
{
    registry_slots_tick(&keeper->slots, keeper->fsm.state == REGISTRY_STOPPED);
}

bool registry_keeper_is_idle(const struct registry_keeper *keeper)
{
    return registry_fsm_is_over(&keeper->fsm) && !registry_files_is_busy(&keeper->files) &&
           !registry_placing_is_busy(&keeper->placing) && !registry_helper_is_busy(&keeper->look);
}

void registry_keeper_fini(struct registry_keeper *keeper)
{
    loop_timer_cancel(keeper->shared->loop, &keeper->timer);
    registry_slots_forget(&keeper->slots);
    registry_unit_forget(&keeper->unit);
    registry_files_fini(&keeper->files);
    registry_placing_fini(&keeper->placing);
    registry_helper_fini(&keeper->look);
}
