/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/request_frame.h"

#include <string.h>

static const uint8_t magic[4] = {'R', 'G', 'R', 'Q'};

/* Where things are in a hello, and in a head. */
enum place {
    HELLO_MAJOR = sizeof(magic),
    HELLO_MINOR,
    HELLO_PUBLIC = REQUEST_FRAME_HELLO_BYTES - REQUEST_FRAME_PUBLIC_BYTES,
    HEAD_KIND = 0,
    HEAD_TYPE,
    HEAD_ID = 4,
    HEAD_UID = HEAD_ID + REQUEST_FRAME_ID_BYTES,
    HEAD_RESULT = HEAD_UID + 4,
    HEAD_BODY = HEAD_RESULT + 4,
    HEAD_PATIENCE = HEAD_BODY + 4,
};

_Static_assert(HEAD_PATIENCE + 4 == REQUEST_FRAME_HEAD_BYTES, "what the header promises");

static void put_number(uint32_t number, uint8_t bytes[4])
{
    for (int at = 0; at < 4; at++)
        bytes[at] = (uint8_t)(number >> (8 * at));
}

static uint32_t take_number(const uint8_t bytes[4])
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

void request_frame_put_hello(const struct request_frame_hello *hello,
                             uint8_t bytes[REQUEST_FRAME_HELLO_BYTES])
{
    memset(bytes, 0, REQUEST_FRAME_HELLO_BYTES);
    memcpy(bytes, magic, sizeof(magic));
    bytes[HELLO_MAJOR] = REQUEST_FRAME_MAJOR;
    bytes[HELLO_MINOR] = hello->minor;
    memcpy(bytes + HELLO_PUBLIC, hello->public, sizeof(hello->public));
}

enum request_frame_drop request_frame_take_hello(const uint8_t bytes[REQUEST_FRAME_HELLO_BYTES],
                                                 struct request_frame_hello *ret_hello)
{
    if (memcmp(bytes, magic, sizeof(magic)) != 0)
        return REQUEST_FRAME_GREETING;
    if (bytes[HELLO_MAJOR] != REQUEST_FRAME_MAJOR)
        return REQUEST_FRAME_VERSION;
    ret_hello->minor = bytes[HELLO_MINOR];
    memcpy(ret_hello->public, bytes + HELLO_PUBLIC, sizeof(ret_hello->public));
    return REQUEST_FRAME_ACCEPTED;
}

void request_frame_put_head(const struct request_frame_head *head,
                            uint8_t bytes[REQUEST_FRAME_HEAD_BYTES])
{
    memset(bytes, 0, REQUEST_FRAME_HEAD_BYTES);
    bytes[HEAD_KIND] = (uint8_t)head->kind;
    bytes[HEAD_TYPE] = head->type;
    memcpy(bytes + HEAD_ID, head->id, sizeof(head->id));
    put_number(head->uid, bytes + HEAD_UID);
    put_number((uint32_t)head->result, bytes + HEAD_RESULT);
    put_number(head->body_bytes, bytes + HEAD_BODY);
    put_number(head->patience_ms, bytes + HEAD_PATIENCE);
}

enum request_frame_drop request_frame_take_head(const uint8_t *bytes, size_t length_bytes,
                                                size_t body_most,
                                                struct request_frame_head *ret_head)
{
    struct request_frame_head head = {0};

    if (length_bytes < REQUEST_FRAME_HEAD_BYTES || length_bytes > REQUEST_FRAME_HEAD_MOST ||
        (bytes[HEAD_KIND] != REQUEST_FRAME_ASK && bytes[HEAD_KIND] != REQUEST_FRAME_ANSWER))
        return REQUEST_FRAME_MALFORMED;
    head.kind = (enum request_frame_kind)bytes[HEAD_KIND];
    head.type = bytes[HEAD_TYPE];
    memcpy(head.id, bytes + HEAD_ID, sizeof(head.id));
    head.uid = take_number(bytes + HEAD_UID);
    head.result = (int32_t)take_number(bytes + HEAD_RESULT);
    head.body_bytes = take_number(bytes + HEAD_BODY);
    head.patience_ms = take_number(bytes + HEAD_PATIENCE);
    if (head.result == INT32_MIN)
        return REQUEST_FRAME_MALFORMED; /* no errno, and it has no opposite */
    if (head.body_bytes > body_most)
        return REQUEST_FRAME_LENGTH;
    *ret_head = head;
    return REQUEST_FRAME_ACCEPTED;
}

void request_frame_put_length(size_t plain_bytes, uint8_t bytes[REQUEST_FRAME_LENGTH_BYTES])
{
    put_number((uint32_t)plain_bytes, bytes);
}

size_t request_frame_take_length(const uint8_t bytes[REQUEST_FRAME_LENGTH_BYTES], size_t most)
{
    const uint32_t length = take_number(bytes);

    return length <= most && length <= REQUEST_FRAME_RECORD_BYTES ? length : 0;
}

const char *request_frame_drop_name(enum request_frame_drop drop)
{
    static const char *const names[REQUEST_FRAME_DROPS] = {
        "accepted", "stranger", "busy",      "greeting",  "version",
        "seal",     "length",   "malformed", "truncated", "slow",
    };

    return names[drop];
}
