/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * files - what a registry's files say, kept up to date.
 *
 * Read at each start, when the goal changes, and every ten seconds; one reader at a time. The last
 * good bundle is kept while the files cannot be read.
 */
#ifndef REGISTRY_LAUNCHER_FILES_H
#define REGISTRY_LAUNCHER_FILES_H

#include "registry-launcher/capture.h"

#define REGISTRY_FILES_EVERY_NS (10 * NS_PER_S)

struct registry_files {
    struct loop *loop;
    const char *policy_path;
    const struct registry_params *params; /* the owner's, always the newest */
    void *owner;
    /* `ours`: read after the last registry_files_read(), so of what a start since then has used. */
    void (*changed)(void *owner, bool ours, struct monotime now);
    struct registry_helper helper;
    struct loop_timer timer;
    bool again;                       /* asked for while one was reading */
    struct registry_captured last;    /* the newest, good or not; without a descriptor */
    struct registry_capture captured; /* the last good one */
    int bundle_fd;                    /* its bytes; -1: none yet */
    bool bundle_changed;              /* set with changed(): another descriptor */
};

void registry_files_init(struct registry_files *files, struct loop *loop,
                         const struct registry_params *params, const char *policy_path);

/* Read now, and from now on every so often. */
void registry_files_read(struct registry_files *files, struct monotime now);

/* No more reading. */
void registry_files_stop(struct registry_files *files);

/* Something is not yet reaped. */
bool registry_files_is_busy(const struct registry_files *files);

void registry_files_fini(struct registry_files *files);

#endif
