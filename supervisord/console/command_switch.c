/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/command_switch.h"

#include <string.h>

#include "base/edit.h"
#include "supervisord/console/command_remote.h"
#include "supervisord/console/words.h"

#define PATIENCE_NS (280 * NS_PER_S)
/* From the end of the hand-over to the target's own word. */
#define WORD_NS (5 * NS_PER_S)

/* What was asked for. */
struct order {
    const char *router;
    int node; /* HANDOVER_ANYBODY */
    bool is_dry, is_forced;
    char **reasons; /* of force: up to the end */
};

static int misuse(struct command_call *call)
{
    fprintf(call->out, "usage: %s %s\n", call->row->words, call->row->arguments);
    return WORLD_USAGE;
}

static int find_target(struct command_call *call, const char *name, int *ret_node)
{
    const struct world *world = call->desk->world;
    const size_t node = command_remote_find(world, name);

    if (node == world->node_count) {
        fprintf(call->out, "there is no node \"%.40s\"; see show nodes\n", name);
        return WORLD_USAGE;
    }
    *ret_node = (int)node;
    return WORLD_DONE;
}

static int read_order(struct command_call *call, struct order *order)
{
    *order = (struct order){.router = call->arguments[0], .node = HANDOVER_ANYBODY};
    for (size_t at = 1; at < call->count; at++) {
        const char *word = call->arguments[at];
        const bool has_next = at + 1 < call->count;

        if (strcmp(word, "--dry-run") == 0) {
            order->is_dry = true;
        } else if (strcmp(word, "--force") == 0 && has_next) {
            order->is_forced = true;
            order->reasons = call->arguments + at + 1;
            return WORLD_DONE; /* all the rest are its words */
        } else if (strcmp(word, "to") == 0 && has_next) {
            const int result = find_target(call, call->arguments[++at], &order->node);
            if (result != WORLD_DONE)
                return result;
        } else {
            return misuse(call);
        }
    }
    return WORLD_DONE;
}

static bool is_named(const struct world_router *router, const char *name)
{
    return strcmp(router->settings.params.name, name) == 0;
}

/* The first of this name; one with two families is two. NULL: none. */
static const struct world_router *find_router(const struct world *world, const char *name)
{
    for (size_t at = 0; at < world->router_count; at++)
        if (is_named(&world->routers[at], name))
            return &world->routers[at];
    return NULL;
}

static int say_no_router(struct command_call *call, const char *name)
{
    const struct world *world = call->desk->world;
    const char *near = NULL;
    size_t least = 4;

    for (size_t at = 0; at < world->router_count; at++) {
        const char *other = world->routers[at].settings.params.name;
        const size_t distance = edit_distance(name, other);

        near = distance < least ? other : near;
        least = distance < least ? distance : least;
    }
    fprintf(call->out, "there is no virtual router \"%.40s\"%s%s\n", name,
            near ? ", the nearest name is " : "; see show routers", near ? near : "");
    return WORLD_USAGE;
}

/* Who is Active, as far as this node knows; -1: nobody that is a node. */
static int find_holder(const struct world *world, const struct world_router *router)
{
    for (size_t at = 0; at < world->node_count; at++) {
        const struct world_node *node = &world->nodes[at];

        if (router->status.state == VRRP_ACTIVE
                ? node->self
                : address_is_same(&node->settings.address, &router->status.active))
            return (int)at;
    }
    return -1;
}

/* Why `node` had better not take it, in words; NULL: nothing speaks against it. */
static const char *objection(const struct world *world, const struct world_router *router,
                             const struct world_node *node, bool is_forced)
{
    const struct vrrp_params *params = &router->settings.params;
    const struct peers_news_router *theirs =
        peers_news_router(&node->news, params->vrid, params->family);

    if (node->settings.witness)
        return "it is a witness, which holds nothing";
    if (!node->reachable)
        return "it is not heard";
    if (node->news.mode != OPERATOR_READY)
        return node->news.mode == OPERATOR_DRAINED ? "it is drained" : "it is in maintenance";
    if (is_forced)
        return NULL;
    if (!theirs || !(theirs->flags & PEERS_NEWS_ELIGIBLE))
        return "it says that it is not eligible";
    for (size_t at = 0; at < world->registry_count; at++) {
        const struct world_registry *ours = &world->registries[at];
        const struct peers_news_registry *other =
            peers_news_registry(&node->news, ours->settings.params.name);

        if (strcmp(ours->settings.follows, params->name) == 0 && other && other->digest[0] &&
            ours->status.captured_digest[0] &&
            strcmp(other->digest, ours->status.captured_digest) != 0)
            return "its registry would run with another configuration";
    }
    return NULL;
}

