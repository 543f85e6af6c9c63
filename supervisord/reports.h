/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reports - states of the other processes and of the probes become knowledge, events, counters.
 *
 * What they mean is not judged here; the core is only marked dirty.
 */
#ifndef SUPERVISORD_REPORTS_H
#define SUPERVISORD_REPORTS_H

#include "supervisord/core.h"

/* What each process may send; ended by NULL. */
extern const struct wire_layout *const reports_vrrp_states[];
extern const struct wire_layout *const reports_net_states[];
extern const struct wire_layout *const reports_launcher_states[];

/* Callbacks of the channels; `owner` is the core. */
void reports_take_vrrp(void *owner, struct channel_message *state, struct monotime now);
void reports_take_net(void *owner, struct channel_message *state, struct monotime now);
void reports_take_launcher(void *owner, struct channel_message *state, struct monotime now);

/* Of the probe set: an attempt ended. */
void reports_take_probe(void *owner, const struct probe_state *state, bool health_changed,
                        struct monotime now);

/* A channel is ready, or lost. */
void reports_process(struct core *core, enum world_process_kind kind, bool connected,
                     struct monotime now);

#endif
