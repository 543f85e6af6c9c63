/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * holder - keeps the kernel's addresses as the goals want them, and announces them.
 *
 * Ties together what is wanted, what is observed, the difference, the requests and the pace of
 * announcements. Every event leads to the same work: compare, ask, announce, tell.
 */
#ifndef VRRP_KERNEL_HOLDER_H
#define VRRP_KERNEL_HOLDER_H

#include "base/err.h"
#include "base/loop.h"
#include "vrrp/kernel/report.h"

struct kernel_holder;

/* What a line of status says. */
struct kernel_holder_summary {
    size_t goals;
    size_t held;      /* of them, that are to be held */
    size_t addresses; /* tagged ones that are there */
    size_t unsettled;
};

int kernel_holder_new(struct loop *loop, const struct kernel_listener *listener,
                      struct monotime now, struct kernel_holder **ret_holder, struct err *err);
void kernel_holder_free(struct kernel_holder *holder); /* changes nothing in the kernel */

/* As kernel_wanted_apply(), and the work that follows. */
int kernel_holder_want(struct kernel_holder *holder, const struct kernel_wanted_set *set,
                       struct monotime now, struct err *err);

/* Nobody tells us any more: see reconcile. */
void kernel_holder_orphaned(struct kernel_holder *holder, struct monotime now);

/* Links and statuses as they were told last, to this one. */
void kernel_holder_snapshot(struct kernel_holder *holder, const struct kernel_listener *listener);

/* Tell counters that moved since; to be called each second or so. */
void kernel_holder_tell_counters(struct kernel_holder *holder, struct monotime now);

/* An orderly end: remove every address of ours. Returns how many are left. */
size_t kernel_holder_release(struct kernel_holder *holder, struct monotime now);

struct kernel_holder_summary kernel_holder_summary(const struct kernel_holder *holder);

#endif
