/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command_switch - `switchover` and `failover`: a virtual router goes to another node.
 *
 * Wherever it is given, the node that holds the router does it. The target is judged first, and in
 * words; what begins is a hand-over (handover.h), which is rolled back if it does not come about.
 */
#ifndef SUPERVISORD_COMMAND_SWITCH_H
#define SUPERVISORD_COMMAND_SWITCH_H

#include "supervisord/console/command_table.h"

int command_switch_run(struct command_call *call);   /* VROUTER [to NODE] [--dry-run] */
int command_switch_force(struct command_call *call); /* VROUTER [to NODE] --force REASON */
int command_switch_poll(struct command_call *call);

#endif
