/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remote - commands that are given at one node and done at another.
 *
 * Asking: the line goes in a sealed request, and its answer waits here for whoever gave it. Serving:
 * only what REMOTE_VERBS lists is done, at the level of an operator, for an operator of one node is
 * an operator of the cluster; who it was, and where, stands in the journal. Nothing here blocks.
 */
#ifndef SUPERVISORD_REMOTE_H
#define SUPERVISORD_REMOTE_H

#include "supervisord/console/command.h"
#include "supervisord/core.h"

#define REMOTE_TICKETS 16 /* asked by people here, at once */
#define REMOTE_VISITS  8  /* at work for others, at once */

struct remote;

/* Takes requests of REQUESTS_VERB. `commands` outlives it. */
int remote_new(struct core *core, const struct command_core *commands, struct remote **ret_remote,
               struct err *err);
void remote_free(struct remote *remote); /* NULL is fine */

/*
 * Have `line` done at `node`. Returns 0 and a ticket, or a negative errno: -ENOKEY (no cluster key),
 * -EBUSY, -EINVAL (no other node).
 */
int remote_ask(struct remote *remote, size_t node, const struct command_order *order,
               uint64_t *ret_ticket);

/* The answer to a ticket, its text to `out`: enum world_result, or COMMAND_WAITS. Once. */
int remote_take(struct remote *remote, uint64_t ticket, FILE *out);

#endif
