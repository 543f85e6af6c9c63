/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec - the asker of exec probes: somebody else runs the command, through the set's door.
 *
 * reghad may start nothing itself. An attempt has a number; an answer to another one is too late.
 */
#ifndef PROBES_EXEC_H
#define PROBES_EXEC_H

#include "probes/asker.h"

int probe_exec_new(const struct probe_asker_context *context, const struct probe_params *params,
                   struct probe_asker *ret_asker);

/* How attempt `serial` ended. `self` is an exec asker's. */
void probe_exec_take(void *self, uint32_t serial, const struct probe_exec_end *end,
                     struct monotime now);

/* The attempt under way; 0: none. */
uint32_t probe_exec_serial(const void *self);

#endif
