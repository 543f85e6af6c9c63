/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "registry-launcher/goal_check.h"
#include "registry-launcher/hook_check.h"
#include "registry-launcher/policy.h"
#include "registry-launcher/runner.h"

#define COMMANDS_MAX 128

struct command {
    struct registry_commands *commands;
    bool wanted;
    bool is_pending; /* `goal` is to be run */
    struct registry_exec_goal goal;
    uint32_t serial; /* of the one that runs */
    struct registry_runner runner;
};

struct registry_commands {
    const struct registry_commands_params *params;
    struct command *commands[COMMANDS_MAX];
    size_t count;
};

static void start(struct command *command, struct monotime now);

static void tell(struct command *command, struct registry_exec_status *status, const char *words)
{
    const size_t length = strcspn(words, "\n");

    status->serial = command->serial;
    memcpy(status->name, command->goal.name, sizeof(status->name));
    snprintf(status->words, sizeof(status->words), "%.*s",
             (int)(length < sizeof(status->words) ? length : sizeof(status->words) - 1), words);
    command->commands->params->ended(command->commands->params->owner, status);
}

static void handle_done(void *owner, const struct registry_runner_end *end, struct monotime now)
{
    struct command *command = owner;
    struct registry_exec_status status = {.end = REGISTRY_EXEC_END_STATUS, .code = end->code};

    if (end->timed_out)
        status.end = REGISTRY_EXEC_END_TIMEOUT;
    else if (!end->known || end->signalled)
        status.end = REGISTRY_EXEC_END_SIGNAL;
    else if (end->code == REGISTRY_RUNNER_CANNOT)
        status.end = REGISTRY_EXEC_END_REFUSED;
    tell(command, &status, end->output);
    if (command->is_pending)
        start(command, now);
}

static void start(struct command *command, struct monotime now)
{
    static const char *const environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    const char *argv[REGISTRY_GOAL_TEXTS_MAX + 1];
    const struct registry_exec_goal *goal = &command->goal;
    struct registry_policy policy;
    struct err err;

    command->is_pending = false;
    command->serial = goal->serial;
    registry_goal_check_split(goal->argv, goal->argv_bytes, argv);
    int failed = registry_policy_allow(command->commands->params->policy_path, REGISTRY_POLICY_EXEC,
                                       goal->argv, &policy, &err);
    if (failed == 0) {
        const struct registry_runner_job job = {policy.user, argv, environment, goal->timeout_ns};
        failed = registry_runner_start(&command->runner, &job, now, &err);
    }
    if (failed < 0) {
        struct registry_exec_status status = {.end = REGISTRY_EXEC_END_REFUSED};
        tell(command, &status, err.text);
    }
}

static struct command *find(const struct registry_commands *commands, const char *name)
{
    for (size_t at = 0; at < commands->count; at++)
        if (strcmp(commands->commands[at]->goal.name, name) == 0)
            return commands->commands[at];
    return NULL;
}

static struct command *add(struct registry_commands *commands,
                           const struct registry_exec_goal *goal)
{
    struct command *command = commands->count < COMMANDS_MAX ? calloc(1, sizeof(*command)) : NULL;

    if (command == NULL) {
        log_err("there is no room for another command of a probe", "probe=%s", goal->name);
        return NULL;
    }
    command->commands = commands;
    command->goal = *goal;
    command->serial = ~goal->serial; /* any other than the one that is asked for */
    registry_runner_init(&command->runner, commands->params->loop, "probe-command", command);
    command->runner.done = handle_done;
    commands->commands[commands->count++] = command;
    return command;
}

static void want(struct command *command, const struct registry_exec_goal *goal,
                 struct monotime now)
{
    command->wanted = true;
    if (goal->serial == command->serial ||
        (command->is_pending && goal->serial == command->goal.serial))
        return;
    command->goal = *goal;
    command->is_pending = true;
    if (!registry_runner_is_busy(&command->runner))
        start(command, now);
}

static void forget(struct command *command)
{
    registry_runner_fini(&command->runner);
    free(command);
}

static void sweep(struct registry_commands *commands)
{
    size_t kept = 0;

    for (size_t at = 0; at < commands->count; at++) {
        if (commands->commands[at]->wanted)
            commands->commands[kept++] = commands->commands[at];
        else
            forget(commands->commands[at]);
    }
    commands->count = kept;
}

void registry_commands_want(struct registry_commands *commands,
                            const struct registry_exec_goal *const *goals, size_t count,
                            bool partial, struct monotime now)
{
    for (size_t at = 0; at < commands->count && !partial; at++)
        commands->commands[at]->wanted = false;
    for (size_t at = 0; at < count; at++) {
        const char *fault = registry_hook_check_exec_fault(goals[at]);
        if (fault != NULL) {
            log_err("a goal for the command of a probe makes no sense", "reason=\"%s\"", fault);
            continue;
        }
        struct command *command = find(commands, goals[at]->name);
        if (command == NULL)
            command = add(commands, goals[at]);
        if (command != NULL)
            want(command, goals[at], now);
    }
    sweep(commands);
}

int registry_commands_new(const struct registry_commands_params *params,
                          struct registry_commands **ret_commands, struct err *err)
{
    struct registry_commands *commands = calloc(1, sizeof(*commands));

    if (commands == NULL)
        return err_set(err, ENOMEM, "no memory for the commands of probes");
    commands->params = params;
    *ret_commands = commands;
    return 0;
}

void registry_commands_free(struct registry_commands *commands)
{
    if (commands == NULL)
        return;
    for (size_t at = 0; at < commands->count; at++)
        forget(commands->commands[at]);
    free(commands);
}
