/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bundle_keep - what is acknowledged and what is current goes to the disk, one save after the other.
 */
#ifndef SUPERVISORD_BUNDLE_KEEP_H
#define SUPERVISORD_BUNDLE_KEEP_H

#include "supervisord/cluster/bundles.h"

/* Read what is kept of a registry. */
void bundle_keep_open(struct bundles_one *one, struct monotime now);

/* Acknowledge, or take as current, once it is on the disk. `bytes` are copied. */
void bundle_keep_vote(struct bundles_one *one, const struct bundle_order_version *version,
                      const uint8_t *bytes, size_t length_bytes, struct monotime now);
void bundle_keep_commit(struct bundles_one *one, const struct bundle_order_version *version,
                        const uint8_t *bytes, size_t length_bytes, struct monotime now);

/* Have what is not there yet written, again after a failure. */
void bundle_keep_save(struct bundles_one *one, struct monotime now);

#endif
