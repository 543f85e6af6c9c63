/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/digest.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "registry-launcher/goal_check.h"

enum tag {
    TAG_ARGUMENT = 1,
    TAG_ENVIRONMENT,
    TAG_CONFIG,
    TAG_PATH,
    TAG_FILE,
    TAG_OTHER,
};

static void add(struct registry_digest *digest, enum tag tag, const void *bytes,
                size_t length_bytes)
{
    uint8_t head[9] = {(uint8_t)tag};

    for (size_t at = 0; at < 8; at++)
        head[1 + at] = (uint8_t)((uint64_t)length_bytes >> (8 * at));
    crypto_hash_sha256_update(&digest->state, head, sizeof(head));
    crypto_hash_sha256_update(&digest->state, bytes, length_bytes);
}

static int compare(const void *a, const void *b)
{
    const char *const *first = a;
    const char *const *second = b;

    return strcmp(*first, *second);
}

size_t registry_digest_sort(const char *list, size_t list_bytes, const char **texts)
{
    const size_t count = registry_goal_check_split(list, list_bytes, texts);

    qsort(texts, count, sizeof(texts[0]), compare);
    return count;
}

void registry_digest_start(struct registry_digest *digest, const struct registry_params *params)
{
    const char *texts[REGISTRY_GOAL_TEXTS_MAX + 1];
    size_t count = registry_goal_check_split(params->argv, params->argv_bytes, texts);

    crypto_hash_sha256_init(&digest->state);
    for (size_t at = 0; at < count; at++)
        add(digest, TAG_ARGUMENT, texts[at], strlen(texts[at]));

    count = registry_digest_sort(params->environment, params->environment_bytes, texts);
    for (size_t at = 0; at < count; at++)
        add(digest, TAG_ENVIRONMENT, texts[at], strlen(texts[at]));
}

void registry_digest_config(struct registry_digest *digest, const void *bytes, size_t length_bytes)
{
    add(digest, TAG_CONFIG, bytes, length_bytes);
}

void registry_digest_file(struct registry_digest *digest, const char *path, const void *bytes,
                          size_t length_bytes)
{
    add(digest, TAG_PATH, path, strlen(path));
    add(digest, TAG_FILE, length_bytes == 0 ? "" : bytes, length_bytes);
}

void registry_digest_other(struct registry_digest *digest, const char *path, const char *what)
{
    add(digest, TAG_PATH, path, strlen(path));
    add(digest, TAG_OTHER, what, strlen(what));
}

void registry_digest_end(struct registry_digest *digest, char ret_text[REGISTRY_DIGEST_BYTES])
{
    uint8_t hash[crypto_hash_sha256_BYTES];

    crypto_hash_sha256_final(&digest->state, hash);
    sodium_bin2hex(ret_text, REGISTRY_DIGEST_BYTES, hash, sizeof(hash));
}
