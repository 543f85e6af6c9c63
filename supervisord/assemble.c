/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/assemble.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* The arrays beside settings, before they replace the core's. */
struct draft {
    struct world_router *routers;
    struct core_router *core_routers;
    struct world_registry *registries;
    struct core_registry *core_registries;
    struct world_node *nodes;
};

static void draft_free(struct draft *draft)
{
    free(draft->routers);
    free(draft->core_routers);
    free(draft->registries);
    free(draft->core_registries);
    free(draft->nodes);
}

/* calloc() of nothing may be NULL, and that is no failure. */
static void *array_new(size_t count, size_t size_bytes)
{
    return calloc(count > 0 ? count : 1, size_bytes);
}

static int draft_new(const struct settings *settings, struct draft *ret_draft)
{
    struct draft draft = {
        .routers = array_new(settings->router_count, sizeof(struct world_router)),
        .core_routers = array_new(settings->router_count, sizeof(struct core_router)),
        .registries = array_new(settings->registry_count, sizeof(struct world_registry)),
        .core_registries = array_new(settings->registry_count, sizeof(struct core_registry)),
        .nodes = array_new(settings->node_count, sizeof(struct world_node)),
    };

    if (!draft.routers || !draft.core_routers || !draft.registries || !draft.core_registries ||
        !draft.nodes) {
        draft_free(&draft);
        return -ENOMEM;
    }
    *ret_draft = draft;
    return 0;
}

/* A hand-over knows nodes by their place. */
static bool has_same_nodes(const struct world *world, const struct settings *settings)
{
    bool same = settings->node_count == world->node_count;

    for (size_t at = 0; same && at < settings->node_count; at++)
        same = strcmp(settings->nodes[at].name, world->nodes[at].settings.name) == 0;
    return same;
}

static void carry_routers(const struct core *core, const struct settings *settings,
                          struct draft *draft)
{
    const struct world *world = &core->world;

    for (size_t at = 0; at < settings->router_count; at++) {
        const struct settings_router *wanted = &settings->routers[at];

        for (size_t old = 0; old < world->router_count; old++) {
            const struct vrrp_params *former = &world->routers[old].settings.params;
            if (strcmp(former->name, wanted->params.name) != 0 ||
                former->family != wanted->params.family)
                continue;
            draft->routers[at] = world->routers[old];
            draft->core_routers[at] = core->routers[old];
            if (!has_same_nodes(world, settings))
                draft->routers[at].handover.phase = HANDOVER_NONE; /* to whom, nobody knows now */
        }
        draft->routers[at].settings = *wanted;
    }
}

static void carry_registries(const struct core *core, const struct settings *settings,
                             struct draft *draft)
{
    const struct world *world = &core->world;

    for (size_t at = 0; at < settings->registry_count; at++) {
        const struct settings_registry *wanted = &settings->registries[at];
        const struct facts_entry *facts = facts_find(&core->facts, wanted->params.config);
        struct world_registry *registry = &draft->registries[at];

        for (size_t old = 0; old < world->registry_count; old++) {
            if (strcmp(world->registries[old].settings.params.name, wanted->params.name) != 0)
                continue;
            *registry = world->registries[old];
            draft->core_registries[at] = core->registries[old];
        }
        registry->settings = *wanted;
        registry->facts_known = facts && facts->known;
        memset(registry->facts_error, 0, sizeof(registry->facts_error));
        if (facts)
            memcpy(registry->facts_error, facts->error, sizeof(registry->facts_error));
    }
}

/* Its place among those that follow the router, which is how role.h knows it; -1: none. */
static int service_of(const struct world_registry *registries, size_t count, const char *router,
                      const char *name)
{
    int place = 0;

    for (size_t at = 0; at < count; at++) {
        const struct settings_registry *registry = &registries[at].settings;

        if (strcmp(registry->follows, router) != 0)
            continue;
        if (strcmp(registry->params.name, name) == 0)
            return place;
        place++;
    }
    return -1;
}

