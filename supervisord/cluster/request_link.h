/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request_link - one connection between two nodes: hellos, one message there, one back.
 *
 * Reads and writes a descriptor that never blocks; its owner watches that and the time. Before the
 * other end has proved who it is, it costs a buffer of one record; only then is there memory for a
 * body, and the owner is asked first.
 */
#ifndef SUPERVISORD_REQUEST_LINK_H
#define SUPERVISORD_REQUEST_LINK_H

#include "supervisord/cluster/request_seal.h"

#define REQUEST_LINK_KEYS 2

struct request_link_keys {
    size_t count;
    struct request_seal_key keys[REQUEST_LINK_KEYS]; /* any opens; the asker sends with the first */
};

enum request_link_event {
    REQUEST_LINK_WAITS,    /* for what request_link_wants() says */
    REQUEST_LINK_HEAD,     /* the head is there and authentic: go on, or close */
    REQUEST_LINK_RECEIVED, /* the other end's message is complete */
    REQUEST_LINK_SENT,     /* ours is on its way */
    REQUEST_LINK_FAILED,   /* see `drop` */
};

struct request_link_output {
    uint8_t bytes[REQUEST_FRAME_LENGTH_BYTES + REQUEST_FRAME_RECORD_BYTES + REQUEST_SEAL_TAG_BYTES];
    size_t length, sent;
    uint64_t number; /* of the next record */
    struct request_frame_head head;
    const uint8_t *body; /* the owner's, until it is sent */
    size_t body_sent;
    bool has_message, is_begun;
};

struct request_link_input {
    uint8_t bytes[REQUEST_FRAME_LENGTH_BYTES + REQUEST_FRAME_RECORD_BYTES + REQUEST_SEAL_TAG_BYTES];
    size_t used, needed;
    uint64_t number;
    bool has_hello, has_head, is_complete;
    struct request_frame_head head;
    uint8_t *body; /* the link's; its owner may take it and put NULL here */
    size_t body_used;
};

struct request_link {
    int fd;
    bool is_asker;
    struct request_link_keys keys;
    struct request_seal_pair pair;
    struct request_seal_ends ends;
    uint8_t shared[REQUEST_SEAL_KEY_BYTES];
    struct request_seal_session session;
    struct request_link_input input;
    struct request_link_output output;
    size_t body_most;
    enum request_frame_drop drop; /* why it failed */
    int failed;                   /* errno of the descriptor; 0: none */
};

/* The descriptor becomes the link's. `ends`: the addresses alone. */
void request_link_init(struct request_link *link, int fd, bool is_asker,
                       const struct request_link_keys *keys, const struct request_seal_ends *ends);
void request_link_fini(struct request_link *link);

/* Our message; `body` stays where it is until it is sent. Once. */
void request_link_send(struct request_link *link, const struct request_frame_head *head,
                       const uint8_t *body);

/* As far as it goes. Call again after each event but REQUEST_LINK_FAILED, until it waits. */
enum request_link_event request_link_run(struct request_link *link);

/* What to watch the descriptor for: enum loop_events. */
unsigned request_link_wants(const struct request_link *link);

#endif
