/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks - tells the operator's programs how the virtual routers stand.
 *
 * One program at a time per virtual router, in order, each with a deadline; nobody waits for them
 * but the launcher's own end, and that for as long as they may take. What was told to the end is
 * noted, so that the next launcher does not tell it again.
 */
#ifndef REGISTRY_LAUNCHER_HOOKS_H
#define REGISTRY_LAUNCHER_HOOKS_H

#include "base/loop.h"
#include "registry-launcher/message.h"

struct registry_hooks;

struct registry_hooks_params {
    struct loop *loop;
    const char *folder;      /* of notes */
    const char *policy_path; /* root's */
    void *owner;
    void (*changed)(void *owner, const struct registry_hook_status *status);
};

/* `params` lives as long. Returns 0 or a negative errno. */
int registry_hooks_new(const struct registry_hooks_params *params,
                       struct registry_hooks **ret_hooks, struct err *err);
void registry_hooks_free(struct registry_hooks *hooks);

/* How things stand; unless `partial`, a virtual router that is not in it is told that it stopped. */
void registry_hooks_want(struct registry_hooks *hooks,
                         const struct registry_hook_goal *const *goals, size_t count, bool partial,
                         struct monotime now);

/* Tell everybody that it stopped. */
void registry_hooks_stop(struct registry_hooks *hooks, struct monotime now);

bool registry_hooks_are_idle(const struct registry_hooks *hooks);

/* One after the other, from 0; NULL after the last. */
const struct registry_hook_status *registry_hooks_status(const struct registry_hooks *hooks,
                                                         size_t at);

#endif
