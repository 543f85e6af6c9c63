/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/peers.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "supervisord/journal.h"
#include "supervisord/policy/breakers.h"
#include "supervisord/policy/store_watch.h"
#include "supervisord/settings/host.h"

/* Of the subkeys of crypto_kdf; 1 is the registries' secret. */
#define FRAMES_SUBKEY  2
#define FRAMES_CONTEXT "frames.."
#define SHORT_DIGEST   12
#define RETELL_NS      NS_PER_S
#define SETTLE_NS      (3 * NS_PER_S) /* a node that starts knows its digest, and ours, a little later */

_Static_assert(PEERS_NEWS_DIGEST_BYTES == REGISTRY_DIGEST_BYTES, "a digest is a digest");
_Static_assert(PEERS_NEWS_NAME_BYTES == REGISTRY_NAME_BYTES, "a name is a name");

/* The cluster's keys themselves, as long as subkeys are made of them. */
struct cluster_keys {
    size_t count;
    uint8_t keys[REQUESTS_KEYS][HOST_KEY_BYTES];
};

static void add_key(struct core *core, const char *path, bool was_missed, struct cluster_keys *keys)
{
    const struct journal_entry entry = {WORLD_EVENT_RELOAD, LOG_LEVEL_WARNING, path, "", ""};

    if (host_read_key(path, keys->keys[keys->count]) == 0) {
        keys->count++;
        return;
    }
    if (!was_missed)
        journal_add(&core->world, monotime_now(), &entry,
                    "no cluster key is readable there: nodes do not hear of each other");
    core->is_key_missed = true;
}

static void derive_keys(struct core *core, const struct cluster_keys *keys)
{
    explicit_bzero(core->keys, sizeof(core->keys)); /* also of an old key that is out of use now */
    core->key_count = keys->count;
    for (size_t at = 0; at < keys->count; at++)
        (void)crypto_kdf_derive_from_key(core->keys[at].bytes, sizeof(core->keys[at].bytes),
                                         FRAMES_SUBKEY, FRAMES_CONTEXT, keys->keys[at]);
}

void peers_read_key(struct core *core)
{
    const struct settings_cluster *cluster = &core->world.settings->cluster;
    const bool was_missed = core->is_key_missed;
    struct cluster_keys keys = {0};

    core->is_key_missed = false;
    if (core->world.settings->node_count >= 2) {
        add_key(core, cluster->key_file, was_missed, &keys);
        if (cluster->old_key_file[0] != '\0')
            add_key(core, cluster->old_key_file, was_missed, &keys);
    }
    derive_keys(core, &keys);
    if (core->requests)
        requests_apply(core->requests, core->world.settings,
                       (const uint8_t(*)[HOST_KEY_BYTES])keys.keys, keys.count);
    sodium_memzero(&keys, sizeof(keys));
}

static int64_t age_ns(struct monotime at, struct monotime now)
{
    return at.ns == 0 ? PEERS_NEWS_NEVER : monotime_since(at, now);
}

static void collect_registries(const struct core *core, struct peers_news *news,
                               struct monotime now)
{
    const struct world *world = &core->world;

    for (size_t at = 0; at < world->registry_count && at < PEERS_NEWS_REGISTRIES; at++) {
        const struct registry_status *status = &world->registries[at].status;
        struct peers_news_registry *registry = &news->registries[news->registry_count++];

        memcpy(registry->name, world->registries[at].settings.params.name, sizeof(registry->name));
        memcpy(registry->digest, status->captured_digest, sizeof(registry->digest));
        registry->state = status->state;
        registry->failed_age_ns = age_ns(core->registries[at].failed, now);
        if (world->registries[at].settings.ready[0] != '\0'
                ? status->pid != 0 && core->registries[at].ready_pid == status->pid
                : status->state == REGISTRY_RUNNING)
            registry->flags |= PEERS_NEWS_READY;
        if (status->readonly)
            registry->flags |= PEERS_NEWS_READONLY;
    }
}

static void collect_probes(const struct probe_set *probes, struct peers_news *news,
                           struct monotime now)
{
    for (size_t at = 0; probes && at < probe_set_count(probes); at++) {
        const struct probe_state *state = probe_set_state(probes, at);

        if (state->params.scope != PROBE_SCOPE_SHARED || news->probe_count == PEERS_NEWS_PROBES)
            continue;
        news->probes[news->probe_count++] = (struct peers_news_probe){
            .name_hash = peers_news_hash(state->params.name),
            .health = (uint8_t)state->health,
            .success_age_ns = age_ns(state->success_started, now),
            .failure_age_ns = age_ns(state->failure_started, now),
        };
    }
}

static void name_successor(const struct world *world, int node, char name[PEERS_NEWS_NAME_BYTES])
{
    if (node >= 0 && (size_t)node < world->node_count)
        snprintf(name, PEERS_NEWS_NAME_BYTES, "%s", world->nodes[node].settings.name);
}

