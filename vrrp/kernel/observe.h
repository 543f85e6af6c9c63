/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * observe - tells what the kernel has: links and addresses, at start and whenever they change.
 *
 * Events only ever say that something changed; when some were lost, everything is read again. The
 * kernel queues the events of a request before it answers, so whoever has the answer and drains the
 * events knows the state.
 */
#ifndef VRRP_KERNEL_OBSERVE_H
#define VRRP_KERNEL_OBSERVE_H

#include <net/if.h>

#include "base/err.h"
#include "base/loop.h"
#include "vrrp/kernel/message.h"
#include "vrrp/kernel/observed.h"

struct kernel_observe_link {
    uint32_t index;
    char name[IFNAMSIZ];
    bool up; /* administratively up and carrier (RFC 2863: not dormant either) */
    uint8_t mac[KERNEL_MAC_BYTES];
    uint32_t mtu;
};

struct kernel_observe;

struct kernel_observe_params {
    void *owner;
    void (*link)(void *owner, const struct kernel_observe_link *link, bool gone);
    void (*address)(void *owner, const struct kernel_observed_entry *entry, bool gone);
    /* A full list follows, through the above; what is not in it is gone. */
    void (*list_begins)(void *owner);
    void (*list_ended)(void *owner);
    /* Something was told from the loop, and there is no more of it now. */
    void (*drained)(void *owner, struct monotime now);
};

/* Subscribes and tells the first list. */
int kernel_observe_open(struct loop *loop, const struct kernel_observe_params *params,
                        struct monotime now, struct kernel_observe **ret_observe, struct err *err);
void kernel_observe_close(struct kernel_observe *observe); /* NULL is fine */

/* Tell what is queued, now and without drained(). Returns whether there was anything. */
bool kernel_observe_drain(struct kernel_observe *observe, struct monotime now);

/* Tell everything anew. If that fails it is tried again by itself. */
void kernel_observe_resync(struct kernel_observe *observe, struct monotime now);

#endif
