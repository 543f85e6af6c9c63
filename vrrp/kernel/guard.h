/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guard - keeps the rules in force that silence a holder who stops advertising.
 *
 * The rules work by themselves; this puts them there, replaces them when the goals or the interfaces
 * change, prolongs them, and puts them back at once when somebody flushes the ruleset. Where they
 * cannot be had it says so, and addresses live shorter.
 */
#ifndef VRRP_KERNEL_GUARD_H
#define VRRP_KERNEL_GUARD_H

#include "base/err.h"
#include "base/loop.h"
#include "vrrp/kernel/state.h"

struct kernel_guard;

struct kernel_guard_params {
    const struct kernel_state *state;
    void *owner;
    /* It came into force, or is no longer. */
    void (*changed)(void *owner, struct monotime now);
};

int kernel_guard_open(struct loop *loop, const struct kernel_guard_params *params,
                      struct kernel_guard **ret_guard, struct err *err);
void kernel_guard_close(struct kernel_guard *guard); /* NULL is fine; the rules stay */

/* Goals or interfaces may have changed; does nothing if they have not. */
void kernel_guard_update(struct kernel_guard *guard, bool links_changed, struct monotime now);

/* An orderly end. */
void kernel_guard_remove(struct kernel_guard *guard);

bool kernel_guard_protects(const struct kernel_guard *guard, const struct kernel_goal *goal);
uint64_t kernel_guard_rebuilt(const struct kernel_guard *guard);

#endif
