/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * supervise - all registries of this host: those in the set of goals, and those on their way out.
 *
 * Starts with what a launcher before left running. Without new goals nothing changes: a registry is
 * kept as it was wanted last.
 */
#ifndef REGISTRY_LAUNCHER_SUPERVISE_H
#define REGISTRY_LAUNCHER_SUPERVISE_H

#include "registry-launcher/keeper.h"

struct registry_supervise;

/* `shared` lives as long. Adopts what runs. Returns 0 or a negative errno. */
int registry_supervise_new(const struct registry_keeper_shared *shared,
                           struct registry_supervise **ret_supervise, struct err *err);
void registry_supervise_free(struct registry_supervise *supervise);

/*
 * The set of goals; `partial`: only these objects, the others stay. `first`: of a new sender. A goal
 * that makes no sense is logged and passed over, its registry stays as it is.
 */
struct registry_supervise_set {
    const struct registry_goal *const *goals;
    size_t count;
    bool partial;
    bool first;
};

void registry_supervise_want(struct registry_supervise *supervise,
                             const struct registry_supervise_set *set, struct monotime now);

/* A bundle that a goal names; takes the descriptor. */
void registry_supervise_give(struct registry_supervise *supervise,
                             const struct registry_bundle *bundle, int fd, struct monotime now);

/* Stop every registry; stopped() is called once, when none is left. No goal counts from now on. */
void registry_supervise_stop(struct registry_supervise *supervise, void *owner,
                             void (*stopped)(void *owner), struct monotime now);

/* The keepers one after the other: NULL gives the first, and comes after the last. */
const struct registry_keeper *registry_supervise_next(const struct registry_supervise *supervise,
                                                      const struct registry_keeper *keeper);

/* "2 running, 1 stopped" for a status line. */
void registry_supervise_say(const struct registry_supervise *supervise, char *text,
                            size_t size_bytes);

#endif
