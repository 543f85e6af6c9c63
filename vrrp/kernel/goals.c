/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/goals.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/channel.h"
#include "base/log.h"
#include "base/process.h"
#include "vrrp/kernel/breaker.h"
#include "vrrp/kernel/holder.h"
#include "vrrp/kernel/reconcile.h"

#define TICK_NS   NS_PER_S
#define GOALS_MAX 1024 /* in one set: as the channel */

static const struct wire_layout *const layouts[] = {&kernel_message_goal,
                                                    &kernel_message_breaker_goal, NULL};

struct kernel_goals {
    struct kernel_goals_params params;
    struct loop *loop;
    struct channel_server *server;
    struct kernel_holder *holder;
    struct kernel_breaker *breaker;
    const struct channel_peer *wanting; /* whose goals are in force; NULL: an orphan */
    struct channel_peer *reghad;        /* who is told of the breaker; NULL: nobody */
    struct loop_timer tick;
    struct log_limit refused_limit;
};

static void broadcast_link(void *owner, const struct kernel_link *link)
{
    const struct kernel_goals *goals = owner;

    channel_broadcast(goals->server, &kernel_message_link, link);
}

static void broadcast_status(void *owner, const struct kernel_status *status)
{
    const struct kernel_goals *goals = owner;

    channel_broadcast(goals->server, &kernel_message_status, status);
}

static void tell_breaker(void *owner, const struct kernel_breaker_status *status)
{
    const struct kernel_goals *goals = owner;

    if (goals->reghad != NULL)
        (void)channel_send(goals->reghad, &kernel_message_breaker_status, status, -1);
}

/* A peer that cannot be sent to is cut by the channel. */
static void send_link(void *owner, const struct kernel_link *link)
{
    (void)channel_send(owner, &kernel_message_link, link, -1);
}

static void send_status(void *owner, const struct kernel_status *status)
{
    (void)channel_send(owner, &kernel_message_status, status, -1);
}

static void handle_connected(void *owner, struct channel_peer *peer)
{
    struct kernel_goals *goals = owner;
    const struct kernel_listener listener = {
        .owner = peer,
        .link = send_link,
        .status = send_status,
    };
    struct process_state state;

    process_state_read(goals->loop, &state);
    (void)channel_send(peer, &process_state_layout, &state, -1);
    kernel_holder_snapshot(goals->holder, &listener);
    if (channel_peer_user(peer) == goals->params.reghad_user) {
        goals->reghad = peer;
        tell_breaker(goals, kernel_breaker_status(goals->breaker));
    }
}

static bool may_want(const struct kernel_goals *goals, uid_t user)
{
    return user == goals->params.vrrp_user || user == 0 || user == geteuid();
}

static bool may_break(const struct kernel_goals *goals, uid_t user)
{
    return user == goals->params.reghad_user || user == 0 || user == geteuid();
}

/* Nothing to answer with: the states are the answer. */
static void refuse(struct kernel_goals *goals, const struct channel_peer *peer, const char *why,
                   struct monotime now)
{
    char quoted[ERR_TEXT_BYTES];
    uint64_t suppressed;

    if (log_limit_pass(&goals->refused_limit, NS_PER_S, now, &suppressed))
        log_err("goals were refused, the former ones stay", "user=%u reason=\"%s\" suppressed=%llu",
                (unsigned)channel_peer_user(peer), log_quote(why, quoted, sizeof(quoted)),
                (unsigned long long)suppressed);
}

/* A set of its own: one goal, and nothing else. */
static bool is_for_breaker(const struct kernel_goals *goals, const struct channel_peer *peer,
                           const struct channel_goals *sent)
{
    if (sent->count == 0)
        return channel_peer_user(peer) == goals->params.reghad_user;
    return sent->messages[0].layout == &kernel_message_breaker_goal;
}

static void take_breaker(struct kernel_goals *goals, struct channel_peer *peer,
                         const struct channel_goals *sent, struct monotime now)
{
    static const struct kernel_breaker_goal nothing;

    if (!may_break(goals, channel_peer_user(peer)) || sent->count > 1) {
        refuse(goals, peer, "one goal of the circuit breaker, from reghad", now);
        return;
    }
    goals->reghad = peer;
    kernel_breaker_want(goals->breaker, sent->count == 1 ? sent->messages[0].value : &nothing, now);
}

static bool are_all_goals(const struct channel_goals *sent)
{
    for (size_t at = 0; at < sent->count; at++)
        if (sent->messages[at].layout != &kernel_message_goal)
            return false;
    return sent->count <= GOALS_MAX;
}

