/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * regha-launcher - starts, stops and keeps registries, as reghad wants.
 *
 * SIGTERM and SIGINT: every registry is drained and stopped, then it ends; a restart of its unit alone
 * leaves them running. SIGUSR2: ends and leaves them running. Killed, it leaves them running,
 * too; the next one adopts them.
 */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sodium.h>

#include "base/cleanup.h"
#include "base/confine.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/options.h"
#include "base/process.h"
#include "base/service.h"
#include "registry-launcher/goal_check.h"
#include "registry-launcher/goals.h"
#include "registry-launcher/policy.h"
#include "registry-launcher/supervise.h"

#define PROGRAM        "regha-launcher"
#define FOLDER         PROCESS_RUNTIME_FOLDER "/launcher"
#define STALL_NS       (20 * NS_PER_MS)
#define ANSWER_WAIT_NS (1 * NS_PER_S) /* of systemd, whether it restarts us */

struct launcher {
    struct loop *loop;
    struct service service;
    struct registry_bus *bus;
    struct registry_keeper_shared shared;
    struct registry_supervise *supervise;
    struct registry_hooks_params hooks_params;
    struct registry_hooks *hooks;
    struct registry_commands_params commands_params;
    struct registry_commands *commands;
    struct registry_goals *goals; /* NULL while it starts */
    struct loop_timer answer;
    bool stopping;
    bool is_stopped; /* all registries */
    bool decided;    /* whether the registries are stopped or left */
};

static void say_status(struct launcher *launcher)
{
    char text[128];

    registry_supervise_say(launcher->supervise, text, sizeof(text));
    service_status(&launcher->service, "%s", text);
}

static void handle_status(void *owner, const struct registry_keeper *keeper)
{
    struct launcher *launcher = owner;

    if (launcher->goals == NULL)
        return; /* the first to connect gets all of it */
    registry_goals_send_status(launcher->goals, keeper);
    say_status(launcher);
}

static void handle_bundle(void *owner, const struct registry_keeper *keeper)
{
    struct launcher *launcher = owner;

    if (launcher->goals != NULL)
        registry_goals_send_bundle(launcher->goals, keeper);
}

/* Each hook has its deadline, so that they do not hold up the end for ever. */
static void end_if_over(struct launcher *launcher)
{
    if (launcher->is_stopped && registry_hooks_are_idle(launcher->hooks))
        loop_stop(launcher->loop, EXIT_SUCCESS);
}

static void handle_stopped(void *owner)
{
    struct launcher *launcher = owner;

    launcher->is_stopped = true;
    end_if_over(launcher);
}

static void handle_hook(void *owner, const struct registry_hook_status *status)
{
    struct launcher *launcher = owner;

    if (launcher->goals != NULL)
        registry_goals_send_hook(launcher->goals, status);
    end_if_over(launcher);
}

static void handle_command(void *owner, const struct registry_exec_status *status)
{
    struct launcher *launcher = owner;

    if (launcher->goals != NULL)
        registry_goals_send_exec(launcher->goals, status);
}

static void stop_all(struct launcher *launcher, struct monotime now)
{
    loop_timer_cancel(launcher->loop, &launcher->answer);
    launcher->decided = true;
    log_info("stops every registry, then itself", "");
    registry_hooks_stop(launcher->hooks, now);
    registry_supervise_stop(launcher->supervise, launcher, handle_stopped, now);
}

static void leave(struct launcher *launcher)
{
    log_info("ends and leaves the registries running", "");
    loop_stop(launcher->loop, EXIT_SUCCESS);
}

static void handle_answered(void *owner, bool restart, struct monotime now)
{
    struct launcher *launcher = owner;

    if (launcher->decided)
        return; /* too late */
    if (restart)
        leave(launcher);
    else
        stop_all(launcher, now);
}

static void handle_no_answer(struct loop_timer *timer, struct monotime now)
{
    stop_all(timer->owner, now);
}

static void handle_signal(void *owner, int number, struct monotime now)
{
    struct launcher *launcher = owner;

    if (launcher->stopping)
        return;
    launcher->stopping = true;
    service_stopping(&launcher->service);
    if (number == SIGUSR2) {
        leave(launcher);
    } else if (launcher->bus != NULL && registry_bus_is_our_manager()) {
        (void)loop_timer_set(launcher->loop, &launcher->answer, monotime_add(now, ANSWER_WAIT_NS));
        registry_bus_ask_restart(launcher->bus, launcher, handle_answered);
    } else {
        stop_all(launcher, now);
    }
}

static int confine(struct err *err)
{
    const struct confine_params params = {
        .user = PROCESS_LAUNCHER_USER,
        .capabilities = {CAP_SETUID, CAP_SETGID, CAP_KILL},
        .capability_count = 3,
        .group = PROCESS_GROUP,
    };

    return confine_self(&params, err);
}

static int open_goals(struct launcher *launcher, struct err *err)
{
    struct registry_goals_params params = {.path = PROCESS_LAUNCHER_SOCKET,
                                           .supervise = launcher->supervise,
                                           .hooks = launcher->hooks,
                                           .commands = launcher->commands};
    gid_t gid;
    int failed = confine_user(PROCESS_REGHAD_USER, &params.user, &gid, err);
    const struct group *group = failed < 0 ? NULL : getgrnam(PROCESS_GROUP);

    params.group = group != NULL ? group->gr_gid : gid;
    if (failed == 0)
        failed = registry_goals_open(launcher->loop, &params, &launcher->goals, err);
    return failed;
}

