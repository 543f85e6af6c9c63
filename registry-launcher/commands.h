/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * commands - the commands of exec probes: each attempt that is asked for is made once, and told.
 *
 * One at a time per probe, with its deadline; an attempt that is asked for meanwhile follows, and of
 * several the newest. Nothing is kept over a restart: the next attempt comes soon.
 */
#ifndef REGISTRY_LAUNCHER_COMMANDS_H
#define REGISTRY_LAUNCHER_COMMANDS_H

#include "base/loop.h"
#include "registry-launcher/message.h"

struct registry_commands;

struct registry_commands_params {
    struct loop *loop;
    const char *policy_path; /* root's */
    void *owner;
    void (*ended)(void *owner, const struct registry_exec_status *status);
};

/* `params` lives as long. Returns 0 or a negative errno. */
int registry_commands_new(const struct registry_commands_params *params,
                          struct registry_commands **ret_commands, struct err *err);
void registry_commands_free(struct registry_commands *commands);

/* The attempts; unless `partial`, a probe that is not in it is forgotten. */
void registry_commands_want(struct registry_commands *commands,
                            const struct registry_exec_goal *const *goals, size_t count,
                            bool partial, struct monotime now);

#endif
