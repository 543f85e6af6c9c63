/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/derive_registry.h"

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "supervisord/settings/derive_probes.h"
#include "supervisord/settings/registry_yaml.h"

#define SECRET_HEX_BYTES (2 * DERIVE_KEY_BYTES + 1)
#define SECRET_SUBKEY    1
#define DRAIN_DEFAULT_NS (30 * NS_PER_S)
#define DRAIN_MARGIN_NS  (5 * NS_PER_S)

_Static_assert(DERIVE_KEY_BYTES == crypto_kdf_KEYBYTES, "a cluster key is one of crypto_kdf");

/* Debian's package, then what builds of one's own use. */
static const char *const usual_users[] = {"docker-registry", "registry", NULL};
static const char *const usual_binaries[] = {"/usr/bin/docker-registry", "/usr/bin/registry", NULL};

static FILE *begin_mistake(struct derive *derive, const void *field)
{
    return settings_judge_begin(&derive->judge, derive->judge.mistakes, field);
}

static void end_mistake(struct derive *derive)
{
    mistake_end(derive->judge.mistakes);
}

/* Users and binaries of another host are none of our business. */
static bool runs_here(const struct derive *derive)
{
    const struct settings *settings = derive->settings;

    return settings->self != SETTINGS_NO_NODE && !settings->nodes[settings->self].witness;
}

static bool append(char *texts, uint16_t *texts_bytes, size_t room_bytes, const char *text)
{
    const size_t size_bytes = strlen(text) + 1;

    if (size_bytes > room_bytes - *texts_bytes)
        return false;
    memcpy(texts + *texts_bytes, text, size_bytes);
    *texts_bytes = (uint16_t)(*texts_bytes + size_bytes);
    return true;
}

static void complete_name(struct derive *derive, struct settings_registry *registry, size_t at)
{
    if (derive_is_set(derive, registry->params.name))
        return;
    if (at == 0)
        snprintf(registry->params.name, sizeof(registry->params.name), "registry");
    else
        snprintf(registry->params.name, sizeof(registry->params.name), "registry%zu", at + 1);
    derive_note(derive, registry, "name", NULL);
}

static void complete_follows(struct derive *derive, struct settings_registry *registry)
{
    const struct settings *settings = derive->settings;

    if (derive_is_set(derive, registry->follows))
        return;
    if (settings->router_count == 1)
        memcpy(registry->follows, settings->routers[0].params.name, sizeof(registry->follows));
    derive_note(derive, registry, "follows", "the only virtual router");
}

static void complete_user(struct derive *derive, struct settings_registry *registry)
{
    const struct settings_host *host = derive->host;
    const bool is_ours = !derive_is_set(derive, registry->user);
    const char *user = is_ours ? usual_users[0] : registry->user;
    int found = host->find_user(host->owner, user);

    for (size_t at = 1; is_ours && found < 0 && usual_users[at]; at++) {
        found = host->find_user(host->owner, usual_users[at]);
        user = found < 0 ? user : usual_users[at];
    }
    if (is_ours) {
        snprintf(registry->user, sizeof(registry->user), "%s", user);
        derive_note(derive, registry, "user", found < 0 ? "Debian's package" : "who exists here");
    }
    if (found == -EPERM && strcmp(user, "root") != 0) {
        fprintf(begin_mistake(derive, registry->user),
                "is \"%s\", must be another user: this one is root by another name", user);
        end_mistake(derive);
    } else if (found < 0 && found != -EPERM && runs_here(derive)) {
        fprintf(derive_begin_warning(derive, registry->user),
                "there is no user \"%s\" on this host", user);
        derive_end_warning(derive);
    }
}

static void complete_command(struct derive *derive, struct settings_registry *registry)
{
    struct registry_params *params = &registry->params;
    const struct settings_host *host = derive->host;
    const bool is_ours = !derive_is_set(derive, params->argv);
    const char *binary = is_ours ? usual_binaries[0] : params->argv;
    int found = host->find_binary(host->owner, binary);

    for (size_t at = 1; is_ours && found < 0 && usual_binaries[at]; at++) {
        found = host->find_binary(host->owner, usual_binaries[at]);
        binary = found < 0 ? binary : usual_binaries[at];
    }
    if (is_ours) {
        (void)append(params->argv, &params->argv_bytes, sizeof(params->argv), binary);
        (void)append(params->argv, &params->argv_bytes, sizeof(params->argv), "serve");
        (void)append(params->argv, &params->argv_bytes, sizeof(params->argv),
                     REGISTRY_BUNDLE_CONFIG);
        derive_note(derive, registry, "command",
                    found < 0 ? "Debian's package" : "what exists here");
    }
    if (found < 0 && runs_here(derive)) {
        fprintf(derive_begin_warning(derive, params->argv), "there is no program %s on this host",
                binary);
        derive_end_warning(derive);
    }
}

