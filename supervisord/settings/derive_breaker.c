/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/derive_breaker.h"

#include <string.h>

#include "supervisord/settings/registry_yaml.h"
#include "supervisord/settings/url.h"

#define SCHEME "tcp://"

/* Never this host: what is cut off there is the store as everybody here sees it. */
static bool is_here(const struct derive *derive, const struct address *address)
{
    static const struct address loopback = {.family = AF_INET6, .bytes[15] = 1};
    char interface[IFNAMSIZ];

    if (address->family == AF_INET ? address->bytes[0] == 127 : address_is_same(address, &loopback))
        return true;
    return derive->host->find_address(derive->host->owner, address, interface) == 0;
}

static bool is_watched(const struct settings_breaker *breaker,
                       const struct settings_breaker_peer *peer)
{
    for (size_t at = 0; at < breaker->watch_count; at++)
        if (breaker->watch[at].port == peer->port &&
            address_is_same(&breaker->watch[at].address, &peer->address))
            return true;
    return false;
}

static void watch(struct derive *derive, const struct settings_breaker_peer *peer)
{
    struct settings_breaker *breaker = &derive->settings->breaker;

    if (breaker->watch_count < SETTINGS_BREAKER_PEERS && !is_here(derive, &peer->address) &&
        !is_watched(breaker, peer))
        breaker->watch[breaker->watch_count++] = *peer;
}

static bool parse(const char *text, struct settings_breaker_peer *ret_peer)
{
    char url_text[sizeof(SCHEME) + SETTINGS_BREAKER_PEER_BYTES];
    struct settings_breaker_peer peer;
    struct url url;

    memset(&peer, 0, sizeof(peer));
    snprintf(url_text, sizeof(url_text), SCHEME "%s", text);
    if (url_parse(url_text, &url) != URL_FINE || url.port == 0 || url.has_path ||
        address_parse(url.host, &peer.address) < 0)
        return false;
    peer.port = url.port;
    *ret_peer = peer;
    return true;
}

static bool is_node(const struct settings *settings, const struct address *address)
{
    for (size_t at = 0; at < settings->node_count; at++)
        if (address_is_same(&settings->nodes[at].address, address))
            return true;
    return false;
}

static bool is_virtual(const struct settings *settings, const struct address *address)
{
    for (size_t at = 0; at < settings->router_count; at++)
        for (size_t which = 0; which < settings->routers[at].params.address_count; which++)
            if (address_is_same(&settings->routers[at].params.addresses[which], address))
                return true;
    return false;
}

/* Of a store that is elsewhere, or anywhere by its name, nobody knows the peers. */
static bool is_on_nodes(const struct derive *derive, const char *host)
{
    struct address address;

    if (address_parse(host, &address) < 0)
        return strcmp(host, "localhost") == 0;
    return is_here(derive, &address) || is_node(derive->settings, &address) ||
           is_virtual(derive->settings, &address);
}

static void watch_nodes(struct derive *derive, uint16_t port)
{
    const struct settings *settings = derive->settings;

    for (size_t at = 0; at < settings->node_count; at++) {
        const struct settings_breaker_peer peer = {settings->nodes[at].address, port};
        if (!settings->nodes[at].witness && peer.address.family != 0)
            watch(derive, &peer);
    }
}

static void watch_storage(struct derive *derive)
{
    const struct settings *settings = derive->settings;

    for (size_t at = 0; at < settings->registry_count; at++) {
        const char *path = settings->registries[at].params.config;
        const struct registry_facts *facts;
        struct url url;

        if (path[0] == '\0' || derive->host->find_facts(derive->host->owner, path, &facts) < 0 ||
            facts->endpoint[0] == '\0' || url_parse(facts->endpoint, &url) != URL_FINE)
            continue;
        if (url.port != 0 && is_on_nodes(derive, url.host))
            watch_nodes(derive, url.port);
    }
}

static void refuse(struct derive *derive, const char *text)
{
    FILE *out = settings_judge_begin(&derive->judge, derive->judge.mistakes, text);

    fprintf(out, "must be address:port, as in \"10.0.0.11:9000\", or \"%s\"",
            SETTINGS_BREAKER_STORAGE);
    mistake_end(derive->judge.mistakes);
}

void derive_breaker_complete(struct derive *derive)
{
    struct settings_breaker *breaker = &derive->settings->breaker;

    breaker->watch_count = 0;
    for (size_t at = 0; at < breaker->peer_count; at++) {
        struct settings_breaker_peer peer;

        if (strcmp(breaker->peers[at], SETTINGS_BREAKER_STORAGE) == 0)
            watch_storage(derive);
        else if (parse(breaker->peers[at], &peer))
            watch(derive, &peer);
        else
            refuse(derive, breaker->peers[at]);
    }
}
