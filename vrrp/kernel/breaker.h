/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * breaker - cuts connections to storage peers that fell silent, for as long as reghad says so.
 *
 * What is cut stays so for KERNEL_BREAKER_LIFE_NS after the goal that said it: the kernel ends it,
 * no timer of ours prolongs it, and whoever dies or stands still closes the breaker. When a peer
 * is cut, the sockets to it are destroyed once, those that it made to the same port here, too;
 * connections that are forwarded get a reset at the next thing they send. Nothing is put into the
 * kernel, and nothing is looked at, while no peer is watched.
 */
#ifndef VRRP_KERNEL_BREAKER_H
#define VRRP_KERNEL_BREAKER_H

#include <sys/types.h>

#include "base/err.h"
#include "base/loop.h"
#include "vrrp/kernel/message.h"

struct kernel_breaker;

struct kernel_breaker_params {
    uid_t exempt; /* whose sockets are never cut: reghad's, which probe the peers */
    void *owner;
    void (*changed)(void *owner, const struct kernel_breaker_status *status);
};

int kernel_breaker_open(struct loop *loop, const struct kernel_breaker_params *params,
                        struct kernel_breaker **ret_breaker, struct err *err);
void kernel_breaker_close(struct kernel_breaker *breaker); /* NULL is fine; the table stays */

/* This is wanted now. What it does not say is open is closed at once. */
void kernel_breaker_want(struct kernel_breaker *breaker, const struct kernel_breaker_goal *goal,
                         struct monotime now);

/* As told last. */
const struct kernel_breaker_status *kernel_breaker_status(const struct kernel_breaker *breaker);

/* An orderly end: no table. */
void kernel_breaker_remove(struct kernel_breaker *breaker, struct monotime now);

#endif