/* It would run its own file, whatever the nodes agreed on. */
static void check_command(struct derive *derive, const struct settings_registry *registry)
{
    const struct registry_params *params = &registry->params;

    if (!derive_is_set(derive, params->argv) || params->config[0] == '\0')
        return;
    for (size_t at = 0; at < params->argv_bytes; at += strlen(params->argv + at) + 1) {
        if (strstr(params->argv + at, params->config) == NULL)
            continue;
        fprintf(begin_mistake(derive, params->argv), "names %s, must name " REGISTRY_BUNDLE_CONFIG,
                params->config);
        end_mistake(derive);
        return;
    }
}

static bool has_text(const char *texts, size_t texts_bytes, const char *text)
{
    for (size_t at = 0; at < texts_bytes; at += strlen(texts + at) + 1)
        if (strcmp(texts + at, text) == 0)
            return true;
    return false;
}

static void complete_files(struct derive *derive, struct settings_registry *registry,
                           const struct registry_facts *facts)
{
    struct registry_params *params = &registry->params;
    const bool is_ours = !derive_is_set(derive, params->files);

    for (size_t at = 0; at < facts->files_bytes; at += strlen(facts->files + at) + 1) {
        const char *path = facts->files + at;
        if (has_text(registry->local_files, registry->local_files_bytes, path) ||
            has_text(params->files, params->files_bytes, path) ||
            append(params->files, &params->files_bytes, sizeof(params->files), path))
            continue;
        fprintf(begin_mistake(derive, params->config), "%s names too many files", params->config);
        end_mistake(derive);
        return;
    }
    if (is_ours)
        derive_note(derive, registry, "files", "its own configuration");
}

/* One that drains closes its listener first; a command of one's own may have more to give back. */
static void complete_handover(struct derive *derive, struct settings_registry *registry,
                              const struct registry_facts *facts)
{
    struct registry_params *params = &registry->params;

    if (derive_is_set(derive, &params->handover))
        return;
    params->handover = facts && facts->drain_ns > 0 && !derive_is_set(derive, params->argv);
    derive_note(derive, registry, "handover", params->handover ? "its http.draintimeout" : NULL);
}

/* The file of secrets is one of those that must be the same on every node. */
static void complete_environment(struct derive *derive, struct settings_registry *registry)
{
    struct registry_params *params = &registry->params;
    const char *path = params->environment_file;

    memcpy(params->environment, registry->environment, registry->environment_bytes);
    params->environment_bytes = registry->environment_bytes;
    if (path[0] == '\0' || has_text(params->files, params->files_bytes, path) ||
        append(params->files, &params->files_bytes, sizeof(params->files), path))
        return;
    fprintf(begin_mistake(derive, path), "is one file too many, must be one of fewer");
    end_mistake(derive);
}

static void complete_drain(struct derive *derive, struct settings_registry *registry,
                           const struct registry_facts *facts)
{
    int64_t *drain_ns = &registry->params.drain_ns;

    if (!derive_is_set(derive, drain_ns)) {
        const bool is_told = facts && facts->drain_ns > 0;
        *drain_ns = is_told ? facts->drain_ns + DRAIN_MARGIN_NS : DRAIN_DEFAULT_NS;
        derive_note(derive, registry, "drain_timeout", is_told ? "its http.draintimeout" : NULL);
    } else if (facts && facts->drain_ns > *drain_ns) {
        fputs("is shorter than its own http.draintimeout, so it will be killed while it drains",
              derive_begin_warning(derive, drain_ns));
        derive_end_warning(derive);
    }
}

/* Every node derives the same one, so that an upload begun on one goes on on another. */
static void complete_secret(struct derive *derive, struct settings_registry *registry)
{
    struct registry_params *params = &registry->params;
    uint8_t secret[DERIVE_KEY_BYTES];
    char hex[SECRET_HEX_BYTES], variable[SECRET_HEX_BYTES + 32];

    if (derive->is_key_hidden)
        return;
    if (!derive->has_key) {
        fprintf(derive_begin_warning(derive, params->config),
                "%s has no http.secret, and without a cluster key there is none to derive: uploads "
                "will not survive a failover",
                params->config);
        derive_end_warning(derive);
        return;
    }
    (void)crypto_kdf_derive_from_key(secret, sizeof(secret), SECRET_SUBKEY, "registry",
                                     derive->key);
    sodium_bin2hex(hex, sizeof(hex), secret, sizeof(secret));
    snprintf(variable, sizeof(variable), "REGISTRY_HTTP_SECRET=%s", hex);
    registry->secret_derived = append(params->environment, &params->environment_bytes,
                                      sizeof(params->environment), variable);
    if (!registry->secret_derived) {
        fprintf(begin_mistake(derive, registry->environment),
                "leaves no room for the derived REGISTRY_HTTP_SECRET");
        end_mistake(derive);
    }
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(hex, sizeof(hex));
    sodium_memzero(variable, sizeof(variable));
}

static void check_port(struct derive *derive, struct settings_registry *registry,
                       const struct registry_facts *facts)
{
    const struct settings *settings = derive->settings;
    const char *whose = NULL;

    if (facts->port == settings->metrics.port)
        whose = "metrics.port";
    else if (facts->port == settings->cluster.port)
        whose = "cluster.port";
    if (!whose)
        return;
    fprintf(begin_mistake(derive, registry->params.config),
            "%s listens on port %u, must differ from %s", registry->params.config, facts->port,
            whose);
    end_mistake(derive);
}

