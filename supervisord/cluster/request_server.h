/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request_server - the side that is asked: connections of other nodes, a request each.
 *
 * Who has not proved yet who he is has two seconds, and gives way when his node has too many
 * connections: whoever can connect from a node's address without the key keeps nobody out.
 */
#ifndef SUPERVISORD_REQUEST_SERVER_H
#define SUPERVISORD_REQUEST_SERVER_H

#include "base/log.h"
#include "supervisord/cluster/request_cache.h"
#include "supervisord/cluster/request_party.h"

#define REQUEST_SERVER_VISITS      32
#define REQUEST_SERVER_OF_NODE     8
#define REQUEST_SERVER_BODIES      (4 * REQUESTS_BODY_BYTES) /* being received, all together */
#define REQUEST_SERVER_PROVE_NS    (2 * NS_PER_S)            /* hello and head */
#define REQUEST_SERVER_BODY_NS     (30 * NS_PER_S)           /* each way */
#define REQUEST_SERVER_PATIENCE_MS 300000

struct request_visit;

struct request_server {
    struct request_party *party;
    requests_handle *handle;
    void *owner;
    struct loop_io io;        /* fd -1: closed */
    struct loop_timer reopen; /* when listening or accepting did not work */
    struct request_visit *visits[REQUEST_SERVER_VISITS];
    struct request_cache cache;
    struct log_limit rejected[REQUEST_FRAME_DROPS];
    int64_t prove_ns;
    bool is_told; /* that it cannot listen */
};

void request_server_init(struct request_server *server, struct request_party *party,
                         requests_handle *handle, void *owner);
void request_server_fini(struct request_server *server);

/* Listen as the party says now. Connections that stand go on. */
void request_server_apply(struct request_server *server, struct monotime now);

void request_server_answer(struct request_server *server, uint64_t call, int32_t result,
                           const uint8_t *body, size_t body_bytes);

#endif
