/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/bundle_message.h"

#include <errno.h>
#include <string.h>

static const struct wire_field registry_fields[] = {
    WIRE_TEXT(bundle_message_registry, name),
    WIRE_BOOL(bundle_message_registry, is_blank),
    WIRE_INT(bundle_message_registry, acknowledged.generation),
    WIRE_TEXT(bundle_message_registry, acknowledged.digest),
    WIRE_INT(bundle_message_registry, current.generation),
    WIRE_TEXT(bundle_message_registry, current.digest),
    WIRE_TEXT(bundle_message_registry, files),
    WIRE_END,
};

static const struct wire_field state_fields[] = {
    WIRE_ARRAY(bundle_message_state, registries, count, registry_fields),
    WIRE_END,
};

static const struct wire_layout state_layout = {50, 1, sizeof(struct bundle_message_state),
                                                state_fields, "state of bundles"};

static const struct wire_field version_fields[] = {
    WIRE_TEXT(bundle_message_version, name),
    WIRE_INT(bundle_message_version, version.generation),
    WIRE_TEXT(bundle_message_version, version.digest),
    WIRE_END,
};

static const struct wire_layout version_layout = {51, 1, sizeof(struct bundle_message_version),
                                                  version_fields, "version of a bundle"};

static bool is_version(const struct bundle_order_version *version)
{
    return version->generation == 0 ? version->digest[0] == '\0' : digest_is_text(version->digest);
}

int bundle_message_encode_state(const struct bundle_message_state *state,
                                uint8_t bytes[BUNDLE_MESSAGE_STATE_BYTES])
{
    return wire_encode(&state_layout, state, bytes, BUNDLE_MESSAGE_STATE_BYTES);
}

int bundle_message_decode_state(const uint8_t *bytes, size_t length_bytes,
                                struct bundle_message_state *ret_state)
{
    const int failed =
        wire_decode(&state_layout, bytes, length_bytes, ret_state, sizeof(*ret_state));

    for (size_t at = 0; failed == 0 && at < ret_state->count; at++) {
        const struct bundle_message_registry *registry = &ret_state->registries[at];

        if (!is_version(&registry->acknowledged) || !is_version(&registry->current) ||
            (registry->files[0] != '\0' && !digest_is_text(registry->files)))
            return -EPROTO;
    }
    return failed;
}

int bundle_message_encode_version(const struct bundle_message_version *version,
                                  uint8_t bytes[BUNDLE_MESSAGE_HEAD_BYTES])
{
    return wire_encode(&version_layout, version, bytes, BUNDLE_MESSAGE_HEAD_BYTES);
}

int bundle_message_decode_version(const uint8_t *bytes, size_t length_bytes,
                                  struct bundle_message_version *ret_version)
{
    if (length_bytes < WIRE_HEADER_BYTES)
        return -EPROTO;
    const size_t head_bytes = WIRE_HEADER_BYTES + ((size_t)bytes[2] | (size_t)bytes[3] << 8);
    if (head_bytes > length_bytes ||
        wire_decode(&version_layout, bytes, head_bytes, ret_version, sizeof(*ret_version)) < 0)
        return -EPROTO;
    if (ret_version->version.generation == 0 || !is_version(&ret_version->version))
        return -EPROTO;
    return (int)head_bytes;
}
