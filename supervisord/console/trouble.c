/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/trouble.h"

#include <stdarg.h>
#include <string.h>

#include "supervisord/console/words.h"

/* A difference that heals within this is no trouble yet. */
#define SETTLE_NS       (2 * NS_PER_S)
#define EFFECT_NS       (60 * NS_PER_S) /* for connections to storage peers to be seen */
#define PROBE_UNKNOWN_S 30
#define PEERS_NS        (10 * NS_PER_S) /* after a start, for all to be heard */

struct teller {
    const struct world *world;
    struct monotime now;
    enum trouble_level level; /* the pass tells only these */
    void (*tell)(void *owner, const struct trouble *trouble);
    void *owner;
};

static struct trouble *look_at(struct trouble *trouble, const char *what)
{
    snprintf(trouble->look, sizeof(trouble->look), "%s", what);
    return trouble;
}

__attribute__((format(printf, 4, 5))) static void say(const struct teller *teller,
                                                      enum trouble_level level,
                                                      struct trouble *trouble, const char *format,
                                                      ...)
{
    va_list args;

    if (level != teller->level)
        return;
    trouble->level = level;
    va_start(args, format);
    vsnprintf(trouble->what, sizeof(trouble->what), format, args);
    va_end(args);
    words_clean(trouble->what);
    teller->tell(teller->owner, trouble);
}

static struct trouble about(const char *kind, const char *object)
{
    struct trouble trouble = {.kind = kind};

    snprintf(trouble.object, sizeof(trouble.object), "%s", object);
    return trouble;
}

/* "for 3 m 12 s", or "since reghad began to look". */
static const char *since(int64_t at_ns, struct monotime now, char text[WORDS_SPAN_BYTES + 8])
{
    char span[WORDS_SPAN_BYTES];

    if (at_ns <= 0)
        return "since reghad started";
    snprintf(text, WORDS_SPAN_BYTES + 8, "for %s",
             words_span(monotime_since((struct monotime){at_ns}, now), span));
    return text;
}

/* What people said, and may have forgotten. */
static void operator(const struct teller *teller)
{
    const struct operator_state *state = &teller->world->operator;
    struct trouble trouble = about("node", "");
    char ago[WORDS_SPAN_BYTES], when[WORDS_TIME_BYTES];

    if (state->mode != OPERATOR_READY)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, "reghactl ready"),
            "this node is %s since %s ago, said by uid %u: it takes no virtual address",
            state->mode == OPERATOR_DRAINED ? "drained" : "in maintenance",
            words_span(teller->world->wall_ns - state->mode_wall_ns, ago),
            (unsigned)state->mode_uid);
    if (operator_is_paused(state, teller->world->wall_ns))
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, "reghactl resume"),
            "paused since %s ago by uid %u: nothing changes by itself until %s",
            words_span(teller->world->wall_ns - state->paused_wall_ns, ago),
            (unsigned)state->paused_uid,
            state->paused_until_wall_ns == OPERATOR_FOR_EVER
                ? "it is resumed"
                : words_time(state->paused_until_wall_ns, when));
    if (teller->world->operator_unsaved)
        say(teller, TROUBLE_NOTE, look_at(&trouble, "the disk of " PROCESS_STATE_FOLDER),
            "what was said of this node is not on the disk");
}

static void node(const struct teller *teller)
{
    struct trouble trouble = about("node", "");
    const struct world *world = teller->world;
    char text[WORDS_TIME_BYTES];

    if (world->stopping)
        say(teller, TROUBLE_DOWN, look_at(&trouble, "journalctl -u reghad"), "reghad is stopping");
    if (world->waiting_for_address)
        say(teller, TROUBLE_DOWN, look_at(&trouble, "ip address; nodes in the configuration"),
            "this host has none of the addresses in nodes, so it does not know which node it is");
    if (world->reload.attempts > 0 && !world->reload.last_succeeded)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, "reghactl configcheck"),
            "the reload of %s was refused, the former configuration runs on",
            words_time(world->reload.last_wall_ns, text));
    operator(teller);
    if (world->router_count == 0 && world->registry_count == 0)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, "regha.conf(5)"),
            "the configuration has neither a virtual router nor a registry for this node");
    if (world->router_count > 0)
        say(teller, TROUBLE_NOTE, look_at(&trouble, "reghactl show routers on every node"),
            "plain VRRP without quorum: while the network is cut in two, both sides may hold an "
            "address");
}

