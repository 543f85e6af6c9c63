/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bundle_order - which bundle is the cluster's: generations, and the agreement on each.
 *
 * Pure. A node acknowledges at most one digest per generation, never an older generation than it
 * did, and only once that is on its disk. A generation is current when a majority of all nodes has
 * acknowledged it; as any two majorities share a node, no generation has two digests. One that may
 * have become current is settled before a newer one is begun. ha-model section 5.
 */
#ifndef SUPERVISORD_BUNDLE_ORDER_H
#define SUPERVISORD_BUNDLE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"

#define BUNDLE_ORDER_NODES 32

struct bundle_order_version {
    uint64_t generation; /* 1, 2, ...; 0: none */
    char digest[DIGEST_TEXT_BYTES];
};

/* What a node says of itself; our own is what is on our disk. */
struct bundle_order_report {
    bool is_heard;  /* lately; else the rest is what it said last and does not count */
    bool is_blank;  /* it remembers nothing: a new node, or one that lost its disk */
    bool has_files; /* it runs the registry: its files count for when-all-agree */
    struct bundle_order_version acknowledged;
    struct bundle_order_version current;
    char files[DIGEST_TEXT_BYTES]; /* of its own files; "" while unknown */
};

struct bundle_order {
    size_t count; /* of the nodes, us included */
    size_t self;
    struct bundle_order_report reports[BUNDLE_ORDER_NODES];
};

size_t bundle_order_majority(size_t count);
size_t bundle_order_heard(const struct bundle_order *order); /* us included */
bool bundle_order_has_majority(const struct bundle_order *order);

/* May this node acknowledge what it is offered? */
enum bundle_order_answer {
    BUNDLE_ORDER_YES,
    BUNDLE_ORDER_AGAIN, /* it did already */
    BUNDLE_ORDER_OLDER, /* it acknowledged a newer generation */
    BUNDLE_ORDER_OTHER, /* it acknowledged another digest in this generation */
    BUNDLE_ORDER_BLANK, /* it remembers nothing and does not hear enough others to learn */
    BUNDLE_ORDER_ANSWERS,
};

enum bundle_order_answer bundle_order_judge(const struct bundle_order *order,
                                            const struct bundle_order_version *offered);
const char *bundle_order_answer_text(enum bundle_order_answer answer);

/* The highest generation that is known to be current; generation 0: none is. */
struct bundle_order_version bundle_order_current(const struct bundle_order *order);

/*
 * A newer one than the current that a majority may have acknowledged, as far as can be heard: it
 * must be offered again before anything else is. Generation 0: there is none.
 */
struct bundle_order_version bundle_order_undecided(const struct bundle_order *order);

/* The generation to publish next. */
uint64_t bundle_order_next(const struct bundle_order *order);

/*
 * All nodes are heard and have the same files, which differ from the current bundle: their digest.
 * NULL: not so.
 */
const char *bundle_order_agreed(const struct bundle_order *order);

/* The node whose turn it is to publish what all agree on: the first one with files. */
bool bundle_order_is_first(const struct bundle_order *order);

/* What a service is to start with. */
enum bundle_order_start {
    BUNDLE_ORDER_WAIT,        /* for a majority, or for what is undecided */
    BUNDLE_ORDER_CURRENT,     /* the current bundle, confirmed by a majority */
    BUNDLE_ORDER_UNCONFIRMED, /* the last one known here to be current */
    BUNDLE_ORDER_FILES,       /* nothing was ever published: this node's own files */
};

/* `waited`: bundle_wait is over. */
enum bundle_order_start bundle_order_start(const struct bundle_order *order, bool waited);

/* One attempt to make a version current. */
struct bundle_order_ballot {
    struct bundle_order_version version;
    size_t count;
    bool is_acknowledged[BUNDLE_ORDER_NODES];
    bool is_refused[BUNDLE_ORDER_NODES]; /* or gone */
};

enum bundle_order_outcome {
    BUNDLE_ORDER_PENDING,
    BUNDLE_ORDER_WON,  /* it is current */
    BUNDLE_ORDER_LOST, /* it cannot become so by this attempt */
};

void bundle_order_begin(struct bundle_order_ballot *ballot, size_t count,
                        const struct bundle_order_version *version);
void bundle_order_count(struct bundle_order_ballot *ballot, size_t node, bool acknowledged);
enum bundle_order_outcome bundle_order_outcome(const struct bundle_order_ballot *ballot);

/* "3 of 4 nodes decide, so it survives the loss of 1": what a majority means here. */
size_t bundle_order_survives(size_t count);

bool bundle_order_is_same(const struct bundle_order_version *a,
                          const struct bundle_order_version *b);

#endif
