/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/core_handover.h"

#include <errno.h>
#include <string.h>

#include "supervisord/console/words.h"
#include "supervisord/journal.h"

#define PREPARE_MORE_NS (5 * NS_PER_S)
#define DRAIN_MORE_NS   (5 * NS_PER_S)
/* One that failed is tried again as long as the node is to be empty. */
#define RETRY_NS (10 * NS_PER_S)

static bool follows(const struct world_registry *registry, const struct world_router *router)
{
    return strcmp(registry->settings.follows, router->settings.params.name) == 0;
}

/* Each service that follows serves there already. */
static bool is_ready_there(const struct world *world, const struct world_router *router,
                           const struct world_node *node)
{
    for (size_t at = 0; at < world->registry_count; at++) {
        const struct world_registry *registry = &world->registries[at];
        const struct peers_news_registry *theirs =
            peers_news_registry(&node->news, registry->settings.params.name);

        if (follows(registry, router) && (!theirs || !(theirs->flags & PEERS_NEWS_READY)))
            return false;
    }
    return true;
}

/* What follows it only while it is Active has ended here. */
static bool is_drained_here(const struct world *world, const struct world_router *router)
{
    for (size_t at = 0; at < world->registry_count; at++) {
        const struct world_registry *registry = &world->registries[at];

        if (follows(registry, router) && !registry->wanted && registry->known &&
            registry->status.pid != 0)
            return false;
        if (follows(registry, router) && registry->wanted &&
            registry->settings.mode == SETTINGS_MODE_ACTIVE_STANDBY)
            return false;
    }
    return true;
}

static struct handover_peer peer_of(const struct world *world, const struct world_router *router,
                                    size_t at, struct monotime now)
{
    const struct world_node *node = &world->nodes[at];
    const struct vrrp_params *params = &router->settings.params;
    const struct peers_news_router *theirs =
        peers_news_router(&node->news, params->vrid, params->family);

    return (struct handover_peer){
        .node = (int)at,
        .priority = node->settings.priority,
        .could_take = gather_is_fresh(node, now) && node->news.mode == OPERATOR_READY && theirs &&
                      (theirs->flags & PEERS_NEWS_ELIGIBLE),
        .is_heard = gather_is_fresh(node, now) && node->news.mode == OPERATOR_READY,
        .is_ready = is_ready_there(world, router, node),
    };
}

static struct handover_evidence evidence_of(const struct core *core, size_t router_at,
                                            struct monotime now)
{
    const struct world *world = &core->world;
    const struct world_router *router = &world->routers[router_at];
    struct handover_evidence evidence = {
        .is_active = router->status.state == VRRP_ACTIVE,
        .is_other_active = router->status.state == VRRP_BACKUP && router->status.active.family != 0,
        .is_drained = is_drained_here(world, router),
    };

    for (size_t at = 0; at < world->node_count && evidence.peer_count < HANDOVER_PEERS; at++)
        if (!world->nodes[at].self && !world->nodes[at].settings.witness)
            evidence.peers[evidence.peer_count++] = peer_of(world, router, at, now);
    return evidence;
}

int core_handover_choose(const struct core *core, size_t router, int asked, struct monotime now)
{
    const struct handover_evidence evidence = evidence_of(core, router, now);

    return handover_choose(&evidence, asked);
}

static void begin(struct core *core, size_t router_at, int node, struct monotime now)
{
    struct world_router *router = &core->world.routers[router_at];
    int64_t prepare_ns = PREPARE_MORE_NS, drain_ns = DRAIN_MORE_NS;

    for (size_t at = 0; at < core->world.registry_count; at++) {
        const struct world_registry *registry = &core->world.registries[at];

        if (!follows(registry, router))
            continue;
        if (registry->settings.start_timeout_ns + PREPARE_MORE_NS > prepare_ns)
            prepare_ns = registry->settings.start_timeout_ns + PREPARE_MORE_NS;
        if (registry->settings.params.drain_ns + DRAIN_MORE_NS > drain_ns)
            drain_ns = registry->settings.params.drain_ns + DRAIN_MORE_NS;
    }
    handover_begin(&router->handover, node, prepare_ns, drain_ns, now);
    core->is_dirty = true;
}

int core_handover_begin(struct core *core, size_t router_at,
                        const struct core_handover_order *order, struct monotime now,
                        struct err *err)
{
    const struct world_router *router = &core->world.routers[router_at];
    const char *name = router->settings.params.name;

