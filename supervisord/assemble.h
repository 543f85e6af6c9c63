/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * assemble - from new settings to a new world, with everything carried over that goes on.
 *
 * A virtual router, registry, probe or node is the same if its name is: its state, counters and
 * memory stay, whatever else of it changed.
 */
#ifndef SUPERVISORD_ASSEMBLE_H
#define SUPERVISORD_ASSEMBLE_H

#include "supervisord/core.h"

/*
 * Replace the core's settings, which it takes, by `settings`; frees the former ones. On failure
 * (-ENOMEM, or what the probes say) nothing has changed, and `settings` stays the caller's.
 */
int assemble_apply(struct core *core, struct settings *settings, struct err *err);

/* Free what assemble_apply() made. */
void assemble_free(struct core *core);

#endif
