/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/request_cache.h"

#include <stdlib.h>
#include <string.h>

static void clear(struct request_cache_entry *entry)
{
    if (entry->body)
        explicit_bzero(entry->body, entry->body_bytes);
    free(entry->body);
    *entry = (struct request_cache_entry){0};
}

void request_cache_fini(struct request_cache *cache)
{
    for (size_t at = 0; at < REQUEST_CACHE_ENTRIES; at++)
        clear(&cache->entries[at]);
}

static bool is_over(const struct request_cache_entry *entry, struct monotime now)
{
    if (entry->is_answered)
        return monotime_since(entry->since, now) > REQUEST_CACHE_LIFE_NS;
    return monotime_reached(entry->deadline, now);
}

struct request_cache_entry *request_cache_find(struct request_cache *cache,
                                               const struct address *node, const uint8_t *id,
                                               struct monotime now)
{
    for (size_t at = 0; at < REQUEST_CACHE_ENTRIES; at++) {
        struct request_cache_entry *entry = &cache->entries[at];

        if (entry->call != 0 && memcmp(entry->id, id, sizeof(entry->id)) == 0 &&
            address_is_same(&entry->node, node) && !is_over(entry, now))
            return entry;
    }
    return NULL;
}

struct request_cache_entry *request_cache_call(struct request_cache *cache, uint64_t call)
{
    for (size_t at = 0; at < REQUEST_CACHE_ENTRIES; at++)
        if (call != 0 && cache->entries[at].call == call)
            return &cache->entries[at];
    return NULL;
}

static bool may_replace(const struct request_cache_entry *entry, struct monotime now)
{
    return entry->call == 0 || entry->is_answered || is_over(entry, now);
}

static size_t at_work(const struct request_cache *cache, const struct address *node,
                      struct monotime now)
{
    size_t count = 0;

    for (size_t at = 0; at < REQUEST_CACHE_ENTRIES; at++)
        count += !may_replace(&cache->entries[at], now) &&
                 address_is_same(&cache->entries[at].node, node);
    return count;
}

struct request_cache_entry *request_cache_add(struct request_cache *cache,
                                              const struct address *node,
                                              const struct request_frame_head *head,
                                              struct monotime now)
{
    struct request_cache_entry *oldest = NULL;

    for (size_t at = 0; at < REQUEST_CACHE_ENTRIES; at++) {
        struct request_cache_entry *entry = &cache->entries[at];

        if (may_replace(entry, now) && (!oldest || entry->since.ns < oldest->since.ns))
            oldest = entry;
    }
    if (!oldest || at_work(cache, node, now) >= REQUEST_CACHE_OF_NODE)
        return NULL;
    clear(oldest);
    oldest->call = ++cache->calls;
    oldest->node = *node;
    memcpy(oldest->id, head->id, sizeof(oldest->id));
    oldest->type = head->type;
    oldest->since = now;
    oldest->deadline = monotime_add(now, head->patience_ms * NS_PER_MS);
    return oldest;
}

void request_cache_answer(struct request_cache_entry *entry, int32_t result, const uint8_t *body,
                          size_t body_bytes, struct monotime now)
{
    uint8_t *copy = NULL;

    if (body_bytes > 0 && body_bytes <= REQUEST_CACHE_BODY)
        copy = malloc(body_bytes);
    if (body_bytes > 0 && !copy) {
        clear(entry);
        return;
    }
    if (copy)
        memcpy(copy, body, body_bytes);
    entry->is_answered = true;
    entry->since = now; /* the answer to what took long is not the oldest */
    entry->result = result;
    entry->body = copy;
    entry->body_bytes = body_bytes;
}
