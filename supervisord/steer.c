/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/steer.h"

#include <stdio.h>
#include <string.h>

#include "supervisord/cluster/bundle_use.h"
#include "supervisord/cluster/peers.h"
#include "supervisord/commands.h"
#include "supervisord/console/words.h"
#include "supervisord/core_handover.h"
#include "supervisord/core_operator.h"
#include "supervisord/journal.h"
#include "supervisord/policy/gather.h"
#include "supervisord/policy/placement.h"

/* A registry outlives the Active role by this, so that a flap of the role restarts nothing. */
#define LINGER_NS (250 * NS_PER_MS)

/* Only what is decided anew is told, with all that it was decided by. */
static void tell_decision(struct core *core, size_t at, const struct gather *gather,
                          const struct role_verdict *verdict, struct monotime now)
{
    const struct role_verdict *former = &core->routers[at].verdict;
    const char *which = gather_which(core, gather, verdict);
    const struct monotime since = core->routers[at].decided;
    const struct journal_entry entry = {
        WORLD_EVENT_DECISION, verdict->cause > ROLE_STARTING ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
        core->world.routers[at].settings.params.name, role_cause_text(former->cause),
        role_cause_text(verdict->cause)};
    char evidence[160], span[WORDS_SPAN_BYTES];

    gather_describe(core, gather, now, evidence, sizeof(evidence));
    journal_add(&core->world, now, &entry, "%s%scandidate=%s priority=%u after=\"%s\": %s", which,
                which[0] ? " " : "", verdict->candidate ? "yes" : "no", verdict->priority,
                since.ns != 0 ? words_span(monotime_since(since, now), span) : "start", evidence);
    core->routers[at].decided = now;
}

static void record_verdict(struct core *core, size_t at, const struct gather *gather,
                           const struct role_verdict *verdict, struct monotime now)
{
    struct world_router *router = &core->world.routers[at];
    const struct role_verdict *former = &core->routers[at].verdict;
    const char *which = gather_which(core, gather, verdict);

    router->eligible = verdict->candidate && verdict->cause == ROLE_WELL;
    snprintf(router->why, sizeof(router->why), "%s%s%s",
             router->eligible ? "" : role_cause_text(verdict->cause), which[0] ? ": " : "", which);
    if (verdict->cause != former->cause || verdict->candidate != former->candidate)
        tell_decision(core, at, gather, verdict, now);
    core->routers[at].verdict = *verdict;
}

/* What people said of pushes goes before what the store is like, or what it was like just now. */
static bool wants_readonly(struct core *core, const char *name, const struct role_verdict *verdict,
                           struct monotime now)
{
    const struct operator_registry *word = operator_registry(&core->world.operator, name);

    if (!word || word->write == OPERATOR_WRITE_AUTO)
        return verdict->readonly;
    if (word->write == OPERATOR_WRITE_READWRITE && !verdict->readonly)
        core_operator_forget_write(core, name, now); /* the store is well: the word is done with */
    return word->write == OPERATOR_WRITE_READONLY;
}

/* Read-only and back is another process: the launcher starts it anew. */
static void follow_store(struct core *core, size_t index, const struct gather *gather,
                         const struct role_verdict *verdict, struct monotime now)
{
    struct world_registry *registry = &core->world.registries[index];
    const char *name = registry->settings.params.name;
    const bool readonly = wants_readonly(core, name, verdict, now);
    const struct journal_entry entry = {WORLD_EVENT_REGISTRY, LOG_LEVEL_WARNING, name,
                                        readonly ? "read-write" : "read-only",
                                        readonly ? "read-only" : "read-write"};
    char evidence[160];

    registry->readonly = readonly;
    if (!registry->known || registry->status.pid == 0 || registry->status.readonly == readonly) {
        core->registries[index].turned_pid = 0;
        return;
    }
    if (core->registries[index].turned_pid == registry->status.pid)
        return; /* it has been told */
    gather_describe(core, gather, now, evidence, sizeof(evidence));
    journal_add(&core->world, now, &entry, "restarted: %s", evidence);
    core->registries[index].turned_pid = registry->status.pid;
    core->registries[index].restart_serial++;
}

