/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/supervisord/world_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define AGO(seconds)      ((struct monotime){1000 * NS_PER_S - (int64_t)((seconds)*1e9)})
#define WALL_NS           (INT64_C(1795360800) * NS_PER_S) /* 2026-11-22 15:20:00 UTC */
#define NAME(field, text) snprintf(field, sizeof(field), "%s", text)
#define DIGEST            "3f2a9c0de1b24f6788990a1b2c3d4e5f60718293a4b5c6d7e8f9010203040506"

size_t probe_set_count(const struct probe_set *set)
{
    return set->count;
}

const struct probe_state *probe_set_state(const struct probe_set *set, size_t at)
{
    return &set->states[at];
}

const struct probe_state *probe_set_find(const struct probe_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->states[i].params.name, name) == 0)
            return &set->states[i];
    }
    return NULL;
}

const struct histogram *probe_set_lateness(const struct probe_set *set)
{
    return &set->lateness;
}

void settings_dump(const struct settings *settings, FILE *out)
{
    fprintf(out, "cluster = { name = \"%s\"; };  # regha.conf:1\n", settings->cluster.name);
}

static struct address address(const char *text)
{
    struct address parsed = {0};

    assert_int_equal(address_parse(text, &parsed), 0);
    return parsed;
}

static void init_settings(struct world_fixture *fixture)
{
    struct settings *settings = &fixture->settings;

    NAME(settings->cluster.name, "registry-prod");
    settings->self = 1;
    settings->node_count = 4;
    settings->nodes = fixture->nodes;
    settings->metrics.port = 9651;
    for (int i = 0; i < 4; i++) {
        struct settings_node *node = &fixture->nodes[i];
        char text[ADDRESS_TEXT_BYTES];

        snprintf(node->name, sizeof(node->name), "n%d", i + 1);
        snprintf(text, sizeof(text), "10.0.0.1%d", i + 1);
        node->address = address(text);
        node->priority = 150 - 10 * i;
    }
}

static void init_process(struct world_fixture *fixture, enum world_process_kind kind, int64_t pid)
{
    struct world_process *process = &fixture->world.processes[kind];

    process->connected = true;
    process->changed = AGO(900);
    process->state.pid = pid;
    process->state.started_ns = AGO(900.5).ns;
    process->state.cpu_ns = 1250 * (uint64_t)NS_PER_MS;
    process->state.resident_bytes = 5 * 1024 * 1024;
    process->state.lag_counts[0] = 90;
    process->state.lag_counts[4] = 10;
    process->state.lag_count = 100;
    process->state.lag_sum_ns = 12 * NS_PER_MS;
    NAME(process->state.version, REGHA_VERSION);
}

static void init_router(struct world_router *router, const char *name, uint8_t vrid,
                        const char *vip, enum vrrp_state state)
{
    struct vrrp_status *status = &router->status;

    NAME(router->settings.params.name, name);
    NAME(router->settings.params.interface, "eth0");
    router->settings.params.vrid = vrid;
    router->settings.params.family = AF_INET;
    router->settings.params.priority = 140;
    router->settings.params.address_count = 1;
    router->settings.params.addresses[0] = address(vip);
    router->known = router->kernel_known = router->eligible = true;
    NAME(status->name, name);
    NAME(status->interface, "eth0");
    status->vrid = vrid;
    status->family = AF_INET;
    status->state = (uint8_t)state;
    status->priority = 140;
    status->candidate = status->kernel_ready = true;
    status->since_ns = AGO(192).ns;
    status->active = address(state == VRRP_ACTIVE ? "10.0.0.12" : "10.0.0.11");
    status->active_priority = state == VRRP_ACTIVE ? 140 : 150;
    status->advert_interval_ns = 100 * NS_PER_MS;
    status->down_interval_ns = 345 * NS_PER_MS;
    router->counters.adverts_sent = state == VRRP_ACTIVE ? 1920 : 0;
    router->counters.adverts_received = 7011;
    router->transitions[VRRP_INITIALIZE][VRRP_BACKUP][VRRP_REASON_STARTUP] = 1;
    NAME(router->kernel.name, name);
    NAME(router->kernel.interface, "eth0");
    router->kernel.vrid = vrid;
    router->kernel.family = AF_INET;
    router->kernel.hold = router->kernel.present[0] = state == VRRP_ACTIVE;
    router->kernel.address_count = 1;
    router->kernel.addresses[0] = address(vip);
    router->kernel.settled = router->kernel.guarded = true;
    router->settings.params.guard_ns = 300 * NS_PER_MS;
    router->settings.params.advert_interval_ns = 100 * NS_PER_MS;
    router->kernel.changed_ns = AGO(192).ns;
}