static void collect_routers(const struct world *world, struct peers_news *news)
{
    for (size_t at = 0; at < world->router_count && at < PEERS_NEWS_ROUTERS; at++) {
        const struct world_router *router = &world->routers[at];
        struct peers_news_router *told = &news->routers[news->router_count++];

        told->vrid = router->settings.params.vrid;
        told->family = router->settings.params.family;
        told->flags = router->eligible ? PEERS_NEWS_ELIGIBLE : 0;
        if (router->handover.phase == HANDOVER_PREPARES || router->handover.phase == HANDOVER_GIVES)
            name_successor(world, router->handover.successor, told->successor);
    }
}

/* Ours, as the others shall know it; without the serial. */
static void collect_news(const struct core *core, struct peers_news *news, struct monotime now)
{
    memset(news, 0, sizeof(*news)); /* it is compared as bytes */
    snprintf(news->version, sizeof(news->version), "%s", REGHA_VERSION);
    news->mode = (uint8_t)core->world.operator.mode;
    news->is_paused = operator_is_paused(&core->world.operator, core->world.wall_ns);
    collect_registries(core, news, now);
    collect_probes(core->world.probes, news, now);
    collect_routers(&core->world, news);
}

static void keep_news(struct world_node *node, const struct peers_news *news)
{
    node->news = *news;
    if (node->news.mode >= OPERATOR_MODES)
        node->news.mode = OPERATOR_MAINTENANCE; /* a word of a later version: rather not */
    memcpy(node->version, news->version, sizeof(node->version));
    memcpy(node->digest, news->registries[0].digest, sizeof(node->digest));
    node->registry_state =
        news->registries[0].state < REGISTRY_STATES ? news->registries[0].state : REGISTRY_STOPPED;
}

/*
 * What changed goes at once. Ages grow by themselves: whoever hears them dates them by the serial,
 * so they are told anew only each second, and when something begins or ends.
 */
static bool is_news(const struct peers_news *news, const struct peers_news *told,
                    struct monotime told_at, struct monotime now)
{
    struct peers_news a = *news, b = *told;

    if (told_at.ns == 0 || monotime_since(told_at, now) >= RETELL_NS)
        return true;
    for (size_t at = 0; at < PEERS_NEWS_REGISTRIES; at++)
        a.registries[at].failed_age_ns = b.registries[at].failed_age_ns = 0;
    for (size_t at = 0; at < PEERS_NEWS_PROBES; at++) {
        a.probes[at].success_age_ns = b.probes[at].success_age_ns = 0;
        a.probes[at].failure_age_ns = a.probes[at].failure_age_ns < 0 ? -1 : 0;
        b.probes[at].failure_age_ns = b.probes[at].failure_age_ns < 0 ? -1 : 0;
    }
    a.serial = b.serial;
    return memcmp(&a, &b, sizeof(a)) != 0;
}

static void refresh_news(struct core *core, struct monotime now)
{
    struct peers_news news;

    collect_news(core, &news, now);
    if (!is_news(&news, &core->news, core->news_at, now))
        return;
    news.serial = core->news.serial + 1;
    core->news = news;
    core->news_at = now;
}

bool peers_goal(struct core *core, struct vrrp_cluster_goal *ret_goal, struct monotime now)
{
    const struct settings *settings = core->world.settings;

    if (core->key_count == 0 || settings->self == SETTINGS_NO_NODE)
        return false;
    memset(ret_goal, 0, sizeof(*ret_goal)); /* it is compared as bytes */
    ret_goal->self = (uint8_t)settings->self;
    ret_goal->port = (uint16_t)settings->cluster.port;
    ret_goal->heartbeat_ns = settings->cluster.heartbeat_ns;
    ret_goal->key_count = (uint8_t)core->key_count;
    memcpy(ret_goal->keys, core->keys, sizeof(ret_goal->keys));
    for (size_t at = 0; at < settings->node_count && at < VRRP_CLUSTER_NODES; at++) {
        struct vrrp_cluster_node *node = &ret_goal->nodes[ret_goal->node_count++];
        snprintf(node->name, sizeof(node->name), "%s", settings->nodes[at].name);
        node->address = settings->nodes[at].address;
    }
    refresh_news(core, now);
    ret_goal->blob_bytes =
        (uint16_t)peers_news_encode(&core->news, ret_goal->blob, sizeof(ret_goal->blob));
    return true;
}

static struct world_node *find_node(struct world *world, const char *name)
{
    for (size_t at = 0; at < world->node_count; at++)
        if (strcmp(world->nodes[at].settings.name, name) == 0)
            return &world->nodes[at];
    return NULL;
}

/* The role of a node is that of its first virtual router. */
static uint8_t role_of(const struct core *core, const struct vrrp_peer_state *state)
{
    const struct vrrp_params *first =
        core->world.router_count > 0 ? &core->world.routers[0].settings.params : NULL;

    for (size_t at = 0; first && at < state->router_count; at++)
        if (state->routers[at].vrid == first->vrid && state->routers[at].family == first->family)
            return state->routers[at].state;
    return VRRP_INITIALIZE;
}

static void tell_reached(struct core *core, const struct world_node *node, bool leaving,
                         struct monotime now)
{
    const struct journal_entry entry = {
        WORLD_EVENT_NODE, node->reachable || leaving ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
        node->settings.name, "", node->reachable ? "reachable" : "silent"};