static int open_programs(struct launcher *launcher, struct err *err)
{
    launcher->hooks_params = (struct registry_hooks_params){
        .loop = launcher->loop,
        .folder = FOLDER,
        .policy_path = REGISTRY_POLICY_PATH,
        .owner = launcher,
        .changed = handle_hook,
    };
    launcher->commands_params = (struct registry_commands_params){
        .loop = launcher->loop,
        .policy_path = REGISTRY_POLICY_PATH,
        .owner = launcher,
        .ended = handle_command,
    };
    const int failed = registry_hooks_new(&launcher->hooks_params, &launcher->hooks, err);
    return failed < 0 ? failed
                      : registry_commands_new(&launcher->commands_params, &launcher->commands, err);
}

/* Adopts before anybody can ask. */
static int start(struct launcher *launcher, struct err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR2, 0};
    int failed = loop_new(STALL_NS, &launcher->loop, err);

    if (failed == 0 && loop_signals(launcher->loop, signals, handle_signal, launcher) < 0)
        failed = err_set(err, ENOMEM, "cannot wait for signals");
    if (failed == 0 && registry_bus_is_there())
        failed = registry_bus_open(launcher->loop, &launcher->bus, err);
    if (failed < 0)
        return failed;
    service_start(&launcher->service, launcher->loop);
    loop_timer_init(&launcher->answer, "restart-answer", handle_no_answer, launcher);
    launcher->shared = (struct registry_keeper_shared){
        .loop = launcher->loop,
        .folder = FOLDER,
        .bundle_folder = PROCESS_BUNDLE_FOLDER,
        .policy_path = REGISTRY_POLICY_PATH,
        .bus = launcher->bus,
        .own = registry_bus_is_our_manager() ? REGISTRY_BACKEND_SYSTEMD : REGISTRY_BACKEND_EXEC,
        .owner = launcher,
        .status_changed = handle_status,
        .bundle_changed = handle_bundle,
    };
    registry_cgroup_find(&launcher->shared.cgroups);
    failed = registry_supervise_new(&launcher->shared, &launcher->supervise, err);
    if (failed == 0)
        failed = open_programs(launcher, err);
    return failed < 0 ? failed : open_goals(launcher, err);
}

static void stop(struct launcher *launcher)
{
    registry_goals_close(launcher->goals);
    registry_commands_free(launcher->commands);
    registry_hooks_free(launcher->hooks);
    registry_supervise_free(launcher->supervise);
    registry_bus_close(launcher->bus);
    loop_free(launcher->loop);
}

static int run(void)
{
    struct launcher launcher = {.goals = NULL};
    struct err err;
    int status = EXIT_FAILURE;

    if (sodium_init() < 0) {
        log_err("cannot start", "reason=\"libsodium does not work here\"");
        return status;
    }
    if (confine(&err) < 0 || start(&launcher, &err) < 0) {
        log_err("cannot start", "reason=\"%s\"", err.text);
    } else {
        service_ready(&launcher.service);
        say_status(&launcher);
        status = loop_run(launcher.loop);
    }
    stop(&launcher);
    return status;
}

/* In the unit of a registry: become it. Comes back only with a failure. */
static int become(const char *name)
{
    struct registry_adopt_record record;
    struct registry_policy policy;
    struct registry_program_failure failure = {.cause = REGISTRY_CAUSE_REFUSED};
    struct err err;

    if (strlen(name) >= REGISTRY_NAME_BYTES || !registry_goal_check_name(name)) {
        fprintf(stderr, "%s: \"%.64s\" is no name of a registry\n", PROGRAM, name);
        return REGISTRY_UNIT_STATUS;
    }
    CLEANUP(cleanup_close)
    int report = registry_unit_open_report(FOLDER, name);
    if (registry_adopt_read(FOLDER, name, &record, &err) < 0 ||
        registry_policy_read(REGISTRY_POLICY_PATH, name, &policy, &err) < 0) {
        snprintf(failure.words, sizeof(failure.words), "%.180s", err.text);
    } else {
        const struct registry_backend_start begin = {.params = &record.goal.params,
                                                     .policy = &policy,
                                                     .folder = PROCESS_BUNDLE_FOLDER,
                                                     .digest = record.bundle,
                                                     .readonly = record.goal.readonly,
                                                     .no_purging = record.goal.no_purging};

        registry_program_become(&begin, true, &failure);
    }
    fprintf(stderr, "%s: the registry %s cannot be started: %s\n", PROGRAM, name, failure.words);
    if (report >= 0)
        (void)!write(report, &failure, sizeof(failure)); /* the line above says it, too */
    return REGISTRY_UNIT_STATUS;
}

int main(int argc, char **argv)
{
    enum log_level level;

    if (argc == 3 && strcmp(argv[1], "--exec") == 0)
        return become(argv[2]);
    const int done =
        options_parse(argc, argv, PROGRAM,
                      "Starts, stops and keeps registries as reghad wants. With --exec "
                      "NAME, in the unit\nof a registry: becomes it.",
                      &level);
    if (done == OPTIONS_DONE)
        return EXIT_SUCCESS;
    if (done != 0)
        return done;
    log_open(PROGRAM, level);
    return run();
}