static void init_routers(struct world_fixture *fixture)
{
    struct world_router *active = &fixture->routers[0];

    init_router(active, "registry", 51, "10.0.0.100", VRRP_ACTIVE);
    active->transitions[VRRP_BACKUP][VRRP_ACTIVE][VRRP_REASON_TIMEOUT] = 1;
    active->counters.adverts_late = 2;
    active->counters.discarded[VRRP_DROP_FOREIGN_SOURCE] = 3;
    active->settings.require_count = 1;
    NAME(active->settings.requires[0], "registry-read");
    active->kernel.announcements = 8;
    active->kernel.restored = 1;
    histogram_add(&active->failovers, 372 * NS_PER_MS);
    init_router(&fixture->routers[1], "storage", 52, "10.0.0.101", VRRP_BACKUP);
    fixture->world.router_count = 2;
    fixture->world.routers = fixture->routers;
}

static struct probe_state *init_probe(struct world_fixture *fixture, const char *name,
                                      enum probe_type type, enum probe_scope scope, const char *url)
{
    struct probe_state *probe = &fixture->probes.states[fixture->probes.count++];

    NAME(probe->params.name, name);
    NAME(probe->params.url, url);
    probe->params.type = (uint8_t)type;
    probe->params.scope = (uint8_t)scope;
    probe->params.interval_ns = NS_PER_S;
    probe->params.timeout_ns = 500 * NS_PER_MS;
    probe->params.rise = 2;
    probe->params.fall = 3;
    probe->health = PROBE_UP;
    probe->outcome = PROBE_OUTCOME_SUCCESS;
    probe->applicable = true;
    probe->streak = 899;
    probe->changed = AGO(899);
    probe->started = AGO(0.4);
    probe->ended = AGO(0.398);
    probe->success_started = AGO(0.4);
    probe->duration_ns = 2 * NS_PER_MS;
    probe->attempts = 900;
    NAME(probe->text, "200 in 2 ms");
    histogram_add(&probe->durations, 2 * NS_PER_MS);
    memset(probe->history, PROBE_OUTCOME_SUCCESS, sizeof(probe->history));
    probe->history_count = PROBE_HISTORY;
    return probe;
}

static void init_probes(struct world_fixture *fixture)
{
    const char *minio = "http://127.0.0.1:9000";
    struct probe_state *probe;

    init_probe(fixture, "minio-here", PROBE_TYPE_MINIO, PROBE_SCOPE_LOCAL, minio);
    probe = init_probe(fixture, "minio-write", PROBE_TYPE_MINIO, PROBE_SCOPE_SHARED, minio);
    probe->params.check = PROBE_CHECK_CLUSTER;
    probe->health = PROBE_DOWN;
    probe->outcome = PROBE_OUTCOME_FAILURE;
    probe->reason = PROBE_REASON_STATUS;
    probe->failures[PROBE_REASON_STATUS] = 4;
    probe->failures[PROBE_REASON_TIMEOUT] = 1;
    probe->failure_started = AGO(75);
    probe->changed = AGO(60);
    probe->write_quorum = 9;
    probe->writable = PROBE_ABILITY_NO;
    memset(probe->history + 20, PROBE_OUTCOME_FAILURE, 4);
    probe->history[24] = PROBE_OUTCOME_UNKNOWN;
    probe->history_at = 25;
    NAME(probe->text, "503 in 2 ms");
    probe = init_probe(fixture, "minio-read", PROBE_TYPE_MINIO, PROBE_SCOPE_SHARED, minio);
    probe->params.check = PROBE_CHECK_CLUSTER_READ;
    probe->read_quorum = 8;
    probe = init_probe(fixture, "registry-read", PROBE_TYPE_REGISTRY, PROBE_SCOPE_LOCAL,
                       "http://127.0.0.1:5000");
    NAME(probe->params.read, "library/any:latest");
    NAME(probe->params.depends, "minio-read");
    NAME(probe->text, "404 MANIFEST_UNKNOWN in 2 ms");
    histogram_add(&fixture->probes.lateness, 90 * NS_PER_US);
    fixture->world.probes = &fixture->probes;
}

