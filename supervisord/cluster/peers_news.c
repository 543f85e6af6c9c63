/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/peers_news.h"

#include <string.h>

/* What this begins with is news; a layout that older readers cannot skip needs another one. */
#define MAGIC_0 0x52
#define MAGIC_1 0x4e

#define HEAD_BYTES 3 /* tag, and 16 bits of length */
#define NS_PER_MS  INT64_C(1000000)

/* On the wire for ever; see the head of the header. */
enum tag {
    TAG_NODE = 1,     /* serial 4, mode 1, paused 1 */
    TAG_VERSION = 2,  /* text */
    TAG_ROUTER = 3,   /* vrid 1, family 1, flags 1, successor text */
    TAG_REGISTRY = 4, /* state 1, flags 1, failed age 4, digest 32, name text */
    TAG_PROBE = 5,    /* hash 4, health 1, success age 4, failure age 4 */
};

#define DIGEST_RAW_BYTES 32
#define NO_AGE           UINT32_MAX

/* An item under way: what has no room in it is zero for the reader and nothing for the writer. */
struct item {
    uint8_t *to;
    const uint8_t *from;
    size_t used_bytes, size_bytes;
};

static void put(struct item *item, const void *bytes, size_t length_bytes)
{
    if (length_bytes <= item->size_bytes - item->used_bytes)
        memcpy(item->to + item->used_bytes, bytes, length_bytes);
    item->used_bytes += length_bytes <= item->size_bytes - item->used_bytes ? length_bytes : 0;
}

static void put_number(struct item *item, uint32_t number, size_t length_bytes)
{
    uint8_t bytes[4];

    for (size_t at = 0; at < sizeof(bytes); at++)
        bytes[at] = (uint8_t)(number >> (8 * at));
    put(item, bytes, length_bytes);
}

/* Milliseconds: 49 days, and older is as old as that. */
static void put_age(struct item *item, int64_t age_ns)
{
    const int64_t age_ms = age_ns / NS_PER_MS;

    if (age_ns < 0)
        put_number(item, NO_AGE, 4);
    else
        put_number(item, age_ms < NO_AGE ? (uint32_t)age_ms : NO_AGE - 1, 4);
}

static void put_text(struct item *item, const char *text)
{
    put(item, text, strlen(text));
}

static uint32_t get_number(struct item *item, size_t length_bytes)
{
    uint32_t number = 0;

    for (size_t at = 0; at < length_bytes && item->used_bytes < item->size_bytes; at++)
        number |= (uint32_t)item->from[item->used_bytes++] << (8 * at);
    return number;
}

/* One that is not there at all is no age. */
static int64_t get_age(struct item *item)
{
    if (item->size_bytes - item->used_bytes < 4)
        return PEERS_NEWS_NEVER;
    const uint32_t age_ms = get_number(item, 4);
    return age_ms == NO_AGE ? PEERS_NEWS_NEVER : age_ms * NS_PER_MS;
}

/* What is left of the item; what has no room is cut. `text` is zero before. */
static void get_text(struct item *item, char *text, size_t size_bytes)
{
    const size_t left_bytes = item->size_bytes - item->used_bytes;
    const size_t length_bytes = left_bytes < size_bytes ? left_bytes : size_bytes - 1;

    for (size_t at = 0; at < length_bytes && item->from[item->used_bytes + at] != '\0'; at++)
        text[at] = (char)item->from[item->used_bytes + at];
    item->used_bytes = item->size_bytes;
}

/* Digests travel as bytes: 64 hexadecimal digits, or none. */

static int nibble_of(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : 0;
}

static void put_digest(struct item *item, const char *digest)
{
    uint8_t raw[DIGEST_RAW_BYTES] = {0};

    for (size_t at = 0; at < 2 * sizeof(raw) && digest[at] != '\0'; at++)
        raw[at / 2] |= (uint8_t)(nibble_of(digest[at]) << (at % 2 ? 0 : 4));
    put(item, raw, sizeof(raw));
}

