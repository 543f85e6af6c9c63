/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world_bundle - the bundle of a registry, for those who show it.
 */
#ifndef SUPERVISORD_WORLD_BUNDLE_H
#define SUPERVISORD_WORLD_BUNDLE_H

#include "supervisord/cluster/bundle_store.h"

/* The last attempt to make a bundle current, by whoever wanted it. */
struct world_bundle_attempt {
    uint64_t number; /* 0: none yet */
    bool is_running;
    bool succeeded;
    uint64_t generation;
    char words[160];
};

struct world_bundle {
    bool is_agreed;    /* the nodes agree on bundles at all: there is a key, or one node only */
    bool is_ready;     /* it is known what a start is to use */
    bool is_confirmed; /* by a majority, now */
    uint64_t generation;
    char digest[DIGEST_TEXT_BYTES]; /* in force; "": this node's own files */
    char files[DIGEST_TEXT_BYTES];  /* of its own files; "" while unknown */
    bool differs;                   /* these two, while one is in force */
    uint64_t undecided;             /* a generation that may be current; 0: none */
    size_t heard, nodes;
    char trouble[160]; /* with the disk, or why there is no agreement; "": none */
    struct world_bundle_attempt attempt;
    size_t history_count;
    struct bundle_store_entry history[BUNDLE_STORE_KEPT];
};

#endif
