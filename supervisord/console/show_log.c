/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/show_log.h"

#include <stdlib.h>
#include <string.h>

/* The event before `number` that put the same object into the state it then left. */
static const struct world_event *event_before(const struct world *world,
                                              const struct world_event *event)
{
    for (uint64_t number = event->number - 1; number > 0; number--) {
        const struct world_event *earlier = world_event(world, number);

        if (!earlier)
            return NULL;
        if (earlier->kind == event->kind && strcmp(earlier->object, event->object) == 0 &&
            strcmp(earlier->to, event->from) == 0)
            return earlier;
    }
    return NULL;
}

static bool is_history(const struct world_event *event)
{
    return (event->kind == WORLD_EVENT_ROUTER || event->kind == WORLD_EVENT_REGISTRY ||
            event->kind == WORLD_EVENT_DECISION || event->kind == WORLD_EVENT_OPERATOR) &&
           event->to[0] != '\0';
}

static bool is_any(const struct world_event *event)
{
    (void)event; /* the other filter */
    return true;
}

/* The number of the first event to show, so that at most `most` follow. */
static uint64_t first_of(const struct world *world, uint64_t most,
                         bool (*wanted)(const struct world_event *event))
{
    uint64_t first = world->event_count + 1;

    for (uint64_t number = world->event_count; number > 0 && most > 0; number--) {
        const struct world_event *event = world_event(world, number);

        if (!event)
            break;
        if (!wanted(event))
            continue;
        first = number;
        most--;
    }
    return first;
}

struct table *show_log_history(const struct show *show, uint64_t most)
{
    static const struct table_column columns[] = {
        {"time", "TIME"},   {"kind", "KIND"}, {"object", "NAME"},
        {"from", "FROM"},   {"to", "TO"},     {"former_seconds", "AFTER"},
        {"cause", "CAUSE"}, {NULL, NULL},
    };
    const struct world *world = show->world;
    struct table *table = table_new(columns);
    uint64_t number = first_of(world, most, is_history);

    for (; table && number <= world->event_count; number++) {
        const struct world_event *event = world_event(world, number), *before;

        if (!is_history(event))
            continue;
        before = event_before(world, event);
        table_time(table, event->wall_ns);
        table_text(table, "%s", world_event_kind_name(event->kind));
        table_text(table, "%s", event->object);
        table_text_or_none(table, event->from);
        table_text(table, "%s", event->to);
        if (before)
            table_span(table, monotime_since(before->at, event->at));
        else
            table_none(table);
        table_text_or_none(table, event->text);
    }
    return table;
}

struct table *show_log_events(const struct show *show, uint64_t most)
{
    static const struct table_column columns[] = {
        {"number", "NUMBER"}, {"time", "TIME"}, {"kind", "KIND"}, {"object", "NAME"},
        {"from", "FROM"},     {"to", "TO"},     {"text", "TEXT"}, {NULL, NULL},
    };
    const struct world *world = show->world;
    struct table *table = table_new(columns);
    uint64_t number = first_of(world, most, is_any);

    for (; table && number <= world->event_count; number++) {
        const struct world_event *event = world_event(world, number);

        table_int(table, (int64_t)event->number);
        table_time(table, event->wall_ns);
        table_text(table, "%s", world_event_kind_name(event->kind));
        table_text_or_none(table, event->object);
        table_text_or_none(table, event->from);
        table_text_or_none(table, event->to);
        table_text_or_none(table, event->text);
    }
    return table;
}

struct count {
    char kind[16], object[64], what[40];
    uint64_t count;
};

struct show_baseline {
    size_t used, room;
    struct count *counts;
    bool failed;
};

static void count(struct show_baseline *list, const char *kind, const char *object,
                  const char *what, uint64_t number)
{
    struct count *counts;

    if (number == 0 || list->failed)
        return;
    if (list->used == list->room) {
        counts = reallocarray(list->counts, 2 * list->room + 16, sizeof(*counts));
        list->failed = !counts;
        if (!counts)
            return;
        list->counts = counts;
        list->room = 2 * list->room + 16;
    }
    counts = &list->counts[list->used++];
    *counts = (struct count){.count = number};
    snprintf(counts->kind, sizeof(counts->kind), "%s", kind);
    snprintf(counts->object, sizeof(counts->object), "%s", object);
    snprintf(counts->what, sizeof(counts->what), "%s", what);
}

