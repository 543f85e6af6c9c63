/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What another node's reghad says of itself: whatever it is, it is bounded, and can be told again. */
#include <assert.h>
#include <string.h>

#include "supervisord/cluster/peers_news.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct peers_news news, again;
    uint8_t told[8192];

    if (!peers_news_decode(bytes, size, &news))
        return 0;
    assert(news.registry_count <= PEERS_NEWS_REGISTRIES && news.probe_count <= PEERS_NEWS_PROBES);
    assert(news.router_count <= PEERS_NEWS_ROUTERS);
    assert(memchr(news.version, '\0', sizeof(news.version)));
    for (size_t at = 0; at < news.registry_count; at++)
        assert(memchr(news.registries[at].name, '\0', sizeof(news.registries[at].name)) &&
               memchr(news.registries[at].digest, '\0', sizeof(news.registries[at].digest)));
    for (size_t at = 0; at < news.router_count; at++)
        assert(memchr(news.routers[at].successor, '\0', sizeof(news.routers[at].successor)));
    for (size_t at = 0; at < news.probe_count; at++)
        assert(news.probes[at].success_age_ns >= PEERS_NEWS_NEVER);
    const size_t length = peers_news_encode(&news, told, sizeof(told));
    assert(peers_news_decode(told, length, &again));
    assert(memcmp(&news, &again, sizeof(news)) == 0);
    return 0;
}
