/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bundles - the bundle of each registry here: what its files say, what the nodes agreed on.
 *
 * Takes in what the launcher captured, keeps what was agreed on in memory and on the disk, and says
 * what a start is to use. What the nodes say to each other is in bundle_talk; the rules are in
 * bundle_order. Without a key, a disk or other nodes the registries run all the same: from the last
 * bundle known to be current, or from their own files.
 */
#ifndef SUPERVISORD_BUNDLES_H
#define SUPERVISORD_BUNDLES_H

#include "supervisord/cluster/bundle_message.h"
#include "supervisord/cluster/bundle_store.h"
#include "supervisord/core.h"
#include "supervisord/journal.h"

#define BUNDLES_FOLDER PROCESS_STATE_FOLDER "/bundles"

/* Bytes and their digest; "": none. */
struct bundles_blob {
    uint8_t *bytes;
    size_t length_bytes;
    char digest[DIGEST_TEXT_BYTES];
};

/* Of one registry. */
struct bundles_one {
    char name[REGISTRY_NAME_BYTES];
    struct bundles *bundles;
    struct bundle_order order;       /* our own report: what is on the disk */
    struct bundle_order_report next; /* what will be */
    struct bundle_store_state disk;
    struct bundle_store store;
    bool is_due;                  /* another save, behind the one at work */
    struct bundles_blob captured; /* this node's files */
    struct bundles_blob voted;    /* acknowledged last */
    struct bundles_blob current;  /* what is current, as far as known here */
    uint64_t call;                /* an offer to be answered once it is on the disk; 0: none */
    struct bundle_order_version called;
    bool is_trying; /* to make ballot.version current */
    bool is_sent;   /* it is on our disk, and was offered to the others */
    struct bundle_order_ballot ballot;
    uid_t uid; /* who wants it */
    struct monotime deadline, retry;
    bool is_fetching;
    size_t fetched_from; /* asked last: by turns, for who acknowledged may have lost it */
    bool has_told;       /* that it is not confirmed */
    struct bundle_order_version in_force;
    char restarted_for[DIGEST_TEXT_BYTES];
    char disk_words[128]; /* why nothing can be kept; "": it can */
    char attempt_words[160];
    struct world_bundle world; /* as shown */
};

struct bundles {
    struct core *core;
    size_t count;
    struct bundles_one *ones[SETTINGS_REGISTRIES_MAX];
    struct loop_timer poll;
    char nodes[DIGEST_TEXT_BYTES]; /* of who they are */
    bool is_asked[SETTINGS_NODES_MAX];
    struct monotime heard[SETTINGS_NODES_MAX]; /* 0: not */
};

int bundles_new(struct core *core, struct err *err);
void bundles_free(struct core *core);

/* The settings are new, or the key is. */
void bundles_apply(struct core *core, struct monotime now);

/* This node's files, as captured. */
void bundles_capture(struct bundles_one *one, const char *digest, const uint8_t *bytes,
                     size_t length_bytes, struct monotime now);

/* For bundle_talk. */

struct bundles_one *bundles_find(struct bundles *bundles, const char *name);

/* Something was heard: judge what is current. */
void bundles_judge(struct bundles_one *one, struct monotime now);

/* Whose bytes they are: captured, voted, current; NULL: not here. */
const struct bundles_blob *bundles_blob(struct bundles_one *one, const char *digest);

/* A copy in the place of what is there. 0 or -ENOMEM. */
int bundles_blob_set(struct bundles_blob *blob, const char *digest, const uint8_t *bytes,
                     size_t length_bytes);

__attribute__((format(printf, 4, 5))) void bundles_tell(struct bundles_one *one,
                                                        enum log_level level, struct monotime now,
                                                        const char *format, ...);

/* The attempt is over. */
void bundles_end_attempt(struct bundles_one *one, bool succeeded, const char *words,
                         struct monotime now);

#endif
