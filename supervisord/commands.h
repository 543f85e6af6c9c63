/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * commands - between exec probes and regha-launcher, which runs their commands.
 */
#ifndef SUPERVISORD_COMMANDS_H
#define SUPERVISORD_COMMANDS_H

#include "base/monotime.h"
#include "registry-launcher/message.h"

struct core;

/* The probes' door: call before any probe is there. */
void commands_open(struct core *core);

/* Of those under way, for a set of goals that is whole. How many; -1: the channel is lost. */
int commands_send(struct core *core);

void commands_take(struct core *core, const struct registry_exec_status *status,
                   struct monotime now);

#endif