/* The named one, or else the one with the highest priority that nothing speaks against. */
static int choose(struct command_call *call, const struct world_router *router,
                  const struct order *order)
{
    const struct world *world = call->desk->world;
    int best = -1;

    for (size_t at = 0; at < world->node_count; at++) {
        const struct world_node *node = &world->nodes[at];
        const char *why = objection(world, router, node, order->is_forced);

        if (node->self || (order->node != HANDOVER_ANYBODY && order->node != (int)at))
            continue;
        if (why)
            fprintf(call->out, "%s cannot take virtual router %s over: %s\n", node->settings.name,
                    order->router, why);
        else if (best < 0 || node->settings.priority > world->nodes[best].settings.priority)
            best = (int)at;
    }
    return best;
}

static bool comes_back(const struct world *world, const struct world_router *router, int target)
{
    return router->settings.params.preempt &&
           router->settings.params.priority > world->nodes[target].settings.priority;
}

/* The answer comes later, when the words are gone. */
static void tell_reason(const struct command_call *call, const struct order *order, int target)
{
    char reason[256] = "", quoted[512];
    size_t used = 0;

    for (char **word = order->reasons; word < call->arguments + call->count; word++)
        if (used < sizeof(reason))
            used += (size_t)snprintf(reason + used, sizeof(reason) - used, "%s%s",
                                     used > 0 ? " " : "", *word);
    log_warning("a failover is forced", "vrouter=%s to=%s uid=%u reason=\"%s\"", order->router,
                call->desk->world->nodes[target].settings.name, (unsigned)call->caller->uid,
                log_quote(reason, quoted, sizeof(quoted)));
}

static int begin(struct command_call *call, const struct order *order, int target)
{
    const struct world *world = call->desk->world;
    const struct command_core *core = call->desk->core;
    struct command_caller *caller = call->caller;
    struct err err;

    for (size_t at = 0; at < world->router_count; at++) {
        const struct world_router *router = &world->routers[at];

        if (!is_named(router, order->router) || router->status.state != VRRP_ACTIVE)
            continue;
        if (core->begin_handover(core->owner, at, target, order->is_forced, &err) < 0) {
            fprintf(call->out, "%s\n", err.text);
            return WORLD_PRECONDITION;
        }
    }
    if (order->is_forced)
        tell_reason(call, order, target);
    snprintf(caller->waits_for, sizeof(caller->waits_for), "%s", order->router);
    caller->wait = COMMAND_WAIT_HANDOVER;
    caller->wait_since = call->now;
    caller->wait_until = monotime_add(call->now, PATIENCE_NS);
    return COMMAND_WAITS;
}

/* It is held here. */
static int hand_over(struct command_call *call, const struct world_router *router,
                     const struct order *order)
{
    const struct world *world = call->desk->world;
    int target;

    if (order->node != HANDOVER_ANYBODY && world->nodes[order->node].self) {
        fprintf(call->out, "%s holds virtual router %s already\n",
                world->nodes[order->node].settings.name, order->router);
        return WORLD_DONE;
    }
    if (operator_is_paused(&world->operator, world->wall_ns) && !order->is_forced) {
        fprintf(call->out, "this node is paused: nothing changes by itself; see resume\n");
        return WORLD_PRECONDITION;
    }
    target = choose(call, router, order);
    if (target < 0)
        return WORLD_PRECONDITION;
    if (comes_back(world, router, target) && !order->is_forced) {
        fprintf(call->out,
                "%s would not keep it: preempt is set, and this node has the higher priority; "
                "drain it instead\n",
                world->nodes[target].settings.name);
        return WORLD_PRECONDITION;
    }
    if (order->is_dry) {
        fprintf(
            call->out, "virtual router %s would go to %s: it is heard, %s; nothing was changed\n",
            order->router, world->nodes[target].settings.name,
            order->is_forced ? "and no more is asked for" : "eligible, and of one configuration");
        return WORLD_DONE;
    }
    return begin(call, order, target);
}

static int run(struct command_call *call, const struct order *order)
{
    const struct world *world = call->desk->world;
    const struct world_router *router = find_router(world, order->router);
    int holder;

    if (!call->desk->core->begin_handover) {
        fprintf(call->out, "not in this version\n");
        return WORLD_USAGE;
    }
    if (!router)
        return say_no_router(call, order->router);
    holder = find_holder(world, router);
    if (holder < 0) {
        fprintf(call->out, "no node is known to hold virtual router %s; see show routers\n",
                order->router);
        return WORLD_PRECONDITION;
    }
    if (world->nodes[holder].self)
        return hand_over(call, router, order);
    if (call->caller->is_remote) {
        fprintf(call->out, "virtual router %s is not held here any more\n", order->router);
        return WORLD_PRECONDITION;
    }
    return command_remote_forward(call, (size_t)holder, PATIENCE_NS);
}

