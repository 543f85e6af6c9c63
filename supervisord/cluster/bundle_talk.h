/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bundle_talk - what the nodes ask and tell each other of bundles, by requests.
 *
 * Each asks the others once a second for their word on every registry, more often while no majority
 * is heard. Who publishes offers a version to all; who acknowledged it, has it on its disk.
 */
#ifndef SUPERVISORD_BUNDLE_TALK_H
#define SUPERVISORD_BUNDLE_TALK_H

#include "supervisord/cluster/bundles.h"

void bundle_talk_open(struct bundles *bundles);

/* Ask all nodes now. */
void bundle_talk_poll(struct bundles *bundles, struct monotime now);

/* Begin to make `version` current, which this node may acknowledge. */
void bundle_talk_begin(struct bundles_one *one, const struct bundle_order_version *version,
                       const struct bundles_blob *blob, uid_t uid, struct monotime now);

/* A save has ended: what waited for it goes on. `result` 0 or a negative errno. */
void bundle_talk_saved(struct bundles_one *one, int result, struct monotime now);

/* Get what is current from a node that has it. */
void bundle_talk_fetch(struct bundles_one *one, const struct bundle_order_version *version,
                       struct monotime now);

#endif
