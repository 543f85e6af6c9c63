/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/gather.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "supervisord/console/words.h"
#include "supervisord/policy/role_store.h"

/* They are told anew each second; older ones are of a reghad that is not there. */
#define FRESH_NS (10 * NS_PER_S)
/* So long a storage node that falls silent may stall reads: 18 to 38 s, and a reserve. */
#define STALL_NS (60 * NS_PER_S)

#define GATEWAY "gateway"

_Static_assert(ROLE_SERVICES >= SETTINGS_REGISTRIES_MAX, "all may follow one router");
_Static_assert(ROLE_PEERS >= SETTINGS_NODES_MAX, "all may be peers");
_Static_assert((int)ROLE_MODE_DRAINED == OPERATOR_DRAINED &&
                   (int)ROLE_MODE_MAINTENANCE == OPERATOR_MAINTENANCE,
               "what people say means the same in both");

bool gather_is_fresh(const struct world_node *node, struct monotime now)
{
    return node->reachable && node->news_at.ns != 0 &&
           monotime_since(node->news_at, now) < FRESH_NS;
}

/* When an attempt elsewhere began that succeeded, with no failure there since; 0: none is known. */
static struct monotime peer_success(const struct world *world, const char *probe,
                                    struct monotime now)
{
    struct monotime newest = {0};

    for (size_t at = 0; at < world->node_count; at++) {
        const struct world_node *node = &world->nodes[at];
        const struct peers_news_probe *theirs = NULL;

        if (!node->self && gather_is_fresh(node, now))
            theirs = peers_news_probe(&node->news, probe);
        if (!theirs || theirs->health != PROBE_UP || theirs->failure_age_ns >= 0 ||
            theirs->success_age_ns < 0)
            continue;
        const struct monotime started = monotime_add(node->news_at, -theirs->success_age_ns);
        newest = started.ns > newest.ns ? started : newest;
    }
    return newest;
}

static struct role_shared shared_of(const struct core *core, const struct probe_state *state,
                                    struct monotime now)
{
    return (struct role_shared){
        .health = state->health,
        .changed = state->changed,
        .failure_started = state->failure_started,
        .peer_success = peer_success(&core->world, state->params.name, now),
        .interval_ns = state->params.interval_ns,
        .timeout_ns = state->params.timeout_ns,
    };
}

static void gather_services(const struct core *core, const struct world_router *router,
                            struct gather *gather)
{
    struct role_evidence *evidence = &gather->evidence;

    for (size_t at = 0; at < core->world.registry_count; at++) {
        const struct world_registry *registry = &core->world.registries[at];

        if (strcmp(registry->settings.follows, router->settings.params.name) != 0 ||
            evidence->service_count == ROLE_SERVICES)
            continue;
        gather->registries[evidence->service_count] = at;
        evidence->services[evidence->service_count++] = (struct role_service){
            .known = registry->known && core->world.processes[WORLD_LAUNCHER].connected,
            .is_unreadable =
                registry->bundle.generation == 0 &&
                (registry->status.captured_error[0] != '\0' || registry->facts_error[0] != '\0'),
            .state = registry->status.state,
            .started = {registry->status.started_ns},
            .start_timeout_ns = registry->settings.start_timeout_ns,
        };
    }
}

static int service_of(const struct core *core, const struct gather *gather, const char *probe)
{
    for (size_t at = 0; at < gather->evidence.service_count; at++) {
        const struct world_registry *registry = &core->world.registries[gather->registries[at]];
        if (strcmp(registry->settings.ready, probe) == 0)
            return (int)at;
    }
    return ROLE_NO_SERVICE;
}

/* The read behind it may be to blame. */
static bool is_in_doubt(const struct core *core, const struct probe_state *state,
                        struct monotime now)
{
    const struct probe_params *params = &state->params;
    const struct probe_state *behind =
        params->depends[0] != '\0' ? probe_set_find(core->world.probes, params->depends) : NULL;

    if (!behind)
        return false;
    const struct role_store_behind store = {behind->health, behind->changed,
                                            behind->success_started, core->store_failed};
    const int64_t recover_ns =
        params->interval_ns * (params->rise + params->fall) + params->timeout_ns;
    return role_store_in_doubt(&store, state->failure_started, recover_ns, now);
}

static void gather_requirements(const struct core *core, const struct world_router *router,
                                struct gather *gather, struct monotime now)
{
    struct role_evidence *evidence = &gather->evidence;

    for (size_t at = 0; at < router->settings.require_count; at++) {
        const char *name = router->settings.requires[at];
        const struct probe_state *state = probe_set_find(core->world.probes, name);

        if (!state || evidence->requirement_count == ROLE_REQUIREMENTS)
            continue;
        gather->requirements[evidence->requirement_count] = name;
        evidence->requirements[evidence->requirement_count++] = (struct role_requirement){
            .health = state->health,
            .scope = state->params.scope,
            .is_storage = probe_type_is_storage(state->params.type),
            .reads_storage = state->params.depends[0] != '\0',
            .storage_in_doubt = is_in_doubt(core, state, now),
            .service = service_of(core, gather, name),
            .shared = shared_of(core, state, now),
        };
    }
}

