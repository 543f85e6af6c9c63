/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/request_seal.h"

#include <errno.h>

#include <sodium.h>

/* Of the subkeys of crypto_kdf; 1 is the registries' secret, 2 the peer frames'. */
#define SUBKEY      3
#define CONTEXT     "requests"
#define PURPOSE     "regha request"
#define NONCE_BYTES crypto_aead_chacha20poly1305_ietf_NPUBBYTES

_Static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == REQUEST_SEAL_TAG_BYTES &&
                   crypto_aead_chacha20poly1305_ietf_KEYBYTES == REQUEST_SEAL_KEY_BYTES &&
                   crypto_kdf_KEYBYTES == REQUEST_SEAL_KEY_BYTES &&
                   crypto_scalarmult_BYTES == REQUEST_SEAL_KEY_BYTES &&
                   crypto_scalarmult_SCALARBYTES == REQUEST_SEAL_KEY_BYTES,
               "what the header promises");
_Static_assert(sizeof(struct request_seal_session) <= crypto_generichash_BYTES_MAX &&
                   sizeof(struct request_seal_session) == 2 * REQUEST_SEAL_KEY_BYTES,
               "one hash is both keys");

int request_seal_init(void)
{
    return sodium_init() < 0 ? -EIO : 0;
}

struct request_seal_key request_seal_subkey(const uint8_t cluster_key[REQUEST_SEAL_KEY_BYTES])
{
    struct request_seal_key subkey;

    (void)crypto_kdf_derive_from_key(subkey.bytes, sizeof(subkey.bytes), SUBKEY, CONTEXT,
                                     cluster_key); /* fails for lengths only */
    return subkey;
}

void request_seal_random(uint8_t *bytes, size_t length_bytes)
{
    randombytes_buf(bytes, length_bytes);
}

struct request_seal_pair request_seal_pair(void)
{
    struct request_seal_pair pair;

    randombytes_buf(pair.secret, sizeof(pair.secret));
    (void)crypto_scalarmult_base(pair.public, pair.secret); /* cannot fail */
    return pair;
}

int request_seal_agree(const struct request_seal_pair *pair,
                       const uint8_t public[REQUEST_FRAME_PUBLIC_BYTES],
                       uint8_t ret_shared[REQUEST_SEAL_KEY_BYTES])
{
    /* It refuses a point of small order, whose product anybody could guess. */
    return crypto_scalarmult(ret_shared, pair->secret, public) == 0 ? 0 : -EBADMSG;
}

static void hash_host(crypto_generichash_state *state, const struct address *address)
{
    (void)crypto_generichash_update(state, &address->family, sizeof(address->family));
    (void)crypto_generichash_update(state, address->bytes, address_bytes(address));
}

struct request_seal_session request_seal_session(const struct request_seal_key *subkey,
                                                 const uint8_t shared[REQUEST_SEAL_KEY_BYTES],
                                                 const struct request_seal_ends *ends)
{
    uint8_t hash[sizeof(struct request_seal_session)];
    struct request_seal_session session;
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, subkey->bytes, sizeof(subkey->bytes), sizeof(hash));
    (void)crypto_generichash_update(&state, (const uint8_t *)PURPOSE, sizeof(PURPOSE));
    (void)crypto_generichash_update(&state, shared, REQUEST_SEAL_KEY_BYTES);
    (void)crypto_generichash_update(&state, ends->asker_hello, sizeof(ends->asker_hello));
    (void)crypto_generichash_update(&state, ends->asked_hello, sizeof(ends->asked_hello));
    hash_host(&state, &ends->asker);
    hash_host(&state, &ends->asked);
    (void)crypto_generichash_final(&state, hash, sizeof(hash));
    memcpy(session.to_asked.bytes, hash, REQUEST_SEAL_KEY_BYTES);
    memcpy(session.to_asker.bytes, hash + REQUEST_SEAL_KEY_BYTES, REQUEST_SEAL_KEY_BYTES);
    sodium_memzero(hash, sizeof(hash));
    sodium_memzero(&state, sizeof(state));
    return session;
}

static void put_nonce(uint64_t number, uint8_t nonce[NONCE_BYTES])
{
    memset(nonce, 0, NONCE_BYTES);
    for (int at = 0; at < 8; at++)
        nonce[at] = (uint8_t)(number >> (8 * at));
}

void request_seal_wrap(const struct request_seal_key *key, uint64_t number, const uint8_t *plain,
                       size_t plain_bytes, uint8_t *sealed)
{
    uint8_t nonce[NONCE_BYTES];

    put_nonce(number, nonce);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, plain, plain_bytes, NULL, 0, NULL,
                                                    nonce, key->bytes); /* cannot fail */
}

bool request_seal_unwrap(const struct request_seal_key *key, uint64_t number, const uint8_t *sealed,
                         size_t plain_bytes, uint8_t *plain)
{
    uint8_t nonce[NONCE_BYTES];

    put_nonce(number, nonce);
    return crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed,
                                                     plain_bytes + REQUEST_SEAL_TAG_BYTES, NULL, 0,
                                                     nonce, key->bytes) == 0;
}

void request_seal_forget(void *secret, size_t length_bytes)
{
    sodium_memzero(secret, length_bytes);
}
