/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the processes, of every layout: what is decoded can be encoded, and is then
 * decoded to the same.
 *
 * Input: which layout; bits, whether its header is put in front and whether the end is completed
 * with zeros, as long as it takes; the message.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "registry-launcher/message.h"
#include "vrrp/kernel/message.h"
#include "vrrp/message.h"

#define HEAD_BYTES 2
/* More than the longest member of an array: one more of them is completed, too. */
#define COMPLETION_BYTES 32
#define COUNT(of)        (sizeof(of) / sizeof(of[0]))

static const struct wire_layout *const layouts[] = {
    &process_state_layout,        &vrrp_message_goal,
    &vrrp_message_status,         &vrrp_message_transition,
    &vrrp_message_counters,       &vrrp_message_strays,
    &kernel_message_goal,         &kernel_message_status,
    &kernel_message_link,         &registry_message_goal,
    &registry_message_status,     &registry_message_capture,
    &kernel_message_breaker_goal, &kernel_message_breaker_status,
    &registry_message_hook_goal,  &registry_message_hook_status,
    &registry_message_exec_goal,  &registry_message_exec_status,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void *filled(size_t size)
{
    void *const memory = malloc(size != 0 ? size : 1);

    assert(memory != NULL);
    memset(memory, 0xa5, size);
    return memory;
}

/* Texts end, or whoever prints them reads on. */
static void check_texts(const struct wire_layout *layout, const char *value)
{
    for (const struct wire_field *field = layout->fields; field->size > 0; field++)
        if (field->kind == WIRE_KIND_TEXT)
            assert(memchr(value + field->offset, '\0', field->size) != NULL);
}

static bool decode(const struct wire_layout *layout, const uint8_t *message, size_t length)
{
    uint8_t encoded[WIRE_MESSAGE_BYTES];
    char *const value = filled(layout->struct_bytes);
    char *const again = filled(layout->struct_bytes);
    const bool good = wire_decode(layout, message, length, value, layout->struct_bytes) == 0;

    if (good) {
        const int written = wire_encode(layout, value, encoded, sizeof(encoded));

        check_texts(layout, value);
        assert(written > 0);
        assert(wire_decode(layout, encoded, (size_t)written, again, layout->struct_bytes) == 0);
        assert(memcmp(value, again, layout->struct_bytes) == 0);
    }
    free(value);
    free(again);
    return good;
}

/* In memory of exactly this size, so that reading beyond it is seen. */
static bool deliver(const struct wire_layout *layout, bool headed, const uint8_t *body,
                    size_t bytes, size_t zeros)
{
    const size_t header_bytes = headed ? WIRE_HEADER_BYTES : 0;
    const size_t length = header_bytes + bytes + zeros;
    uint8_t *const message = filled(length);

    if (headed) {
        message[0] = layout->type;
        message[1] = layout->version;
        message[2] = (uint8_t)(bytes + zeros);
        message[3] = (uint8_t)((bytes + zeros) >> 8);
    }
    memcpy(message + header_bytes, body, bytes);
    memset(message + header_bytes + bytes, 0, zeros);
    const bool good = decode(layout, message, length);
    free(message);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < HEAD_BYTES || size > WIRE_MESSAGE_BYTES - COMPLETION_BYTES)
        return 0;

    const struct wire_layout *const layout = layouts[bytes[0] % COUNT(layouts)];
    const bool headed = bytes[1] & 1;
    const size_t most = bytes[1] & 2 ? COMPLETION_BYTES : 0;

    for (size_t zeros = 0; zeros <= most; zeros++)
        if (deliver(layout, headed, bytes + HEAD_BYTES, size - HEAD_BYTES, zeros))
            break;
    return 0;
}
