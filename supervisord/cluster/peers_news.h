/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peers_news - what reghad tells of itself in peer frames, as bytes.
 *
 * Pure. Made for two versions at once: a list of items, each a tag, a length and a value. A reader
 * passes over tags it does not know and over what a value has beyond what it knows, and takes what
 * is missing as zero; so fields are only ever added, at the end of a value or under a new tag, and
 * no tag is used twice for different things. The writer puts in what matters first and leaves out
 * what has no room. Spans are ages, for clocks of two nodes have nothing to do with each other.
 */
#ifndef SUPERVISORD_PEERS_NEWS_H
#define SUPERVISORD_PEERS_NEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEERS_NEWS_NAME_BYTES   32
#define PEERS_NEWS_DIGEST_BYTES 65
#define PEERS_NEWS_REGISTRIES   8
#define PEERS_NEWS_PROBES       24
#define PEERS_NEWS_ROUTERS      24
#define PEERS_NEWS_NEVER        (-1)

enum peers_news_flag {
    PEERS_NEWS_READONLY = 1 << 0, /* of a registry: it refuses pushes */
    PEERS_NEWS_READY = 1 << 1,    /* its probe has succeeded since it was started */
    PEERS_NEWS_ELIGIBLE = 1 << 0, /* of a router */
};

struct peers_news_registry {
    char name[PEERS_NEWS_NAME_BYTES];
    char digest[PEERS_NEWS_DIGEST_BYTES]; /* of what a start there would use; "": unknown */
    uint8_t state;                        /* enum registry_state */
    uint8_t flags;
    int64_t failed_age_ns; /* since it last failed there; PEERS_NEWS_NEVER */
};

/* A probe of something shared, by the hash of its name: all nodes have the same configuration. */
struct peers_news_probe {
    uint32_t name_hash;
    uint8_t health;         /* enum probe_health */
    int64_t success_age_ns; /* since the last success began; PEERS_NEWS_NEVER */
    int64_t failure_age_ns; /* since the first failure after that began */
};

struct peers_news_router {
    uint8_t vrid;
    uint8_t family; /* AF_INET or AF_INET6 */
    uint8_t flags;
    char successor[PEERS_NEWS_NAME_BYTES]; /* the node it is being handed over to; "": none */
};

struct peers_news {
    uint32_t serial; /* another one with each change: a reader dates the ages by it */
    char version[PEERS_NEWS_NAME_BYTES];
    uint8_t mode; /* enum operator_mode */
    bool is_paused;
    size_t registry_count;
    struct peers_news_registry registries[PEERS_NEWS_REGISTRIES];
    size_t probe_count;
    struct peers_news_probe probes[PEERS_NEWS_PROBES];
    size_t router_count;
    struct peers_news_router routers[PEERS_NEWS_ROUTERS];
};

/* Returns how many of `size_bytes` were used. */
size_t peers_news_encode(const struct peers_news *news, uint8_t *bytes, size_t size_bytes);

/*
 * Returns whether these bytes are news at all; then `ret_news` has what could be read of them. An
 * item that is cut short ends them.
 */
bool peers_news_decode(const uint8_t *bytes, size_t length_bytes, struct peers_news *ret_news);

uint32_t peers_news_hash(const char *name);

/* What was said of this one; NULL: nothing. */
const struct peers_news_probe *peers_news_probe(const struct peers_news *news, const char *name);
const struct peers_news_router *peers_news_router(const struct peers_news *news, uint8_t vrid,
                                                  uint8_t family);
const struct peers_news_registry *peers_news_registry(const struct peers_news *news,
                                                      const char *name);

#endif