/* A reghad that has just begun takes what it finds for right until the store is seen. */
static void adopt_readonly(struct core *core, size_t at, const struct gather *gather)
{
    for (size_t service = 0; service < gather->evidence.service_count; service++) {
        struct core_registry *memory = &core->registries[gather->registries[service]];
        const struct world_registry *registry =
            &core->world.registries[gather->registries[service]];

        if (memory->is_adopted || !registry->known)
            continue;
        memory->is_adopted = true;
        core->routers[at].memory.readonly |= registry->status.readonly && registry->status.pid != 0;
    }
}

/* What the verdict says of each service that follows: run, restart, try again. */
static void steer_services(struct core *core, const struct gather *gather,
                           const struct role_verdict *verdict, struct monotime now)
{
    for (size_t at = 0; at < gather->evidence.service_count; at++) {
        const size_t index = gather->registries[at];
        struct world_registry *registry = &core->world.registries[index];
        const struct journal_entry entry = {WORLD_EVENT_REGISTRY, LOG_LEVEL_WARNING,
                                            registry->settings.params.name, "", ""};
        const uint32_t bit = UINT32_C(1) << at;

        if (verdict->restart & bit)
            journal_add(&core->world, now, &entry, "restarted: its probe fails while it runs");
        if (verdict->retry & bit)
            journal_add(&core->world, now, &entry, "tried again: its failure is forgotten");
        if ((verdict->restart | verdict->retry) & bit)
            core->registries[index].restart_serial++;
        if (verdict->failed & bit)
            core->registries[index].failed = now;
        follow_store(core, index, gather, verdict, now);
    }
}

static struct placement_evidence place(const struct world_router *router,
                                       const struct core_router *memory,
                                       const struct world_registry *registry, struct monotime now)
{
    return (struct placement_evidence){
        .mode = registry->settings.mode,
        .is_decided = memory->is_decided,
        .is_election = router->status.state != VRRP_ACTIVE && router->status.active.family == 0,
        .is_held = memory->verdict.cause == ROLE_STARTING,
        .run = memory->verdict.run,
        .candidate = memory->verdict.candidate,
        .lingers = memory->left_active.ns != 0 &&
                   !monotime_reached(monotime_add(memory->left_active, LINGER_NS), now),
        .facts_awaited = !registry->facts_known && registry->facts_error[0] == '\0' &&
                         registry->status.captured_error[0] == '\0',
        .wanted = registry->wanted,
        .is_found = registry->known && registry->status.run,
    };
}

/* People's word goes before the role's. */
static bool is_told_to_stop(const struct core *core, struct world_registry *registry)
{
    const struct operator_registry *word =
        operator_registry(&core->world.operator, registry->settings.params.name);

    if (!word || word->run != OPERATOR_RUN_STOP)
        return false;
    registry->wanted = false;
    snprintf(registry->why, sizeof(registry->why), "stopped by uid %u; registry %s start ends it",
             (unsigned)word->uid, registry->settings.params.name);
    return true;
}

/* Whether the registry shall run: its router decides, and is given time to change its mind. */
static void decide_run(struct core *core, size_t router_at, size_t registry_at, struct monotime now)
{
    const struct world_router *router = &core->world.routers[router_at];
    const struct core_router *memory = &core->routers[router_at];
    struct world_registry *registry = &core->world.registries[registry_at];
    const struct placement_evidence evidence = place(router, memory, registry, now);
    const enum placement placement = placement_judge(&evidence);
    const char *name = router->settings.params.name;
    const bool is_everywhere = evidence.mode == SETTINGS_MODE_ACTIVE_ACTIVE;

    if (is_told_to_stop(core, registry))
        return;
    switch (placement) {
    case PLACEMENT_AS_FOUND:
        registry->wanted |= evidence.is_found;
        snprintf(registry->why, sizeof(registry->why), "as found: %s is not elected yet", name);
        return;
    case PLACEMENT_AWAIT:
        snprintf(registry->why, sizeof(registry->why), "its configuration is being read");
        return;
    case PLACEMENT_ELECTION:
        snprintf(registry->why, sizeof(registry->why), "%s is not elected yet", name);
        return;
    case PLACEMENT_LINGER:
        (void)loop_timer_set(
            core->loop, &core->again,
            monotime_earlier(core->again.deadline, monotime_add(memory->left_active, LINGER_NS)));
        return;
    case PLACEMENT_RUN:
    case PLACEMENT_STOP:
        if (placement == PLACEMENT_RUN && core->bundles && !registry->bundle.is_ready &&
            !registry->wanted && !evidence.is_found) {
            snprintf(registry->why, sizeof(registry->why),
                     "a majority is awaited to say which bundle is current");
            return;
        }
        registry->wanted = placement == PLACEMENT_RUN;
        snprintf(registry->why, sizeof(registry->why), "%s%s is %s here%s",
                 is_everywhere ? "on every node; " : "", name,
                 vrrp_message_state_name(router->status.state),
                 memory->verdict.store_stop ? "; the storage is out of order"
                 : registry->facts_error[0] ? "; its configuration cannot be understood"
                                            : "");
        return;
    }
}

