/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digest - the identity of a registry: everything that decides how it behaves, as one hash.
 *
 * SHA-256 over framed items: a tag byte, the length as 8 bytes little endian, the bytes. So no two
 * sets of items make the same input. Secrets go in and cannot be got out. The only file here that
 * knows libsodium.
 */
#ifndef REGISTRY_LAUNCHER_DIGEST_H
#define REGISTRY_LAUNCHER_DIGEST_H

#include <stddef.h>

#include <sodium.h>

#include "registry-launcher/params.h"

struct registry_digest {
    crypto_hash_sha256_state state;
};

/* Before anything else: argv in its order, the environment sorted. */
void registry_digest_start(struct registry_digest *digest, const struct registry_params *params);

void registry_digest_config(struct registry_digest *digest, const void *bytes, size_t length_bytes);

/* A file the configuration refers to; in the order of their paths. `bytes` may be NULL if empty. */
void registry_digest_file(struct registry_digest *digest, const char *path, const void *bytes,
                          size_t length_bytes);
/* One that is not there, or is a folder: that decides, too. `what` is "absent" or "folder". */
void registry_digest_other(struct registry_digest *digest, const char *path, const char *what);

void registry_digest_end(struct registry_digest *digest, char ret_text[REGISTRY_DIGEST_BYTES]);

/* The texts of a list in the order of their bytes; for environments and paths. */
size_t registry_digest_sort(const char *list, size_t list_bytes, const char **texts);

#endif
