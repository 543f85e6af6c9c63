/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/routers.h"

#include <assert.h>

#define RETRY_NS (1 * NS_PER_S)

static void handle_retry(struct loop_timer *timer, struct monotime now)
{
    vrrp_routers_consider(timer->owner, now);
}

static void handle_orphan(struct loop_timer *timer, struct monotime now)
{
    struct vrrp_routers *routers = timer->owner;

    log_warning("nobody tells us what to do: degraded until somebody does", "routers=%s",
                routers->first ? "kept" : "none");
    routers->shared.orphaned = true;
    vrrp_routers_consider(routers, now);
}

static bool is_set(const struct loop_timer *timer)
{
    return timer->deadline.ns != MONOTIME_NEVER.ns;
}

static void handle_attend(struct loop_timer *timer, struct monotime now)
{
    struct vrrp_routers *routers = timer->owner;

    if (routers->shared.orphaned || is_set(&routers->orphan))
        return;
    routers->shared.unattended = false;
    vrrp_routers_consider(routers, now);
}

static int64_t grace_ns(const struct vrrp_routers *routers)
{
    int64_t least_ns = INT64_MAX;

    for (const struct vrrp_router *router = routers->first; router; router = router->next)
        if (router->goal.orphan_grace_ns < least_ns)
            least_ns = router->goal.orphan_grace_ns;
    return least_ns;
}

/*
 * Somebody tells us what to do again. After having been orphaned we relieve nobody for as long as it
 * took: an Active that was orphaned with us gets its reghad back in that time, and keeps its registry.
 */
static void end_orphanhood(struct vrrp_routers *routers, struct monotime now)
{
    loop_timer_cancel(routers->shared.loop, &routers->orphan);
    if (routers->shared.orphaned && routers->first)
        (void)loop_timer_set(routers->shared.loop, &routers->attend,
                             monotime_add(now, grace_ns(routers)));
    else if (!is_set(&routers->attend))
        routers->shared.unattended = false;
    routers->shared.orphaned = false;
}

void vrrp_routers_init(struct vrrp_routers *routers, struct loop *loop, const char *folder)
{
    *routers = (struct vrrp_routers){.shared = {.loop = loop, .folder = folder}};
    loop_timer_init(&routers->retry, "open sockets", handle_retry, routers);
    loop_timer_init(&routers->orphan, "orphan grace", handle_orphan, routers);
    loop_timer_init(&routers->attend, "attended again", handle_attend, routers);
}

static struct vrrp_dispatch *find_dispatch(const struct vrrp_routers *routers,
                                           const char *interface)
{
    struct vrrp_dispatch *dispatch = routers->dispatches;

    while (dispatch && strcmp(dispatch->interface, interface) != 0)
        dispatch = dispatch->next;
    return dispatch;
}

static struct vrrp_dispatch *get_dispatch(struct vrrp_routers *routers, const char *interface)
{
    struct vrrp_dispatch *dispatch = find_dispatch(routers, interface);

    if (dispatch)
        return dispatch;
    dispatch = vrrp_dispatch_new(&routers->shared, &routers->batch, interface);
    if (!dispatch)
        return NULL;
    dispatch->next = routers->dispatches;
    routers->dispatches = dispatch;
    return dispatch;
}

static void drop_dispatch(struct vrrp_routers *routers, struct vrrp_dispatch *dispatch)
{
    struct vrrp_dispatch **link = &routers->dispatches;

    while (*link != dispatch)
        link = &(*link)->next;
    *link = dispatch->next;
    vrrp_dispatch_free(dispatch);
}

/* Takes `*link` out of the list. */
static void remove_router(struct vrrp_routers *routers, struct vrrp_router **link, bool forget)
{
    struct vrrp_router *router = *link;
    struct vrrp_dispatch *dispatch = find_dispatch(routers, router->params.interface);

    assert(dispatch); /* it was made with its first router and goes with its last */
    *link = router->next;
    dispatch->routers[router->params.vrid] = NULL;
    if (vrrp_dispatch_is_empty(dispatch))
        drop_dispatch(routers, dispatch);
    vrrp_router_free(router, forget);
}

void vrrp_routers_fini(struct vrrp_routers *routers)
{
    while (routers->first)
        remove_router(routers, &routers->first, false);
    loop_timer_cancel(routers->shared.loop, &routers->retry);
    loop_timer_cancel(routers->shared.loop, &routers->orphan);
    loop_timer_cancel(routers->shared.loop, &routers->attend);
    vrrp_view_fini(&routers->shared.view);
}

static struct vrrp_router *find_router(const struct vrrp_routers *routers,
                                       const struct vrrp_goal *goal)
{
    struct vrrp_router *router = routers->first;

    while (router && !vrrp_router_is_same(&router->goal, goal))
        router = router->next;
    return router;
}

