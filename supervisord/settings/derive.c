/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/derive.h"

#include <errno.h>
#include <string.h>

#include "supervisord/settings/derive_breaker.h"
#include "supervisord/settings/derive_probes.h"
#include "supervisord/settings/derive_registry.h"

#define PATH_BYTES     160
#define PRIORITY_FIRST 150
#define PRIORITY_STEP  10

#define LIVE_INTERVAL_NS    NS_PER_S
#define LIVE_TIMEOUT_NS     (500 * NS_PER_MS)
#define READ_TIMEOUT_NS     (2 * NS_PER_S)
#define CLUSTER_INTERVAL_NS (15 * NS_PER_S)
#define CLUSTER_TIMEOUT_NS  (12 * NS_PER_S)
#define HARBOR_INTERVAL_NS  (5 * NS_PER_S)
#define STORE_INTERVAL_NS   (10 * NS_PER_S)
#define STORE_TIMEOUT_NS    (5 * NS_PER_S)
#define STATUS_MIN          200
#define STATUS_MAX          399

void derive_note(struct derive *derive, const void *base, const char *name, const char *because)
{
    const struct origin *group = origin_find(derive->origins, base, ORIGIN_GROUP);
    const struct key *key = group ? key_find(group->key->members, name) : NULL;
    char path[PATH_BYTES];

    if (!key)
        return;
    snprintf(path, sizeof(path), "%s.%s", group->path, name);
    origin_set(derive->origins, &(struct origin){.field = (const char *)base + key->offset,
                                                 .kind = ORIGIN_VALUE,
                                                 .how = because ? ORIGIN_DERIVED : ORIGIN_DEFAULT,
                                                 .key = key,
                                                 .path = path,
                                                 .file = group->file,
                                                 .line = group->line,
                                                 .because = because});
}

bool derive_is_set(const struct derive *derive, const void *field)
{
    return origin_find(derive->origins, field, ORIGIN_VALUE) != NULL;
}

bool derive_is_probe(const struct derive *derive, const char *name)
{
    const struct settings *settings = derive->settings;

    for (size_t at = 0; at < settings->probe_count; at++)
        if (strcmp(settings->probes[at].name, name) == 0)
            return true;
    return false;
}

FILE *derive_begin_warning(struct derive *derive, const void *field)
{
    return settings_judge_begin(&derive->judge, derive->judge.warnings, field);
}

void derive_end_warning(struct derive *derive)
{
    mistake_end(derive->judge.warnings);
}

static void warn_of_node(struct derive *derive, const void *field, const char *sentence)
{
    fputs(sentence, derive_begin_warning(derive, field));
    derive_end_warning(derive);
}

/* The first node that is local; another one can only be a mistake, or a trial on one host. */
static void find_self(struct derive *derive)
{
    struct settings *settings = derive->settings;

    settings->self = SETTINGS_NO_NODE;
    for (size_t at = 0; at < settings->node_count; at++) {
        const struct address *address = &settings->nodes[at].address;
        char interface[IFNAMSIZ];
        if (address->family == 0 ||
            derive->host->find_address(derive->host->owner, address, interface) < 0)
            continue;
        if (settings->self != SETTINGS_NO_NODE) {
            warn_of_node(derive, address, "is local, as that of a node before is, which counts");
            continue;
        }
        settings->self = (int)at;
        memcpy(derive->interface, interface, sizeof(interface));
    }
    if (settings->self == SETTINGS_NO_NODE && settings->node_count > 0)
        warn_of_node(derive, &settings->nodes,
                     "none of the nodes' addresses is local, so this host is no node (yet)");
}

static void complete_nodes(struct derive *derive)
{
    struct settings *settings = derive->settings;

    for (size_t at = 0; at < settings->node_count; at++) {
        struct settings_node *node = &settings->nodes[at];
        const int priority = PRIORITY_FIRST - PRIORITY_STEP * (int)at;
        if (derive_is_set(derive, &node->priority) || node->priority != 0)
            continue;
        node->priority = priority < VRRP_PRIORITY_MIN ? VRRP_PRIORITY_MIN : priority;
        derive_note(derive, node, "priority", "the position in the list");
    }
}

/* The storage's cluster checks ask all nodes and wait for the silent ones. */
static bool asks_cluster(const struct probe_params *probe)
{
    return probe->type == PROBE_TYPE_MINIO && probe->check != PROBE_CHECK_LIVE &&
           probe->check != PROBE_CHECK_READY;
}

static void complete_status(struct derive *derive, struct probe_params *probe)
{
    if (derive_is_set(derive, probe->status))
        return;
    probe->status_count = 1;
    probe->status[0] = (struct probe_span){STATUS_MIN, STATUS_MAX};
    derive_note(derive, probe, "status", NULL);
}

