/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request_frame - requests between nodes as bytes: the beginning of a connection, and the head of
 * a message.
 *
 * Pure. Each end begins with a hello, in the clear. Then the asker sends one message and the asked
 * one: a record with the head, and as many with the body as it takes. Between versions: another
 * major number is refused; of a longer head only what is known here is read.
 */
#ifndef SUPERVISORD_REQUEST_FRAME_H
#define SUPERVISORD_REQUEST_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define REQUEST_FRAME_MAJOR        1
#define REQUEST_FRAME_MINOR        0
#define REQUEST_FRAME_HELLO_BYTES  40
#define REQUEST_FRAME_PUBLIC_BYTES 32
#define REQUEST_FRAME_ID_BYTES     16
#define REQUEST_FRAME_HEAD_BYTES   36  /* as this version writes it */
#define REQUEST_FRAME_HEAD_MOST    256 /* a later one may write so much */
#define REQUEST_FRAME_LENGTH_BYTES 4   /* before each record: how many plain bytes it has */
#define REQUEST_FRAME_RECORD_BYTES 16384

/* Why a connection was given up; the label `reason` of regha_requests_rejected_total. */
enum request_frame_drop {
    REQUEST_FRAME_ACCEPTED,
    REQUEST_FRAME_STRANGER,  /* from an address that is no node's */
    REQUEST_FRAME_BUSY,      /* too many connections, or too much in them */
    REQUEST_FRAME_GREETING,  /* it does not begin as ours do */
    REQUEST_FRAME_VERSION,   /* of another major version */
    REQUEST_FRAME_SEAL,      /* of another key, forged, or recorded on another connection */
    REQUEST_FRAME_LENGTH,    /* longer than any may be, or of none */
    REQUEST_FRAME_MALFORMED, /* sealed rightly, and yet not one we can read */
    REQUEST_FRAME_TRUNCATED, /* it ended in the middle */
    REQUEST_FRAME_SLOW,
    REQUEST_FRAME_DROPS,
};

struct request_frame_hello {
    uint8_t minor;
    uint8_t public[REQUEST_FRAME_PUBLIC_BYTES]; /* a new one for each connection: the challenge */
};

enum request_frame_kind {
    REQUEST_FRAME_ASK = 1,
    REQUEST_FRAME_ANSWER,
};

struct request_frame_head {
    enum request_frame_kind kind;
    uint8_t type; /* enum requests_type, or one of a later version */
    uint8_t id[REQUEST_FRAME_ID_BYTES];
    uint32_t uid;         /* of the person who asks */
    int32_t result;       /* of an answer */
    uint32_t body_bytes;  /* that follow */
    uint32_t patience_ms; /* of the asker: for so long an answer is waited for */
};

void request_frame_put_hello(const struct request_frame_hello *hello,
                             uint8_t bytes[REQUEST_FRAME_HELLO_BYTES]);
enum request_frame_drop request_frame_take_hello(const uint8_t bytes[REQUEST_FRAME_HELLO_BYTES],
                                                 struct request_frame_hello *ret_hello);

void request_frame_put_head(const struct request_frame_head *head,
                            uint8_t bytes[REQUEST_FRAME_HEAD_BYTES]);
/* A body of more than `body_most` is REQUEST_FRAME_LENGTH. */
enum request_frame_drop request_frame_take_head(const uint8_t *bytes, size_t length_bytes,
                                                size_t body_most,
                                                struct request_frame_head *ret_head);

void request_frame_put_length(size_t plain_bytes, uint8_t bytes[REQUEST_FRAME_LENGTH_BYTES]);
/* 0 if it is none that a record with at most `most` plain bytes may have. */
size_t request_frame_take_length(const uint8_t bytes[REQUEST_FRAME_LENGTH_BYTES], size_t most);

const char *request_frame_drop_name(enum request_frame_drop drop); /* "stranger" */

#endif
