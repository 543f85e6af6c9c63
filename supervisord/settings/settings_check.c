/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_check.h"

#include <string.h>

#include "probes/message.h"
#include "supervisord/settings/settings_check_probe.h"
#include "supervisord/settings/url.h"

struct check {
    const struct settings *settings;
    struct settings_finding *findings;
    size_t room;
    size_t count;
};

static void find(struct check *check, enum settings_fault fault, const void *field,
                 const void *other)
{
    if (check->count < check->room)
        check->findings[check->count] = (struct settings_finding){fault, field, other};
    check->count++;
}

static bool is_same(const char *a, const char *b)
{
    const size_t length_bytes = strlen(a);

    return length_bytes == strlen(b) && memcmp(a, b, length_bytes) == 0;
}

/* Whether `part` is in `text`. */
static bool has_part(const char *text, const char *part)
{
    const size_t part_bytes = strlen(part);

    for (size_t length_bytes = strlen(text); length_bytes >= part_bytes; length_bytes--, text++)
        if (memcmp(text, part, part_bytes) == 0)
            return true;
    return false;
}

/* Names of structs in an array, `step` bytes apart; the ones before `at` are compared. */
static void check_name(struct check *check, const char *names, size_t step, size_t at)
{
    const char *name = names + at * step;

    for (size_t before = 0; *name && before < at; before++) {
        if (is_same(names + before * step, name)) {
            find(check, SETTINGS_FAULT_TWICE, name, names + before * step);
            return;
        }
    }
}

/* One host's, to be sent from and to; RFC 1122 section 3.2.1.3. */
static void check_host(struct check *check, const struct address *address)
{
    if (address->family == AF_INET6)
        find(check, SETTINGS_FAULT_IPV6, address, NULL);
    if (address->family != AF_INET)
        return;
    const uint8_t first = address->bytes[0];
    if (first == 0 || first == 127 || first >= 224)
        find(check, SETTINGS_FAULT_NO_HOST_ADDRESS, address, NULL);
}

static void check_node(struct check *check, size_t at)
{
    const struct settings_node *nodes = check->settings->nodes;
    const struct settings_node *node = &nodes[at];

    check_name(check, nodes->name, sizeof(*nodes), at);
    check_host(check, &node->address);
    for (size_t before = 0; before < at; before++) {
        if (node->address.family && address_is_same(&nodes[before].address, &node->address))
            find(check, SETTINGS_FAULT_TWICE, &node->address, &nodes[before].address);
    }
    for (size_t before = 0; before < at; before++) {
        if (!node->witness && !nodes[before].witness && node->priority > VRRP_PRIORITY_MIN &&
            nodes[before].priority == node->priority) {
            find(check, SETTINGS_FAULT_PRIORITY_TWICE, &node->priority, &nodes[before].priority);
            break;
        }
    }
}

static void check_nodes(struct check *check)
{
    const struct settings *settings = check->settings;
    size_t witnesses = 0;

    for (size_t at = 0; at < settings->node_count; at++) {
        check_node(check, at);
        witnesses += settings->nodes[at].witness;
    }
    if (settings->node_count > 0 && witnesses == settings->node_count)
        find(check, SETTINGS_FAULT_ONLY_WITNESSES, &settings->nodes[0].witness, NULL);
}

static const struct settings_node *node_at(const struct settings *settings,
                                           const struct address *address)
{
    for (size_t at = 0; at < settings->node_count; at++)
        if (address->family && address_is_same(&settings->nodes[at].address, address))
            return &settings->nodes[at];
    return NULL;
}

/* The same address earlier, in this virtual router or in one before. */
static const struct address *address_before(const struct settings *settings, size_t router_at,
                                            size_t address_at)
{
    const struct address *address = &settings->routers[router_at].params.addresses[address_at];

    for (size_t at = 0; address->family && at <= router_at; at++) {
        const struct vrrp_params *params = &settings->routers[at].params;
        const size_t count = at == router_at ? address_at : params->address_count;
        for (size_t before = 0; before < count; before++)
            if (address_is_same(&params->addresses[before], address))
                return &params->addresses[before];
    }
    return NULL;
}

static void check_addresses(struct check *check, size_t router_at)
{
    const struct vrrp_params *params = &check->settings->routers[router_at].params;

    for (size_t at = 0; at < params->address_count; at++) {
        const struct address *address = &params->addresses[at];
        const struct settings_node *node = node_at(check->settings, address);
        const struct address *before = address_before(check->settings, router_at, at);
        check_host(check, address);
        if (node)
            find(check, SETTINGS_FAULT_NODE_ADDRESS, address, &node->address);
        if (before)
            find(check, SETTINGS_FAULT_TWICE, address, before);
    }
    for (size_t at = 0; at < params->foreign_count; at++) {
        const struct settings_node *node = node_at(check->settings, &params->foreign[at]);
        check_host(check, &params->foreign[at]);
        if (node)
            find(check, SETTINGS_FAULT_NODE_ADDRESS, &params->foreign[at], &node->address);
    }
}

