/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/seal.h"

#include <assert.h>
#include <errno.h>

#include <sodium.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES   crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PURPOSE     "regha frame"
#define HOST_BYTES  (1 + ADDRESS_IPV6_BYTES)
#define ROUTE_BYTES (sizeof(PURPOSE) + 2 * HOST_BYTES)

static_assert(NONCE_BYTES + TAG_BYTES == VRRP_SEAL_BYTES, "what the header promises");
static_assert(sizeof(struct vrrp_cluster_key) == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
              "a key of the right length");

int vrrp_seal_init(void)
{
    return sodium_init() < 0 ? -EIO : 0;
}

uint64_t vrrp_seal_random(void)
{
    uint64_t number;

    do
        randombytes_buf(&number, sizeof(number));
    while (number == 0);
    return number;
}

static uint8_t *put_host(uint8_t *at, const struct address *address)
{
    at[0] = address->family;
    memcpy(at + 1, address->bytes, ADDRESS_IPV6_BYTES);
    return at + HOST_BYTES;
}

static void put_route(const struct vrrp_seal_route *route, uint8_t bytes[ROUTE_BYTES])
{
    memcpy(bytes, PURPOSE, sizeof(PURPOSE));
    (void)put_host(put_host(bytes + sizeof(PURPOSE), &route->from), &route->to);
}

size_t vrrp_seal_wrap(const struct vrrp_cluster_key *key, const struct vrrp_seal_route *route,
                      const uint8_t *plain, size_t plain_bytes, uint8_t *sealed)
{
    uint8_t context[ROUTE_BYTES];
    unsigned long long length;

    put_route(route, context);
    randombytes_buf(sealed, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_BYTES, &length, plain, plain_bytes,
                                               context, sizeof(context), NULL, sealed, key->bytes);
    return NONCE_BYTES + (size_t)length;
}

int vrrp_seal_unwrap(const struct vrrp_sealed *sealed, const struct vrrp_seal_route *route,
                     uint8_t *plain)
{
    uint8_t context[ROUTE_BYTES];
    unsigned long long length;

    if (sealed->length_bytes < VRRP_SEAL_BYTES)
        return -EBADMSG;
    put_route(route, context);
    for (size_t at = 0; at < sealed->key_count; at++)
        if (crypto_aead_xchacha20poly1305_ietf_decrypt(
                plain, &length, NULL, sealed->bytes + NONCE_BYTES,
                sealed->length_bytes - NONCE_BYTES, context, sizeof(context), sealed->bytes,
                sealed->keys[at].bytes) == 0)
            return (int)length;
    return -EBADMSG;
}

void vrrp_seal_forget(void *secret, size_t length_bytes)
{
    sodium_memzero(secret, length_bytes);
}
