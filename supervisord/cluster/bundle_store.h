/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bundle_store - what this node acknowledged and what was current last, on its disk.
 *
 * A folder per registry: the bundles by their digest, and a file with generations and a digest of
 * its own. Whatever does not have the digest it should is not used. Written by a child, for a disk
 * may take its time; what was given is acknowledged only when it is there for good.
 */
#ifndef SUPERVISORD_BUNDLE_STORE_H
#define SUPERVISORD_BUNDLE_STORE_H

#include "base/err.h"
#include "base/file.h"
#include "base/loop.h"
#include "supervisord/cluster/bundle_order.h"

#define BUNDLE_STORE_KEPT       3
#define BUNDLE_STORE_PATH_BYTES 256
#define BUNDLE_STORE_NODE_BYTES 32

/* One that was current. */
struct bundle_store_entry {
    uint64_t generation;
    char digest[DIGEST_TEXT_BYTES];
    int64_t wall_ns;                    /* when this node learnt it */
    char node[BUNDLE_STORE_NODE_BYTES]; /* from whom */
};

struct bundle_store_state {
    struct bundle_order_version acknowledged;
    struct bundle_order_version current;
    uint8_t history_count; /* the newest first */
    struct bundle_store_entry history[BUNDLE_STORE_KEPT];
};

/*
 * Returns 0; -ENOENT: nothing was ever written; another negative errno with a sentence: the file is
 * of no use, and `ret_state` is the one before, or none. What was acknowledged is not known then.
 */
int bundle_store_read(const char *folder, struct bundle_store_state *ret_state, struct err *err);

/* The bytes of a bundle, checked. */
int bundle_store_read_bundle(const char *folder, const char *digest, struct file *ret_file,
                             struct err *err);

/* What is to be on the disk: the state, and the bundle with that digest where one is given. */
struct bundle_store_job {
    char folder[BUNDLE_STORE_PATH_BYTES];
    struct bundle_store_state state;
    char digest[DIGEST_TEXT_BYTES]; /* "": no bundle */
    const void *bytes;
    size_t length_bytes;
};

/* Waits for the disk. Removes bundles that the state does not name. 0 or a negative errno. */
int bundle_store_write(const struct bundle_store_job *job);

/* The same by a child. */
struct bundle_store {
    struct loop *loop;
    struct loop_io child; /* a pidfd; fd -1: none is at work */
    struct bundle_store_job job;
    void *owner;
    void (*done)(void *owner, int result, struct monotime now);
};

void bundle_store_init(struct bundle_store *store, struct loop *loop, void *owner);
bool bundle_store_is_busy(const struct bundle_store *store);
/* Begin `store->job`; its bytes need not stay. Only while nothing is at work. */
int bundle_store_begin(struct bundle_store *store);
void bundle_store_fini(struct bundle_store *store); /* waits for a child that is at work */

#endif