static void complete_region(struct derive *derive, struct probe_params *probe)
{
    if (derive_is_set(derive, probe->bucket.region))
        return;
    snprintf(probe->bucket.region, sizeof(probe->bucket.region), "us-east-1");
    derive_note(derive, probe, "region", NULL);
}

static int64_t usual_interval_ns(const struct probe_params *probe)
{
    if (asks_cluster(probe))
        return CLUSTER_INTERVAL_NS;
    if (probe->type == PROBE_TYPE_S3)
        return STORE_INTERVAL_NS;
    return probe->type == PROBE_TYPE_HARBOR ? HARBOR_INTERVAL_NS : LIVE_INTERVAL_NS;
}

static int64_t usual_timeout_ns(const struct probe_params *probe)
{
    if (asks_cluster(probe))
        return CLUSTER_TIMEOUT_NS;
    if (probe->type == PROBE_TYPE_S3)
        return STORE_TIMEOUT_NS;
    return probe->type == PROBE_TYPE_HARBOR || probe->type == PROBE_TYPE_REGISTRY ? READ_TIMEOUT_NS
                                                                                  : LIVE_TIMEOUT_NS;
}

static void complete_times(struct derive *derive, struct probe_params *probe)
{
    if (!derive_is_set(derive, &probe->interval_ns)) {
        probe->interval_ns = usual_interval_ns(probe);
        derive_note(derive, probe, "interval", NULL);
    }
    if (!derive_is_set(derive, &probe->timeout_ns)) {
        probe->timeout_ns = usual_timeout_ns(probe);
        derive_note(derive, probe, "timeout", NULL);
    }
}

/* A secret that everybody may read is a mistake, as is one that is none; others may come. */
static void check_credentials(struct derive *derive, const struct probe_params *probe)
{
    const struct settings_host *host = derive->host;
    struct err err;

    if (probe->credentials[0] == '\0' || !host->find_credential)
        return;
    const int found = host->find_credential(host->owner, probe->credentials, &err);
    if (found == 0)
        return;
    const bool is_wrong = found == -EPERM || found == -EINVAL;
    struct mistakes *list = is_wrong ? derive->judge.mistakes : derive->judge.warnings;
    fputs(err.text, settings_judge_begin(&derive->judge, list, probe->credentials));
    mistake_end(list);
}

static void complete_probe(struct derive *derive, struct probe_params *probe)
{
    /* Of a type that is refused nobody knows what its url must be. */
    if (!derive_is_set(derive, &probe->type))
        memset(probe->url, 0, sizeof(probe->url));
    if (probe->type == PROBE_TYPE_MINIO && !derive_is_set(derive, &probe->check))
        derive_note(derive, probe, "check", NULL); /* live is 0 */
    if (probe->type == PROBE_TYPE_REGISTRY && !derive_is_set(derive, probe->read)) {
        snprintf(probe->read, sizeof(probe->read), "regha/any:latest");
        derive_note(derive, probe, "read", NULL);
    }
    if (probe->type == PROBE_TYPE_HTTP)
        complete_status(derive, probe);
    if (probe->type == PROBE_TYPE_S3)
        complete_region(derive, probe);
    check_credentials(derive, probe);
    if (!derive_is_set(derive, &probe->scope)) {
        probe->scope = asks_cluster(probe) || probe->type == PROBE_TYPE_S3 ? PROBE_SCOPE_SHARED
                                                                           : PROBE_SCOPE_LOCAL;
        derive_note(derive, probe, "scope", NULL);
    }
    complete_times(derive, probe);
}

static void note_interface(struct derive *derive, struct settings_router *router,
                           const char *because)
{
    derive_note(derive, router, "interface", because);
}

/* No prefix holds the address: then it is put where this node's own address is. */
static void fall_back_interface(struct derive *derive, struct settings_router *router)
{
    struct vrrp_params *params = &router->params;

    snprintf(params->interface, sizeof(params->interface), "%s", derive->interface);
    note_interface(derive, router, "this node's own address");
    FILE *out = derive_begin_warning(derive, params->addresses);
    char text[ADDRESS_TEXT_BYTES];
    fprintf(out,
            "no network of this host holds %s, so it is put on %s, where this node's address is",
            address_format_host(&params->addresses[0], text), derive->interface);
    derive_end_warning(derive);
}