static void processes(const struct teller *teller)
{
    static const struct {
        enum trouble_level level;
        const char *effect;
    } lost[WORLD_PROCESSES] = {
        [WORLD_VRRP] = {TROUBLE_DOWN, "nobody here can take or keep a virtual address"},
        [WORLD_NET] = {TROUBLE_DOWN, "addresses stay as they are, a Backup does not take over"},
        [WORLD_LAUNCHER] = {TROUBLE_DEGRADED,
                            "registries run on, but are neither started nor stopped"},
    };

    for (int kind = WORLD_VRRP; kind < WORLD_PROCESSES; kind++) {
        const struct world_process *process = &teller->world->processes[kind];
        const char *name = world_process_name((enum world_process_kind)kind);
        struct trouble trouble = about("process", name);
        char ago[WORDS_SPAN_BYTES + 8], look[64];

        snprintf(look, sizeof(look), "journalctl -u %s", name);
        if (!process->connected)
            say(teller, lost[kind].level, look_at(&trouble, look), "%s is away %s: %s", name,
                since(process->changed.ns, teller->now, ago), lost[kind].effect);
        else if (process->restarts > 0)
            say(teller, TROUBLE_NOTE, look_at(&trouble, look),
                "%s came back %llu times, last %s ago", name, (unsigned long long)process->restarts,
                words_span(monotime_since(process->changed, teller->now), ago));
    }
}

static void list_missing(const struct kernel_status *kernel, char *text, size_t size_bytes)
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < kernel->address_count && i < KERNEL_ADDRESSES; i++) {
        char address[ADDRESS_TEXT_BYTES];

        if (kernel->present[i] == kernel->hold || used >= size_bytes)
            continue;
        used += (size_t)snprintf(text + used, size_bytes - used, "%s%s", used ? ", " : "",
                                 address_format(&kernel->addresses[i], address));
    }
}

static void kernel(const struct teller *teller, const struct world_router *router)
{
    struct trouble trouble = about("router", router->settings.params.name);
    const struct kernel_status *status = &router->kernel;
    char addresses[256], look[64];

    if (!router->kernel_known || status->settled ||
        monotime_since((struct monotime){status->changed_ns}, teller->now) < SETTLE_NS)
        return;
    list_missing(status, addresses, sizeof(addresses));
    snprintf(look, sizeof(look), "ip address show dev %s; journalctl -u regha-net",
             status->interface);
    if (status->hold)
        say(teller, TROUBLE_DOWN, look_at(&trouble, look),
            "virtual router %s is to hold %s on %s, but cannot: %s", status->name, addresses,
            status->interface, status->error ? strerror(status->error) : "not there yet");
    else
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, look),
            "virtual router %s is not to hold %s on %s, but the address is still there: %s",
            status->name, addresses, status->interface,
            status->error ? strerror(status->error) : "somebody else may have put it there");
}

/* Given when a new goal, an interface or the ruleset has changed a moment ago. */
static void guard(const struct teller *teller, const struct world_router *router)
{
    struct trouble trouble = about("router", router->settings.params.name);
    const struct kernel_status *status = &router->kernel;

    if (!router->kernel_known || !status->hold || status->guarded ||
        router->settings.params.guard_ns == 0 ||
        monotime_since((struct monotime){status->changed_ns}, teller->now) < SETTLE_NS)
        return;
    say(teller, TROUBLE_DEGRADED,
        look_at(&trouble, "reghactl show guard; journalctl -u regha-net -u regha-vrrp"),
        "virtual router %s holds its addresses on %s unguarded: if its processes stand still, two "
        "nodes answer for them",
        status->name, status->interface);
}

