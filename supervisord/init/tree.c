/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/init/tree.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "supervisord/init/credential.h"
#include "supervisord/init/former.h"
#include "supervisord/init/orphan.h"
#include "supervisord/init/spawn.h"

#define REGHAD         3
#define TURNS          3 /* of programs; one more for what they left */
#define ORPHAN_STOP_NS (5 * NS_PER_S)

/*
 * The order of the start: who serves before who asks, though each waits for the other anyway. The
 * launcher's time to stop has room for a registry that drains.
 */
static const struct init_program kinds[INIT_TREE_PROGRAMS] = {
    {.name = "regha-net", .stop_turn = 2, .stop_ns = 5 * NS_PER_S, .oom_score_adjust = -900},
    {.name = "regha-vrrp", .stop_turn = 1, .stop_ns = 5 * NS_PER_S, .oom_score_adjust = -900},
    {.name = "regha-launcher", .stop_turn = 2, .stop_ns = 90 * NS_PER_S, .oom_score_adjust = -500},
    [REGHAD] = {.name = "reghad",
                .stop_turn = 0,
                .stop_ns = 5 * NS_PER_S,
                .oom_score_adjust = -500},
};

const char *init_tree_name(size_t at)
{
    return at < INIT_TREE_PROGRAMS ? kinds[at].name : NULL;
}

static bool is_turn_over(const struct init_tree *tree)
{
    if (tree->stop_turn == TURNS)
        return init_orphan_signal(0) == 0;
    for (size_t at = 0; at < INIT_TREE_PROGRAMS; at++)
        if (tree->programs[at].stop_turn == tree->stop_turn && tree->programs[at].pid != 0)
            return false;
    return true;
}

static void signal_turn(struct init_tree *tree, int number)
{
    if (tree->stop_turn == TURNS)
        (void)init_orphan_signal(number);
    for (size_t at = 0; at < INIT_TREE_PROGRAMS; at++)
        if (tree->programs[at].stop_turn == tree->stop_turn)
            init_program_kill(&tree->programs[at], number);
}

static int64_t turn_ns(const struct init_tree *tree)
{
    int64_t longest_ns = tree->stop_turn == TURNS ? ORPHAN_STOP_NS : 0;

    for (size_t at = 0; at < INIT_TREE_PROGRAMS; at++) {
        const struct init_program *program = &tree->programs[at];
        if (program->stop_turn == tree->stop_turn && program->pid != 0 &&
            program->stop_ns > longest_ns)
            longest_ns = program->stop_ns;
    }
    return longest_ns;
}

static void stop_turn(struct init_tree *tree, struct monotime now)
{
    tree->has_killed = false;
    signal_turn(tree, SIGTERM);
    (void)loop_timer_set(tree->loop, &tree->stop, monotime_add(now, turn_ns(tree)));
}

static void stop_on(struct init_tree *tree, struct monotime now)
{
    if (!is_turn_over(tree))
        return;
    while (tree->stop_turn <= TURNS && is_turn_over(tree))
        tree->stop_turn++;
    if (tree->stop_turn <= TURNS) {
        stop_turn(tree, now);
        return;
    }
    loop_timer_cancel(tree->loop, &tree->stop);
    log_info("everything is stopped", "status=%d", tree->status);
    loop_stop(tree->loop, tree->status);
}

static void kill_turn(struct init_tree *tree)
{
    for (size_t at = 0; at < INIT_TREE_PROGRAMS; at++)
        if (tree->programs[at].stop_turn == tree->stop_turn && tree->programs[at].pid != 0)
            log_warning("a program does not stop in time and is killed", "program=%s pid=%d",
                        tree->programs[at].name, (int)tree->programs[at].pid);
    tree->has_killed = true;
    signal_turn(tree, SIGKILL);
}

static void handle_stop_deadline(struct loop_timer *timer, struct monotime now)
{
    struct init_tree *tree = timer->owner;

    kill_turn(tree);
    /* Orphans of a killed program become ours only now; there may be more each time. */
    (void)loop_timer_set(tree->loop, timer, monotime_add(now, NS_PER_S));
    stop_on(tree, now);
}

static void begin_stop(struct init_tree *tree, int status, struct monotime now)
{
    tree->is_stopping = true;
    tree->status = status;
    tree->stop_turn = 0;
    service_stopping(&tree->service);
    for (size_t at = 0; at < INIT_TREE_PROGRAMS; at++)
        loop_timer_cancel(tree->loop, &tree->programs[at].again);
    stop_turn(tree, now);
    stop_on(tree, now);
}

/* Somebody else, a container's engine, may have handed credentials over already. */
static void renew_credential(struct init_tree *tree)
{
    static char variable[] = "CREDENTIALS_DIRECTORY=" INIT_CREDENTIAL_FOLDER;
    struct err err;

    if (getenv("CREDENTIALS_DIRECTORY") != NULL)
        return;
    tree->programs[REGHAD].variable = variable;
    if (init_credential_renew(&err) < 0)
        log_err("not all secrets are handed to reghad", "reason=\"%s\"", err.text);
}

static void start_programs(struct init_tree *tree, struct monotime now)
{
    tree->is_started = true;
    renew_credential(tree);
    for (size_t at = 0; at < INIT_TREE_PROGRAMS; at++)
        if (tree->is_wanted[at])
            init_program_start(&tree->programs[at], now);
    service_ready(&tree->service);
}

