/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * breaker_ask - fresh connections to one storage peer, and whether anything comes back.
 *
 * Each question is a connection of its own: the one that is made is told from the one that is
 * answered. Any byte, an end, or a reset is an answer; what a store says does not matter here. Asks
 * as this process' user, whom the breaker's own rule lets pass. Never waits.
 */
#ifndef SUPERVISORD_BREAKER_ASK_H
#define SUPERVISORD_BREAKER_ASK_H

#include "base/address.h"
#include "base/loop.h"

#define BREAKER_ASK_MAX 8 /* connections at a time; one more ends the second oldest */

struct breaker_ask;

struct breaker_ask_try {
    struct loop_io io; /* fd -1: free */
    struct breaker_ask *ask;
    struct monotime begun;
    bool is_connected;
};

/* See struct breaker_peer of breaker.h; instants are 0 for never. */
struct breaker_ask_seen {
    struct monotime asked, asked_two, connected;
    unsigned asked_count;
    struct monotime answered_begun, answered;
    struct monotime refused_begun, refused;
};

struct breaker_ask {
    struct loop *loop;
    struct address address;
    uint16_t port;
    void (*changed)(void *owner, struct monotime now); /* it answered, or refused */
    void *owner;
    struct breaker_ask_seen seen;
    struct monotime begun; /* the newest one; 0: none yet */
    struct breaker_ask_try tries[BREAKER_ASK_MAX];
};

/* All but the tries is set by the caller. It must not move from here on. */
void breaker_ask_init(struct breaker_ask *ask);
void breaker_ask_fini(struct breaker_ask *ask);

/* One more connection. */
void breaker_ask_begin(struct breaker_ask *ask, struct monotime now);

/* Forget those on their way, and begin anew. */
void breaker_ask_restart(struct breaker_ask *ask, struct monotime now);

#endif
