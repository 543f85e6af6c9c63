/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server - a server on 127.0.0.1 and the test's own loop that answers as told, or in one of the ways
 * a server must not.
 */
#ifndef TESTS_PROBES_SERVER_H
#define TESTS_PROBES_SERVER_H

#include <stdbool.h>

#include "base/loop.h"

#define SERVER_CONNECTIONS 16

enum manner {
    MANNER_ANSWER,
    MANNER_ANSWER_ONCE, /* then closes, though it did not say so */
    MANNER_SILENCE,
    MANNER_DEAF, /* does not even accept */
    MANNER_RESET,
    MANNER_CUT,             /* the answer ends in the middle */
    MANNER_ENDLESS_HEADERS, /* all of these as fast as they are read */
    MANNER_ENDLESS_LINE,
    MANNER_ENDLESS_1XX,
    MANNER_ENDLESS_BODY,
    MANNER_DRIP_HEADERS, /* a byte each 5 ms */
    MANNER_DRIP_BODY,
    MANNER_GREETING, /* of another protocol, unasked */
    MANNER_NOISE,    /* not TLS where TLS was expected */
};

/* The answer to a path, whole with its headers. */
struct page {
    const char *path;
    const char *answer;
};

struct connection {
    struct server *server;
    struct loop_io io;
    char request[2048];
    size_t request_bytes;
    bool answering;
    size_t sent_bytes;
};

struct server {
    struct loop *loop;
    enum manner manner;
    const struct page *pages; /* the last one's path is "" */
    int port;
    unsigned accepted, requests, open, most_open;
    struct loop_io listener;
    struct loop_timer drip;
    struct connection connections[SERVER_CONNECTIONS];
};

void server_open(struct server *server, struct loop *loop, enum manner manner,
                 const struct page *pages);
void server_close(struct server *server);

/* Close what clients hold open. */
void server_drop(struct server *server);

#endif
