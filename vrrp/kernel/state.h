/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * state - what regha-net knows and wants, in one place for those who work on it.
 */
#ifndef VRRP_KERNEL_STATE_H
#define VRRP_KERNEL_STATE_H

#include "vrrp/kernel/link.h"
#include "vrrp/kernel/reconcile.h"
#include "vrrp/kernel/wanted.h"

struct kernel_state {
    struct kernel_links links;
    struct kernel_observed observed;
    struct kernel_wanted wanted;
    struct kernel_reconcile reconcile; /* over the two above */
};

#endif
