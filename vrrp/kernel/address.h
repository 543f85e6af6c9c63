/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * address - asks the kernel to add, renew and remove addresses of ours.
 *
 * Each carries our number in IFA_PROTO and a lifetime. Many requests travel in one system call; the
 * kernel works on them while it lasts, so the answers are there when it returns. Whoever holds the
 * kernel's lock holds us up, which is why nobody with deadlines lives in this process.
 * Source: rtnetlink(7); linux/if_addr.h, IFA_PROTO since 5.18.
 */
#ifndef VRRP_KERNEL_ADDRESS_H
#define VRRP_KERNEL_ADDRESS_H

#include "base/err.h"
#include "base/loop.h"
#include "vrrp/kernel/reconcile.h"

/* Requests in one system call. */
#define KERNEL_ADDRESS_BATCH 32

struct kernel_address;

struct kernel_address_params {
    void *owner;
    /* The answer to one request: 0 or an errno. */
    void (*answered)(void *owner, const struct kernel_change *change, int error,
                     struct monotime now);
    /* Late answers, from the loop. */
    void (*settled)(void *owner, struct monotime now);
};

int kernel_address_open(struct loop *loop, const struct kernel_address_params *params,
                        struct kernel_address **ret_address, struct err *err);
void kernel_address_close(struct kernel_address *address); /* NULL is fine */

/*
 * Ask for at most KERNEL_ADDRESS_BATCH changes; answers come before it returns. Returns how many
 * were asked for, or a negative errno: none was. -EBUSY: answers are outstanding.
 */
int kernel_address_ask(struct kernel_address *address, const struct kernel_change *changes,
                       size_t count, struct monotime now);

/* Requests without an answer. They may be forgotten when it was lost: then look at the kernel. */
size_t kernel_address_outstanding(const struct kernel_address *address);
void kernel_address_forget(struct kernel_address *address);

#endif
