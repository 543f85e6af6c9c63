/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/derive_probes.h"

#include <assert.h>
#include <string.h>

#include "supervisord/settings/settings_keys.h"
#include "supervisord/settings/url.h"

#define LIVE         "minio"
#define CLUSTER      "cluster"
#define CLUSTER_READ "cluster-read"
#define GATEWAY      "gateway"
#define READ_SUFFIX  "-read"

#define RISE 2
#define FALL 3
/* /v2/ with and without credentials. */
#define API_STATUS_MIN 200
#define API_STATUS_MAX 401

/* One registry's probes on their way. */
struct addition {
    struct derive *derive;
    struct settings_registry *registry;
    const struct registry_facts *facts;
};

/* Where the storage is, seen from this node. */
enum place {
    PLACE_HERE,    /* loopback, or this node's own address */
    PLACE_VIRTUAL, /* an address that a virtual router of ours holds */
    PLACE_FAR,
};

static void read_name(const struct settings_registry *registry, char name[PROBE_NAME_BYTES])
{
    const int room = (int)(PROBE_NAME_BYTES - sizeof(READ_SUFFIX));

    memset(name, 0, PROBE_NAME_BYTES);
    snprintf(name, PROBE_NAME_BYTES, "%.*s%s", room, registry->params.name, READ_SUFFIX);
}

/* The storage's probes of a second endpoint are called minio2 and so on. */
static bool is_storage_name(const char *name)
{
    static const char *const bases[] = {LIVE, CLUSTER, CLUSTER_READ};

    for (size_t at = 0; at < sizeof(bases) / sizeof(bases[0]); at++) {
        const size_t length_bytes = strlen(bases[at]);
        if (strncmp(name, bases[at], length_bytes) == 0 &&
            name[length_bytes + strspn(name + length_bytes, "0123456789")] == '\0')
            return true;
    }
    return false;
}

bool derive_probes_may_add(const struct settings_registry *registry, const char *name)
{
    char own[PROBE_NAME_BYTES];

    read_name(registry, own);
    return strcmp(name, own) == 0 || is_storage_name(name);
}

/* Takes the place and the line of the registry. */
static void note_group(const struct addition *addition, const struct probe_params *probe, size_t at)
{
    struct origins *origins = addition->derive->origins;
    const struct origin *registry = origin_find(origins, addition->registry, ORIGIN_GROUP);
    char path[64];

    snprintf(path, sizeof(path), "probes[%zu]", at);
    origin_set(origins, &(struct origin){.field = probe,
                                         .kind = ORIGIN_GROUP,
                                         .how = ORIGIN_DERIVED,
                                         .key = key_find(settings_keys_root(), "probes"),
                                         .path = path,
                                         .file = registry->file,
                                         .line = registry->line,
                                         .because = addition->registry->params.config});
}

/* `probe` has its own address in the list; the rest is what complete_probe() gives to all. */
static struct probe_params *add(const struct addition *addition, const struct probe_params *probe)
{
    struct derive *derive = addition->derive;
    struct settings *settings = derive->settings;
    struct probe_params *added = &settings->probes[settings->probe_count];

    *added = *probe;
    added->rise = RISE;
    added->fall = FALL;
    note_group(addition, added, settings->probe_count++);
    derive_note(derive, added, "name", "its type");
    derive_note(derive, added, "type", "the registry's configuration");
    derive_note(derive, added, "url", "the registry's configuration");
    derive_note(derive, added, "tls_verify", "the registry's configuration");
    derive_note(derive, added, "rise", NULL);
    derive_note(derive, added, "fall", NULL);
    if (added->type == PROBE_TYPE_MINIO)
        derive_note(derive, added, "check", "its name");
    if (added->credentials[0])
        derive_note(derive, added, "credentials", "the registry's credentials");
    if (added->status_count != 0)
        derive_note(derive, added, "status", "its url");
    derive_note(derive, added, "scope", "where it asks");
    if (added->depends[0])
        derive_note(derive, added, "depends", "the storage behind it");
    return added;
}

