/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core_operator - what people say about this node takes effect, is told, and is kept.
 *
 * Each of these changes world->operator at once and has it written; world->operator_unsaved tells
 * whether it is on the disk. What follows from it is judged by role, as all evidence.
 */
#ifndef SUPERVISORD_CORE_OPERATOR_H
#define SUPERVISORD_CORE_OPERATOR_H

#include "supervisord/core.h"

/* Reads what was said before; one that cannot be understood is told. Without a path nothing is kept. */
void core_operator_open(struct core *core, const char *path);
void core_operator_close(struct core *core);

/* Ready, drained or in maintenance, from now on. `flags` of enum command_mode_flags. */
void core_operator_set_mode(struct core *core, enum operator_mode mode, uid_t uid, unsigned flags,
                            struct monotime now);

/* `until_wall_ns`: 0 resumes; OPERATOR_FOR_EVER. */
void core_operator_pause(struct core *core, int64_t until_wall_ns, uid_t uid, struct monotime now);

/* -ENOENT: there is no such registry; -ENOSPC: something was said of too many. */
int core_operator_set_run(struct core *core, const char *name, enum operator_run run, uid_t uid,
                          struct err *err);
int core_operator_set_write(struct core *core, const char *name, enum operator_write write,
                            uid_t uid, struct err *err);

/* It has had its effect. */
void core_operator_forget_write(struct core *core, const char *name, struct monotime now);

#endif
