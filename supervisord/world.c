/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/world.h"

#include <assert.h>

#include "supervisord/console/trouble.h"

const char *world_process_name(enum world_process_kind kind)
{
    static const char *const names[WORLD_PROCESSES] = {
        [WORLD_REGHAD] = "reghad",
        [WORLD_VRRP] = "regha-vrrp",
        [WORLD_NET] = "regha-net",
        [WORLD_LAUNCHER] = "regha-launcher",
    };

    assert(kind < WORLD_PROCESSES);
    return names[kind];
}

const char *world_event_kind_name(enum world_event_kind kind)
{
    static const char *const names[WORLD_EVENT_KINDS] = {
        [WORLD_EVENT_ROUTER] = "router",     [WORLD_EVENT_ADDRESS] = "address",
        [WORLD_EVENT_PROBE] = "probe",       [WORLD_EVENT_REGISTRY] = "registry",
        [WORLD_EVENT_PROCESS] = "process",   [WORLD_EVENT_RELOAD] = "reload",
        [WORLD_EVENT_DECISION] = "decision", [WORLD_EVENT_NODE] = "node",
        [WORLD_EVENT_OPERATOR] = "operator", [WORLD_EVENT_BREAKER] = "breaker",
        [WORLD_EVENT_BUNDLE] = "bundle",
    };

    assert(kind < WORLD_EVENT_KINDS);
    return names[kind];
}

const char *world_result_name(enum world_result result)
{
    static const char *const names[WORLD_RESULTS] = {
        [WORLD_DONE] = "done",           [WORLD_FAILED] = "failed", [WORLD_USAGE] = "usage",
        [WORLD_NO_DAEMON] = "no-daemon", [WORLD_DENIED] = "denied", [WORLD_TIMEOUT] = "timeout",
        [WORLD_PRECONDITION] = "unmet",
    };

    assert(result < WORLD_RESULTS);
    return names[result];
}

const struct world_event *world_event(const struct world *world, uint64_t number)
{
    if (number > world->event_count)
        number = world->event_count;
    if (number == 0 || world->event_count - number >= WORLD_EVENTS)
        return NULL;
    return &world->events[(number - 1) % WORLD_EVENTS];
}

const char *world_role(const struct world *world)
{
    size_t active = 0, backup = 0;

    for (size_t i = 0; i < world->router_count; i++) {
        const struct world_router *router = &world->routers[i];

        active += router->known && router->status.state == VRRP_ACTIVE;
        backup += router->known && router->status.state == VRRP_BACKUP;
    }
    if (active > 0 && backup > 0)
        return "mixed";
    if (active > 0)
        return "active";
    return backup > 0 ? "backup" : "initialize";
}

int world_health(const struct world *world, struct monotime now, FILE *out)
{
    return trouble_write(world, now, out);
}