    if (router->status.state != VRRP_ACTIVE)
        return err_set(err, EPERM, "virtual router %s is not held here", name);
    if (handover_is_under_way(&router->handover))
        return err_set(err, EALREADY, "a hand-over of virtual router %s is under way", name);
    if (!order->is_forced && core_handover_choose(core, router_at, order->node, now) < 0)
        return err_set(
            err, ENOENT, "%s could take virtual router %s over now; see show nodes",
            order->node == HANDOVER_ANYBODY ? "no other node" : "that node is not one that", name);
    begin(core, router_at, order->node, now);
    core->world.routers[router_at].handover.is_forced = order->is_forced;
    return 0;
}

/* Each phase with how long the one before it took. */
static void tell(struct core *core, size_t router_at, enum handover_phase before,
                 struct monotime since, struct monotime now)
{
    const struct handover *handover = &core->world.routers[router_at].handover;
    const bool failed = handover->phase == HANDOVER_FAILED;
    const struct journal_entry entry = {
        WORLD_EVENT_DECISION, failed ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
        core->world.routers[router_at].settings.params.name, handover_phase_name(before),
        handover_phase_name(handover->phase)};
    const char *to =
        handover->successor >= 0 ? core->world.nodes[handover->successor].settings.name : "nobody";
    char span[WORDS_SPAN_BYTES];

    journal_add(&core->world, now, &entry, "hand-over to %s, after %s%s%s", to,
                words_span(monotime_since(since, now), span), failed ? ": " : "",
                failed ? handover->why : "");
}

static void go_on(struct core *core, size_t router_at, struct monotime now)
{
    struct handover *handover = &core->world.routers[router_at].handover;
    const struct handover_evidence evidence = evidence_of(core, router_at, now);
    const struct handover before = *handover;

    if (handover_step(handover, &evidence, now))
        tell(core, router_at, before.phase, before.since, now);
    (void)loop_timer_set(core->loop, &core->again,
                         monotime_earlier(core->again.deadline, handover_again(handover, now)));
}

/* A node that is to be empty hands over what it holds, again and again; a word back ends that. */
static void follow_mode(struct core *core, size_t router_at, struct monotime now)
{
    const struct world_router *router = &core->world.routers[router_at];
    struct handover *handover = &core->world.routers[router_at].handover;
    const bool is_out = core->world.operator.mode != OPERATOR_READY && !core->world.operator_forced;
    const bool may_retry = handover->phase != HANDOVER_FAILED ||
                           monotime_reached(monotime_add(handover->since, RETRY_NS), now);

    if (is_out && router->status.state == VRRP_ACTIVE && !handover_is_under_way(handover) &&
        may_retry) {
        begin(core, router_at, HANDOVER_ANYBODY, now);
        core->routers[router_at].is_emptied = true;
    } else if (!is_out && core->routers[router_at].is_emptied) {
        core->routers[router_at].is_emptied = false;
        *handover = (struct handover){.phase = HANDOVER_NONE};
    }
}

/* What another node that hands it over wants of this one. */
static enum role_handover asked_of_us(const struct world *world, const struct world_router *router,
                                      struct monotime now)
{
    const struct vrrp_params *params = &router->settings.params;
    const int self = world->settings->self;

    for (size_t at = 0; at < world->node_count; at++) {
        const struct world_node *node = &world->nodes[at];
        const struct peers_news_router *theirs = NULL;

        if (!node->self && gather_is_fresh(node, now))
            theirs = peers_news_router(&node->news, params->vrid, params->family);
        if (!theirs || theirs->successor[0] == '\0')
            continue;
        return self != SETTINGS_NO_NODE &&
                       strcmp(theirs->successor, world->settings->nodes[self].name) == 0
                   ? ROLE_HANDOVER_TAKE
                   : ROLE_HANDOVER_ELSEWHERE;
    }
    return ROLE_HANDOVER_NONE;
}

void core_handover_judge(struct core *core, size_t router_at, struct gather *gather,
                         struct monotime now)
{
    const struct world_router *router = &core->world.routers[router_at];

    follow_mode(core, router_at, now);
    if (handover_is_under_way(&router->handover))
        go_on(core, router_at, now);
    gather->evidence.handover = router->handover.phase == HANDOVER_GIVES
                                    ? ROLE_HANDOVER_GIVE
                                    : asked_of_us(&core->world, router, now);
}