    journal_add(&core->world, now, &entry, "%s",
                node->reachable ? "its frames are heard"
                : leaving       ? "it said that it leaves"
                                : "three of its frames are missing");
}

/* What may change a judgement of ours; ages that only grew do not. */
static bool matters(const struct peers_news *a, const struct peers_news *b)
{
    return memcmp(a->registries, b->registries, sizeof(a->registries)) != 0 ||
           memcmp(a->routers, b->routers, sizeof(a->routers)) != 0 || a->mode != b->mode ||
           memcmp(a->probes, b->probes, sizeof(a->probes)) != 0;
}

void peers_take(struct core *core, const struct vrrp_peer_state *state, struct monotime now)
{
    struct world_node *node = find_node(&core->world, state->name);
    struct peers_news news;

    if (!node)
        return;
    memcpy(node->rejected, state->rejected, sizeof(node->rejected));
    if (node->self)
        return;
    breakers_hear(core, state, now);
    const bool changed = node->reachable != state->reachable;
    node->reachable = state->reachable;
    node->leaving = state->leaving;
    node->seen = (struct monotime){state->seen_ns};
    node->since = (struct monotime){state->since_ns};
    node->role = role_of(core, state);
    if (changed && (node->reachable || state->seen_ns != 0))
        tell_reached(core, node, state->leaving, now);
    core->is_dirty |= changed;
    /* It says nothing of a reghad that is not there. */
    if (!peers_news_decode(state->blob, state->blob_bytes, &news))
        return;
    if (node->news_at.ns == 0 || news.serial != node->news.serial)
        node->news_at = now;
    core->is_dirty |= matters(&news, &node->news);
    if (core->world.probes)
        store_watch_news(core, &node->news, &news, now);
    keep_news(node, &news);
}

static void fill_self(struct core *core, struct world_node *node, struct monotime now)
{
    const struct world *world = &core->world;
    struct peers_news news;

    collect_news(core, &news, now);
    keep_news(node, &news);
    node->news_at = now;
    node->reachable = true;
    node->seen = now;
    node->role = world->router_count > 0 ? world->routers[0].status.state : VRRP_INITIALIZE;
}

/* What differs, in words; "" if nothing does. */
static void find_drift(const struct world *world, size_t at, char *words, size_t size_bytes)
{
    const struct registry_status *status = &world->registries[at].status;

    words[0] = '\0';
    if (status->captured_digest[0] == '\0')
        return;
    if (world->registries[at].bundle.differs) {
        snprintf(words, size_bytes, "its files are %.*s, generation %llu is %.*s", SHORT_DIGEST,
                 status->captured_digest,
                 (unsigned long long)world->registries[at].bundle.generation, SHORT_DIGEST,
                 world->registries[at].bundle.digest);
        return;
    }
    if (status->pid != 0 && status->digest[0] != '\0' &&
        strcmp(status->digest, status->captured_digest) != 0) {
        snprintf(words, size_bytes, "its files changed since it was started");
        return;
    }
    for (size_t peer = 0; peer < world->node_count; peer++) {
        const struct world_node *node = &world->nodes[peer];
        const struct peers_news_registry *theirs =
            peers_news_registry(&node->news, world->registries[at].settings.params.name);

        if (node->self || !node->reachable || !theirs || theirs->digest[0] == '\0' ||
            strcmp(theirs->digest, status->captured_digest) == 0)
            continue;
        snprintf(words, size_bytes, "%s has %.*s, here is %.*s", node->settings.name, SHORT_DIGEST,
                 theirs->digest, SHORT_DIGEST, status->captured_digest);
        return;
    }
}

/* Returns when to look again. */
static struct monotime compare(struct world *world, size_t at, struct monotime now)
{
    struct world_registry *registry = &world->registries[at];
    const bool before = registry->drifted;
    const struct journal_entry entry = {WORLD_EVENT_REGISTRY, LOG_LEVEL_WARNING,
                                        registry->settings.params.name, "", "drifted"};
    char words[sizeof(registry->drift)];

    find_drift(world, at, words, sizeof(words));
    if (words[0] == '\0')
        registry->differs_since.ns = 0;
    else if (registry->differs_since.ns == 0)
        registry->differs_since = now;
    const struct monotime due = monotime_add(registry->differs_since, SETTLE_NS);
    registry->drifted = words[0] != '\0' && monotime_reached(due, now);
    memset(registry->drift, 0, sizeof(registry->drift));
    if (registry->drifted)
        memcpy(registry->drift, words, sizeof(words));
    if (registry->drifted && !before)
        journal_add(world, now, &entry, "%s", registry->drift);
    return words[0] != '\0' && !registry->drifted ? due : MONOTIME_NEVER;
}

struct monotime peers_compare(struct core *core, struct monotime now)
{
    struct world *world = &core->world;
    struct monotime again = MONOTIME_NEVER;

    for (size_t at = 0; at < world->node_count; at++)
        if (world->nodes[at].self)
            fill_self(core, &world->nodes[at], now);
    for (size_t at = 0; at < world->registry_count; at++)
        again = monotime_earlier(again, compare(world, at, now));
    return again;
}