static bool is_virtual(const struct settings *settings, const struct address *address,
                       size_t *ret_router)
{
    for (size_t at = 0; at < settings->router_count; at++) {
        const struct vrrp_params *params = &settings->routers[at].params;
        for (size_t which = 0; which < params->address_count; which++) {
            if (address_is_same(&params->addresses[which], address)) {
                *ret_router = at;
                return true;
            }
        }
    }
    return false;
}

static bool is_loopback(const char *host, const struct address *address)
{
    static const struct address loopback = {.family = AF_INET6, .bytes[15] = 1};

    if (strcmp(host, "localhost") == 0)
        return true;
    return address->family == AF_INET ? address->bytes[0] == 127
                                      : address_is_same(address, &loopback);
}

static enum place find_place(const struct derive *derive, const char *host, size_t *ret_router)
{
    const struct settings *settings = derive->settings;
    struct address address = {.family = 0};
    char interface[IFNAMSIZ];

    if (address_parse(host, &address) < 0)
        return strcmp(host, "localhost") == 0 ? PLACE_HERE : PLACE_FAR;
    if (is_virtual(settings, &address, ret_router))
        return PLACE_VIRTUAL;
    if (is_loopback(host, &address) ||
        derive->host->find_address(derive->host->owner, &address, interface) == 0)
        return PLACE_HERE;
    return PLACE_FAR;
}

/* The name with a number behind it if there is a probe of that name. */
static void name_probe(const struct derive *derive, const char *base, char name[PROBE_NAME_BYTES])
{
    snprintf(name, PROBE_NAME_BYTES, "%s", base);
    for (unsigned number = 2; derive_is_probe(derive, name); number++)
        snprintf(name, PROBE_NAME_BYTES, "%s%u", base, number);
}

/* A router without `requires` of its own gets what is derived for it. */
static void require(struct derive *derive, struct settings_router *router, const char *name)
{
    if (origin_is_written(derive->origins, router->requires))
        return;
    if (router->require_count >= SETTINGS_REQUIRES_MAX) {
        fprintf(derive_begin_warning(derive, router->params.name),
                "can require %d probes, and %s is one more", SETTINGS_REQUIRES_MAX, name);
        derive_end_warning(derive);
        return;
    }
    snprintf(router->requires[router->require_count++], PROBE_NAME_BYTES, "%s", name);
    derive_note(derive, router, "requires", "what it serves");
}

/* MinIO's own port at this node's address: there it hears its peers, so there it listens. */
static bool point_here(const struct settings *settings, const struct url *endpoint,
                       char url[PROBE_URL_BYTES])
{
    char text[ADDRESS_TEXT_BYTES];

    if (settings->self == SETTINGS_NO_NODE)
        return false;
    snprintf(url, PROBE_URL_BYTES, "%s://%s:%u", endpoint->scheme,
             address_format_host(&settings->nodes[settings->self].address, text), endpoint->port);
    return true;
}

static void add_live(const struct addition *addition, const struct url *endpoint)
{
    struct derive *derive = addition->derive;
    struct settings *settings = derive->settings;
    size_t router = 0;
    const enum place place = find_place(derive, endpoint->host, &router);
    struct probe_params probe = {.type = PROBE_TYPE_MINIO,
                                 .check = PROBE_CHECK_LIVE,
                                 .scope =
                                     place == PLACE_FAR ? PROBE_SCOPE_SHARED : PROBE_SCOPE_LOCAL,
                                 .tls_verify = addition->facts->endpoint_verify};

    snprintf(probe.url, sizeof(probe.url), "%s", addition->facts->endpoint);
    if (place == PLACE_VIRTUAL) {
        if (!point_here(settings, endpoint, probe.url))
            return;
        probe.tls_verify = false; /* the certificate is the virtual address's */
    }
    name_probe(derive, LIVE, probe.name);
    const struct probe_params *added = add(addition, &probe);
    if (place == PLACE_VIRTUAL)
        require(derive, &settings->routers[router], added->name);
}

static void add_cluster(const struct addition *addition, enum probe_check check, const char *name)
{
    struct probe_params probe = {.type = PROBE_TYPE_MINIO,
                                 .check = (uint8_t)check,
                                 .scope = PROBE_SCOPE_SHARED,
                                 .tls_verify = addition->facts->endpoint_verify};

    snprintf(probe.url, sizeof(probe.url), "%s", addition->facts->endpoint);
    name_probe(addition->derive, name, probe.name);
    (void)add(addition, &probe);
}

