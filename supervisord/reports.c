/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/reports.h"

#include <stdio.h>
#include <string.h>

#include "supervisord/cluster/bundle_use.h"
#include "supervisord/cluster/peers.h"
#include "supervisord/commands.h"
#include "supervisord/journal.h"
#include "supervisord/policy/breakers.h"
#include "supervisord/policy/store_watch.h"

const struct wire_layout *const reports_vrrp_states[] = {
    &process_state_layout,
    &vrrp_message_status,
    &vrrp_message_transition,
    &vrrp_message_counters,
    &vrrp_message_strays,
    &vrrp_message_peer,
    NULL,
};
const struct wire_layout *const reports_net_states[] = {
    &process_state_layout, &kernel_message_status, &kernel_message_link,
    &kernel_message_breaker_status, NULL};
const struct wire_layout *const reports_launcher_states[] = {
    &process_state_layout,    &registry_message_hook_status, &registry_message_exec_status,
    &registry_message_status, &registry_message_capture,     NULL};

static int find_router(const struct world *world, const char *name, uint8_t family)
{
    for (size_t at = 0; at < world->router_count; at++)
        if (strcmp(world->routers[at].settings.params.name, name) == 0 &&
            world->routers[at].settings.params.family == family)
            return (int)at;
    return -1;
}

static int find_registry(const struct world *world, const char *name)
{
    for (size_t at = 0; at < world->registry_count; at++)
        if (strcmp(world->registries[at].settings.params.name, name) == 0)
            return (int)at;
    return -1;
}

static void take_process(struct core *core, enum world_process_kind kind,
                         const struct process_state *state, struct monotime now)
{
    struct world_process *process = &core->world.processes[kind];

    if (process->state.pid != 0 &&
        (process->state.pid != state->pid || process->state.started_ns != state->started_ns)) {
        const struct journal_entry entry = {WORLD_EVENT_PROCESS, LOG_LEVEL_WARNING,
                                            world_process_name(kind), "", ""};
        process->restarts++;
        journal_add(&core->world, now, &entry, "was restarted, pid %lld after %lld",
                    (long long)state->pid, (long long)process->state.pid);
    }
    process->state = *state;
}

/* regha-vrrp. */

static void take_status(struct core *core, const struct vrrp_status *status, struct monotime now)
{
    const int at = find_router(&core->world, status->name, status->family);
    struct world_router *router;

    if (at < 0)
        return; /* of a router that a reload has taken away meanwhile */
    router = &core->world.routers[at];
    if (status->state == VRRP_ACTIVE)
        core->routers[at].left_active = (struct monotime){0};
    else if (router->known && router->status.state == VRRP_ACTIVE)
        core->routers[at].left_active = now;
    /* A regha-vrrp that was restarted tells later whether it resumes. */
    core->routers[at].is_decided |= status->state != VRRP_INITIALIZE;
    router->status = *status;
    router->known = true;
    core->is_dirty = true;
}

static void take_transition(struct core *core, const struct vrrp_transition *transition)
{
    const int at = find_router(&core->world, transition->name, transition->family);
    struct core_router *memory;

    if (at < 0 || transition->from >= VRRP_STATES || transition->to >= VRRP_STATES ||
        transition->reason >= VRRP_REASONS)
        return;
    memory = &core->routers[at];
    if (transition->at_ns <= memory->last_transition_ns)
        return; /* told again on connect */
    memory->last_transition_ns = transition->at_ns;
    memory->last_reason = transition->reason;
    memory->former_heard_ns = transition->to == VRRP_ACTIVE ? transition->last_advert_ns : 0;
    core->world.routers[at].transitions[transition->from][transition->to][transition->reason]++;
    const struct journal_entry entry = {WORLD_EVENT_ROUTER, LOG_LEVEL_INFO, transition->name,
                                        vrrp_message_state_name(transition->from),
                                        vrrp_message_state_name(transition->to)};
    journal_add(&core->world, (struct monotime){transition->at_ns}, &entry, "%s",
                vrrp_message_reason_name(transition->reason));
}

static void take_strays(struct world *world, const struct vrrp_strays *strays)
{
    const size_t room = sizeof(world->strays) / sizeof(world->strays[0]);
    size_t at = 0;

    while (at < world->stray_count && strcmp(world->strays[at].interface, strays->interface) != 0)
        at++;
    if (at == room)
        return;
    world->strays[at] = *strays;
    if (at == world->stray_count)
        world->stray_count++;
}