static void count_discards(struct show_baseline *list, const char *kind, const char *object,
                           const uint64_t *discarded)
{
    char what[40];

    for (int i = VRRP_ACCEPTED + 1; i < VRRP_DROP_REASONS; i++) {
        snprintf(what, sizeof(what), "discarded %s", vrrp_message_drop_name((enum vrrp_drop)i));
        count(list, kind, object, what, discarded[i]);
    }
}

static void count_routers(struct show_baseline *list, const struct world *world)
{
    for (size_t i = 0; i < world->router_count; i++) {
        const struct world_router *router = &world->routers[i];
        char object[64];

        snprintf(object, sizeof(object), "%s/%s", router->settings.params.name,
                 router->settings.params.family == AF_INET6 ? "ipv6" : "ipv4");
        count_discards(list, "router", object, router->counters.discarded);
        count(list, "router", object, "adverts late", router->counters.adverts_late);
        count(list, "router", object, "send errors", router->counters.send_errors);
        count(list, "router", object, "addresses restored", router->kernel.restored);
    }
    for (size_t i = 0; i < world->stray_count; i++)
        count_discards(list, "interface", world->strays[i].interface, world->strays[i].discarded);
}

static void count_services(struct show_baseline *list, const struct world *world)
{
    char what[40];

    for (size_t i = 0; world->probes && i < probe_set_count(world->probes); i++) {
        const struct probe_state *probe = probe_set_state(world->probes, i);

        for (int reason = PROBE_REASON_NONE + 1; reason < PROBE_REASONS; reason++) {
            snprintf(what, sizeof(what), "failed %s",
                     probe_verdict_reason_name((enum probe_reason)reason));
            count(list, "probe", probe->params.name, what, probe->failures[reason]);
        }
    }
    for (size_t i = 0; i < world->registry_count; i++) {
        const struct registry_status *status = &world->registries[i].status;

        for (int cause = REGISTRY_CAUSE_KILLED; cause < REGISTRY_CAUSES; cause++) {
            snprintf(what, sizeof(what), "ended %s",
                     registry_message_cause_name((enum registry_cause)cause));
            count(list, "registry", world->registries[i].settings.params.name, what,
                  status->exits[cause]);
        }
    }
}

static void count_node(struct show_baseline *list, const struct world *world)
{
    for (int kind = 0; kind < WORLD_PROCESSES; kind++) {
        const char *name = world_process_name((enum world_process_kind)kind);

        count(list, "process", name, "restarted", world->processes[kind].restarts);
        count(list, "process", name, "stalled", world->processes[kind].state.stalls);
    }
    count(list, "reload", "", "refused", world->reload.failures);
    count(list, "command", "", "refused", world->commands[1]);
}

struct show_baseline *show_log_baseline(const struct world *world)
{
    struct show_baseline *list = calloc(1, sizeof(*list));

    if (!list)
        return NULL;
    count_routers(list, world);
    count_services(list, world);
    count_node(list, world);
    if (list->failed) {
        show_log_baseline_free(list);
        return NULL;
    }
    return list;
}

void show_log_baseline_free(struct show_baseline *baseline)
{
    if (!baseline)
        return;
    free(baseline->counts);
    free(baseline);
}

/* What to subtract. A counter that is smaller now began again: its process came back. */
static uint64_t cleared(const struct show_baseline *baseline, const struct count *now)
{
    for (size_t i = 0; baseline && i < baseline->used; i++) {
        const struct count *then = &baseline->counts[i];

        if (strcmp(then->kind, now->kind) == 0 && strcmp(then->object, now->object) == 0 &&
            strcmp(then->what, now->what) == 0)
            return then->count <= now->count ? then->count : 0;
    }
    return 0;
}

struct table *show_log_errors(const struct show *show)
{
    static const struct table_column columns[] = {
        {"count", "COUNT"}, {"kind", "KIND"}, {"object", "NAME"}, {"what", "WHAT"}, {NULL, NULL},
    };
    struct show_baseline *list = show_log_baseline(show->world);
    struct table *table = list ? table_new(columns) : NULL;

    for (size_t i = 0; table && i < list->used; i++) {
        const struct count *now = &list->counts[i];
        const uint64_t rest = now->count - cleared(show->baseline, now);

        if (rest == 0)
            continue;
        table_int(table, (int64_t)rest);
        table_text(table, "%s", now->kind);
        table_text_or_none(table, now->object);
        table_text(table, "%s", now->what);
    }
    show_log_baseline_free(list);
    return table;
}
