/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bundle_message - what nodes say to each other of bundles, as bytes of requests.
 *
 * State: each node's word on each registry. A version: what is fetched, committed, or, with the
 * bundle behind it, offered.
 */
#ifndef SUPERVISORD_BUNDLE_MESSAGE_H
#define SUPERVISORD_BUNDLE_MESSAGE_H

#include "base/wire.h"
#include "supervisord/cluster/bundle_order.h"

#define BUNDLE_MESSAGE_NAME_BYTES  32
#define BUNDLE_MESSAGE_REGISTRIES  16
#define BUNDLE_MESSAGE_STATE_BYTES 8192
#define BUNDLE_MESSAGE_HEAD_BYTES  256 /* at most, of a version */

struct bundle_message_registry {
    char name[BUNDLE_MESSAGE_NAME_BYTES];
    bool is_blank;
    struct bundle_order_version acknowledged;
    struct bundle_order_version current;
    char files[DIGEST_TEXT_BYTES];
};

struct bundle_message_state {
    uint8_t count;
    struct bundle_message_registry registries[BUNDLE_MESSAGE_REGISTRIES];
};

/* Returns the length or a negative errno. */
int bundle_message_encode_state(const struct bundle_message_state *state,
                                uint8_t bytes[BUNDLE_MESSAGE_STATE_BYTES]);
int bundle_message_decode_state(const uint8_t *bytes, size_t length_bytes,
                                struct bundle_message_state *ret_state);

struct bundle_message_version {
    char name[BUNDLE_MESSAGE_NAME_BYTES];
    struct bundle_order_version version;
};

int bundle_message_encode_version(const struct bundle_message_version *version,
                                  uint8_t bytes[BUNDLE_MESSAGE_HEAD_BYTES]);

/* Returns how many bytes it took, the rest is the bundle's; or -EPROTO. */
int bundle_message_decode_version(const uint8_t *bytes, size_t length_bytes,
                                  struct bundle_message_version *ret_version);

#endif