static void discards(const struct teller *teller, const struct world_router *router)
{
    struct trouble trouble = about("router", router->settings.params.name);
    const uint64_t *discarded = router->counters.discarded;

    if (discarded[VRRP_DROP_FOREIGN_SOURCE] > 0)
        say(teller, TROUBLE_NOTE,
            look_at(&trouble, "reghactl show errors; another keepalived or router"),
            "%llu adverts for VRID %u came from no node and were ignored",
            (unsigned long long)discarded[VRRP_DROP_FOREIGN_SOURCE], router->status.vrid);
    if (discarded[VRRP_DROP_OWN_SOURCE] > 0)
        say(teller, TROUBLE_NOTE, look_at(&trouble, "ip neighbour; switch loops"),
            "%llu adverts for VRID %u came from our own address: it is used twice, or they loop",
            (unsigned long long)discarded[VRRP_DROP_OWN_SOURCE], router->status.vrid);
    if (discarded[VRRP_DROP_CHECKSUM] + discarded[VRRP_DROP_VERSION_MISMATCH] > 0)
        say(teller, TROUBLE_NOTE,
            look_at(&trouble, "reghactl show errors; version, checksum of the peers"),
            "%llu adverts for VRID %u had a wrong checksum or another version",
            (unsigned long long)(discarded[VRRP_DROP_CHECKSUM] +
                                 discarded[VRRP_DROP_VERSION_MISMATCH]),
            router->status.vrid);
}

static void router(const struct teller *teller, const struct world_router *router)
{
    const struct vrrp_status *status = &router->status;
    struct trouble trouble = about("router", router->settings.params.name);
    const char *name = router->settings.params.name;
    char ago[WORDS_SPAN_BYTES + 8], look[64];

    snprintf(look, sizeof(look), "ip link show %s; journalctl -u regha-vrrp", status->interface);
    if (!router->known) {
        if (teller->world->processes[WORLD_VRRP].connected &&
            monotime_since(teller->world->started, teller->now) > SETTLE_NS)
            say(teller, TROUBLE_DEGRADED, look_at(&trouble, "journalctl -u regha-vrrp"),
                "regha-vrrp has not reported virtual router %s", name);
        return;
    }
    if (status->state == VRRP_INITIALIZE)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, look),
            "virtual router %s takes no part in the election on %s %s", name, status->interface,
            since(status->since_ns, teller->now, ago));
    else if (status->state == VRRP_BACKUP && status->active.family == 0 &&
             monotime_since((struct monotime){status->since_ns}, teller->now) > SETTLE_NS)
        say(teller, TROUBLE_DOWN, look_at(&trouble, "reghactl show routers on every node"),
            "virtual router %s is Backup here, and no Active is heard", name);
    if (!router->eligible)
        say(teller, status->state == VRRP_ACTIVE ? TROUBLE_DOWN : TROUBLE_DEGRADED,
            look_at(&trouble, "reghactl show probes"),
            status->state == VRRP_ACTIVE
                ? "virtual router %s ought to be Active elsewhere, but nobody takes over: %s"
                : "virtual router %s may not become Active here: %s",
            name, router->why);
    if (status->orphaned)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, "journalctl -u reghad"),
            "regha-vrrp had no reghad for too long and advertises virtual router %s with "
            "priority %u",
            name, status->priority);
    kernel(teller, router);
    guard(teller, router);
    discards(teller, router);
}

static void probe(const struct teller *teller, const struct probe_state *probe)
{
    struct trouble trouble = about("probe", probe->params.name);
    char ago[WORDS_SPAN_BYTES + 8], look[64];

    snprintf(look, sizeof(look), "reghactl show probes %s", probe->params.name);
    if (probe->health == PROBE_DOWN)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, look), "probe %s (%s, %s) is down %s: %s",
            probe->params.name, probe_type_name((enum probe_type)probe->params.type),
            probe_scope_name((enum probe_scope)probe->params.scope),
            since(probe->changed.ns, teller->now, ago), probe->text);
    else if (probe->health == PROBE_UNKNOWN && probe->attempts > 0 &&
             monotime_since(teller->world->started, teller->now) > PROBE_UNKNOWN_S * NS_PER_S)
        say(teller, TROUBLE_NOTE, look_at(&trouble, look), "probe %s says nothing either way: %s",
            probe->params.name, probe->text);
    if (probe->shallow && probe->health != PROBE_NOT_APPLICABLE)
        say(teller, TROUBLE_NOTE, look_at(&trouble, look),
            "probe %s is shallow: the registry asks for credentials, so nothing is read from "
            "storage (%s)",
            probe->params.name, probe->text);
}

