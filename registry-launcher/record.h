/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record - what a keeper notes of itself, for the launcher after this one.
 */
#ifndef REGISTRY_LAUNCHER_RECORD_H
#define REGISTRY_LAUNCHER_RECORD_H

#include "registry-launcher/keeper.h"

/* Returns 0 or a negative errno. */
int registry_record_write(struct registry_keeper *keeper, struct err *err);

/* The same; a failure is logged and changes nothing. */
void registry_record_try(struct registry_keeper *keeper);

/* The same, if there is a process to be found by it. */
void registry_record_renew(struct registry_keeper *keeper);

/* The process is none of its own any more: ended, or leaving. */
void registry_record_forget_process(struct registry_keeper *keeper);

#endif
