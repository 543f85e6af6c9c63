/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * former - one regha-init at a time, and the end of what a killed one left running.
 *
 * A locked file below /run/regha lists the running programs with their start, so that another
 * process that got the same number is not mistaken for ours.
 */
#ifndef SUPERVISORD_INIT_FORMER_H
#define SUPERVISORD_INIT_FORMER_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define INIT_FORMER_PATH "/run/regha/init.pids"

/*
 * Take the lock, and kill what a former regha-init left. By KILL: an orderly stop would give the
 * addresses away, while a new start resumes where a killed program was. Waits for their end.
 * Returns the descriptor, which holds the lock, or a negative errno.
 */
int init_former_open(const char *path, struct err *err);

/* What runs now; a pid of 0 is nobody. */
void init_former_note(int fd, const pid_t *pids, size_t count);

#endif