/* The one that runs on the Active node purges uploads; after a failover that moves, with time. */
static void move_purging(struct core *core, size_t router_at, size_t registry_at,
                         struct monotime now)
{
    const struct world_router *router = &core->world.routers[router_at];
    const struct world_registry *registry = &core->world.registries[registry_at];
    const bool is_active = router->status.state == VRRP_ACTIVE;
    const struct journal_entry entry = {WORLD_EVENT_REGISTRY, LOG_LEVEL_INFO,
                                        registry->settings.params.name, "", ""};
    const struct monotime moved = core->registries[registry_at].purging_moved;
    const struct monotime since = {router->status.since_ns};
    const struct placement_purging purging = {
        .mode = registry->settings.mode,
        .is_active = is_active,
        .is_running =
            registry->known && registry->wanted && registry->status.state == REGISTRY_RUNNING,
        .no_purging = registry->status.no_purging,
        .hands_over = registry->settings.params.handover,
        .since = moved.ns > since.ns ? moved : since,
    };
    struct monotime again;

    core->registries[registry_at].no_purging =
        placement_leaves_purging(registry->settings.mode, is_active);
    if (placement_moves_purging(&purging, now, &again)) {
        core->registries[registry_at].restart_serial++;
        core->registries[registry_at].purging_moved = now;
        journal_add(&core->world, now, &entry, "restarted: from now on %s purges uploads",
                    is_active ? "it" : "another one");
    }
    (void)loop_timer_set(core->loop, &core->again, monotime_earlier(core->again.deadline, again));
}

static void judge_router(struct core *core, size_t at, struct monotime now)
{
    struct gather gather;

    gather_evidence(core, at, now, &gather);
    adopt_readonly(core, at, &gather);
    core_handover_judge(core, at, &gather, now);
    const struct role_verdict verdict =
        role_judge(&gather.evidence, &core->routers[at].memory, now);
    record_verdict(core, at, &gather, &verdict, now);
    steer_services(core, &gather, &verdict, now);
    (void)loop_timer_set(core->loop, &core->again,
                         monotime_earlier(core->again.deadline, verdict.again));
    for (size_t service = 0; service < gather.evidence.service_count; service++) {
        decide_run(core, at, gather.registries[service], now);
        if (core->routers[at].is_decided)
            move_purging(core, at, gather.registries[service], now);
    }
}

/* A probe of a registry is asked only where the registry runs. */
static void apply_applicable(struct core *core, struct monotime now)
{
    for (size_t at = 0; at < core->world.registry_count; at++) {
        const struct world_registry *registry = &core->world.registries[at];
        const bool runs = registry->status.state == REGISTRY_STARTING ||
                          registry->status.state == REGISTRY_RUNNING;

        if (registry->settings.ready[0] == '\0')
            continue;
        probe_set_applicable(core->world.probes, registry->settings.ready, runs, now);
        probe_set_patience(core->world.probes, registry->settings.ready,
                           monotime_add((struct monotime){registry->status.started_ns},
                                        registry->settings.start_timeout_ns));
        if (runs && core->registries[at].ready_pid != registry->status.pid)
            (void)loop_timer_set(core->loop, &core->hurry, now);
    }
}

/* Who gives it to another one that is ready gives up the addresses first, and then says so. */
static struct vrrp_goal router_goal(const struct core *core, size_t at)
{
    const struct role_verdict *verdict = &core->routers[at].verdict;
    return (struct vrrp_goal){
        .params = core->world.routers[at].settings.params,
        .priority = verdict->priority,
        .candidate = verdict->candidate,
        .yield = verdict->yield,
        .successor = verdict->successor,
        .orphan_grace_ns = core->world.settings->policy.orphan_grace_ns,
    };
}

