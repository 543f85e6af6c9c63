/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report - tells others and the log what became of the goals.
 *
 * States are told when they differ from what was told last; counters alone at leisure.
 */
#ifndef VRRP_KERNEL_REPORT_H
#define VRRP_KERNEL_REPORT_H

#include "base/log.h"
#include "vrrp/kernel/state.h"

/* Who listens. */
struct kernel_listener {
    void *owner;
    void (*link)(void *owner, const struct kernel_link *link);
    void (*status)(void *owner, const struct kernel_status *status);
};

struct kernel_report {
    struct kernel_listener listener;
    struct log_limit failed, restored, stray;
};

/* Tell what changed; with `counters` also where only announcements were counted. */
void kernel_report_tell(struct kernel_report *report, struct kernel_state *state, bool counters,
                        struct monotime now);

/* Everything as it was told last, to this one. */
void kernel_report_snapshot(const struct kernel_state *state,
                            const struct kernel_listener *listener);

/* What a person should know of one change. `error`: 0 or an errno. */
void kernel_report_change(struct kernel_report *report, const struct kernel_change *change,
                          enum kernel_outcome outcome, int error, struct monotime now);

#endif