int command_switch_run(struct command_call *call)
{
    struct order order;
    const int result = read_order(call, &order);

    if (result == WORLD_DONE && order.is_forced)
        return misuse(call);
    return result == WORLD_DONE ? run(call, &order) : result;
}

int command_switch_force(struct command_call *call)
{
    struct order order;
    const int result = read_order(call, &order);

    if (result == WORLD_DONE && (!order.is_forced || order.reasons[0][0] == '\0' || order.is_dry))
        return misuse(call);
    return result == WORLD_DONE ? run(call, &order) : result;
}

/* The hand-over of this name that went least far. */
static const struct world_router *find_last(const struct command_call *call)
{
    const struct world *world = call->desk->world;
    const struct world_router *last = NULL;

    for (size_t at = 0; at < world->router_count; at++) {
        const struct world_router *router = &world->routers[at];

        if (is_named(router, call->caller->waits_for) &&
            router->handover.begun.ns >= call->caller->wait_since.ns &&
            (!last || router->handover.phase == HANDOVER_FAILED ||
             (last->handover.phase != HANDOVER_FAILED &&
              router->handover.phase < last->handover.phase)))
            last = router;
    }
    return last;
}

/* By its own word: it is Active, and what follows serves there. */
static bool says_so(const struct world *world, const struct world_router *router,
                    const struct world_node *node)
{
    if (node->role != VRRP_ACTIVE && router == &world->routers[0])
        return false;
    if (router->handover.is_forced)
        return true;
    for (size_t at = 0; at < world->registry_count; at++) {
        const struct world_registry *registry = &world->registries[at];
        const struct peers_news_registry *theirs =
            peers_news_registry(&node->news, registry->settings.params.name);

        if (strcmp(registry->settings.follows, router->settings.params.name) == 0 &&
            (!theirs || !(theirs->flags & PEERS_NEWS_READY)))
            return false;
    }
    return true;
}

static int say_failed(struct command_call *call, const struct world_router *router)
{
    const bool is_back = router->status.state == VRRP_ACTIVE;

    fprintf(call->out, "%s: %s; virtual router %s is %s\n", is_back ? "rolled back" : "failed",
            router->handover.why, call->caller->waits_for,
            is_back ? "held by this node as before" : "not held by this node");
    return WORLD_FAILED;
}

static int say_done(struct command_call *call, const struct world_router *router, bool is_sure)
{
    const char *name = call->desk->world->nodes[router->handover.successor].settings.name;
    char span[WORDS_SPAN_BYTES];

    words_span(monotime_since(call->caller->wait_since, call->now), span);
    if (!is_sure) {
        fprintf(call->out,
                "virtual router %s left this node %s ago, and %s does not say that it serves\n",
                call->caller->waits_for, span, name);
        return WORLD_FAILED;
    }
    fprintf(call->out, "virtual router %s is held by %s after %s; what served here has ended\n",
            call->caller->waits_for, name, span);
    return WORLD_DONE;
}

int command_switch_poll(struct command_call *call)
{
    const struct world *world = call->desk->world;
    struct command_caller *caller = call->caller;
    const struct world_router *router = find_last(call);

    if (!router) {
        fprintf(call->out, "virtual router %s is gone from the configuration\n", caller->waits_for);
        return WORLD_FAILED;
    }
    if (router->handover.phase == HANDOVER_FAILED)
        return say_failed(call, router);
    snprintf(caller->doing, sizeof(caller->doing), "%s %s", caller->waits_for,
             handover_phase_name(router->handover.phase));
    if (router->handover.phase == HANDOVER_DONE && router->handover.successor >= 0) {
        const struct monotime patience = monotime_add(router->handover.since, WORD_NS);
        const bool is_sure = says_so(world, router, &world->nodes[router->handover.successor]);

        if (is_sure || monotime_reached(patience, call->now))
            return say_done(call, router, is_sure);
    }
    if (!monotime_reached(caller->wait_until, call->now))
        return COMMAND_WAITS;
    fprintf(call->out, "not done yet: %s %s; see show history\n", caller->waits_for,
            handover_phase_name(router->handover.phase));
    return WORLD_TIMEOUT;
}