static const struct probe_params *probe_named(const struct settings *settings, const char *name)
{
    for (size_t at = 0; at < settings->probe_count; at++)
        if (is_same(settings->probes[at].name, name))
            return &settings->probes[at];
    return NULL;
}

/* An unnamed probe has a mistake already, and may be the one that is meant. */
static void check_probe_name(struct check *check, const char *name)
{
    if (*name && !probe_named(check->settings, name) && !probe_named(check->settings, ""))
        find(check, SETTINGS_FAULT_UNKNOWN_PROBE, name, NULL);
}

static void check_requires(struct check *check, const struct settings_router *router)
{
    for (size_t at = 0; at < router->require_count; at++) {
        const struct probe_params *probe = probe_named(check->settings, router->requires[at]);
        check_probe_name(check, router->requires[at]);
        check_name(check, router->requires[0], sizeof(router->requires[0]), at);
        if (probe && probe->name[0] && probe->scope == PROBE_SCOPE_SHARED)
            find(check, SETTINGS_FAULT_SHARED_REQUIRED, router->requires[at], &probe -> scope);
    }
}

static void check_router(struct check *check, size_t at)
{
    const struct settings_router *routers = check->settings->routers;
    const struct settings_router *router = &routers[at];

    check_name(check, routers->params.name, sizeof(*routers), at);
    for (size_t before = 0; before < at; before++)
        if (router->params.vrid != 0 && routers[before].params.vrid == router->params.vrid)
            find(check, SETTINGS_FAULT_TWICE, &router->params.vrid, &routers[before].params.vrid);
    if (router->params.advert_interval_ns % NS_PER_CS != 0)
        find(check, SETTINGS_FAULT_INTERVAL_STEP, &router->params.advert_interval_ns, NULL);
    if (router->params.transport == VRRP_TRANSPORT_UNICAST && check->settings->node_count == 1 &&
        router->params.foreign_count == 0)
        find(check, SETTINGS_FAULT_NO_PEERS, &router->params.transport, NULL);
    check_addresses(check, at);
    check_requires(check, router);
}

/* One guard for all of them: the slowest must have its time. */
static void check_guard(struct check *check)
{
    const struct settings *settings = check->settings;
    const int64_t *slowest_ns = NULL;

    for (size_t at = 0; at < settings->router_count; at++) {
        const int64_t *interval_ns = &settings->routers[at].params.advert_interval_ns;
        if (!slowest_ns || *interval_ns > *slowest_ns)
            slowest_ns = interval_ns;
    }
    if (slowest_ns && settings->guard.timeout_ns > 0 &&
        settings->guard.timeout_ns < SETTINGS_GUARD_INTERVALS * *slowest_ns)
        find(check, SETTINGS_FAULT_GUARD, &settings->guard.timeout_ns, slowest_ns);
}

static const enum settings_fault url_faults[URL_FAULTS] = {
    [URL_NO_SCHEME] = SETTINGS_FAULT_URL_SCHEME_MISSING,
    [URL_UNKNOWN_SCHEME] = SETTINGS_FAULT_URL_SCHEME_MISSING,
    [URL_NO_HOST] = SETTINGS_FAULT_URL_HOST,
    [URL_BAD_HOST] = SETTINGS_FAULT_URL_HOST,
    [URL_BAD_PORT] = SETTINGS_FAULT_URL_PORT,
    [URL_HAS_USER] = SETTINGS_FAULT_URL_USER,
    [URL_HAS_QUERY] = SETTINGS_FAULT_URL_QUERY,
};