static void init_registry(struct world_fixture *fixture)
{
    struct world_registry *registry = &fixture->registries[0];

    NAME(registry->settings.params.name, "registry");
    NAME(registry->settings.params.config, "/etc/docker/registry/config.yml");
    NAME(registry->settings.params.listen, ":5000");
    NAME(registry->settings.follows, "registry");
    NAME(registry->settings.ready, "registry-read");
    NAME(registry->settings.user, "docker-registry");
    registry->settings.start_timeout_ns = 10 * NS_PER_S;
    registry->settings.params.drain_ns = 30 * NS_PER_S;
    registry->known = registry->wanted = registry->facts_known = true;
    NAME(registry->why, "registry is Active here");
    NAME(registry->status.name, "registry");
    registry->status.state = REGISTRY_RUNNING;
    registry->status.backend = REGISTRY_BACKEND_EXEC;
    registry->status.run = true;
    registry->status.pid = 4242;
    registry->status.started_ns = AGO(191.9).ns;
    registry->status.starts = 2;
    registry->status.exits[REGISTRY_CAUSE_SIGNALLED] = 1;
    registry->status.cause = REGISTRY_CAUSE_SIGNALLED;
    registry->status.code = 9;
    NAME(registry->status.detail, "ended by signal 9 (Killed)");
    NAME(registry->status.digest, DIGEST);
    NAME(registry->status.captured_digest, DIGEST);
    histogram_add(&registry->ready, 44 * NS_PER_MS);
    fixture->world.registry_count = 1;
    fixture->world.registries = fixture->registries;
}

static void init_peers(struct world_fixture *fixture)
{
    for (int i = 0; i < 4; i++) {
        struct world_node *node = &fixture->peers[i];

        node->settings = fixture->nodes[i];
        node->self = i == 1;
        node->reachable = i != 2;
        node->seen = i == 2 ? AGO(75) : AGO(0.1);
        NAME(node->version, REGHA_VERSION);
        node->role = i == 1 ? VRRP_ACTIVE : VRRP_BACKUP;
        node->registry_state = i == 1 ? REGISTRY_RUNNING : REGISTRY_STOPPED;
        NAME(node->digest, DIGEST);
    }
    fixture->world.node_count = 4;
    fixture->world.nodes = fixture->peers;
}

static void init_breakers(struct world_fixture *fixture)
{
    static const char *const labels[] = {"10.0.0.11:9000", "10.0.0.13:9000", "10.0.0.14:9000"};
    static const char *const nodes[] = {"n1", "n3", "n4"};
    struct breaker_view *view = &fixture->world.breakers;

    view->is_known = view->is_supported = true;
    view->limit = 1;
    view->peer_count = 3;
    for (size_t at = 0; at < view->peer_count; at++) {
        struct breaker_view_peer *peer = &view->peers[at];

        NAME(peer->label, labels[at]);
        NAME(peer->node, nodes[at]);
        peer->host = BREAKER_HOST_HEARD;
        peer->answered = AGO(0.4);
        peer->is_seen = true;
        peer->seen.sockets = at < 2 ? 6 : 0;
        peer->has_connected = at < 2;
    }
    view->open_count = 1;
    view->peers[1].verdict = (struct breaker_peer_verdict){
        .state = BREAKER_OPEN, .reason = BREAKER_REASON_HOST, .is_doubted = true};
    view->peers[1].host = BREAKER_HOST_SILENT;
    view->peers[1].since = AGO(74);
    view->peers[1].asked = AGO(74);
    view->peers[1].answered = AGO(75);
    view->peers[1].opened[BREAKER_REASON_HOST] = 1;
    view->peers[1].seen.sockets = 0;
    view->peers[1].seen.destroyed = 6;
}

