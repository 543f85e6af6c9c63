/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks - tells the launcher how each virtual router with hooks stands, and keeps what came of it.
 *
 * Never on the path of a failover: the launcher runs them when it likes, and nobody waits.
 */
#ifndef SUPERVISORD_HOOKS_H
#define SUPERVISORD_HOOKS_H

#include "registry-launcher/message.h"
#include "supervisord/policy/turn.h"

struct core;

/* Beside each virtual router. */
struct hooks_memory {
    struct turn turn;
    bool is_sent;
    struct registry_hook_goal sent;
};

/* Add the goals that changed, or all, to the set for the launcher. How many; -1: the channel is lost. */
int hooks_send(struct core *core, bool all);

/* What the launcher says of the hooks of one of them. */
void hooks_take(struct core *core, const struct registry_hook_status *status, struct monotime now);

#endif