static unsigned uses_of(const struct probe_params *params)
{
    if (params->type == PROBE_TYPE_S3)
        return params->bucket.write_key[0] ? ROLE_STORE_READ | ROLE_STORE_WRITE : ROLE_STORE_READ;
    if (params->type != PROBE_TYPE_MINIO)
        return 0;
    if (params->check == PROBE_CHECK_CLUSTER)
        return ROLE_STORE_WRITE;
    return params->check == PROBE_CHECK_CLUSTER_READ ? ROLE_STORE_READ : 0;
}

static void add_store(struct gather *gather, const char *name, unsigned uses,
                      const struct role_shared *shared)
{
    struct role_evidence *evidence = &gather->evidence;

    if (evidence->store_count == ROLE_STORES)
        return;
    gather->stores[evidence->store_count] = name;
    evidence->stores[evidence->store_count++] = (struct role_store){uses, *shared};
}

/* A bucket is down as soon as writes fail; where its reads work, that is one store more, and up. */
static void gather_store(const struct core *core, struct gather *gather,
                         const struct probe_state *state, struct monotime now)
{
    const unsigned uses = uses_of(&state->params);
    struct role_shared shared = shared_of(core, state, now);

    if (uses != (ROLE_STORE_READ | ROLE_STORE_WRITE) || state->health != PROBE_DOWN ||
        state->readable != PROBE_ABILITY_YES) {
        add_store(gather, state->params.name, uses, &shared);
        return;
    }
    add_store(gather, state->params.name, ROLE_STORE_WRITE, &shared);
    shared.health = PROBE_UP;
    shared.failure_started = (struct monotime){0};
    add_store(gather, state->params.name, ROLE_STORE_READ, &shared);
}

static void gather_stores(const struct core *core, struct gather *gather, struct monotime now)
{
    const struct probe_set *probes = core->world.probes;

    for (size_t at = 0; at < probe_set_count(probes); at++) {
        const struct probe_state *state = probe_set_state(probes, at);

        if (state->params.scope == PROBE_SCOPE_SHARED && probe_type_is_storage(state->params.type))
            gather_store(core, gather, state, now);
    }
}

static uint32_t failed_of(const struct core *core, const struct gather *gather,
                          const struct world_node *node, struct monotime now)
{
    const int64_t heard_ns = monotime_since(node->news_at, now);
    uint32_t failed = 0;

    for (size_t at = 0; at < gather->evidence.service_count; at++) {
        const struct world_registry *registry = &core->world.registries[gather->registries[at]];
        const struct peers_news_registry *theirs =
            peers_news_registry(&node->news, registry->settings.params.name);

        if (theirs && theirs->failed_age_ns >= 0 &&
            theirs->failed_age_ns + heard_ns < core->world.settings->policy.forget_ns)
            failed |= UINT32_C(1) << at;
    }
    return failed;
}

/*
 * A storage peer is silent, or being cut off: as the breaker knows; and nearly every node carries one,
 * so a node that has just fallen silent is as good a hint where there is no breaker.
 */
static bool is_store_silent(const struct world *world, struct monotime now)
{
    bool silent = world->breakers.in_doubt;

    for (size_t at = 0; at < world->node_count; at++) {
        const struct world_node *node = &world->nodes[at];

        silent |= !node->self && !node->settings.witness && !node->reachable && !node->leaving &&
                  node->seen.ns != 0 && monotime_since(node->seen, now) < STALL_NS;
    }
    return silent;
}

static void gather_peers(const struct core *core, struct gather *gather, struct monotime now)
{
    const struct world *world = &core->world;
    struct role_evidence *evidence = &gather->evidence;
    size_t silent = 0;

    evidence->store_unsettled = world->breakers.in_doubt;
    for (size_t at = 0; at < world->node_count; at++) {
        const struct world_node *node = &world->nodes[at];

        if (node->self)
            continue;
        gather->node_count++;
        gather->heard_count += node->reachable;
        const bool is_silent = !node->reachable && !node->leaving && node->seen.ns != 0;
        silent += is_silent;
        if (node->settings.witness || evidence->peer_count == ROLE_PEERS)
            continue;
        evidence->peers[evidence->peer_count++] = (struct role_peer){
            .is_reachable = gather_is_fresh(node, now),
            .is_out = node->news.mode != OPERATOR_READY,
            .failed = failed_of(core, gather, node, now),
        };
    }
    evidence->store_unsettled |= is_store_silent(world, now);
    evidence->is_alone = silent > 0 && gather->heard_count == 0;
}

/* Nodes that may hold addresses and are wanted to rather than this one. */
static size_t count_betters(const struct settings *settings, int priority)
{
    size_t count = 0;

    for (size_t at = 0; at < settings->node_count; at++)
        count += !settings->nodes[at].witness && settings->nodes[at].priority > priority;
    return count;
}