static void add_router(struct vrrp_routers *routers, const struct vrrp_goal *goal)
{
    struct vrrp_dispatch *dispatch = get_dispatch(routers, goal->params.interface);
    struct vrrp_router *router = dispatch ? vrrp_router_new(&routers->shared, goal) : NULL;

    if (!router) {
        log_err("no memory for another virtual router", "vrouter=%s", goal->params.name);
        if (dispatch && vrrp_dispatch_is_empty(dispatch))
            drop_dispatch(routers, dispatch);
        return;
    }
    struct vrrp_router **last = &routers->first;
    while (*last)
        last = &(*last)->next;
    *last = router;
    dispatch->routers[goal->params.vrid] = router;
    routers->set_changed = true;
}

static bool is_named(const struct vrrp_router *router, const struct vrrp_goal *const *goals,
                     size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (vrrp_router_is_same(&router->goal, goals[at]))
            return true;
    return false;
}

static void remove_unnamed(struct vrrp_routers *routers, const struct vrrp_goal *const *goals,
                           size_t count, struct monotime now)
{
    for (struct vrrp_router **link = &routers->first; *link;) {
        if (is_named(*link, goals, count)) {
            link = &(*link)->next;
            continue;
        }
        vrrp_router_stop(*link, VRRP_REASON_REMOVED, now);
        remove_router(routers, link, true);
        routers->set_changed = routers->shared.pending = true;
    }
}

void vrrp_routers_want(struct vrrp_routers *routers, const struct vrrp_goal *const *goals,
                       size_t count, bool partial, struct monotime now)
{
    end_orphanhood(routers, now);
    if (!routers->goals_known)
        routers->goals_known = routers->set_changed = routers->shared.pending = true;
    if (!partial)
        remove_unnamed(routers, goals, count, now);
    for (size_t at = 0; at < count; at++) {
        const char *mistake = vrrp_router_mistake(goals[at]);
        struct vrrp_router *router = find_router(routers, goals[at]);

        if (mistake)
            log_err("a virtual router is refused", "vrouter=%s vrid=%u reason=\"%s\"",
                    goals[at]->params.name, goals[at]->params.vrid, mistake);
        else if (router)
            vrrp_router_want(router, goals[at], now);
        else
            add_router(routers, goals[at]);
    }
    vrrp_routers_consider(routers, now);
}

void vrrp_routers_lost_goals(struct vrrp_routers *routers, struct monotime now)
{
    if (!routers->first)
        return;
    routers->shared.unattended = true;
    (void)loop_timer_set(routers->shared.loop, &routers->orphan,
                         monotime_add(now, grace_ns(routers)));
    vrrp_routers_consider(routers, now);
}

void vrrp_routers_consider(struct vrrp_routers *routers, struct monotime now)
{
    bool done = true;

    /* Ears first: a router that starts to wait must hear. */
    for (struct vrrp_dispatch *dispatch = routers->dispatches; dispatch; dispatch = dispatch->next)
        done &= vrrp_dispatch_consider(dispatch, now);
    for (struct vrrp_router *router = routers->first; router; router = router->next)
        done &= vrrp_router_consider(router, now);
    if (!done)
        (void)loop_timer_set(routers->shared.loop, &routers->retry, monotime_add(now, RETRY_NS));
}

void vrrp_routers_settle(struct vrrp_routers *routers, const struct kernel_status *status,
                         struct monotime now)
{
    for (struct vrrp_router *router = routers->first; router; router = router->next)
        if (router->params.vrid == status->vrid && router->params.family == status->family &&
            strcmp(router->params.interface, status->interface) == 0)
            (void)vrrp_router_consider(router, now); /* whoever has to ask again does already */
}

void vrrp_routers_stop(struct vrrp_routers *routers, struct monotime now)
{
    routers->shared.stopping = true;
    for (struct vrrp_router *router = routers->first; router; router = router->next)
        vrrp_router_stop(router, VRRP_REASON_SHUTDOWN, now);
}

bool vrrp_routers_are_gone(const struct vrrp_routers *routers)
{
    for (const struct vrrp_router *router = routers->first; router; router = router->next)
        if (!vrrp_view_has_removed(&routers->shared.view, &router->params))
            return false;
    return true;
}

int64_t vrrp_routers_interval_ns(const struct vrrp_routers *routers)
{
    int64_t interval_ns = INT64_MAX;

    for (const struct vrrp_router *router = routers->first; router; router = router->next)
        if (router->params.advert_interval_ns < interval_ns)
            interval_ns = router->params.advert_interval_ns;
    return interval_ns;
}
