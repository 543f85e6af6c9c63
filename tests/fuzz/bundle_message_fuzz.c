/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What another node says of bundles: what is taken has digests where it should, and is said again
 * in the same bytes.
 */
#include <assert.h>
#include <string.h>

#include "supervisord/cluster/bundle_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct bundle_message_version version;
    struct bundle_message_state state;
    uint8_t again[BUNDLE_MESSAGE_STATE_BYTES];

    if (bundle_message_decode_state(bytes, size, &state) == 0) {
        assert(state.count <= BUNDLE_MESSAGE_REGISTRIES);
        assert(bundle_message_encode_state(&state, again) == (int)size);
        assert(memcmp(again, bytes, size) == 0);
    }
    const int head_bytes = bundle_message_decode_version(bytes, size, &version);
    if (head_bytes >= 0) {
        assert((size_t)head_bytes <= size && digest_is_text(version.version.digest));
        assert(bundle_message_encode_version(&version, again) == head_bytes);
    }
    return 0;
}