/* What was judged of each service goes where the service is now, and with it if it is gone. */
static void carry_memory(const struct world *world, const struct settings *settings,
                         const struct draft *draft, size_t router)
{
    const char *follows = settings->routers[router].params.name;
    struct role_memory *memory = &draft->core_routers[router].memory;
    const struct role_memory former = *memory;

    *memory = (struct role_memory){
        .hold_is_over = former.hold_is_over,
        .is_yielding = former.is_yielding,
        .yielded = former.yielded,
        .unsettled = former.unsettled,
        .readonly = former.readonly,
        .store_stop = former.store_stop,
        .has_last = former.has_last,
        .last = former.last,
    };
    memory->last.which = -1; /* it may be another one now */
    for (size_t at = 0; at < settings->registry_count; at++) {
        const char *name = settings->registries[at].params.name;
        const int new = service_of(draft->registries, settings->registry_count, follows, name);
        const int old = service_of(world->registries, world->registry_count, follows, name);

        if (new < 0 || old < 0)
            continue;
        memory->retried[new] = former.retried[old];
        memory->restarted[new] = former.restarted[old];
        if (former.failed_service != (size_t)old)
            continue;
        memory->failed_until = former.failed_until;
        memory->failed_service = (size_t) new;
    }
}

static void carry_nodes(const struct world *world, const struct settings *settings,
                        struct draft *draft)
{
    for (size_t at = 0; at < settings->node_count; at++) {
        const struct settings_node *wanted = &settings->nodes[at];

        for (size_t old = 0; old < world->node_count; old++)
            if (strcmp(world->nodes[old].settings.name, wanted->name) == 0)
                draft->nodes[at] = world->nodes[old];
        draft->nodes[at].settings = *wanted;
        draft->nodes[at].self = (int)at == settings->self;
        draft->nodes[at].reachable = draft->nodes[at].self || draft->nodes[at].reachable;
    }
}

int assemble_apply(struct core *core, struct settings *settings, struct err *err)
{
    struct world *world = &core->world;
    struct draft draft;

    if (draft_new(settings, &draft) < 0)
        return err_set(err, ENOMEM, "no memory for %zu virtual routers", settings->router_count);
    const int failed = probe_set_apply(world->probes, settings->probes, settings->probe_count, err);
    if (failed < 0) {
        draft_free(&draft);
        return failed;
    }
    carry_routers(core, settings, &draft);
    carry_registries(core, settings, &draft);
    for (size_t at = 0; at < settings->router_count; at++)
        carry_memory(world, settings, &draft, at);
    carry_nodes(world, settings, &draft);
    assemble_free(core);
    facts_keep(&core->facts, settings);
    world->settings = settings;
    world->routers = draft.routers;
    world->router_count = settings->router_count;
    world->registries = draft.registries;
    world->registry_count = settings->registry_count;
    world->nodes = draft.nodes;
    world->node_count = settings->node_count;
    world->waiting_for_address = settings->self == SETTINGS_NO_NODE;
    core->routers = draft.core_routers;
    core->registries = draft.core_registries;
    log_set_node(settings->self == SETTINGS_NO_NODE ? "" : settings->nodes[settings->self].name);
    return 0;
}

void assemble_free(struct core *core)
{
    struct world *world = &core->world;

    /* Their environment may hold the registries' secret. */
    if (world->registries)
        explicit_bzero(world->registries, world->registry_count * sizeof(*world->registries));
    if (core->registries)
        explicit_bzero(core->registries, world->registry_count * sizeof(*core->registries));
    settings_free(world->settings);
    free(world->routers);
    free(world->registries);
    free(world->nodes);
    free(core->routers);
    free(core->registries);
    world->settings = NULL;
    world->routers = NULL;
    world->registries = NULL;
    world->nodes = NULL;
    world->router_count = world->registry_count = world->node_count = 0;
    core->routers = NULL;
    core->registries = NULL;
}
