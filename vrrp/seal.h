/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seal - authenticated encryption of peer frames; the only user of libsodium here.
 *
 * XChaCha20-Poly1305 with a random nonce. Who sends it to whom is under the seal, for all nodes
 * share the key: a frame that is turned around or passed on to a third node does not open.
 */
#ifndef VRRP_SEAL_H
#define VRRP_SEAL_H

#include <stddef.h>

#include "vrrp/params.h"

#define VRRP_SEAL_BYTES 40 /* what a seal adds: nonce and tag */

struct vrrp_seal_route {
    struct address from;
    struct address to;
};

/* Returns 0, or -EIO if there is no randomness to be had. Once, before all else. */
int vrrp_seal_init(void);

/* A number nobody can guess, never 0. */
uint64_t vrrp_seal_random(void);

/* Into `sealed`, which has room for VRRP_SEAL_BYTES more. Returns its length. */
size_t vrrp_seal_wrap(const struct vrrp_cluster_key *key, const struct vrrp_seal_route *route,
                      const uint8_t *plain, size_t plain_bytes, uint8_t *sealed);

/* The sealed bytes and the keys any of which may open them. */
struct vrrp_sealed {
    const uint8_t *bytes;
    size_t length_bytes;
    const struct vrrp_cluster_key *keys;
    size_t key_count;
};

/* Into `plain`, as long as `sealed`. Returns the length, or -EBADMSG. */
int vrrp_seal_unwrap(const struct vrrp_sealed *sealed, const struct vrrp_seal_route *route,
                     uint8_t *plain);

/* So that no compiler finds it superfluous. */
void vrrp_seal_forget(void *secret, size_t length_bytes);

#endif