/* A held program gets its next chance with each new configuration. */
static void tell_reload(struct init_tree *tree, struct monotime now)
{
    const bool was_held = tree->programs[REGHAD].is_held;

    renew_credential(tree);
    for (size_t at = 0; at < INIT_TREE_PROGRAMS; at++)
        if (tree->programs[at].is_held)
            init_program_start(&tree->programs[at], now);
    if (!was_held)
        init_program_kill(&tree->programs[REGHAD], SIGHUP);
}

static void handle_policy(void *owner, int status, struct monotime now)
{
    struct init_tree *tree = owner;

    if (tree->is_stopping)
        return;
    if (tree->must_reload) {
        tree->must_reload = false;
        init_policy_start(&tree->policy, tree->is_started, now);
        return;
    }
    if (tree->is_started)
        tell_reload(tree, now); /* also of a wrong configuration: it is reghad that refuses it */
    else if (status == 0)
        start_programs(tree, now);
    else
        begin_stop(tree, status, now);
}

static void reload(struct init_tree *tree, struct monotime now)
{
    if (init_policy_is_running(&tree->policy))
        tree->must_reload = true;
    else if (!tree->is_stopping)
        init_policy_start(&tree->policy, true, now);
}

static void handle_end(struct init_tree *tree, struct init_program *program, int ended,
                       struct monotime now)
{
    const bool is_first_reghad = program == &tree->programs[REGHAD] && program->starts == 1;

    init_program_ended(program, ended, tree->is_stopping, now);
    if (is_first_reghad && program->is_held)
        begin_stop(tree, INIT_PROGRAM_MISCONFIGURED, now);
}

static void reap_one(struct init_tree *tree, pid_t pid, int ended, struct monotime now)
{
    for (size_t at = 0; at < INIT_TREE_PROGRAMS; at++)
        if (tree->programs[at].pid == pid) {
            handle_end(tree, &tree->programs[at], ended, now);
            return;
        }
    if (!init_policy_ended(&tree->policy, pid, ended, now))
        log_debug("an orphan ended", "pid=%d", (int)pid);
}

static void reap(struct init_tree *tree, struct monotime now)
{
    int ended;
    pid_t pid;

    while ((pid = waitpid(-1, &ended, WNOHANG)) > 0)
        reap_one(tree, pid, ended, now);
    if (tree->is_stopping)
        stop_on(tree, now);
}

static void handle_pass_end(void *owner, struct monotime now)
{
    struct init_tree *tree = owner;
    pid_t pids[INIT_TREE_PROGRAMS];

    (void)now;
    for (size_t at = 0; at < INIT_TREE_PROGRAMS; at++)
        pids[at] = tree->programs[at].pid;
    if (memcmp(pids, tree->noted, sizeof(pids)) == 0)
        return;
    memcpy(tree->noted, pids, sizeof(pids));
    init_former_note(tree->former, pids, INIT_TREE_PROGRAMS);
}

static void handle_signal(void *owner, int number, struct monotime now)
{
    struct init_tree *tree = owner;

    if (number == SIGCHLD)
        reap(tree, now);
    else if (number == SIGHUP)
        reload(tree, now);
    else if (!tree->is_stopping)
        begin_stop(tree, 0, now);
    else if (!tree->has_killed)
        kill_turn(tree); /* asked twice: no more patience with this turn */
}

static int set_up_program(struct init_tree *tree, size_t at, const struct init_tree_params *params,
                          struct err *err)
{
    struct init_program *program = &tree->programs[at];
    size_t count = 0;

    *program = kinds[at];
    program->loop = tree->loop;
    loop_timer_init(&program->again, program->name, NULL, program);
    if (!tree->is_wanted[at])
        return 0;
    const int found = init_spawn_find(params->folder, program->name, program->path, err);
    if (found < 0)
        return found;
    program->argv[count++] = program->path;
    if (params->log_level != NULL) {
        static char option[] = "--log-level";
        program->argv[count++] = option;
        program->argv[count++] = params->log_level;
    }
    if (at == REGHAD) {
        static char option[] = "-c";
        program->argv[count++] = option;
        program->argv[count++] = params->config;
    }
    return 0;
}

int init_tree_start(struct init_tree *tree, struct loop *loop,
                    const struct init_tree_params *params, struct err *err)
{
    static const int signals[] = {SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, 0};
    int done = 0;

    *tree = (struct init_tree){.loop = loop, .former = params->former};
    memcpy(tree->is_wanted, params->is_wanted, sizeof(tree->is_wanted));
    loop_timer_init(&tree->stop, "stop", handle_stop_deadline, tree);
    for (size_t at = 0; at < INIT_TREE_PROGRAMS && done == 0; at++)
        done = set_up_program(tree, at, params, err);
    if (done == 0)
        done = init_spawn_find(params->folder, kinds[REGHAD].name, tree->reghad_path, err);
    if (done < 0)
        return done;
    done = loop_signals(loop, signals, handle_signal, tree);
    if (done < 0)
        return err_set(err, -done, "cannot take signals: %s", strerror(-done));
    loop_set_pass_end(loop, handle_pass_end, tree);
    service_start(&tree->service, loop);
    tree->policy = (struct init_policy){.loop = loop,
                                        .program = tree->reghad_path,
                                        .config = params->config,
                                        .path = INIT_POLICY_PATH,
                                        .owner = tree,
                                        .done = handle_policy};
    init_policy_start(&tree->policy, false, monotime_now());
    return 0;
}
