/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/show_router.h"

#include <string.h>

/* What can be said without regha-vrrp's report. */
static void router_head(struct table *table, const struct world_router *router)
{
    table_text(table, "%s", router->settings.params.name);
    table_int(table, router->settings.params.vrid);
    table_text(table, "%s", router->settings.params.family == AF_INET6 ? "ipv6" : "ipv4");
}

static void addresses(struct table *table, const struct world_router *router)
{
    char text[VRRP_PARAMS_ADDRESSES * ADDRESS_TEXT_BYTES] = "";
    size_t used = 0;

    for (size_t i = 0; i < router->settings.params.address_count; i++) {
        char address[ADDRESS_TEXT_BYTES];

        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
                                 address_format(&router->settings.params.addresses[i], address));
    }
    table_list(table, text);
}

static void active(struct table *table, const struct vrrp_status *status)
{
    char address[ADDRESS_TEXT_BYTES];

    if (status->active.family == 0)
        table_none(table);
    else
        table_text(table, "%s", address_format_host(&status->active, address));
}

static void counters(struct table *table, const struct vrrp_counters *counters)
{
    uint64_t discarded = 0;

    for (int i = VRRP_ACCEPTED + 1; i < VRRP_DROP_REASONS; i++)
        discarded += counters->discarded[i];
    table_int(table, (int64_t)counters->adverts_sent);
    table_int(table, (int64_t)counters->adverts_received);
    table_int(table, (int64_t)counters->adverts_late);
    table_int(table, (int64_t)discarded);
    table_int(table, (int64_t)counters->send_errors);
}

static void nothing(struct table *table, int cells)
{
    for (int i = 0; i < cells; i++)
        table_none(table);
}

static void status(struct table *table, const struct show *show, const struct vrrp_status *status)
{
    table_text(table, "%s", vrrp_message_state_name((enum vrrp_state)status->state));
    table_span(table, monotime_since((struct monotime){status->since_ns}, show->now));
    table_int(table, status->priority);
    active(table, status);
    table_text(table, "%s", status->interface);
    table_span(table, status->advert_interval_ns);
    table_span(table, status->down_interval_ns);
    table_bool(table, status->orphaned);
}

/* The last one from here. */
static void handover(struct table *table, const struct show *show, const struct handover *handover)
{
    const bool is_named =
        handover->successor >= 0 && (size_t)handover->successor < show->world->node_count;

    if (handover->phase == HANDOVER_NONE) {
        nothing(table, 4);
        return;
    }
    table_text(table, "%s", handover_phase_name(handover->phase));
    if (is_named)
        table_text(table, "%s", show->world->nodes[handover->successor].settings.name);
    else
        table_none(table);
    table_span(table, monotime_since(handover->since, show->now));
    table_text_or_none(table, handover->why);
}

/* Of the programs that are told of its changes. */
static void hooks(struct table *table, const struct registry_hook_status *hook)
{
    if (hook->name[0] == '\0') {
        nothing(table, 4);
        return;
    }
    table_text(table, "%s", registry_message_hook_name((enum registry_hook_state)hook->state));
    table_bool(table, hook->running);
    table_int(table, hook->failures);
    table_text_or_none(table, hook->words);
}

struct table *show_router_routers(const struct show *show)
{
    static const struct table_column columns[] = {
        {"name", "NAME"},
        {"vrid", "VRID"},
        {"family", "FAMILY"},
        {"state", "STATE"},
        {"state_seconds", "FOR"},
        {"priority", "PRIORITY"},
        {"active", "ACTIVE"},
        {"interface", "INTERFACE"},
        {"advert_interval_seconds", NULL},
        {"down_interval_seconds", NULL},
        {"orphaned", NULL},
        {"adverts_sent", NULL},
        {"adverts_received", NULL},
        {"adverts_late", NULL},
        {"packets_discarded", NULL},
        {"send_errors", NULL},
        {"addresses", "ADDRESSES"},
        {"eligible", "ELIGIBLE"},
        {"why_not", "WHY NOT"},
        {"handover", NULL},
        {"handover_to", NULL},
        {"handover_phase_seconds", NULL},
        {"handover_failed", NULL},
        {"hook_state", NULL},
        {"hook_running", NULL},
        {"hook_failures", NULL},
        {"hook_error", NULL},
        {NULL, NULL},
    };
    struct table *table = table_new(columns);

