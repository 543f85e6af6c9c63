/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture - the files of a registry, read by a child as the registry's user, and their digest.
 *
 * regha itself may not read them, and must not hang where they do: regular files only, bounded in
 * size and time. Out come a bundle (base/bundle) in sealed memory and its digest, its identity.
 */
#ifndef REGISTRY_LAUNCHER_CAPTURE_H
#define REGISTRY_LAUNCHER_CAPTURE_H

#include "registry-launcher/helper.h"
#include "registry-launcher/message.h"

#define REGISTRY_CAPTURE_LIMIT_NS    (2 * NS_PER_S)
#define REGISTRY_CAPTURE_WORDS_BYTES 192

struct registry_captured {
    char error[REGISTRY_CAPTURE_WORDS_BYTES]; /* "": it worked, and the rest is set */
    char digest[REGISTRY_DIGEST_BYTES];
    uint32_t bundle_bytes;
    int bundle_fd; /* sealed; the caller's. -1 with an error */
};

/* Start reading; `params` lives during the call. */
int registry_capture_start(struct registry_helper *helper, const char *user,
                           const struct registry_params *params, struct monotime now,
                           struct err *err);

/* What the answer says, checked; takes its descriptor. `user` for the sentence of a failure. */
void registry_capture_read(struct registry_helper_answer *answer, const char *user,
                           struct registry_captured *ret_captured);

#endif
