/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/goals.h"

#include "base/process.h"

#define TICK_NS (1 * NS_PER_S)
/* As many as there can be VRIDs of both families. */
#define GOALS_MAX 512

/* To one peer, or to all if `peer` is NULL. */
static void tell(struct vrrp_goals *goals, struct channel_peer *peer,
                 const struct wire_layout *layout, const void *value)
{
    if (peer)
        (void)channel_send(peer, layout, value, -1); /* it is cut if it fails, and comes again */
    else
        channel_broadcast(goals->channel, layout, value);
}

static void tell_process(struct vrrp_goals *goals, struct channel_peer *peer)
{
    struct process_state state;

    process_state_read(goals->routers->shared.loop, &state);
    tell(goals, peer, &process_state_layout, &state);
}

static void tell_status(struct vrrp_goals *goals, struct channel_peer *peer,
                        const struct vrrp_router *router)
{
    struct vrrp_status status;

    vrrp_router_status(router, &status);
    tell(goals, peer, &vrrp_message_status, &status);
}

static void tell_transitions(struct vrrp_goals *goals, struct channel_peer *peer,
                             const struct vrrp_router *router, uint64_t from)
{
    if (router->transition_count > from + VRRP_ROUTER_TRANSITIONS)
        from = router->transition_count - VRRP_ROUTER_TRANSITIONS;
    for (uint64_t at = from; at < router->transition_count; at++)
        tell(goals, peer, &vrrp_message_transition,
             &router->transitions[at % VRRP_ROUTER_TRANSITIONS]);
}

static void tell_peer(struct vrrp_goals *goals, struct channel_peer *peer, size_t at)
{
    struct vrrp_peer_state state;

    vrrp_peers_state(goals->peers, at, &state);
    tell(goals, peer, &vrrp_message_peer, &state);
}

static void tell_peers(struct vrrp_goals *goals, struct channel_peer *peer)
{
    for (size_t at = 0; at < vrrp_peers_count(goals->peers); at++)
        tell_peer(goals, peer, at);
}

static void tell_counters(struct vrrp_goals *goals, struct channel_peer *peer)
{
    const struct vrrp_routers *routers = goals->routers;

    for (const struct vrrp_router *router = routers->first; router; router = router->next)
        tell(goals, peer, &vrrp_message_counters, &router->counters);
    for (const struct vrrp_dispatch *dispatch = routers->dispatches; dispatch;
         dispatch = dispatch->next)
        tell(goals, peer, &vrrp_message_strays, &dispatch->strays);
}

static void handle_connected(void *owner, struct channel_peer *peer)
{
    struct vrrp_goals *goals = owner;

    tell_process(goals, peer);
    for (const struct vrrp_router *router = goals->routers->first; router; router = router->next) {
        tell_status(goals, peer, router);
        tell_transitions(goals, peer, router, 0);
    }
    tell_counters(goals, peer);
    tell_peers(goals, peer);
}

/* The cluster's goal is one more object of the set: not named in a whole one, it is not wanted. */
static void want_peers(struct vrrp_goals *goals, const struct vrrp_cluster_goal *cluster,
                       bool partial, struct monotime now)
{
    const char *mistake = cluster ? vrrp_peers_mistake(cluster) : NULL;

    if (mistake)
        log_err("the cluster's goal is refused", "reason=\"%s\"", mistake);
    else if (cluster || !partial)
        vrrp_peers_want(goals->peers, cluster, now);
}

static void handle_wanted(void *owner, struct channel_peer *peer, const struct channel_goals *set,
                          struct monotime now)
{
    struct vrrp_goals *goals = owner;
    const struct vrrp_goal *wanted[GOALS_MAX] = {NULL};
    const struct vrrp_cluster_goal *cluster = NULL;
    size_t count = 0;

    if (goals->stopping)
        return;
    if (set->count > GOALS_MAX + 1) {
        log_err("more virtual routers than there are VRIDs are refused", "count=%zu", set->count);
        return;
    }
    for (size_t at = 0; at < set->count; at++) {
        if (set->messages[at].layout == &vrrp_message_cluster)
            cluster = set->messages[at].value;
        else if (count < GOALS_MAX)
            wanted[count++] = set->messages[at].value;
    }
    goals->master = peer;
    vrrp_routers_want(goals->routers, wanted, count, set->partial, now);
    want_peers(goals, cluster, set->partial, now);
    goals->applied(goals->owner, now);
}

static void handle_closed(void *owner, struct channel_peer *peer, struct monotime now)
{
    struct vrrp_goals *goals = owner;

    if (peer != goals->master)
        return;
    goals->master = NULL;
    log_info("whoever told us what to do is gone", "");
    vrrp_routers_lost_goals(goals->routers, now);
}

static void handle_tick(struct loop_timer *timer, struct monotime now)
{
    struct vrrp_goals *goals = timer->owner;

    (void)loop_timer_set(goals->routers->shared.loop, timer, monotime_add(now, TICK_NS));
    if (channel_server_peers(goals->channel) == 0)
        return;
    tell_process(goals, NULL);
    tell_counters(goals, NULL);
    tell_peers(goals, NULL);
}

int vrrp_goals_open(struct vrrp_goals *goals, const struct vrrp_goals_door *door, struct err *err)
{
    static const struct wire_layout *const layouts[] = {&vrrp_message_goal, &vrrp_message_cluster,
                                                        NULL};
    struct loop *loop = goals->routers->shared.loop;
    const struct channel_server_params params = {
        .path = door->path,
        .users = {door->user},
        .user_count = 1,
        .group = door->group,
        .goals = layouts,
        .owner = goals,
        .connected = handle_connected,
        .wanted = handle_wanted,
        .closed = handle_closed,
    };

    loop_timer_init(&goals->tick, "counters", handle_tick, goals);
    const int failed = channel_server_open(loop, &params, &goals->channel, err);
    if (failed < 0)
        return failed;
    return loop_timer_set(loop, &goals->tick, monotime_now());
}

void vrrp_goals_close(struct vrrp_goals *goals)
{
    goals->master = NULL;
    loop_timer_cancel(goals->routers->shared.loop, &goals->tick);
    channel_server_close(goals->channel);
}

void vrrp_goals_report(struct vrrp_goals *goals)
{
    for (struct vrrp_router *router = goals->routers->first; router; router = router->next) {
        if (!router->status_dirty)
            continue;
        router->status_dirty = false;
        /* Whoever sees the new state knows already how it came about. */
        tell_transitions(goals, NULL, router, router->transition_reported);
        router->transition_reported = router->transition_count;
        tell_status(goals, NULL, router);
    }
    for (size_t at = 0; at < vrrp_peers_count(goals->peers); at++) {
        if (goals->peers->nodes[at].dirty)
            tell_peer(goals, NULL, at);
        goals->peers->nodes[at].dirty = false;
    }
}
