/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * orphan - what a dead program left behind: our children that nobody else knows.
 *
 * Source: proc(5), /proc/PID/task/TID/children.
 */
#ifndef SUPERVISORD_INIT_ORPHAN_H
#define SUPERVISORD_INIT_ORPHAN_H

/* Become the parent of orphans. Returns 0 or a negative errno. */
int init_orphan_adopt(void);

/* Send `number` (0: none) to all our children; returns how many there are. */
int init_orphan_signal(int number);

#endif
