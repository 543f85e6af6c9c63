/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handover - a virtual router goes from this node to another one that was made ready for it.
 *
 * Pure. In order: a successor is chosen and named to all; it starts what serves there, the others
 * step aside; once it is ready this node degrades itself, so that it takes over; then what served
 * here drains. What does not come about within its time is given up, and this node goes on as
 * before. ha-model section 4, "Order of a hand-over".
 */
#ifndef SUPERVISORD_HANDOVER_H
#define SUPERVISORD_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/monotime.h"

#define HANDOVER_PEERS     32
#define HANDOVER_ANYBODY   (-1)
#define HANDOVER_WHY_BYTES 96

/* Named at least so long before it begins, so that each node has heard of it. */
#define HANDOVER_NAMED_NS (400 * NS_PER_MS)
/* From the first degraded advert to the successor's own. */
#define HANDOVER_GIVE_NS (5 * NS_PER_S)

enum handover_phase {
    HANDOVER_NONE,
    HANDOVER_PREPARES, /* the successor is getting ready */
    HANDOVER_GIVES,    /* it is ready: this node degrades itself */
    HANDOVER_DRAINS,   /* another node is Active; what served here ends */
    HANDOVER_DONE,
    HANDOVER_FAILED, /* given up; see why */
    HANDOVER_PHASES,
};

struct handover {
    enum handover_phase phase;
    int asked;                    /* the node it is to go to, or HANDOVER_ANYBODY */
    int successor;                /* the one chosen, -1: none */
    bool is_forced;               /* to `asked`, whether or not it is well and ready */
    struct monotime since;        /* of the phase */
    struct monotime begun;        /* of it all */
    int64_t prepare_ns;           /* how long the successor may take to get ready */
    int64_t drain_ns;             /* how long what served here may take to end */
    char why[HANDOVER_WHY_BYTES]; /* it failed; "" */
};

/* Another node, as it says itself. */
struct handover_peer {
    int node; /* index among the nodes */
    int priority;
    bool could_take; /* heard, eligible, neither drained nor in maintenance */
    bool is_heard;   /* heard, and neither drained nor in maintenance: enough for force */
    bool is_ready;   /* and each service that follows serves there already */
};

struct handover_evidence {
    bool is_active;       /* this node holds the router */
    bool is_other_active; /* another one is heard as Active */
    bool is_drained;      /* nothing that follows the router only while Active runs here */
    size_t peer_count;
    struct handover_peer peers[HANDOVER_PEERS];
};

/* The node it would go to, `asked` or the best one; -1: none could take it. */
int handover_choose(const struct handover_evidence *evidence, int asked);

void handover_begin(struct handover *handover, int asked, int64_t prepare_ns, int64_t drain_ns,
                    struct monotime now);

/* One step as the evidence is now. Returns whether the phase changed. */
bool handover_step(struct handover *handover, const struct handover_evidence *evidence,
                   struct monotime now);

/* When to look again although nothing happened; after `now`, or there would be no end of looking. */
struct monotime handover_again(const struct handover *handover, struct monotime now);

bool handover_is_under_way(const struct handover *handover);

const char *handover_phase_name(enum handover_phase phase); /* "prepares" */

#endif