struct world_event *world_fixture_event(struct world_fixture *fixture, enum world_event_kind kind,
                                        const char *object, const char *text)
{
    struct world *world = &fixture->world;
    struct world_event *event = &world->events[world->event_count++ % WORLD_EVENTS];

    *event = (struct world_event){
        .number = world->event_count,
        .wall_ns = WALL_NS + (int64_t)world->event_count * 250 * NS_PER_MS,
        .at = AGO(192 - (double)world->event_count * 0.25),
        .kind = kind,
    };
    NAME(event->object, object);
    NAME(event->text, text);
    return event;
}

static void init_events(struct world_fixture *fixture)
{
    struct world_event *event;

    fixture->world.events = fixture->events;
    event = world_fixture_event(fixture, WORLD_EVENT_ROUTER, "registry", "startup");
    NAME(event->from, "initialize");
    NAME(event->to, "backup");
    event = world_fixture_event(fixture, WORLD_EVENT_PROBE, "minio-write", "503 in 2 ms");
    NAME(event->from, "up");
    NAME(event->to, "down");
    event = world_fixture_event(fixture, WORLD_EVENT_ROUTER, "registry",
                                "timeout: n1 was last heard 345 ms ago");
    NAME(event->from, "backup");
    NAME(event->to, "active");
    event = world_fixture_event(fixture, WORLD_EVENT_REGISTRY, "registry", "follows registry");
    NAME(event->from, "stopped");
    NAME(event->to, "running");
    (void)world_fixture_event(fixture, WORLD_EVENT_DECISION, "registry",
                              "run: router active, every required probe up");
}

void world_fixture_init(struct world_fixture *fixture)
{
    struct world *world = &fixture->world;

    setenv("TZ", "UTC", 1);
    *fixture = (struct world_fixture){.now = {1000 * NS_PER_S}};
    world->settings = &fixture->settings;
    world->settings_path = "/etc/regha/regha.conf";
    world->started = AGO(900);
    world->started_wall_ns = WALL_NS;
    init_settings(fixture);
    init_process(fixture, WORLD_REGHAD, 101);
    init_process(fixture, WORLD_VRRP, 102);
    init_process(fixture, WORLD_NET, 103);
    init_process(fixture, WORLD_LAUNCHER, 104);
    world->processes[WORLD_LAUNCHER].restarts = 2;
    world->processes[WORLD_NET].state.stalls = 1;
    world->processes[WORLD_NET].state.worst_ns = 63 * NS_PER_MS;
    NAME(world->processes[WORLD_NET].state.worst_name, "netlink");
    init_routers(fixture);
    init_probes(fixture);
    init_registry(fixture);
    init_peers(fixture);
    init_breakers(fixture);
    init_events(fixture);
    fixture->requests.rejected[REQUEST_FRAME_SEAL] = 4;
    fixture->requests.asked[REQUESTS_VERB][REQUESTS_DONE] = 3;
    fixture->requests.served[REQUESTS_VERB][REQUESTS_REPEATED] = 1;
    world->requests = &fixture->requests;
    world->stray_count = 1;
    NAME(world->strays[0].interface, "eth0");
    world->strays[0].discarded[VRRP_DROP_VRID] = 17;
    world->reload.attempts = 1;
    world->reload.last_succeeded = true;
    world->reload.last_wall_ns = WALL_NS + 60 * NS_PER_S;
    world->commands[0] = 12;
    world->commands[1] = 1;
    world->command_results[0][WORLD_DONE] = 12;
    world->command_results[WORLD_COMMANDS_MAX - 1][WORLD_USAGE] = 1;
}