/* A minio probe of that kind, of this endpoint or, with NULL, of any. */
static const struct probe_params *find_minio(const struct settings *settings,
                                             enum probe_check check, const char *url)
{
    for (size_t at = 0; at < settings->probe_count; at++) {
        const struct probe_params *probe = &settings->probes[at];
        if (probe->type == PROBE_TYPE_MINIO && probe->check == check && probe->name[0] &&
            (!url || strcmp(probe->url, url) == 0))
            return probe;
    }
    return NULL;
}

/* Whoever writes a minio or s3 probe has thought about the storage. */
static bool is_storage_written(const struct derive *derive)
{
    for (size_t at = 0; at < derive->written_probes; at++)
        if (derive->settings->probes[at].type == PROBE_TYPE_MINIO ||
            derive->settings->probes[at].type == PROBE_TYPE_S3)
            return true;
    return false;
}

static void warn(const struct addition *addition, const char *sentence)
{
    struct derive *derive = addition->derive;
    const char *path = addition->registry->params.config;

    fprintf(derive_begin_warning(derive, path), "%s %s", path, sentence);
    derive_end_warning(derive);
}

static void add_storage(const struct addition *addition)
{
    const char *endpoint = addition->facts->endpoint;
    struct url url;

    if (*endpoint == '\0' || is_storage_written(addition->derive) ||
        find_minio(addition->derive->settings, PROBE_CHECK_CLUSTER_READ, endpoint))
        return;
    if (url_parse(endpoint, &url) != URL_FINE || url.has_path || url.scheme[0] != 'h') {
        warn(addition, "has a regionendpoint that is not http(s)://host:port, so no probes of the "
                       "storage are derived");
        return;
    }
    add_live(addition, &url);
    add_cluster(addition, PROBE_CHECK_CLUSTER, CLUSTER);
    add_cluster(addition, PROBE_CHECK_CLUSTER_READ, CLUSTER_READ);
}

static const struct probe_params *find_bucket(const struct settings *settings)
{
    for (size_t at = 0; at < settings->probe_count; at++)
        if (settings->probes[at].type == PROBE_TYPE_S3 && settings->probes[at].name[0])
            return &settings->probes[at];
    return NULL;
}

/* The probe that tells whether a failing read is the storage's fault. */
static const char *storage_behind(const struct addition *addition)
{
    const struct settings *settings = addition->derive->settings;
    const struct probe_params *probe =
        find_minio(settings, PROBE_CHECK_CLUSTER_READ, addition->facts->endpoint);

    if (addition->facts->endpoint[0] == '\0')
        return "";
    if (!probe)
        probe = find_minio(settings, PROBE_CHECK_CLUSTER_READ, NULL);
    if (!probe)
        probe = find_minio(settings, PROBE_CHECK_CLUSTER, NULL);
    if (!probe)
        probe = find_bucket(settings);
    return probe ? probe->name : "";
}

/* What the read probe can be, of a real read and less than that. */
static void choose_read(const struct addition *addition, struct probe_params *probe)
{
    const struct registry_facts *facts = addition->facts;
    const char *scheme = facts->tls ? "https" : "http";
    const bool is_any = facts->host[0] == '\0' || strcmp(facts->host, "0.0.0.0") == 0 ||
                        strcmp(facts->host, "::") == 0;
    const bool is_ipv6 = !is_any && strchr(facts->host, ':');
    const char *path = "";

    if (facts->client_certificates) {
        probe->type = PROBE_TYPE_TCP;
        scheme = "tcp";
        warn(addition, "asks for client certificates, so its probe only connects");
    } else if (facts->is_proxy) {
        probe->type = PROBE_TYPE_HTTP;
        probe->status_count = 1;
        probe->status[0] = (struct probe_span){API_STATUS_MIN, API_STATUS_MAX};
        path = "/v2/";
        warn(addition, "is a pull-through cache, so its probe asks for /v2/ and reads nothing");
    } else {
        probe->type = PROBE_TYPE_REGISTRY;
        snprintf(probe->depends, sizeof(probe->depends), "%s", storage_behind(addition));
        memcpy(probe->credentials, addition->registry->credentials, sizeof(probe->credentials));
        if (facts->auth[0] && probe->credentials[0] == '\0')
            warn(addition, "asks for credentials, so its probe sees that it answers, but reads "
                           "nothing (shallow)");
    }
    snprintf(probe->url, sizeof(probe->url), "%s://%s%s%s:%u%s", scheme, is_ipv6 ? "[" : "",
             is_any ? "127.0.0.1" : facts->host, is_ipv6 ? "]" : "", facts->port, path);
}

