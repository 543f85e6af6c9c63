/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * goals - the launcher's side of the channel: takes reghad's goals, sends what registries do.
 */
#ifndef REGISTRY_LAUNCHER_GOALS_H
#define REGISTRY_LAUNCHER_GOALS_H

#include "base/channel.h"
#include "registry-launcher/commands.h"
#include "registry-launcher/hooks.h"
#include "registry-launcher/supervise.h"

struct registry_goals;

struct registry_goals_params {
    const char *path; /* of the socket */
    uid_t user;       /* who may connect, besides root and ourselves */
    gid_t group;      /* of the socket */
    /* Who does what is asked for. */
    struct registry_supervise *supervise;
    struct registry_hooks *hooks;
    struct registry_commands *commands;
};

int registry_goals_open(struct loop *loop, const struct registry_goals_params *params,
                        struct registry_goals **ret_goals, struct err *err);
void registry_goals_close(struct registry_goals *goals);

/* To everyone connected. */
void registry_goals_send_status(struct registry_goals *goals, const struct registry_keeper *keeper);
void registry_goals_send_bundle(struct registry_goals *goals, const struct registry_keeper *keeper);

void registry_goals_send_hook(struct registry_goals *goals,
                              const struct registry_hook_status *status);
void registry_goals_send_exec(struct registry_goals *goals,
                              const struct registry_exec_status *status);

#endif
