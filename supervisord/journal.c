/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t wall_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* How the log tells such an event: the sentence, and the field that names its object. */
static const struct telling {
    const char *sentence, *field;
} tellings[WORLD_EVENT_KINDS] = {
    [WORLD_EVENT_ROUTER] = {"virtual router changed its state", "vrouter"},
    [WORLD_EVENT_ADDRESS] = {"virtual address", "vrouter"},
    [WORLD_EVENT_PROBE] = {"probe changed its mind", "probe"},
    [WORLD_EVENT_REGISTRY] = {"registry", "registry"},
    [WORLD_EVENT_PROCESS] = {"process", "process"},
    [WORLD_EVENT_RELOAD] = {"configuration", "configuration"},
    [WORLD_EVENT_DECISION] = {"decision", "vrouter"},
    [WORLD_EVENT_NODE] = {"node", "peer"},
    [WORLD_EVENT_OPERATOR] = {"an operator spoke", "object"},
    [WORLD_EVENT_BREAKER] = {"circuit breaker", "storage"},
    [WORLD_EVENT_BUNDLE] = {"bundle", "registry"},
};

static void tell(const struct world_event *event, enum log_level level)
{
    const struct telling *telling = &tellings[event->kind];
    char quoted[sizeof(event->text) * 2];

    log_quote(event->text, quoted, sizeof(quoted));
    if (event->to[0] != '\0')
        log_write(level, telling->sentence, "%s=%s from=%s to=%s reason=\"%s\"", telling->field,
                  event->object, event->from[0] ? event->from : "-", event->to, quoted);
    else
        log_write(level, telling->sentence, "%s=%s reason=\"%s\"", telling->field, event->object,
                  quoted);
}

void journal_add(struct world *world, struct monotime at, const struct journal_entry *entry,
                 const char *format, ...)
{
    struct world_event *event = &world->events[world->event_count % WORLD_EVENTS];
    va_list args;

    *event = (struct world_event){
        .number = ++world->event_count,
        .wall_ns = wall_clock_ns() - monotime_since(at, monotime_now()),
        .at = at,
        .kind = entry->kind,
    };
    snprintf(event->object, sizeof(event->object), "%s", entry->object);
    snprintf(event->from, sizeof(event->from), "%s", entry->from);
    snprintf(event->to, sizeof(event->to), "%s", entry->to);
    va_start(args, format);
    vsnprintf(event->text, sizeof(event->text), format, args);
    va_end(args);
    tell(event, entry->level);
}
