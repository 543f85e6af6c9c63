/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request_cache - the requests that came in lately, and what was answered.
 *
 * Who asks with the same id again, because the connection broke, gets the same answer, and nothing
 * is done twice. The last REQUEST_CACHE_ENTRIES are kept, longer answers without their body: those
 * are asked again, which only reading does.
 */
#ifndef SUPERVISORD_REQUEST_CACHE_H
#define SUPERVISORD_REQUEST_CACHE_H

#include "base/address.h"
#include "base/monotime.h"
#include "supervisord/cluster/request_frame.h"

#define REQUEST_CACHE_ENTRIES 64
#define REQUEST_CACHE_OF_NODE 16 /* at work at once */
#define REQUEST_CACHE_BODY    (64 * 1024)
#define REQUEST_CACHE_LIFE_NS (600 * NS_PER_S)

struct request_cache_entry {
    uint64_t call; /* 0: free */
    struct address node;
    uint8_t id[REQUEST_FRAME_ID_BYTES];
    uint8_t type;
    bool is_answered;
    int32_t result;
    uint8_t *body; /* of the answer */
    size_t body_bytes;
    struct monotime since;    /* asked, or answered */
    struct monotime deadline; /* for the answer; from then on nobody waits for it */
};

struct request_cache {
    uint64_t calls; /* ever */
    struct request_cache_entry entries[REQUEST_CACHE_ENTRIES];
};

void request_cache_fini(struct request_cache *cache);

/* NULL: none that still counts. */
struct request_cache_entry *request_cache_find(struct request_cache *cache,
                                               const struct address *node, const uint8_t *id,
                                               struct monotime now);
struct request_cache_entry *request_cache_call(struct request_cache *cache, uint64_t call);

/* A new one, in the place of the oldest that is answered. NULL: too much is at work. */
struct request_cache_entry *request_cache_add(struct request_cache *cache,
                                              const struct address *node,
                                              const struct request_frame_head *head,
                                              struct monotime now);

/* Keep the answer; one that cannot be kept is forgotten with its request. */
void request_cache_answer(struct request_cache_entry *entry, int32_t result, const uint8_t *body,
                          size_t body_bytes, struct monotime now);

#endif