/* What would travel as it is in a request line. */
static bool is_ascii_word(const char *text)
{
    while (*text > ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

/* Of types whose urls are no web server's; the first one is no fault. */
static enum settings_fault own_url_fault(const struct probe_params *probe)
{
    if (probe->type == PROBE_TYPE_EXEC)
        return SETTINGS_FAULT_URL_NOT_EXEC;
    if (probe->type == PROBE_TYPE_FILE)
        return SETTINGS_FAULT_URL_NOT_FILE;
    if (probe->type == PROBE_TYPE_PING)
        return SETTINGS_FAULT_URL_NOT_PING;
    return probe->type == PROBE_TYPE_REDIS ? SETTINGS_FAULT_URL_NOT_REDIS : SETTINGS_FAULTS;
}

static void check_url(struct check *check, const struct probe_params *probe)
{
    const enum settings_fault own = own_url_fault(probe);

    struct url url;
    const enum url_fault fault = url_parse(probe->url, &url);

    if (probe->url[0] == '\0')
        return;
    if (!is_ascii_word(probe->url)) {
        find(check, SETTINGS_FAULT_URL_BYTES, probe->url, NULL);
        return;
    }
    if (own != SETTINGS_FAULTS) {
        if (probe_request_url_mistake(probe) != NULL ||
            (probe->type == PROBE_TYPE_EXEC && has_part(probe->url, "#")))
            find(check, own, probe->url, NULL);
        return;
    }
    /* An http probe asks what it is told to. */
    if (fault == URL_HAS_QUERY && probe->type == PROBE_TYPE_HTTP)
        return;
    if (fault != URL_FINE) {
        find(check, url_faults[fault], probe->url, NULL);
        return;
    }
    const bool is_tcp = is_same(url.scheme, "tcp");
    if (is_tcp != (probe->type == PROBE_TYPE_TCP))
        find(check, is_tcp ? SETTINGS_FAULT_URL_NOT_HTTP : SETTINGS_FAULT_URL_NOT_TCP, probe->url,
             NULL);
    else if (url.port == 0)
        find(check, SETTINGS_FAULT_URL_PORT, probe->url, NULL);
    if (url.has_path && probe->type != PROBE_TYPE_HTTP)
        find(check, SETTINGS_FAULT_URL_PATH, probe->url, NULL);
}

static void check_keys_of_type(struct check *check, const struct probe_params *probe)
{
    struct settings_finding findings[SETTINGS_CHECK_PROBE_FINDINGS];
    const size_t count = settings_check_probe_keys(probe, findings);

    for (size_t at = 0; at < count; at++)
        find(check, findings[at].fault, findings[at].field, findings[at].other);
}

/*
 * An attempt should be over when the next one is due, but for those that wait for others: MinIO's
 * cluster checks take 10 s while a peer is silent, a read takes as long as the storage.
 */
static bool may_outlast_interval(const struct probe_params *probe)
{
    return probe->type == PROBE_TYPE_REGISTRY || probe->type == PROBE_TYPE_S3 ||
           (probe->type == PROBE_TYPE_MINIO && probe->check != PROBE_CHECK_LIVE &&
            probe->check != PROBE_CHECK_READY);
}

static void check_probe(struct check *check, size_t at)
{
    const struct probe_params *probes = check->settings->probes;
    const struct probe_params *probe = &probes[at];

    check_name(check, probes->name, sizeof(*probes), at);
    check_url(check, probe);
    check_keys_of_type(check, probe);
    if (probe->interval_ns > 0 && probe->timeout_ns > probe->interval_ns &&
        !may_outlast_interval(probe))
        find(check, SETTINGS_FAULT_TIMEOUT, &probe->timeout_ns, &probe->interval_ns);
    if (probe->depends[0] && is_same(probe->depends, probe->name))
        find(check, SETTINGS_FAULT_ITSELF, probe->depends, NULL);
    check_probe_name(check, probe->depends);
}

static bool is_router(const struct settings *settings, const char *name)
{
    for (size_t at = 0; at < settings->router_count; at++)
        if (is_same(settings->routers[at].params.name, name) ||
            !settings->routers[at].params.name[0])
            return true;
    return false;
}

static void check_follows(struct check *check, const struct settings_registry *registry)
{
    if (registry->follows[0] == '\0' && check->settings->router_count > 1)
        find(check, SETTINGS_FAULT_WHICH_ROUTER, registry->follows, NULL);
    else if (registry->follows[0] && !is_router(check->settings, registry->follows))
        find(check, SETTINGS_FAULT_UNKNOWN_ROUTER, registry->follows, NULL);
}

/* Texts one after the other. */
static void check_bundle(struct check *check, const char *texts, size_t texts_bytes)
{
    for (size_t at = 0; at < texts_bytes; at += strlen(texts + at) + 1)
        if (has_part(texts + at, "{bundle}"))
            find(check, SETTINGS_FAULT_BUNDLE, texts + at, NULL);
}

/* The local policy is read by words. */
static bool is_one_word_path(const char *text)
{
    for (const char *at = text; *at; at++)
        if (*at == ' ' || *at == '#')
            return false;
    return text[0] == '/';
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

/* Of the name in NAME=value; 0: it is none that a registry may be given. */
static size_t variable_length(const char *text)
{
    size_t length = 0;

    while (is_letter(text[length]) || (length > 0 && text[length] >= '0' && text[length] <= '9'))
        length++;
    return text[length] != '=' || (length >= 3 && memcmp(text, "LD_", 3) == 0) ? 0 : length;
}

/* Before the '='. */
static bool has_word(const char *text, size_t length, const char *word)
{
    const size_t word_length = strlen(word);

    for (size_t at = 0; at + word_length <= length; at++)
        if (memcmp(text + at, word, word_length) == 0)
            return true;
    return false;
}

static bool is_secret(const char *text, size_t length)
{
    return has_word(text, length, "SECRET") || has_word(text, length, "PASSWORD") ||
           (length >= 6 && memcmp(text + length - 6, "_TOKEN", 6) == 0);
}

static void check_variable(struct check *check, const struct settings_registry *registry,
                           const char *text)
{
    static const char reserved[] = "REGISTRY_STORAGE_MAINTENANCE";
    const size_t length = variable_length(text);

    if (length == 0)
        find(check, SETTINGS_FAULT_ENVIRONMENT, text, NULL);
    else if (is_secret(text, length))
        find(check, SETTINGS_FAULT_ENVIRONMENT_SECRET, text, NULL);
    else if (length >= sizeof(reserved) - 1 && memcmp(text, reserved, sizeof(reserved) - 1) == 0)
        find(check, SETTINGS_FAULT_ENVIRONMENT_RESERVED, text, NULL);
    for (const char *before = registry->environment; before < text; before += strlen(before) + 1)
        if (length > 0 && variable_length(before) == length && memcmp(before, text, length) == 0)
            find(check, SETTINGS_FAULT_ENVIRONMENT_TWICE, text, NULL);
}

static void check_environment(struct check *check, const struct settings_registry *registry)
{
    for (const char *text = registry->environment;
         text < registry->environment + registry->environment_bytes; text += strlen(text) + 1)
        check_variable(check, registry, text);
}

static void check_registry(struct check *check, size_t at)
{
    const struct settings_registry *registries = check->settings->registries;
    const struct settings_registry *registry = &registries[at];
    const struct registry_params *params = &registry->params;

    check_name(check, registries->params.name, sizeof(*registries), at);
    check_follows(check, registry);
    check_probe_name(check, registry->ready);
    check_environment(check, registry);
    check_bundle(check, params->files, params->files_bytes);
    if (has_part(params->config, "{bundle}"))
        find(check, SETTINGS_FAULT_BUNDLE, params->config, NULL);
    if (params->argv_bytes > 0 && !is_one_word_path(params->argv))
        find(check, SETTINGS_FAULT_COMMAND_PATH, params->argv, NULL);
    if (is_same(registry->user, "root"))
        find(check, SETTINGS_FAULT_ROOT, registry->user, NULL);
    if (params->restart.max_ns > 0 && params->restart.first_ns > params->restart.max_ns)
        find(check, SETTINGS_FAULT_RESTART_MAX, &params->restart.max_ns, &params->restart.first_ns);
}

static void check_breaker(struct check *check)
{
    const struct settings_breaker *breaker = &check->settings->breaker;
    const int *node = &breaker->drives_per_node, *set = &breaker->drives_per_set;

    if (breaker->max_open > 1 && (*node == 0 || *set == 0))
        find(check, SETTINGS_FAULT_MAX_OPEN, &breaker->max_open, NULL);
    if ((*node == 0) != (*set == 0))
        find(check, SETTINGS_FAULT_DRIVES_HALF, *node == 0 ? set : node, NULL);
    else if (*node > *set)
        find(check, SETTINGS_FAULT_DRIVES, node, set);
    if (breaker->answer_timeout_ns > 0 &&
        breaker->answer_timeout_ns < 2 * breaker->connect_timeout_ns)
        find(check, SETTINGS_FAULT_ANSWER, &breaker->answer_timeout_ns,
             &breaker->connect_timeout_ns);
}

static void check_hooks(struct check *check, const char *paths, size_t paths_bytes)
{
    for (size_t at = 0; at < paths_bytes; at += strlen(paths + at) + 1)
        if (!is_one_word_path(paths + at))
            find(check, SETTINGS_FAULT_COMMAND_PATH, paths + at, NULL);
}

size_t settings_check_all(const struct settings *settings, struct settings_finding *findings,
                          size_t room)
{
    struct check check = {.settings = settings, .findings = findings, .room = room};

    check_nodes(&check);
    for (size_t at = 0; at < settings->router_count; at++)
        check_router(&check, at);
    for (size_t at = 0; at < settings->probe_count; at++)
        check_probe(&check, at);
    for (size_t at = 0; at < settings->registry_count; at++)
        check_registry(&check, at);
    check_guard(&check);
    check_breaker(&check);
    check_hooks(&check, settings->hooks.on_transition, settings->hooks.on_transition_bytes);
    for (size_t at = 0; at < settings->router_count; at++)
        check_hooks(&check, settings->routers[at].on_transition,
                    settings->routers[at].on_transition_bytes);
    if (is_same(settings->hooks.user, "root"))
        find(&check, SETTINGS_FAULT_HOOK_ROOT, settings->hooks.user, NULL);
    if (settings->metrics.port != 0 && settings->metrics.port == settings->cluster.port)
        find(&check, SETTINGS_FAULT_PORT_TWICE, &settings->metrics.port, &settings->cluster.port);
    return check.count;
}