/* A fresh process is not known to live yet, but a probe may have found it serving already. */
static bool serves(const struct world *world, const struct world_registry *registry)
{
    const struct probe_state *probe = NULL;

    if (registry->status.state == REGISTRY_RUNNING)
        return true;
    if (world->probes && registry->settings.ready[0])
        probe = probe_set_find(world->probes, registry->settings.ready);
    return registry->status.state == REGISTRY_STARTING && probe &&
           probe->success_started.ns > registry->status.started_ns;
}

/* One that was asked for just now is given its time; one that dies again and again is not. */
static bool is_coming(const struct world_registry *registry, struct monotime now)
{
    const struct registry_status *status = &registry->status;
    const int64_t since_ns = monotime_since((struct monotime){status->started_ns}, now);

    return status->state == REGISTRY_STARTING && since_ns < registry->settings.start_timeout_ns;
}

static void wanted_registry(const struct teller *teller, const struct world_registry *registry,
                            struct trouble *trouble)
{
    const struct registry_status *status = &registry->status;
    const char *name = registry->settings.params.name;

    if (serves(teller->world, registry))
        return;
    if (is_coming(registry, teller->now))
        say(teller, TROUBLE_DEGRADED, trouble,
            "registry %s has been started and does not serve yet", name);
    else
        say(teller, TROUBLE_DOWN, trouble, "registry %s is to run here and is %s: %s", name,
            registry_message_state_name((enum registry_state)status->state),
            status->detail[0] ? status->detail : "it has not been started");
}

static void registry(const struct teller *teller, const struct world_registry *registry)
{
    const struct registry_status *status = &registry->status;
    const char *name = registry->settings.params.name;
    struct trouble trouble = about("registry", name);
    char look[96];

    snprintf(look, sizeof(look), "reghactl show registries; journalctl -t %s", name);
    const struct operator_registry *word = operator_registry(&teller->world->operator, name);
    if (word)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, "reghactl registry NAME start|readwrite"),
            "registry %s: uid %u said %s%s", name, (unsigned)word->uid,
            word->run == OPERATOR_RUN_STOP ? "stop" : "",
            word->write == OPERATOR_WRITE_READONLY    ? " readonly"
            : word->write == OPERATOR_WRITE_READWRITE ? " readwrite"
                                                      : "");
    if (registry->known && registry->status.readonly)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, "reghactl show history"),
            "registry %s is read-only: pushes are refused", name);
    if (registry->known && registry->wanted)
        wanted_registry(teller, registry, look_at(&trouble, look));
    else if (registry->known && status->state == REGISTRY_FAILED)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, look), "registry %s failed: %s", name,
            status->detail);
    if (registry->known && status->captured_error[0])
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, look),
            "what registry %s would start with cannot be read: %s", name, status->captured_error);
    if (registry->facts_error[0])
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, registry->settings.params.config),
            "the configuration of registry %s cannot be understood: %s", name,
            registry->facts_error);
    if (registry->drifted)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, "reghactl show registries on every node"),
            "registry %s is not configured identically: %s", name, registry->drift);
}

static void peer(const struct teller *teller, const struct world_node *node)
{
    struct trouble trouble = about("node", node->settings.name);
    char address[ADDRESS_TEXT_BYTES], ago[WORDS_SPAN_BYTES + 8];

    if (node->self || node->reachable)
        return;
    say(teller, TROUBLE_DEGRADED, look_at(&trouble, "the network, and reghad on that node"),
        "node %s (%s) is silent %s", node->settings.name,
        address_format_host(&node->settings.address, address),
        since(node->seen.ns, teller->now, ago));
}