/* Returns whether there was something to say. */
static bool send_cluster(struct core *core, bool all, struct monotime now)
{
    struct vrrp_cluster_goal goal;

    if (!peers_goal(core, &goal, now) ||
        (!all && core->is_cluster_sent && memcmp(&goal, &core->cluster_sent, sizeof(goal)) == 0) ||
        channel_client_want(core->clients[WORLD_VRRP], &vrrp_message_cluster, &goal) < 0)
        return false;
    core->cluster_sent = goal;
    core->is_cluster_sent = true;
    return true;
}

/* memcmp() sees padding, and sending a goal once too often does no harm. */
static void send_routers(struct core *core, bool all, struct monotime now)
{
    struct channel_client *client = core->clients[WORLD_VRRP];
    size_t sent = 0;

    if (!channel_client_is_ready(client))
        return;
    sent += send_cluster(core, all, now);
    for (size_t at = 0; at < core->world.router_count; at++) {
        const struct vrrp_goal goal = router_goal(core, at);
        struct core_router *memory = &core->routers[at];

        if (!all && memory->is_sent && memcmp(&goal, &memory->sent, sizeof(goal)) == 0)
            continue;
        if (channel_client_want(client, &vrrp_message_goal, &goal) < 0)
            return; /* lost: everything is sent again */
        memory->sent = goal;
        memory->is_sent = true;
        sent++;
    }
    if (sent > 0 || all)
        (void)channel_client_end(client, !all);
}

/* The first set of a connection restarts nothing: what is to be restarted is said in the next. */
static void send_registries(struct core *core, bool all, struct monotime now)
{
    struct channel_client *client = core->clients[WORLD_LAUNCHER];
    bool is_postponed = false;
    size_t sent = 0;

    if (!channel_client_is_ready(client))
        return;
    for (size_t at = 0; at < core->world.registry_count; at++) {
        struct core_registry *memory = &core->registries[at];
        const struct world_registry *registry = &core->world.registries[at];
        struct registry_goal goal = {
            .params = registry->settings.params,
            .run = registry->wanted,
            .restart_serial = all ? memory->sent.restart_serial : memory->restart_serial,
            .readonly = registry->readonly,
            .no_purging = memory->no_purging,
        };

        is_postponed |= goal.restart_serial != memory->restart_serial;
        bundle_use_digest(core, at, goal.bundle);
        if (!all && memory->is_sent && memcmp(&goal, &memory->sent, sizeof(goal)) == 0)
            continue;
        if (channel_client_want(client, &registry_message_goal, &goal) < 0)
            return;
        const bool is_new =
            all || !memory->is_sent || strcmp(goal.bundle, memory->sent.bundle) != 0;
        if (is_new && bundle_use_send(core, at) < 0)
            return;
        memory->sent = goal;
        memory->is_sent = true;
        sent++;
    }
    const int hooks = hooks_send(core, all);
    if (hooks < 0 || (all && commands_send(core) < 0))
        return;
    if (sent > 0 || hooks > 0 || all)
        (void)channel_client_end(client, !all);
    if (is_postponed)
        (void)loop_timer_set(core->loop, &core->again, now);
}

/* Those who are steered have told what they found, or had the time to. */
static bool may_begin(const struct core *core, struct monotime now)
{
    const struct monotime patience =
        monotime_add(core->asked, core->world.settings->policy.startup_hold_ns);

    return (channel_client_is_ready(core->clients[WORLD_VRRP]) &&
            channel_client_is_ready(core->clients[WORLD_LAUNCHER])) ||
           monotime_reached(patience, now);
}

/* What was judged before a snapshot came must not be sent: it knows nothing of what runs there. */
static void send_goals(struct core *core, struct monotime now)
{
    if (!core->has_begun || core->world.waiting_for_address)
        return;
    send_routers(core, core->is_new[WORLD_VRRP], now);
    send_registries(core, core->is_new[WORLD_LAUNCHER], now);
    memset(core->is_new, 0, sizeof(core->is_new));
}

void steer_judge(struct core *core, struct monotime now)
{
    core->is_dirty = false;
    core->has_begun = core->has_begun || may_begin(core, now);
    for (size_t at = 0; at < core->world.router_count; at++)
        judge_router(core, at, now);
    apply_applicable(core, now);
    (void)loop_timer_set(core->loop, &core->again,
                         monotime_earlier(core->again.deadline, peers_compare(core, now)));
    send_goals(core, now);
}

void steer_send_all(struct core *core)
{
    core->is_new[WORLD_VRRP] = core->is_new[WORLD_LAUNCHER] = true;
    send_goals(core, monotime_now());
}
