/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view - what regha-net last said of links and addresses.
 *
 * Written by net_client, read by those who decide. It grows while regha-net speaks of something
 * for the first time, never later.
 */
#ifndef VRRP_VIEW_H
#define VRRP_VIEW_H

#include <stddef.h>

#include "vrrp/kernel/message.h"
#include "vrrp/params.h"

struct vrrp_view {
    struct kernel_link *links;
    size_t link_count;
    struct kernel_status *statuses;
    size_t status_count;
};

void vrrp_view_fini(struct vrrp_view *view);

/* Returns 0 or -ENOMEM. */
int vrrp_view_put_link(struct vrrp_view *view, const struct kernel_link *link);
int vrrp_view_put_status(struct vrrp_view *view, const struct kernel_status *status);

/* regha-net is gone, and so is what it said of addresses. Links stay until it speaks again. */
void vrrp_view_forget_statuses(struct vrrp_view *view);

/* NULL: nothing was said. */
const struct kernel_link *vrrp_view_link(const struct vrrp_view *view, const char *interface);
const struct kernel_status *vrrp_view_status(const struct vrrp_view *view,
                                             const struct vrrp_params *params);

/* Whether the link is up and every address of `params` is there, held for us. */
bool vrrp_view_holds(const struct vrrp_view *view, const struct vrrp_params *params);

/* Whether regha-net has done away with the addresses of `params`, or never heard of them. */
bool vrrp_view_has_removed(const struct vrrp_view *view, const struct vrrp_params *params);

#endif
