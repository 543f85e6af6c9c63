/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/hooks.h"

#include <stdio.h>
#include <string.h>

#include "supervisord/core.h"
#include "supervisord/journal.h"

static void append(struct registry_hook_goal *goal, const char *paths, size_t paths_bytes)
{
    if (paths_bytes > sizeof(goal->programs) - goal->programs_bytes)
        return; /* the settings' check has seen to it that there is room */
    memcpy(goal->programs + goal->programs_bytes, paths, paths_bytes);
    goal->programs_bytes = (uint16_t)(goal->programs_bytes + paths_bytes);
}

static void list_addresses(const struct vrrp_params *params, char *text, size_t size_bytes)
{
    char address[ADDRESS_TEXT_BYTES];
    size_t used = 0;

    for (size_t at = 0; at < params->address_count && used < size_bytes; at++)
        used += (size_t)snprintf(text + used, size_bytes - used, "%s%s", at > 0 ? " " : "",
                                 address_format_host(&params->addresses[at], address));
}

static const char *node_name(const struct settings *settings)
{
    return settings->self == SETTINGS_NO_NODE ? "" : settings->nodes[settings->self].name;
}

/* False: it has no hooks. */
static bool make_goal(const struct core *core, size_t at, struct registry_hook_goal *ret_goal)
{
    const struct settings *settings = core->world.settings;
    const struct world_router *router = &core->world.routers[at];
    const struct vrrp_params *params = &router->settings.params;
    const struct turn *turn = &core->routers[at].hooks.turn;

    memset(ret_goal, 0, sizeof(*ret_goal)); /* compared as a whole */
    append(ret_goal, router->settings.on_transition, router->settings.on_transition_bytes);
    append(ret_goal, settings->hooks.on_transition, settings->hooks.on_transition_bytes);
    snprintf(ret_goal->name, sizeof(ret_goal->name), "%s", params->name);
    snprintf(ret_goal->node, sizeof(ret_goal->node), "%s", node_name(settings));
    snprintf(ret_goal->interface, sizeof(ret_goal->interface), "%s", router->status.interface);
    snprintf(ret_goal->reason, sizeof(ret_goal->reason), "%s",
             vrrp_message_reason_name(core->routers[at].last_reason));
    list_addresses(params, ret_goal->addresses, sizeof(ret_goal->addresses));
    ret_goal->vrid = params->vrid;
    ret_goal->family = params->family;
    ret_goal->state = turn->state;
    ret_goal->former = turn->former;
    ret_goal->priority = params->priority;
    ret_goal->since_ns = turn->since_ns;
    ret_goal->timeout_ns = settings->hooks.timeout_ns;
    return ret_goal->programs_bytes > 0;
}

int hooks_send(struct core *core, bool all)
{
    int sent = 0;

    for (size_t at = 0; at < core->world.router_count; at++) {
        const struct vrrp_status *status = &core->world.routers[at].status;
        struct hooks_memory *memory = &core->routers[at].hooks;
        struct registry_hook_goal goal;

        turn_take(&memory->turn, status->state, status->since_ns, core->routers[at].is_decided);
        if (!make_goal(core, at, &goal) ||
            (!all && memory->is_sent && memcmp(&goal, &memory->sent, sizeof(goal)) == 0))
            continue;
        if (channel_client_want(core->clients[WORLD_LAUNCHER], &registry_message_hook_goal, &goal) <
            0)
            return -1;
        memory->sent = goal;
        memory->is_sent = true;
        sent++;
    }
    return sent;
}

void hooks_take(struct core *core, const struct registry_hook_status *status, struct monotime now)
{
    for (size_t at = 0; at < core->world.router_count; at++) {
        struct world_router *router = &core->world.routers[at];
        const struct journal_entry entry = {WORLD_EVENT_ROUTER, LOG_LEVEL_WARNING, status->name, "",
                                            registry_message_hook_name(status->state)};

        if (strcmp(router->settings.params.name, status->name) != 0 ||
            router->settings.params.family != status->family)
            continue;
        if (status->failures > router->hook.failures)
            journal_add(&core->world, now, &entry, "a hook failed: %s", status->words);
        router->hook = *status;
    }
}