void world_fixture_init_well(struct world_fixture *fixture)
{
    world_fixture_init(fixture);
    fixture->peers[2].reachable = true;
    fixture->world.breakers.peers[1].verdict = (struct breaker_peer_verdict){.reason = 0};
    fixture->world.breakers.peers[1].asked.ns = 0;
    fixture->world.breakers.peers[2].has_connected = true;
    fixture->probes.states[1].health = PROBE_UP;
    fixture->routers[0].counters.discarded[VRRP_DROP_FOREIGN_SOURCE] = 0;
    fixture->world.processes[WORLD_LAUNCHER].restarts = 0;
}

void world_fixture_init_down(struct world_fixture *fixture)
{
    struct world *world = &fixture->world;

    world_fixture_init(fixture);
    world->reload.failures = 1;
    world->reload.last_succeeded = false;
    world->stopping = world->waiting_for_address = true;
    for (int kind = WORLD_VRRP; kind < WORLD_PROCESSES; kind++)
        world->processes[kind].connected = false;
    world->processes[WORLD_NET].changed = (struct monotime){0};
    fixture->routers[0].kernel.settled = fixture->routers[0].kernel.present[0] = false;
    fixture->routers[0].kernel.error = 1; /* EPERM */
    fixture->routers[0].kernel.guarded = false;
    fixture->routers[0].eligible = false;
    NAME(fixture->routers[0].why, "probe registry-read is down");
    fixture->routers[0].status.orphaned = true;
    fixture->routers[0].status.priority = 1;
    fixture->routers[0].counters.discarded[VRRP_DROP_OWN_SOURCE] = 5;
    fixture->routers[0].counters.discarded[VRRP_DROP_CHECKSUM] = 6;
    fixture->routers[1].status.active.family = 0;
    fixture->routers[1].kernel.settled = false;
    fixture->routers[1].kernel.present[0] = true;
    fixture->registries[0].status.state = REGISTRY_BACKOFF;
    NAME(fixture->registries[0].status.captured_error, "permission denied");
    NAME(fixture->registries[0].facts_error, "line 3: no mapping");
    fixture->registries[0].drifted = true;
    NAME(fixture->registries[0].drift, "n1 runs 9c1b, this node 3f2a");
    fixture->probes.states[2].health = PROBE_UNKNOWN;
    NAME(fixture->probes.states[2].text, "no answer\033[2J in 12 s");
    fixture->probes.states[3].shallow = true;
}

/* Every `from` in `text` becomes `to`; heap. */
static char *replace(const char *text, const char *from, const char *to)
{
    char *replaced = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&replaced, &bytes);

    assert_non_null(out);
    for (const char *at; (at = strstr(text, from)) != NULL; text = at + strlen(from))
        fprintf(out, "%.*s%s", (int)(at - text), text, to);
    fputs(text, out);
    fclose(out);
    return replaced;
}

static char *read_file(const char *path)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *in = fopen(path, "re");

    if (in && getdelim(&text, &bytes, '\0', in) < 0 && text)
        text[0] = '\0';
    if (in)
        fclose(in);
    return text ? text : strdup("");
}

void golden_check(const char *name, const char *got)
{
    char path[256];
    char *shown = replace(got, REGHA_VERSION, "@VERSION@"), *want;
    FILE *out;

    snprintf(path, sizeof(path), GOLDEN_FOLDER "/%s", name);
    if (getenv("REGHA_GOLDEN_WRITE")) {
        out = fopen(path, "we");
        assert_non_null(out);
        fputs(shown, out);
        fclose(out);
    }
    want = read_file(path);
    if (strcmp(shown, want) != 0)
        print_error("tests/golden/%s differs, got:\n%s\n", name, shown);
    assert_string_equal(shown, want);
    free(shown);
    free(want);
}