static void complete_interface(struct derive *derive, struct settings_router *router)
{
    const struct settings *settings = derive->settings;
    struct vrrp_params *params = &router->params;
    char interface[IFNAMSIZ];

    if (params->interface[0] && strcmp(params->interface, "auto") != 0)
        return;
    memset(params->interface, 0, sizeof(params->interface));
    if (settings->self == SETTINGS_NO_NODE || params->address_count == 0)
        return;
    const struct settings_node *self = &settings->nodes[settings->self];
    if (self->interface[0]) {
        memcpy(params->interface, self->interface, sizeof(params->interface));
        note_interface(derive, router, "the interface of this node");
    } else if (derive->host->find_prefix(derive->host->owner, &params->addresses[0], interface) ==
               0) {
        snprintf(params->interface, sizeof(params->interface), "%s", interface);
        note_interface(derive, router, "the prefix that holds the first address");
    } else {
        fall_back_interface(derive, router);
    }
}

static void complete_peers(const struct settings *settings, struct vrrp_params *params)
{
    for (size_t at = 0; at < settings->node_count; at++) {
        const struct address *address = &settings->nodes[at].address;
        if ((int)at == settings->self)
            params->source = *address;
        else if (params->peer_count < VRRP_PARAMS_PEERS)
            params->peers[params->peer_count++] = *address;
    }
}

static int64_t guard_ns(const struct settings_guard *guard, const struct vrrp_params *params)
{
    const int64_t derived_ns = SETTINGS_GUARD_INTERVALS * params->advert_interval_ns;

    if (!guard->enabled)
        return 0;
    if (guard->timeout_ns > 0)
        return guard->timeout_ns;
    return derived_ns > SETTINGS_GUARD_MIN_NS ? derived_ns : SETTINGS_GUARD_MIN_NS;
}

static void complete_router(struct derive *derive, struct settings_router *router)
{
    const struct settings *settings = derive->settings;
    struct vrrp_params *params = &router->params;

    if (!derive_is_set(derive, params->name) && params->vrid != 0) {
        snprintf(params->name, sizeof(params->name), "vr%u", params->vrid);
        derive_note(derive, router, "name", "the vrid");
    }
    params->family = AF_INET; /* others are refused in this version */
    if (settings->self != SETTINGS_NO_NODE)
        params->priority = (uint8_t)settings->nodes[settings->self].priority;
    params->guard_ns = guard_ns(&settings->guard, params);
    complete_interface(derive, router);
    complete_peers(settings, params);
}

static const char *why_no_key(int code)
{
    switch (code) {
    case -ENOENT:
        return "does not exist";
    case -EACCES:
        return "cannot be read by this user";
    case -EPERM:
        return "can be read by others than its owner, must have mode 0600";
    case -EINVAL:
        return "is no key, must be 64 hexadecimal digits";
    default:
        return "cannot be read";
    }
}

/* A key that everybody knows is a mistake; none at all is plain VRRP. */
static bool read_key(struct derive *derive, const char *path, uint8_t key[DERIVE_KEY_BYTES])
{
    const int result = derive->host->read_key(derive->host->owner, path, key);
    const bool is_wrong = result == -EPERM || result == -EINVAL;
    struct mistakes *list = is_wrong ? derive->judge.mistakes : derive->judge.warnings;

    if (result == 0)
        return true;
    derive->is_key_hidden = result == -EACCES;
    FILE *out = settings_judge_begin(&derive->judge, list, path);
    fprintf(out, "%s %s", path, why_no_key(result));
    fputs(is_wrong ? "" : ": without a key the nodes tell each other nothing but adverts", out);
    mistake_end(list);
    return false;
}

static void take_key(struct derive *derive)
{
    const struct settings_cluster *cluster = &derive->settings->cluster;
    uint8_t old_key[DERIVE_KEY_BYTES];

    if (cluster->key_file[0] == '\0') /* refused before */
        return;
    derive->has_key = read_key(derive, cluster->key_file, derive->key);
    if (cluster->old_key_file[0])
        (void)read_key(derive, cluster->old_key_file, old_key); /* only whether it is one */
    explicit_bzero(old_key, sizeof(old_key));
}

void derive_all(struct derive *derive)
{
    struct settings *settings = derive->settings;

    derive->written_probes = settings->probe_count;
    find_self(derive);
    take_key(derive);
    complete_nodes(derive);
    for (size_t at = 0; at < settings->router_count; at++)
        complete_router(derive, &settings->routers[at]);
    for (size_t at = 0; at < settings->registry_count; at++)
        derive_registry_complete(derive, at);
    derive_probes_gateway(derive);
    for (size_t at = 0; at < settings->probe_count; at++)
        complete_probe(derive, &settings->probes[at]);
    derive_registry_link(derive);
    derive_breaker_complete(derive);
    explicit_bzero(derive->key, sizeof(derive->key));
}
