/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/goals.h"

#include <errno.h>
#include <stdlib.h>

#include "base/process.h"

#define PEERS_MAX      8   /* reghad, and people who look */
#define PROGRAMS_MAX   256 /* of either kind */
#define STATE_EVERY_NS (1 * NS_PER_S)

struct peer {
    struct channel_peer *peer; /* NULL: free */
    bool has_wanted;           /* its first set of goals has come */
};

struct registry_goals {
    struct loop *loop;
    struct registry_supervise *supervise;
    struct registry_hooks *hooks;
    struct registry_commands *commands;
    struct channel_server *server;
    struct peer peers[PEERS_MAX];
    struct loop_timer timer;
};

static struct peer *find(struct registry_goals *goals, const struct channel_peer *peer)
{
    for (size_t at = 0; at < PEERS_MAX; at++)
        if (goals->peers[at].peer == peer)
            return &goals->peers[at];
    return NULL;
}

static void send_bundle(struct channel_peer *peer, const struct registry_keeper *keeper)
{
    if (keeper->files.bundle_fd >= 0)
        (void)channel_send(peer, &registry_message_capture, &keeper->files.captured,
                           keeper->files.bundle_fd);
}

/* A peer that is cut while it is sent to connects again, and gets all of it. */
static void handle_connected(void *owner, struct channel_peer *peer)
{
    struct registry_goals *goals = owner;
    struct peer *place = find(goals, NULL);
    struct process_state state;

    if (place != NULL)
        *place = (struct peer){.peer = peer};
    process_state_read(goals->loop, &state);
    (void)channel_send(peer, &process_state_layout, &state, -1);
    for (const struct registry_keeper *keeper = registry_supervise_next(goals->supervise, NULL);
         keeper != NULL; keeper = registry_supervise_next(goals->supervise, keeper)) {
        (void)channel_send(peer, &registry_message_status, &keeper->status, -1);
        send_bundle(peer, keeper);
    }
    const struct registry_hook_status *hook = registry_hooks_status(goals->hooks, 0);
    for (size_t at = 0; hook != NULL; hook = registry_hooks_status(goals->hooks, ++at))
        (void)channel_send(peer, &registry_message_hook_status, hook, -1);
}

/* The values of one kind; returns their number. */
static size_t pick(const struct channel_goals *said, const struct wire_layout *layout,
                   const void **values, size_t room)
{
    size_t count = 0;

    for (size_t at = 0; at < said->count && count < room; at++)
        if (said->messages[at].layout == layout)
            values[count++] = said->messages[at].value;
    return count;
}

static void want_programs(struct registry_goals *goals, const struct channel_goals *said,
                          struct monotime now)
{
    const struct registry_hook_goal *hooks[PROGRAMS_MAX];
    const struct registry_exec_goal *commands[PROGRAMS_MAX];
    const size_t hook_count =
        pick(said, &registry_message_hook_goal, (const void **)hooks, PROGRAMS_MAX);
    const size_t command_count =
        pick(said, &registry_message_exec_goal, (const void **)commands, PROGRAMS_MAX);

    registry_hooks_want(goals->hooks, hooks, hook_count, said->partial, now);
    registry_commands_want(goals->commands, commands, command_count, said->partial, now);
}

static void handle_wanted(void *owner, struct channel_peer *peer, const struct channel_goals *said,
                          struct monotime now)
{
    struct registry_goals *goals = owner;
    struct peer *place = find(goals, peer);
    const struct registry_goal *wanted[REGISTRY_ADOPT_MAX];
    struct registry_supervise_set set = {
        .goals = wanted, .partial = said->partial, .first = place == NULL || !place->has_wanted};

    set.count = pick(said, &registry_message_goal, (const void **)wanted, REGISTRY_ADOPT_MAX);
    if (place != NULL)
        place->has_wanted = true;
    registry_supervise_want(goals->supervise, &set, now);
    for (size_t at = 0; at < said->count; at++)
        if (said->messages[at].layout == &registry_message_bundle)
            registry_supervise_give(goals->supervise, said->messages[at].value,
                                    channel_take_fd(&said->messages[at]), now);
    want_programs(goals, said, now);
}

static void handle_closed(void *owner, struct channel_peer *peer, struct monotime now)
{
    struct peer *place = find(owner, peer);

    (void)now;
    if (place != NULL)
        *place = (struct peer){.peer = NULL};
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    struct registry_goals *goals = timer->owner;
    struct process_state state;

    process_state_read(goals->loop, &state);
    channel_broadcast(goals->server, &process_state_layout, &state);
    (void)loop_timer_set(goals->loop, timer, monotime_add(now, STATE_EVERY_NS));
}

int registry_goals_open(struct loop *loop, const struct registry_goals_params *params,
                        struct registry_goals **ret_goals, struct err *err)
{
    static const struct wire_layout *const layouts[] = {
        &registry_message_goal, &registry_message_bundle, &registry_message_hook_goal,
        &registry_message_exec_goal, NULL};
    struct registry_goals *goals = calloc(1, sizeof(*goals));

    if (goals == NULL)
        return err_set(err, ENOMEM, "no memory for the channel");
    goals->loop = loop;
    goals->supervise = params->supervise;
    goals->hooks = params->hooks;
    goals->commands = params->commands;
    loop_timer_init(&goals->timer, "state", handle_timer, goals);
    const struct channel_server_params server = {
        .path = params->path,
        .users = {params->user},
        .user_count = 1,
        .group = params->group,
        .goals = layouts,
        .owner = goals,
        .connected = handle_connected,
        .wanted = handle_wanted,
        .closed = handle_closed,
    };
    const int failed = channel_server_open(loop, &server, &goals->server, err);
    if (failed < 0) {
        free(goals);
        return failed;
    }
    handle_timer(&goals->timer, monotime_now());
    *ret_goals = goals;
    return 0;
}

void registry_goals_close(struct registry_goals *goals)
{
    if (goals == NULL)
        return;
    loop_timer_cancel(goals->loop, &goals->timer);
    channel_server_close(goals->server);
    free(goals);
}

void registry_goals_send_status(struct registry_goals *goals, const struct registry_keeper *keeper)
{
    channel_broadcast(goals->server, &registry_message_status, &keeper->status);
}

void registry_goals_send_bundle(struct registry_goals *goals, const struct registry_keeper *keeper)
{
    for (size_t at = 0; at < PEERS_MAX; at++)
        if (goals->peers[at].peer != NULL)
            send_bundle(goals->peers[at].peer, keeper);
}

void registry_goals_send_hook(struct registry_goals *goals,
                              const struct registry_hook_status *status)
{
    channel_broadcast(goals->server, &registry_message_hook_status, status);
}

void registry_goals_send_exec(struct registry_goals *goals,
                              const struct registry_exec_status *status)
{
    channel_broadcast(goals->server, &registry_message_exec_status, status);
}