void reports_take_vrrp(void *owner, struct channel_message *state, struct monotime now)
{
    struct core *core = owner;

    if (state->layout == &process_state_layout) {
        take_process(core, WORLD_VRRP, state->value, now);
    } else if (state->layout == &vrrp_message_status) {
        take_status(core, state->value, now);
    } else if (state->layout == &vrrp_message_transition) {
        take_transition(core, state->value);
    } else if (state->layout == &vrrp_message_peer) {
        peers_take(core, state->value, now);
    } else if (state->layout == &vrrp_message_strays) {
        take_strays(&core->world, state->value);
    } else if (state->layout == &vrrp_message_counters) {
        const struct vrrp_counters *counters = state->value;
        const int at = find_router(&core->world, counters->name, counters->family);
        if (at >= 0)
            core->world.routers[at].counters = *counters;
    }
}

/* regha-net. */

static void tell_kernel_change(struct world *world, const struct kernel_status *before,
                               const struct kernel_status *status, struct monotime now)
{
    const struct journal_entry entry = {WORLD_EVENT_ADDRESS, LOG_LEVEL_WARNING, status->name, "",
                                        ""};

    if (status->restored > before->restored)
        journal_add(world, now, &entry, "an address was removed by somebody else on %s and is back",
                    status->interface);
    if (before->guarded && !status->guarded && status->hold)
        journal_add(world, now, &entry, "the addresses on %s are not guarded any more",
                    status->interface);
    if (status->guard_rebuilt > before->guard_rebuilt)
        journal_add(world, now, &entry,
                    "somebody removed the rules of the guard on %s, and they are back",
                    status->interface);
    if (status->error != 0 && status->error != before->error)
        journal_add(world, now, &entry, "the kernel refused a change on %s: %s", status->interface,
                    strerror(status->error));
}

static void take_kernel_status(struct world *world, const struct kernel_status *status,
                               struct monotime now)
{
    const int at = find_router(world, status->name, status->family);

    if (at < 0)
        return;
    if (world->routers[at].kernel_known)
        tell_kernel_change(world, &world->routers[at].kernel, status, now);
    world->routers[at].kernel = *status;
    world->routers[at].kernel_known = true;
}

void reports_take_net(void *owner, struct channel_message *state, struct monotime now)
{
    struct core *core = owner;

    if (state->layout == &process_state_layout)
        take_process(core, WORLD_NET, state->value, now);
    else if (state->layout == &kernel_message_status)
        take_kernel_status(&core->world, state->value, now);
    else if (state->layout == &kernel_message_breaker_status)
        breakers_take(core, state->value);
}

/* regha-launcher. */

static enum log_level level_of(enum registry_state state)
{
    return state == REGISTRY_FAILED || state == REGISTRY_BACKOFF ? LOG_LEVEL_WARNING
                                                                 : LOG_LEVEL_INFO;
}

static void tell_registry_change(struct world *world, const struct registry_status *before,
                                 const struct registry_status *status, struct monotime now)
{
    const struct journal_entry entry = {WORLD_EVENT_REGISTRY, level_of(status->state), status->name,
                                        registry_message_state_name(before->state),
                                        registry_message_state_name(status->state)};

    if (before->state == status->state && before->pid == status->pid &&
        strcmp(before->detail, status->detail) == 0)
        return;
    if (status->detail[0] != '\0')
        journal_add(world, now, &entry, "%s", status->detail);
    else if (status->pid != 0)
        journal_add(world, now, &entry, "pid %lld", (long long)status->pid);
    else
        journal_add(world, now, &entry, "as asked");
}

static void take_registry(struct core *core, const struct registry_status *status,
                          struct monotime now)
{
    const int at = find_registry(&core->world, status->name);
    struct world_registry *registry;

    if (at < 0)
        return;
    registry = &core->world.registries[at];
    if (registry->status.name[0] != '\0') /* it may have changed while the launcher was away */
        tell_registry_change(&core->world, &registry->status, status, now);
    registry->status = *status;
    registry->known = true;
    core->is_dirty = true;
}

static void take_capture(struct core *core, const struct registry_capture *capture, int fd,
                         struct monotime now)
{
    const int at = find_registry(&core->world, capture->name);
    struct world *world = &core->world;
    struct err err;

