/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_watch - when the probes of the store are asked out of their turn.
 *
 * Their interval is the idle rate. Whatever hints at a change, here or at another node, has them asked
 * at once, and what contradicts their verdict is repeated each second until the verdict follows.
 */
#ifndef SUPERVISORD_STORE_WATCH_H
#define SUPERVISORD_STORE_WATCH_H

#include "supervisord/core.h"

/* Ask all shared probes of the store now. */
void store_watch_hurry(struct core *core, struct monotime now);

/* Another node told how these are there. */
void store_watch_news(struct core *core, const struct peers_news *before,
                      const struct peers_news *news, struct monotime now);

/* A probe of ours has ended an attempt. */
void store_watch_probe(struct core *core, const struct probe_state *state, struct monotime now);

/* Each second. */
void store_watch_tick(struct core *core, struct monotime now);

#endif
