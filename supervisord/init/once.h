/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * once - writes the launcher's local policy and is done: for units, before a start or a reload.
 */
#ifndef SUPERVISORD_INIT_ONCE_H
#define SUPERVISORD_INIT_ONCE_H

#include "base/err.h"
#include "base/loop.h"

/* Returns 0, the exit status of reghad, or a negative errno with a sentence. */
int init_once_write_policy(struct loop *loop, const char *folder, char *config, struct err *err);

#endif
