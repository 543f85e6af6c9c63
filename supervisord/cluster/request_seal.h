/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request_seal - authenticated encryption of requests between nodes.
 *
 * Both ends make a key pair for each connection. What they agree on (X25519) and the cluster's
 * subkey together give a key per direction, under which lie both hellos, who asks and who is asked:
 * so each end proves that it holds the cluster's key and lives now, nothing recorded opens on
 * another connection, in the other direction or at a third node, and who gets hold of the key later
 * cannot read what was said before. ChaCha20-Poly1305 with a counter as nonce.
 */
#ifndef SUPERVISORD_REQUEST_SEAL_H
#define SUPERVISORD_REQUEST_SEAL_H

#include <stdbool.h>

#include "base/address.h"
#include "supervisord/cluster/request_frame.h"

#define REQUEST_SEAL_KEY_BYTES 32
#define REQUEST_SEAL_TAG_BYTES 16 /* what a seal adds */

struct request_seal_key {
    uint8_t bytes[REQUEST_SEAL_KEY_BYTES];
};

/* What one end makes for a connection. */
struct request_seal_pair {
    uint8_t secret[REQUEST_SEAL_KEY_BYTES];
    uint8_t public[REQUEST_FRAME_PUBLIC_BYTES];
};

/* What both ends know of a connection. */
struct request_seal_ends {
    struct address asker, asked;
    uint8_t asker_hello[REQUEST_FRAME_HELLO_BYTES];
    uint8_t asked_hello[REQUEST_FRAME_HELLO_BYTES];
};

struct request_seal_session {
    struct request_seal_key to_asked, to_asker;
};

/* Returns 0, or -EIO if there is no randomness to be had. Once, before all else. */
int request_seal_init(void);

/* The subkey for requests of the cluster's key. */
struct request_seal_key request_seal_subkey(const uint8_t cluster_key[REQUEST_SEAL_KEY_BYTES]);

void request_seal_random(uint8_t *bytes, size_t length_bytes);

struct request_seal_pair request_seal_pair(void);

/* What the two pairs have in common. Returns 0, or -EBADMSG for a public number that is none. */
int request_seal_agree(const struct request_seal_pair *pair,
                       const uint8_t public[REQUEST_FRAME_PUBLIC_BYTES],
                       uint8_t ret_shared[REQUEST_SEAL_KEY_BYTES]);

struct request_seal_session request_seal_session(const struct request_seal_key *subkey,
                                                 const uint8_t shared[REQUEST_SEAL_KEY_BYTES],
                                                 const struct request_seal_ends *ends);

/*
 * Seal record `number` of its direction into `sealed`, which has room for REQUEST_SEAL_TAG_BYTES
 * more. A number is used once.
 */
void request_seal_wrap(const struct request_seal_key *key, uint64_t number, const uint8_t *plain,
                       size_t plain_bytes, uint8_t *sealed);

/* Into `plain`. Whether it opened. */
bool request_seal_unwrap(const struct request_seal_key *key, uint64_t number, const uint8_t *sealed,
                         size_t plain_bytes, uint8_t *plain);

void request_seal_forget(void *secret, size_t length_bytes);

#endif