static struct role_policy policy_of(const struct settings_policy *policy)
{
    return (struct role_policy){
        .startup_hold_ns = policy->startup_hold_ns,
        .forget_ns = policy->forget_ns,
        .readonly_hold_ns = policy->readonly_hold_ns,
        .on_store_readonly = policy->on_store_readonly,
        .on_store_down = policy->on_store_down == SETTINGS_ON_DOWN_STOP ? ROLE_ON_STORE_STOP
                                                                        : ROLE_ON_STORE_KEEP,
        .on_isolated = policy->on_isolated,
    };
}

void gather_evidence(const struct core *core, size_t router_at, struct monotime now,
                     struct gather *ret_gather)
{
    const struct settings *settings = core->world.settings;
    const struct operator_state *said = &core->world.operator;
    const struct world_router *router = &core->world.routers[router_at];
    const struct probe_state *gateway = probe_set_find(core->world.probes, GATEWAY);

    *ret_gather = (struct gather){
        .evidence =
            {
                .state = router->status.state,
                .priority = router->settings.params.priority,
                .betters = count_betters(settings, router->settings.params.priority),
                .is_witness =
                    settings->self != SETTINGS_NO_NODE && settings->nodes[settings->self].witness,
                .gateway = gateway ? gateway->health : PROBE_UNKNOWN,
                .mode = (enum role_mode)said->mode,
                .is_forced = core->world.operator_forced,
                .is_paused = operator_is_paused(said, core->world.wall_ns),
                .asked = core->asked,
                .policy = policy_of(&settings->policy),
            },
    };
    gather_services(core, router, ret_gather);
    gather_requirements(core, router, ret_gather, now);
    gather_stores(core, ret_gather, now);
    gather_peers(core, ret_gather, now);
    /* Somebody else's adverts are heard: this node is not alone. */
    ret_gather->evidence.is_alone &=
        router->status.state == VRRP_ACTIVE || router->status.active.family == 0;
}

const char *gather_which(const struct core *core, const struct gather *gather,
                         const struct role_verdict *verdict)
{
    const size_t which = (size_t)verdict->which, stores = gather->evidence.store_count;

    if (verdict->which < 0)
        return "";
    if (verdict->cause == ROLE_STORAGE_LOST)
        return which < stores ? gather->stores[which] : gather->requirements[which - stores];
    if (verdict->cause == ROLE_REQUIREMENT_DOWN || verdict->cause == ROLE_STORAGE_DOWN)
        return gather->requirements[which];
    return core->world.registries[gather->registries[which]].settings.params.name;
}

/* In words. */

struct words {
    char *text;
    size_t used_bytes, size_bytes;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *words, const char *format, ...)
{
    const size_t left_bytes = words->size_bytes - words->used_bytes;
    va_list list;

    va_start(list, format);
    const int length = vsnprintf(words->text + words->used_bytes, left_bytes, format, list);
    va_end(list);
    if (length > 0)
        words->used_bytes += (size_t)length < left_bytes ? (size_t)length : left_bytes - 1;
}

static void say_probe(struct words *words, const char *name, const struct role_shared *probe,
                      struct monotime now)
{
    const struct monotime since =
        probe->health == PROBE_DOWN ? probe->failure_started : probe->changed;
    char span[WORDS_SPAN_BYTES];

    if (probe->health == PROBE_UP || probe->health == PROBE_NOT_APPLICABLE)
        return;
    say(words, " %s=%s", name, probe_health_name(probe->health));
    if (since.ns != 0)
        say(words, "(%s)", words_span(monotime_since(since, now), span));
    if (probe->peer_success.ns != 0 && probe->health == PROBE_DOWN)
        say(words, "(elsewhere up)");
}

static void say_services(struct words *words, const struct core *core, const struct gather *gather)
{
    for (size_t at = 0; at < gather->evidence.service_count; at++) {
        const struct role_service *service = &gather->evidence.services[at];

        say(words, " %s=%s", core->world.registries[gather->registries[at]].settings.params.name,
            service->known ? registry_message_state_name(service->state) : "unknown");
    }
}

void gather_describe(const struct core *core, const struct gather *gather, struct monotime now,
                     char *text, size_t size_bytes)
{
    const struct role_evidence *evidence = &gather->evidence;
    struct words words = {text, 0, size_bytes};

    text[0] = '\0';
    say(&words, "%s", vrrp_message_state_name(evidence->state));
    for (size_t at = 0; at < evidence->requirement_count; at++)
        say_probe(&words, gather->requirements[at], &evidence->requirements[at].shared, now);
    for (size_t at = 0; at < evidence->store_count; at++)
        say_probe(&words, gather->stores[at], &evidence->stores[at].shared, now);
    say_services(&words, core, gather);
    say(&words, " nodes=%zu/%zu", gather->heard_count, gather->node_count);
    if (evidence->store_unsettled)
        say(&words, " store=unsettled");
    if (evidence->is_alone)
        say(&words, " gateway=%s", probe_health_name(evidence->gateway));
    if (evidence->mode != ROLE_MODE_READY)
        say(&words, " mode=%s", operator_mode_name((enum operator_mode)evidence->mode));
}
