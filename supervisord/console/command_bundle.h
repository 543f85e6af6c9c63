/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command_bundle - bundle diff, publish and rollback.
 */
#ifndef SUPERVISORD_COMMAND_BUNDLE_H
#define SUPERVISORD_COMMAND_BUNDLE_H

#include "supervisord/console/command_table.h"

int command_bundle_diff(struct command_call *call);
int command_bundle_publish(struct command_call *call);
int command_bundle_rollback(struct command_call *call);

/* Whether the attempt is over; as command_table_poll(). */
int command_bundle_poll(struct command_call *call);

#endif
