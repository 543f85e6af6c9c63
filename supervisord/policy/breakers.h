/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * breakers - watches the storage peers and has regha-net cut off those that the breaker opens.
 *
 * Asks each peer itself (breaker_ask), twice a second and ten times while one is doubted, hears of
 * the hosts from regha-vrrp, lets supervisord/breaker judge, and sends the goal while any is open
 * four times in its life: who dies here closes all within a second.
 */
#ifndef SUPERVISORD_BREAKERS_H
#define SUPERVISORD_BREAKERS_H

#include "supervisord/core.h"

struct breakers;

int breakers_new(struct core *core, struct err *err);
void breakers_free(struct core *core);

/* The settings are new, or the key is: watch what they say. A peer that stays keeps its state. */
void breakers_apply(struct core *core, struct monotime now);

/* regha-vrrp reports another node. */
void breakers_hear(struct core *core, const struct vrrp_peer_state *state, struct monotime now);

/* regha-net reports. */
void breakers_take(struct core *core, const struct kernel_breaker_status *status);

/* A channel is ready, or lost. */
void breakers_process(struct core *core, enum world_process_kind kind, bool connected,
                      struct monotime now);

#endif
