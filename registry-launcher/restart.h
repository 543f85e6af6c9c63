/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * restart - when a registry that crashed may start again.
 *
 * Pure. The first restart is at once, for a registry is there in 40 ms; then it waits longer and
 * longer; more than the budget within the window, and it has failed until somebody acts.
 */
#ifndef REGISTRY_LAUNCHER_RESTART_H
#define REGISTRY_LAUNCHER_RESTART_H

#include <stddef.h>

#include "base/monotime.h"
#include "registry-launcher/params.h"

/* A greater budget than this counts as this. */
#define REGISTRY_RESTART_BUDGET_MAX 32

/* When the last restarts were due, oldest first. */
struct registry_restart_history {
    struct monotime at[REGISTRY_RESTART_BUDGET_MAX];
    size_t count;
};

/*
 * It crashed at `now`: how long to wait before the restart, which is entered into the history; 0 is
 * at once. -1: the budget is spent.
 */
int64_t registry_restart_wait_ns(struct registry_restart_history *history,
                                 const struct registry_restart *params, struct monotime now);

void registry_restart_forget(struct registry_restart_history *history);

#endif