static void peers(const struct teller *teller)
{
    const struct world *world = teller->world;
    struct trouble trouble = about("node", "");
    size_t others = 0, heard = 0;

    for (size_t i = 0; i < world->node_count; i++) {
        others += !world->nodes[i].self;
        heard += !world->nodes[i].self && world->nodes[i].seen.ns != 0;
    }
    if (others == 0 || monotime_since(world->started, teller->now) < PEERS_NS)
        return;
    if (heard == 0)
        say(teller, TROUBLE_NOTE,
            look_at(&trouble, "journalctl -u reghad -u regha-vrrp; the cluster key; UDP between "
                              "the nodes"),
            "no other node has been heard: plain VRRP goes on, but nobody compares configurations");
    for (size_t i = 0; heard > 0 && i < world->node_count; i++)
        peer(teller, &world->nodes[i]);
}

/* A storage peer that does not answer; that no cut changes anything here is told a while after a start. */
static void breaker(const struct teller *teller, const struct breaker_view_peer *peer)
{
    const struct breaker_view *view = &teller->world->breakers;
    struct trouble trouble = about("breaker", peer->label);
    const bool is_young = monotime_since(teller->world->started, teller->now) < EFFECT_NS;
    char text[WORDS_SPAN_BYTES + 8];

    if (peer->verdict.state == BREAKER_OPEN)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, "its host, and MinIO there"),
            "storage peer %s (%s) does not answer and is cut off %s", peer->label, peer->node,
            since(peer->since.ns, teller->now, text));
    else if (peer->asked.ns != 0 && peer->verdict.is_doubted &&
             monotime_since(peer->asked, teller->now) >= SETTLE_NS)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, "its host, and MinIO there"),
            "storage peer %s (%s) does not answer %s and is not cut off: %s", peer->label,
            peer->node, since(peer->asked.ns, teller->now, text),
            breaker_reason_name(peer->verdict.reason));
    if (view->is_known && view->is_supported && !is_young && peer->answered.ns != 0 &&
        !breaker_view_has_effect(view, peer))
        say(teller, TROUBLE_NOTE, look_at(&trouble, "reghactl show breakers"),
            "no connection from here to storage peer %s is seen: cutting it off would have no "
            "effect here",
            peer->label);
}

static void breakers(const struct teller *teller)
{
    const struct breaker_view *view = &teller->world->breakers;
    struct trouble trouble = about("breaker", "");

    if (view->peer_count > 0 && view->is_known && !view->is_supported)
        say(teller, TROUBLE_DEGRADED, look_at(&trouble, "journalctl -u regha-net"),
            "silent storage peers cannot be cut off on this kernel: a dead host stalls reads");
    for (size_t at = 0; at < view->peer_count; at++)
        breaker(teller, &view->peers[at]);
}

static void one_pass(const struct teller *teller)
{
    const struct world *world = teller->world;

    node(teller);
    processes(teller);
    for (size_t i = 0; i < world->router_count; i++)
        router(teller, &world->routers[i]);
    for (size_t i = 0; i < world->registry_count; i++)
        registry(teller, &world->registries[i]);
    for (size_t i = 0; world->probes && i < probe_set_count(world->probes); i++)
        probe(teller, probe_set_state(world->probes, i));
    peers(teller);
    breakers(teller);
}

void trouble_list(const struct world *world, struct monotime now,
                  void (*tell)(void *owner, const struct trouble *trouble), void *owner)
{
    struct teller teller = {world, now, TROUBLE_DOWN, tell, owner};

    one_pass(&teller);
    teller.level = TROUBLE_DEGRADED;
    one_pass(&teller);
    teller.level = TROUBLE_NOTE;
    one_pass(&teller);
}

const char *trouble_level_name(enum trouble_level level)
{
    static const char *const names[] = {"note", "degraded", "down"};

    return names[level];
}

struct writer {
    FILE *out;
    enum trouble_level worst;
};

static void write_line(void *owner, const struct trouble *trouble)
{
    struct writer *writer = owner;

    if (trouble->level > writer->worst)
        writer->worst = trouble->level;
    if (!writer->out)
        return;
    fprintf(writer->out, "%s: %s", trouble_level_name(trouble->level), trouble->what);
    if (trouble->look[0])
        fprintf(writer->out, "; look at: %s", trouble->look);
    fputc('\n', writer->out);
}

int trouble_write(const struct world *world, struct monotime now, FILE *out)
{
    struct writer writer = {out, TROUBLE_NOTE};

    trouble_list(world, now, write_line, &writer);
    return (int)writer.worst;
}
