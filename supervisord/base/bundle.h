/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bundle - everything that decides how a service behaves, as one sequence of bytes.
 *
 * Pure. Files, arguments and environment in one canonical encoding: the same content gives the same
 * bytes on every node, so a hash of them is its identity, and what is not in canonical order is no
 * bundle. A decoder copies nothing and never reads beyond the bytes it was given. Whoever holds one
 * holds secrets: it is never logged.
 */
#ifndef BASE_BUNDLE_H
#define BASE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What fits into a request between nodes, with room for what goes before it. */
#define BUNDLE_BYTES_MAX  (4 * 1024 * 1024 - 4096)
#define BUNDLE_ITEMS_MAX  400
#define BUNDLE_NAME_BYTES 1024 /* with its NUL */

/* In the order in which they are encoded. */
enum bundle_kind {
    BUNDLE_CONFIG = 1,  /* the configuration file; exactly one, without a name */
    BUNDLE_FILE,        /* one it refers to; FILE, ABSENT, FOLDER: by name, each name once */
    BUNDLE_ABSENT,      /* one that is not there: that decides, too */
    BUNDLE_FOLDER,      /* one that is a folder, of which nothing is kept */
    BUNDLE_ARGUMENT,    /* a text, without a name; in their order, at least one */
    BUNDLE_ENVIRONMENT, /* NAME and a text; by name, each name once */
};

struct bundle_item {
    enum bundle_kind kind;
    const char *name; /* ends with NUL; "" where the kind has none */
    const char *data; /* a NUL follows it, which does not count */
    size_t data_bytes;
};

struct bundle {
    size_t count;
    struct bundle_item items[BUNDLE_ITEMS_MAX];
};

/* Append an item; false: there is no room. Order is the caller's: see bundle_sort(). */
bool bundle_add(struct bundle *bundle, const struct bundle_item *item);

/* Bring files and environment into their order; arguments stay in theirs. */
void bundle_sort(struct bundle *bundle);

/* Is it whole and in canonical order? */
bool bundle_is_canonical(const struct bundle *bundle);

/* What bundle_encode() will need. */
size_t bundle_encoded_bytes(const struct bundle *bundle);

/* Returns the length; -EINVAL: it is not canonical; -EMSGSIZE: it needs more than `size_bytes`. */
int64_t bundle_encode(const struct bundle *bundle, uint8_t *bytes, size_t size_bytes);

/* Items point into `bytes`. Returns 0, or -EPROTO with `ret_bundle` empty. */
int bundle_decode(const uint8_t *bytes, size_t length_bytes, struct bundle *ret_bundle);

/* Of a canonical one. */
const struct bundle_item *bundle_config(const struct bundle *bundle);

bool bundle_is_file(enum bundle_kind kind); /* FILE, ABSENT or FOLDER */

#endif