static void get_digest(struct item *item, char digest[PEERS_NEWS_DIGEST_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t some = 0;

    for (size_t at = 0; at < DIGEST_RAW_BYTES; at++) {
        const uint8_t byte = (uint8_t)get_number(item, 1);
        some |= byte;
        digest[2 * at] = digits[byte >> 4];
        digest[2 * at + 1] = digits[byte & 15];
    }
    if (some == 0)
        memset(digest, 0, PEERS_NEWS_DIGEST_BYTES);
}

/* Writing. */

struct writer {
    uint8_t *bytes;
    size_t used_bytes, size_bytes;
};

/* An item is built aside, and goes in whole or not at all. */
static void add(struct writer *writer, enum tag tag, const struct item *item)
{
    uint8_t *to = writer->bytes + writer->used_bytes;

    if (HEAD_BYTES + item->used_bytes > writer->size_bytes - writer->used_bytes)
        return;
    to[0] = (uint8_t)tag;
    to[1] = (uint8_t)item->used_bytes;
    to[2] = (uint8_t)(item->used_bytes >> 8);
    memcpy(to + HEAD_BYTES, item->to, item->used_bytes);
    writer->used_bytes += HEAD_BYTES + item->used_bytes;
}

static void add_router(struct writer *writer, const struct peers_news_router *router)
{
    uint8_t bytes[64];
    struct item item = {.to = bytes, .size_bytes = sizeof(bytes)};

    put_number(&item, router->vrid, 1);
    put_number(&item, router->family, 1);
    put_number(&item, router->flags, 1);
    put_text(&item, router->successor);
    add(writer, TAG_ROUTER, &item);
}

static void add_registry(struct writer *writer, const struct peers_news_registry *registry)
{
    uint8_t bytes[128];
    struct item item = {.to = bytes, .size_bytes = sizeof(bytes)};

    put_number(&item, registry->state, 1);
    put_number(&item, registry->flags, 1);
    put_age(&item, registry->failed_age_ns);
    put_digest(&item, registry->digest);
    put_text(&item, registry->name);
    add(writer, TAG_REGISTRY, &item);
}

static void add_probe(struct writer *writer, const struct peers_news_probe *probe)
{
    uint8_t bytes[16];
    struct item item = {.to = bytes, .size_bytes = sizeof(bytes)};

    put_number(&item, probe->name_hash, 4);
    put_number(&item, probe->health, 1);
    put_age(&item, probe->success_age_ns);
    put_age(&item, probe->failure_age_ns);
    add(writer, TAG_PROBE, &item);
}

static void add_node(struct writer *writer, const struct peers_news *news)
{
    uint8_t bytes[64];
    struct item item = {.to = bytes, .size_bytes = sizeof(bytes)};

    put_number(&item, news->serial, 4);
    put_number(&item, news->mode, 1);
    put_number(&item, news->is_paused, 1);
    add(writer, TAG_NODE, &item);
    item.used_bytes = 0;
    put_text(&item, news->version);
    add(writer, TAG_VERSION, &item);
}

size_t peers_news_encode(const struct peers_news *news, uint8_t *bytes, size_t size_bytes)
{
    struct writer writer = {.bytes = bytes, .size_bytes = size_bytes};

    if (size_bytes < 2)
        return 0;
    bytes[writer.used_bytes++] = MAGIC_0;
    bytes[writer.used_bytes++] = MAGIC_1;
    add_node(&writer, news);
    for (size_t at = 0; at < news->router_count; at++)
        add_router(&writer, &news->routers[at]);
    for (size_t at = 0; at < news->registry_count; at++)
        add_registry(&writer, &news->registries[at]);
    for (size_t at = 0; at < news->probe_count; at++)
        add_probe(&writer, &news->probes[at]);
    return writer.used_bytes;
}

/* Reading. What there are more of than we have room for is passed over. */

static void take_node(struct item *item, struct peers_news *news)
{
    news->serial = get_number(item, 4);
    news->mode = (uint8_t)get_number(item, 1);
    news->is_paused = get_number(item, 1) != 0;
}

static void take_router(struct item *item, struct peers_news *news)
{
    if (news->router_count == PEERS_NEWS_ROUTERS)
        return;
    struct peers_news_router *router = &news->routers[news->router_count++];
    router->vrid = (uint8_t)get_number(item, 1);
    router->family = (uint8_t)get_number(item, 1);
    router->flags = (uint8_t)get_number(item, 1);
    get_text(item, router->successor, sizeof(router->successor));
}

static void take_registry(struct item *item, struct peers_news *news)
{
    if (news->registry_count == PEERS_NEWS_REGISTRIES)
        return;
    struct peers_news_registry *registry = &news->registries[news->registry_count++];
    registry->state = (uint8_t)get_number(item, 1);
    registry->flags = (uint8_t)get_number(item, 1);
    registry->failed_age_ns = get_age(item);
    get_digest(item, registry->digest);
    get_text(item, registry->name, sizeof(registry->name));
}

static void take_probe(struct item *item, struct peers_news *news)
{
    if (news->probe_count == PEERS_NEWS_PROBES)
        return;
    struct peers_news_probe *probe = &news->probes[news->probe_count++];
    probe->name_hash = get_number(item, 4);
    probe->health = (uint8_t)get_number(item, 1);
    probe->success_age_ns = get_age(item);
    probe->failure_age_ns = get_age(item);
}

static void take(uint8_t tag, struct item *item, struct peers_news *news)
{
    if (tag == TAG_NODE)
        take_node(item, news);
    else if (tag == TAG_VERSION)
        get_text(item, news->version, sizeof(news->version));
    else if (tag == TAG_ROUTER)
        take_router(item, news);
    else if (tag == TAG_REGISTRY)
        take_registry(item, news);
    else if (tag == TAG_PROBE)
        take_probe(item, news);
}

bool peers_news_decode(const uint8_t *bytes, size_t length_bytes, struct peers_news *ret_news)
{
    size_t at = 2;

    if (length_bytes < 2 || bytes[0] != MAGIC_0 || bytes[1] != MAGIC_1)
        return false;
    memset(ret_news, 0, sizeof(*ret_news));
    while (length_bytes - at >= HEAD_BYTES) {
        const size_t size_bytes = bytes[at + 1] | (size_t)bytes[at + 2] << 8;
        struct item item = {.from = bytes + at + HEAD_BYTES, .size_bytes = size_bytes};

        if (size_bytes > length_bytes - at - HEAD_BYTES)
            break;
        take(bytes[at], &item, ret_news);
        at += HEAD_BYTES + size_bytes;
    }
    return true;
}

/* FNV-1a. */
uint32_t peers_news_hash(const char *name)
{
    uint32_t hash = UINT32_C(2166136261);

    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * UINT32_C(16777619);
    return hash;
}

const struct peers_news_probe *peers_news_probe(const struct peers_news *news, const char *name)
{
    const uint32_t hash = peers_news_hash(name);

    for (size_t at = 0; at < news->probe_count; at++)
        if (news->probes[at].name_hash == hash)
            return &news->probes[at];
    return NULL;
}

const struct peers_news_router *peers_news_router(const struct peers_news *news, uint8_t vrid,
                                                  uint8_t family)
{
    for (size_t at = 0; at < news->router_count; at++)
        if (news->routers[at].vrid == vrid && news->routers[at].family == family)
            return &news->routers[at];
    return NULL;
}

const struct peers_news_registry *peers_news_registry(const struct peers_news *news,
                                                      const char *name)
{
    for (size_t at = 0; at < news->registry_count; at++)
        if (memcmp(news->registries[at].name, name, strlen(name) + 1) == 0)
            return &news->registries[at];
    return NULL;
}
