/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bundle_use - what goes on with bundles here: captured, handed to the launcher, published by people.
 */
#ifndef SUPERVISORD_BUNDLE_USE_H
#define SUPERVISORD_BUNDLE_USE_H

#include "supervisord/cluster/bundles.h"

/* The launcher captured something; `fd` stays the caller's. */
void bundle_use_take(struct core *core, const struct registry_capture *capture, int fd,
                     struct monotime now);

/* What registry `at` is to be started with; "": its own files. */
void bundle_use_digest(const struct core *core, size_t at, char ret_digest[REGISTRY_DIGEST_BYTES]);

/*
 * Give the launcher the bundle that registry `at` is to be started with, if there is one. Returns how
 * many goals that were, or a negative errno.
 */
int bundle_use_send(struct core *core, size_t at);

/* Begin to publish this node's files, or the bundle of a former generation (0: none). */
int bundle_use_publish(struct core *core, const char *name, uint64_t generation, uid_t uid,
                       struct err *err);

/* Write what differs between the current bundle and this node's files: names and sizes only. */
int bundle_use_diff(struct core *core, const char *name, FILE *out, struct err *err);

#endif
