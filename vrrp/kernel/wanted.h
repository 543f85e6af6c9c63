/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wanted - the goals of now, flattened to one want per address, and what is known of each.
 *
 * A new set replaces the old one; what is in both keeps its history: counters, failures, the pace
 * of its announcements.
 */
#ifndef VRRP_KERNEL_WANTED_H
#define VRRP_KERNEL_WANTED_H

#include "base/err.h"
#include "vrrp/kernel/link.h"
#include "vrrp/kernel/reconcile.h"

struct kernel_wanted_goal {
    struct kernel_goal goal;
    uint32_t first_want; /* of goal.address_count */
    bool announce_again; /* since the last set */
    uint64_t announcements;
    uint64_t restored;
    uint64_t removed_strays;
    bool guarded;
    uint64_t guard_rebuilt;
    bool settled;
    struct monotime settled_at;
    bool is_told;
    struct kernel_status told; /* what everyone was told last */
};

struct kernel_wanted_interface {
    char name[IFNAMSIZ];
    bool is_told;
    struct kernel_link told;
};

struct kernel_wanted {
    struct kernel_wanted_goal *goals;
    size_t goal_count;
    struct kernel_want *wants;
    struct kernel_pace *paces; /* of each want */
    uint32_t *goal_of;         /* each want */
    size_t want_count;
    struct kernel_wanted_interface *interfaces; /* that goals name */
    size_t interface_count;
    uint32_t shape; /* another number when more changed than who holds what */
};

void kernel_wanted_fini(struct kernel_wanted *wanted);

struct kernel_wanted_set {
    const struct kernel_goal *const *goals;
    size_t count;
    bool partial;
};

/*
 * What is wanted becomes `set`, or, if it is partial, what it was with these goals replaced or
 * added. Returns 0, or -EINVAL or -ENOMEM with nothing changed.
 */
int kernel_wanted_apply(struct kernel_wanted *wanted, const struct kernel_wanted_set *set,
                        struct err *err);

/* Find the interface of each goal among the links of now. */
void kernel_wanted_resolve(struct kernel_wanted *wanted, const struct kernel_links *links);

#endif
