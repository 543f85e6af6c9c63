/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net_client - goals to regha-net, states from it.
 *
 * Goals pile up during a pass of the loop and leave at its end, those that changed only.
 */
#ifndef VRRP_NET_CLIENT_H
#define VRRP_NET_CLIENT_H

#include "base/channel.h"
#include "vrrp/routers.h"

struct vrrp_net_client {
    struct vrrp_routers *routers;
    struct channel_client *channel;
};

/* `server_user`: whom to believe at the other end. Returns 0, or a negative errno and `err`. */
int vrrp_net_client_open(struct vrrp_net_client *client, struct vrrp_routers *routers,
                         const char *path, uid_t server_user, struct err *err);
void vrrp_net_client_close(struct vrrp_net_client *client);

/* Send what changed. */
void vrrp_net_client_flush(struct vrrp_net_client *client);

#endif
