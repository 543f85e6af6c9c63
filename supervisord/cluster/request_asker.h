/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request_asker - the side that asks: a connection for each request.
 *
 * A connection that breaks before the answer came is tried again with the same id. Who asked is
 * told once, from the loop.
 */
#ifndef SUPERVISORD_REQUEST_ASKER_H
#define SUPERVISORD_REQUEST_ASKER_H

#include "supervisord/cluster/request_party.h"

#define REQUEST_ASKER_ASKS     64
#define REQUEST_ASKER_TRIES    3
#define REQUEST_ASKER_PAUSE_NS (200 * NS_PER_MS)
#define REQUEST_ASKER_PROVE_NS (3 * NS_PER_S) /* connection and hello */

struct request_ask;

struct request_asker {
    struct request_party *party;
    struct request_ask *asks[REQUEST_ASKER_ASKS];
};

void request_asker_init(struct request_asker *asker, struct request_party *party);
void request_asker_fini(struct request_asker *asker); /* whoever waits is told -ECANCELED */

/* 0, -EBUSY: too many, or -ENOMEM. */
int request_asker_ask(struct request_asker *asker, const struct requests_question *question);

/* The party is about to change: those for nodes that are no longer in it end. */
void request_asker_keep(struct request_asker *asker, const struct request_party *next);

#endif