    if (at < 0 || strcmp(capture->path, world->registries[at].settings.params.config) != 0)
        return;
    bundle_use_take(core, capture, fd, now);
    const int changed = facts_take(&core->facts, capture->path, fd, capture->bundle_bytes, &err);
    core->is_dirty = true; /* one that cannot be understood counts, too */
    if (changed < 0) {
        const struct journal_entry entry = {WORLD_EVENT_REGISTRY, LOG_LEVEL_ERR, capture->name, "",
                                            ""};
        snprintf(world->registries[at].facts_error, sizeof(world->registries[at].facts_error),
                 "%.191s", err.text);
        journal_add(world, now, &entry, "%s: %s", capture->path, err.text);
        return;
    }
    world->registries[at].facts_known = true;
    world->registries[at].facts_error[0] = '\0';
    core->is_stale |= changed > 0;
}

void reports_take_launcher(void *owner, struct channel_message *state, struct monotime now)
{
    struct core *core = owner;

    if (state->layout == &process_state_layout)
        take_process(core, WORLD_LAUNCHER, state->value, now);
    else if (state->layout == &registry_message_status)
        take_registry(core, state->value, now);
    else if (state->layout == &registry_message_hook_status)
        hooks_take(core, state->value, now);
    else if (state->layout == &registry_message_exec_status)
        commands_take(core, state->value, now);
    else if (state->layout == &registry_message_capture)
        take_capture(core, state->value, state->fd, now);
}

/* Probes. */

/* The failovers that this registry ends. */
static void end_failovers(struct core *core, const char *name, struct monotime ready, bool counts)
{
    for (size_t at = 0; at < core->world.router_count; at++) {
        struct core_router *memory = &core->routers[at];

        if (memory->former_heard_ns == 0 ||
            strcmp(core->world.routers[at].settings.params.name, name) != 0)
            continue;
        if (counts)
            histogram_add(&core->world.routers[at].failovers, ready.ns - memory->former_heard_ns);
        memory->former_heard_ns = 0;
    }
}

/* The first success after a start: how long it took, and how long the failover. */
static void note_ready(struct core *core, size_t at, const struct probe_state *state)
{
    struct world_registry *registry = &core->world.registries[at];
    struct core_registry *memory = &core->registries[at];

    if (strcmp(registry->settings.ready, state->params.name) != 0 ||
        state->outcome != PROBE_OUTCOME_SUCCESS || registry->status.pid == 0 ||
        state->started.ns < registry->status.started_ns)
        return;
    /* What ran before the failover, or before us, was ready at a time that nobody knows. */
    const bool counts = memory->ready_pid != registry->status.pid &&
                        registry->status.started_ns >= core->world.started.ns;
    memory->ready_pid = registry->status.pid;
    if (counts)
        histogram_add(&registry->ready, state->ended.ns - registry->status.started_ns);
    end_failovers(core, registry->settings.follows, state->ended, counts);
}

void reports_take_probe(void *owner, const struct probe_state *state, bool health_changed,
                        struct monotime now)
{
    struct core *core = owner;

    for (size_t at = 0; at < core->world.registry_count; at++)
        note_ready(core, at, state);
    store_watch_probe(core, state, now);
    if (!health_changed)
        return;
    const struct journal_entry entry = {
        WORLD_EVENT_PROBE, state->health == PROBE_DOWN ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
        state->params.name, "", probe_health_name(state->health)};
    core->world.probe_changes++;
    core->is_dirty = true;
    journal_add(&core->world, now, &entry, "%s", state->text);
}

void reports_process(struct core *core, enum world_process_kind kind, bool connected,
                     struct monotime now)
{
    struct world_process *process = &core->world.processes[kind];
    const struct journal_entry entry = {
        WORLD_EVENT_PROCESS, connected ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
        world_process_name(kind), "", connected ? "connected" : "away"};

    process->connected = connected;
    process->changed = now;
    breakers_process(core, kind, connected, now);
    core->is_dirty = true;
    journal_add(&core->world, now, &entry, "%s",
                connected ? "" : "what it does goes on as it was; its restart is awaited");
    if (connected)
        return;
    for (size_t at = 0; at < core->world.router_count && kind == WORLD_VRRP; at++)
        core->routers[at].is_decided = false;
    for (size_t at = 0; at < core->world.registry_count && kind == WORLD_LAUNCHER; at++)
        core->world.registries[at].known = false;
}