    for (size_t i = 0; table && i < show->world->router_count; i++) {
        const struct world_router *router = &show->world->routers[i];

        router_head(table, router);
        if (router->known) {
            status(table, show, &router->status);
            counters(table, &router->counters);
        } else {
            table_text(table, "unknown");
            nothing(table, 12);
        }
        addresses(table, router);
        table_bool(table, router->eligible);
        table_text_or_none(table, router->why);
        handover(table, show, &router->handover);
        hooks(table, &router->hook);
    }
    return table;
}

static void vip(struct table *table, const struct show *show, const struct world_router *router,
                int at)
{
    const struct kernel_status *kernel = &router->kernel;
    char address[ADDRESS_TEXT_BYTES];

    table_text(table, "%s", address_format(&kernel->addresses[at], address));
    table_text(table, "%s", router->settings.params.name);
    table_text(table, "%s", kernel->interface);
    table_bool(table, kernel->present[at]);
    table_bool(table, kernel->hold);
    table_bool(table, kernel->settled);
    table_span(table, monotime_since((struct monotime){kernel->changed_ns}, show->now));
    table_int(table, (int64_t)kernel->announcements);
    table_int(table, (int64_t)kernel->restored);
    table_int(table, (int64_t)kernel->removed_strays);
    if (kernel->error)
        table_text(table, "%s", strerror(kernel->error));
    else
        table_none(table);
}

/* regha-net has not spoken: what the configuration wants is all there is. */
static void unknown_vip(struct table *table, const struct world_router *router, int at)
{
    char address[ADDRESS_TEXT_BYTES];

    table_text(table, "%s", address_format(&router->settings.params.addresses[at], address));
    table_text(table, "%s", router->settings.params.name);
    nothing(table, 9);
}

struct table *show_router_vips(const struct show *show)
{
    static const struct table_column columns[] = {
        {"address", "ADDRESS"},     {"router", "ROUTER"},
        {"interface", "INTERFACE"}, {"present", "PRESENT"},
        {"wanted", "WANTED"},       {"settled", "SETTLED"},
        {"settled_seconds", "FOR"}, {"announcements", "ANNOUNCED"},
        {"restored", "RESTORED"},   {"strays_removed", NULL},
        {"error", "ERROR"},         {NULL, NULL},
    };
    struct table *table = table_new(columns);

    for (size_t i = 0; table && i < show->world->router_count; i++) {
        const struct world_router *router = &show->world->routers[i];

        for (int at = 0; router->kernel_known && at < router->kernel.address_count; at++)
            vip(table, show, router, at);
        for (int at = 0; !router->kernel_known && at < router->settings.params.address_count; at++)
            unknown_vip(table, router, at);
    }
    return table;
}

/* Why addresses that are to be guarded are not; NULL: they are, or need not be. */
static const char *why_unguarded(const struct world_router *router)
{
    if (router->settings.params.guard_ns == 0)
        return "guard.enabled is false";
    if (!router->kernel_known)
        return "regha-net has not spoken";
    return router->kernel.guarded ? NULL : "journalctl -u regha-net -u regha-vrrp has the reason";
}

struct table *show_router_guard(const struct show *show)
{
    static const struct table_column columns[] = {
        {"router", "ROUTER"},
        {"interface", "INTERFACE"},
        {"held", "HELD"},
        {"guarded", "GUARDED"},
        {"timeout_seconds", "TIMEOUT"},
        {"advert_interval_seconds", "ADVERTS EACH"},
        {"rebuilt", "REBUILT"},
        {"why_not", "WHY NOT"},
        {NULL, NULL},
    };
    struct table *table = table_new(columns);

    for (size_t i = 0; table && i < show->world->router_count; i++) {
        const struct world_router *router = &show->world->routers[i];
        const struct vrrp_params *params = &router->settings.params;
        const char *why = why_unguarded(router);

        table_text(table, "%s", params->name);
        table_text(table, "%s", params->interface);
        table_bool(table, router->kernel_known && router->kernel.hold);
        table_bool(table, router->kernel_known && router->kernel.guarded);
        if (params->guard_ns > 0)
            table_span(table, params->guard_ns);
        else
            table_none(table);
        table_span(table, params->advert_interval_ns);
        table_int(table, (int64_t)router->kernel.guard_rebuilt);
        table_text_or_none(table, why ? why : "");
    }
    return table;
}
