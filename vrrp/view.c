/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/view.h"

#include <errno.h>
#include <stdlib.h>

void vrrp_view_fini(struct vrrp_view *view)
{
    free(view->links);
    free(view->statuses);
    *view = (struct vrrp_view){0};
}

static bool is_same_router(const struct kernel_status *status, const char *interface, uint8_t vrid,
                           uint8_t family)
{
    return status->vrid == vrid && status->family == family &&
           strcmp(status->interface, interface) == 0;
}

int vrrp_view_put_link(struct vrrp_view *view, const struct kernel_link *link)
{
    for (size_t at = 0; at < view->link_count; at++)
        if (strcmp(view->links[at].interface, link->interface) == 0) {
            view->links[at] = *link;
            return 0;
        }
    struct kernel_link *links = reallocarray(view->links, view->link_count + 1, sizeof(*links));
    if (!links)
        return -ENOMEM;
    view->links = links;
    view->links[view->link_count++] = *link;
    return 0;
}

int vrrp_view_put_status(struct vrrp_view *view, const struct kernel_status *status)
{
    for (size_t at = 0; at < view->status_count; at++)
        if (is_same_router(&view->statuses[at], status->interface, status->vrid, status->family)) {
            view->statuses[at] = *status;
            return 0;
        }
    struct kernel_status *statuses =
        reallocarray(view->statuses, view->status_count + 1, sizeof(*statuses));
    if (!statuses)
        return -ENOMEM;
    view->statuses = statuses;
    view->statuses[view->status_count++] = *status;
    return 0;
}

void vrrp_view_forget_statuses(struct vrrp_view *view)
{
    view->status_count = 0;
}

const struct kernel_link *vrrp_view_link(const struct vrrp_view *view, const char *interface)
{
    for (size_t at = 0; at < view->link_count; at++)
        if (strcmp(view->links[at].interface, interface) == 0)
            return &view->links[at];
    return NULL;
}

const struct kernel_status *vrrp_view_status(const struct vrrp_view *view,
                                             const struct vrrp_params *params)
{
    for (size_t at = 0; at < view->status_count; at++)
        if (is_same_router(&view->statuses[at], params->interface, params->vrid, params->family))
            return &view->statuses[at];
    return NULL;
}

static bool is_present(const struct kernel_status *status, const struct address *address)
{
    for (size_t at = 0; at < status->address_count; at++)
        if (address_is_same(&status->addresses[at], address))
            return status->present[at];
    return false;
}

bool vrrp_view_holds(const struct vrrp_view *view, const struct vrrp_params *params)
{
    const struct kernel_link *link = vrrp_view_link(view, params->interface);
    const struct kernel_status *status = vrrp_view_status(view, params);

    if (!link || !link->up || !status || !status->hold)
        return false;
    for (size_t at = 0; at < params->address_count; at++)
        if (!is_present(status, &params->addresses[at]))
            return false;
    return true;
}

bool vrrp_view_has_removed(const struct vrrp_view *view, const struct vrrp_params *params)
{
    const struct kernel_status *status = vrrp_view_status(view, params);

    return !status || (!status->hold && status->settled);
}
