/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_remote - verbs that may be given for another node: `drain n2`; only command.c uses it. */
#ifndef SUPERVISORD_COMMAND_REMOTE_H
#define SUPERVISORD_COMMAND_REMOTE_H

#include "supervisord/console/command_table.h"

#define COMMAND_REMOTE_HERE (-3) /* it is for this node: go on */

/*
 * Whether one of the arguments of a verb for a node names a node. Another one is asked, and this
 * returns as a handler does. Our own name is taken out of the arguments, and the verb is ours.
 */
int command_remote_run(struct command_call *call);

/* Have the whole command done at `node`; as a handler. */
int command_remote_forward(struct command_call *call, size_t node, int64_t patience_ns);

int command_remote_poll(struct command_call *call);

/* The index of the node of this name; world->node_count: none. */
size_t command_remote_find(const struct world *world, const char *name);

#endif