/* "", "0.0.0.0" and "::" stand in the way of every address. */
static bool may_collide(const char *listen, const char *other)
{
    const char *port = strrchr(listen, ':'), *other_port = strrchr(other, ':');
    const bool is_any =
        listen[0] == ':' || strncmp(listen, "0.0.0.0:", 8) == 0 || strncmp(listen, "[::]:", 5) == 0;

    return port && other_port && strcmp(port, other_port) == 0 &&
           (is_any || strcmp(listen, other) == 0);
}

static void warn_of_port(struct derive *derive, const struct settings_registry *registry)
{
    const struct registry_params *params = &registry->params;

    for (const struct settings_registry *other = derive->settings->registries; other < registry;
         other++) {
        if (!may_collide(params->listen, other->params.listen) &&
            !may_collide(other->params.listen, params->listen))
            continue;
        fprintf(derive_begin_warning(derive, params->config),
                "%s listens at %s, where %s does: on one node only one of them runs",
                params->config, params->listen, other->params.name);
        derive_end_warning(derive);
        return;
    }
}

static void warn_of_storage(struct derive *derive, const struct settings_registry *registry,
                            const struct registry_facts *facts)
{
    if (strcmp(facts->storage, "filesystem") != 0 && strcmp(facts->storage, "inmemory") != 0)
        return;
    fprintf(derive_begin_warning(derive, registry->params.config),
            "%s stores in %s, so after a failover images are there only if all nodes share it",
            registry->params.config, facts->storage);
    derive_end_warning(derive);
}

static const struct registry_facts *find_facts(struct derive *derive,
                                               struct settings_registry *registry)
{
    const struct settings_host *host = derive->host;
    const char *path = registry->params.config;
    const struct registry_facts *facts = NULL;

    if (path[0] == '\0')
        return NULL;
    const int result = host->find_facts(host->owner, path, &facts);
    if (result == 0)
        return facts;
    if (result == -EAGAIN) /* not known yet: the daemon reads the settings again when it is */
        return NULL;
    const char *why = host->facts_error ? host->facts_error(host->owner, path) : NULL;
    why = why ? why : strerror(-result);
    if (result == -EACCES) {
        fprintf(derive_begin_warning(derive, path), "%s %s, so what comes of it is not checked",
                path, why);
        derive_end_warning(derive);
        return NULL;
    }
    fprintf(begin_mistake(derive, path), "%s: %s", path, why);
    end_mistake(derive);
    return NULL;
}

static void take_facts(struct derive *derive, struct settings_registry *registry,
                       const struct registry_facts *facts)
{
    registry->facts_known = true;
    snprintf(registry->params.listen, sizeof(registry->params.listen), "%s", facts->addr);
    complete_files(derive, registry, facts);
    if (!facts->has_secret)
        complete_secret(derive, registry);
    check_port(derive, registry, facts);
    warn_of_port(derive, registry);
    warn_of_storage(derive, registry, facts);
    derive_probes_add(derive, registry, facts);
}

void derive_registry_complete(struct derive *derive, size_t at)
{
    struct settings_registry *registry = &derive->settings->registries[at];

    complete_name(derive, registry, at);
    complete_follows(derive, registry);
    complete_user(derive, registry);
    complete_command(derive, registry);
    check_command(derive, registry);
    const struct registry_facts *facts = find_facts(derive, registry);
    complete_drain(derive, registry, facts);
    complete_handover(derive, registry, facts);
    complete_environment(derive, registry);
    if (facts)
        take_facts(derive, registry, facts);
}

/* Whether a registry whose configuration is not known yet may bring a probe of this name. */
static bool may_come(const struct settings *settings, const char *name)
{
    for (size_t at = 0; at < settings->registry_count; at++)
        if (!settings->registries[at].facts_known &&
            derive_probes_may_add(&settings->registries[at], name))
            return true;
    return false;
}

static bool is_awaited(const struct derive *derive, const char *name)
{
    return *name && !derive_is_probe(derive, name) && may_come(derive->settings, name);
}

static void link_router(const struct derive *derive, struct settings_router *router)
{
    size_t kept = 0;

    for (size_t at = 0; at < router->require_count; at++)
        if (!is_awaited(derive, router->requires[at]))
            memmove(router->requires[kept++], router -> requires[at], sizeof(router->requires[at]));
    for (size_t at = kept; at < router->require_count; at++)
        memset(router->requires[at], 0, sizeof(router->requires[at]));
    router->require_count = kept;
}

void derive_registry_link(struct derive *derive)
{
    struct settings *settings = derive->settings;

    for (size_t at = 0; at < settings->router_count; at++)
        link_router(derive, &settings->routers[at]);
    for (size_t at = 0; at < settings->probe_count; at++)
        if (is_awaited(derive, settings->probes[at].depends))
            memset(settings->probes[at].depends, 0, sizeof(settings->probes[at].depends));
    for (size_t at = 0; at < settings->registry_count; at++)
        if (is_awaited(derive, settings->registries[at].ready))
            memset(settings->registries[at].ready, 0, sizeof(settings->registries[at].ready));
}
