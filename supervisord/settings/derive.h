/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * derive - completes the settings with what nobody has to write: from position, host and registry.
 *
 * Works on what the parser left, mistakes included, so that all mistakes come at once. Whatever
 * is written in the file stays as it is.
 */
#ifndef SUPERVISORD_DERIVE_H
#define SUPERVISORD_DERIVE_H

#include "supervisord/settings/settings_judge.h"

#define DERIVE_KEY_BYTES 32

struct derive {
    struct settings *settings;
    const struct settings_host *host;
    struct origins *origins;
    struct settings_judge judge;
    size_t written_probes;    /* the first so many are the file's */
    char interface[IFNAMSIZ]; /* of this node's address */
    bool has_key;
    bool is_key_hidden;            /* from this user: nobody knows whether there is one */
    uint8_t key[DERIVE_KEY_BYTES]; /* the cluster's; cleared before derive_all() ends */
};

void derive_all(struct derive *derive);

/* Whether the value at `field` is written in the file, or has been derived before. */
bool derive_is_set(const struct derive *derive, const void *field);

bool derive_is_probe(const struct derive *derive, const char *name);

/* Begin a warning about `field`; the caller writes the sentence and calls derive_end_warning(). */
FILE *derive_begin_warning(struct derive *derive, const void *field);
void derive_end_warning(struct derive *derive);

/*
 * Note that the value of the key `name` in the struct at `base` (an element of a list of groups)
 * is a default, if `because` is NULL, or comes of something.
 */
void derive_note(struct derive *derive, const void *base, const char *name, const char *because);

#endif