/* The registry that a written probe asks wants credentials which that one has not. */
static void warn_of_shallow(const struct addition *addition)
{
    const struct settings *settings = addition->derive->settings;

    if (addition->facts->auth[0] == '\0')
        return;
    for (size_t at = 0; at < settings->probe_count; at++) {
        const struct probe_params *probe = &settings->probes[at];
        if (strcmp(probe->name, addition->registry->ready) == 0 &&
            probe->type == PROBE_TYPE_REGISTRY && probe->credentials[0] == '\0')
            warn(addition, "asks for credentials, and its ready probe has none, so that one sees "
                           "that it answers, but reads nothing (shallow)");
    }
}

static void add_read(const struct addition *addition)
{
    struct derive *derive = addition->derive;
    struct settings *settings = derive->settings;
    struct settings_registry *registry = addition->registry;
    /* It asks itself: the certificate is for the virtual address. */
    struct probe_params probe = {.scope = PROBE_SCOPE_LOCAL, .tls_verify = false};

    if (registry->ready[0]) {
        warn_of_shallow(addition);
        return;
    }
    read_name(registry, probe.name);
    if (!derive_is_probe(derive, probe.name)) {
        choose_read(addition, &probe);
        (void)add(addition, &probe);
    }
    memcpy(registry->ready, probe.name, sizeof(registry->ready));
    derive_note(derive, registry, "ready", "its read probe");
    for (size_t at = 0; at < settings->router_count; at++)
        if (strcmp(settings->routers[at].params.name, registry->follows) == 0)
            require(derive, &settings->routers[at], probe.name);
}

void derive_probes_gateway(struct derive *derive)
{
    struct settings *settings = derive->settings;
    const struct address *gateway = &settings->policy.gateway;
    const struct origin *written = origin_find(derive->origins, gateway, ORIGIN_VALUE);
    struct probe_params *probe = &settings->probes[settings->probe_count];
    char path[64], text[ADDRESS_TEXT_BYTES];

    if (gateway->family == 0 || !written || derive_is_probe(derive, GATEWAY))
        return;
    *probe = (struct probe_params){.name = GATEWAY,
                                   .type = PROBE_TYPE_PING,
                                   .scope = PROBE_SCOPE_LOCAL,
                                   .tls_verify = true,
                                   .rise = RISE,
                                   .fall = FALL};
    snprintf(probe->url, sizeof(probe->url), "ping://%s%s%s",
             gateway->family == AF_INET6 ? "[" : "", address_format_host(gateway, text),
             gateway->family == AF_INET6 ? "]" : "");
    snprintf(path, sizeof(path), "probes[%zu]", settings->probe_count++);
    origin_set(derive->origins, &(struct origin){.field = probe,
                                                 .kind = ORIGIN_GROUP,
                                                 .how = ORIGIN_DERIVED,
                                                 .key = key_find(settings_keys_root(), "probes"),
                                                 .path = path,
                                                 .file = written->file,
                                                 .line = written->line,
                                                 .because = "policy.gateway"});
    derive_note(derive, probe, "name", "policy.gateway");
    derive_note(derive, probe, "type", "policy.gateway");
    derive_note(derive, probe, "url", "policy.gateway");
    derive_note(derive, probe, "tls_verify", NULL);
    derive_note(derive, probe, "scope", "where it asks");
    derive_note(derive, probe, "rise", NULL);
    derive_note(derive, probe, "fall", NULL);
}

void derive_probes_add(struct derive *derive, struct settings_registry *registry,
                       const struct registry_facts *facts)
{
    const struct addition addition = {derive, registry, facts};

    add_storage(&addition);
    add_read(&addition);
}
