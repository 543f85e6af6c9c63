/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolve - where the files of a bundle are once it is in a folder, and texts that name them.
 *
 * Pure. "{bundle}" stands for the folder. A path of a file that the bundle holds, or holds to be
 * absent, is replaced by the one in the folder wherever it stands as a whole: so a configuration
 * that names its files where they are edited reads them as the cluster agreed on them.
 */
#ifndef REGISTRY_LAUNCHER_RESOLVE_H
#define REGISTRY_LAUNCHER_RESOLVE_H

#include "base/bundle.h"
#include "registry-launcher/params.h"

#define REGISTRY_RESOLVE_NAME_BYTES 64

struct registry_resolve {
    const struct bundle *bundle;
    const char *folder; /* absolute, without special bytes */
    bool has_word;      /* {bundle} counts: in arguments and environment, not in a configuration */
};

/* The name in the folder of item `at`, a FILE or ABSENT: "3-htpasswd". */
void registry_resolve_name(const struct bundle *bundle, size_t at,
                           char ret_name[REGISTRY_RESOLVE_NAME_BYTES]);

/*
 * `text` with what stands for paths replaced, and a NUL behind it. Returns its length, or -EMSGSIZE
 * if that needs more than `size_bytes`.
 */
int64_t registry_resolve_text(const struct registry_resolve *resolve, const char *text,
                              size_t length_bytes, char *resolved, size_t size_bytes);

#endif
