/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_verbs - commands by which people say what this node shall do; a part of command_table. */
#ifndef SUPERVISORD_COMMAND_VERBS_H
#define SUPERVISORD_COMMAND_VERBS_H

#include "supervisord/console/command_table.h"

int command_verbs_drain(struct command_call *call);
int command_verbs_maint(struct command_call *call);
int command_verbs_ready(struct command_call *call);
int command_verbs_pause(struct command_call *call);
int command_verbs_resume(struct command_call *call);

/* registry NAME start|stop|readonly|readwrite; `registry` is the one of that name. */
int command_verbs_registry(struct command_call *call, const struct world_registry *registry);

/* Whether what they wait for has come about; as command_table_poll(). */
int command_verbs_poll(struct command_call *call);

#endif
