/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * placing - which bundle a registry is started with, and whether it is in its folder yet.
 *
 * The one its goal names; without that, as long as the cluster has agreed on none, its own files as
 * captured. Written beforehand where possible, so that a start need not wait.
 */
#ifndef REGISTRY_LAUNCHER_PLACING_H
#define REGISTRY_LAUNCHER_PLACING_H

#include "registry-launcher/files.h"
#include "registry-launcher/place.h"

/* Of the owner, always the newest. */
struct registry_placing_need {
    const struct registry_goal *goal;
    const struct registry_files *files;
};

struct registry_placing {
    struct loop *loop;
    const char *folder; /* of bundles */
    const char *policy_path;
    const char *name;
    struct registry_placing_need need;
    void *owner;
    void (*done)(void *owner, struct monotime now);
    struct registry_helper helper;
    char given[REGISTRY_DIGEST_BYTES]; /* by reghad */
    int given_fd;                      /* sealed; -1: none */
    uint32_t given_bytes;
    char busy[REGISTRY_DIGEST_BYTES];       /* being written; "": none */
    char placed[REGISTRY_DIGEST_BYTES];     /* written last */
    char failed[REGISTRY_DIGEST_BYTES];     /* could not be written */
    char started[2][REGISTRY_DIGEST_BYTES]; /* the last two: one may still drain */
    char error[REGISTRY_PLACE_WORDS_BYTES];
};

void registry_placing_init(struct registry_placing *placing, struct loop *loop, const char *name,
                           void *owner);

/* A bundle from reghad, in sealed memory; takes the descriptor, and refuses what is not sealed. */
void registry_placing_give(struct registry_placing *placing, const struct registry_bundle *bundle,
                           int fd);

enum registry_placing_state {
    REGISTRY_PLACING_READY, /* in its folder */
    REGISTRY_PLACING_WAIT,  /* done() will be called, or files change, or a bundle is given */
    REGISTRY_PLACING_PLAIN, /* there is no folder, and the files where they are edited are as good */
    REGISTRY_PLACING_NEVER, /* it is another bundle than the files, and cannot be written */
};

/*
 * What a start now would use; begins to write it. `ret_digest` is "" with PLAIN as long as the files
 * could not be read.
 */
enum registry_placing_state registry_placing_choose(struct registry_placing *placing,
                                                    struct monotime now,
                                                    char ret_digest[REGISTRY_DIGEST_BYTES]);

/* A registry was started, or found, with this bundle: its folder stays while it may be in use. */
void registry_placing_keep(struct registry_placing *placing, const char *digest);

/* Try again what could not be written. */
void registry_placing_retry(struct registry_placing *placing);

bool registry_placing_is_busy(const struct registry_placing *placing);
void registry_placing_fini(struct registry_placing *placing);

#endif