static void handle_wanted(void *owner, struct channel_peer *peer, const struct channel_goals *sent,
                          struct monotime now)
{
    struct kernel_goals *goals = owner;
    const struct kernel_goal *wanted[GOALS_MAX];
    const struct kernel_wanted_set set = {wanted, sent->count, sent->partial};
    struct err err;

    if (is_for_breaker(goals, peer, sent)) {
        take_breaker(goals, peer, sent, now);
        return;
    }
    if (!may_want(goals, channel_peer_user(peer))) {
        refuse(goals, peer, "this user only listens", now);
        return;
    }
    if (!are_all_goals(sent)) {
        refuse(goals, peer, "too many goals, or of two kinds", now);
        return;
    }
    for (size_t at = 0; at < sent->count; at++)
        wanted[at] = sent->messages[at].value;
    if (kernel_holder_want(goals->holder, &set, now, &err) < 0) {
        refuse(goals, peer, err.text, now);
        return;
    }
    goals->wanting = peer;
}

static void handle_closed(void *owner, struct channel_peer *peer, struct monotime now)
{
    struct kernel_goals *goals = owner;

    if (goals->reghad == peer)
        goals->reghad = NULL; /* what it had cut ends by itself */
    if (goals->wanting != peer)
        return;
    goals->wanting = NULL;
    log_warning(
        "regha-vrrp is gone, the addresses stay for a while", "at_most_seconds=%lld",
        (long long)(KERNEL_RECONCILE_ORPHAN_NS / NS_PER_S + KERNEL_RECONCILE_GUARDED_VALID_S));
    kernel_holder_orphaned(goals->holder, now);
}

static void handle_tick(struct loop_timer *timer, struct monotime now)
{
    struct kernel_goals *goals = timer->owner;
    const struct kernel_holder_summary summary = kernel_holder_summary(goals->holder);
    struct process_state state;

    process_state_read(goals->loop, &state);
    channel_broadcast(goals->server, &process_state_layout, &state);
    kernel_holder_tell_counters(goals->holder, now);
    service_status(goals->params.service,
                   "%zu addresses of %zu out of %zu virtual routers are here%s%s",
                   summary.addresses, summary.held, summary.goals,
                   summary.unsettled > 0 ? ", not all as wanted" : "",
                   goals->wanting == NULL ? ", regha-vrrp is away" : "");
    /* -ENOMEM: the state of the process is not told any more, all else is. */
    (void)loop_timer_set(goals->loop, timer, monotime_add(now, TICK_NS));
}

static int open_server(struct kernel_goals *goals, struct err *err)
{
    const struct channel_server_params server = {
        .path = goals->params.socket_path,
        .users = {goals->params.vrrp_user, goals->params.reghad_user},
        .user_count = 2,
        .group = goals->params.group,
        .goals = layouts,
        .owner = goals,
        .connected = handle_connected,
        .wanted = handle_wanted,
        .closed = handle_closed,
    };

    return channel_server_open(goals->loop, &server, &goals->server, err);
}

int kernel_goals_open(struct loop *loop, const struct kernel_goals_params *params,
                      struct monotime now, struct kernel_goals **ret_goals, struct err *err)
{
    struct kernel_goals *goals = calloc(1, sizeof(*goals));

    if (goals == NULL)
        return err_set(err, ENOMEM, "no memory for goals");
    const struct kernel_listener everyone = {
        .owner = goals,
        .link = broadcast_link,
        .status = broadcast_status,
    };
    const struct kernel_breaker_params breaker = {
        .exempt = params->reghad_user,
        .owner = goals,
        .changed = tell_breaker,
    };
    goals->params = *params;
    goals->loop = loop;
    loop_timer_init(&goals->tick, "tick", handle_tick, goals);
    int failed = kernel_holder_new(loop, &everyone, now, &goals->holder, err);
    if (failed == 0)
        failed = kernel_breaker_open(loop, &breaker, &goals->breaker, err);
    if (failed == 0)
        failed = open_server(goals, err);
    if (failed < 0) {
        kernel_goals_close(goals);
        return failed;
    }
    handle_tick(&goals->tick, now);
    *ret_goals = goals;
    return 0;
}

void kernel_goals_stop(struct kernel_goals *goals, struct monotime now)
{
    const size_t left = kernel_holder_release(goals->holder, now);

    kernel_breaker_remove(goals->breaker, now);
    if (left > 0)
        log_err("addresses could not be removed, they end with their lifetime", "addresses=%zu",
                left);
}

void kernel_goals_close(struct kernel_goals *goals)
{
    if (goals == NULL)
        return;
    loop_timer_cancel(goals->loop, &goals->tick);
    goals->wanting = NULL; /* whoever is cut now does not leave an orphan */
    channel_server_close(goals->server);
    kernel_breaker_close(goals->breaker);
    kernel_holder_free(goals->holder);
    free(goals);
}
