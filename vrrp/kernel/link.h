/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link - the interfaces the kernel has, and what each may still send.
 *
 * A device that was deleted and made again is another one: its index differs.
 */
#ifndef VRRP_KERNEL_LINK_H
#define VRRP_KERNEL_LINK_H

#include "vrrp/kernel/observe.h"
#include "vrrp/kernel/pace.h"
#include "vrrp/kernel/reconcile.h"

struct kernel_link_entry {
    struct kernel_observe_link link;
    uint32_t list; /* the last full list that had it */
    struct kernel_pace_limits limits;
};

struct kernel_links {
    struct kernel_link_entry *entries;
    size_t count;
    size_t size;
};

void kernel_link_fini(struct kernel_links *links);

/*
 * Insert or replace. Entries move. Returns 1 if who listens there should hear announcements anew
 * (it came up, or has another MAC address), 0 if not, or -ENOMEM.
 */
int kernel_link_put(struct kernel_links *links, const struct kernel_observe_link *link,
                    uint32_t list);
void kernel_link_remove(struct kernel_links *links, uint32_t index);
/* Remove all that the full list `list` did not have. */
void kernel_link_sweep(struct kernel_links *links, uint32_t list);

/* NULL: there is none. Valid until the next change. */
struct kernel_link_entry *kernel_link_find(const struct kernel_links *links, const char *name);
struct kernel_link_entry *kernel_link_at(const struct kernel_links *links, uint32_t index);

/*
 * What others are told of the interface `name`: with the first address of its own per family, which
 * is never one that moves.
 */
struct kernel_link kernel_link_describe(const struct kernel_links *links, const char *name,
                                        const struct kernel_reconcile *reconcile);

#endif
