/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * health - what the results of a probe add up to: up, down, unknown, not applicable.
 *
 * Pure. `rise` successes in a row make a probe that is down up, `fall` failures in a row make it
 * down; the very first success is enough to be up, for it is the better evidence than none. A
 * result that says nothing neither counts nor breaks a row.
 */
#ifndef PROBES_HEALTH_H
#define PROBES_HEALTH_H

#include "probes/verdict.h"

/* Nothing is known yet; counters stay. */
void probe_health_start(struct probe_state *state, bool applicable, struct monotime now);

/* Count an attempt that ran from `started` to `ended`. Returns whether the health changed. */
bool probe_health_count(struct probe_state *state, const struct probe_verdict *verdict,
                        struct monotime started, struct monotime ended);

/* Do the last results speak against the health, so that the next ones decide? */
bool probe_health_is_pending(const struct probe_state *state);

#endif
