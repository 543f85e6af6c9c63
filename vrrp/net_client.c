/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/net_client.h"

#include "base/process.h"

static void handle_state(void *owner, struct channel_message *state, struct monotime now)
{
    struct vrrp_net_client *client = owner;
    struct vrrp_routers *routers = client->routers;
    struct vrrp_view *view = &routers->shared.view;
    int failed = 0;

    if (state->layout == &kernel_message_status)
        failed = vrrp_view_put_status(view, state->value);
    if (state->layout == &kernel_message_link)
        failed = vrrp_view_put_link(view, state->value);
    if (failed < 0)
        log_err("no memory for what regha-net says", "message=%s", state->layout->name);
    routers->shared.pending = true; /* whoever waits for it looks at the end of the pass */
    /* Before the end of the snapshot only half of the truth is known. */
    if (routers->shared.kernel_ready && state->layout == &kernel_message_link)
        vrrp_routers_consider(routers, now);
    else if (routers->shared.kernel_ready && state->layout == &kernel_message_status)
        vrrp_routers_settle(routers, state->value, now);
}

static void handle_ready(void *owner, struct monotime now)
{
    struct vrrp_net_client *client = owner;

    log_info("regha-net is there", "");
    client->routers->shared.kernel_ready = true;
    client->routers->set_changed = client->routers->shared.pending = true;
    vrrp_routers_consider(client->routers, now);
}

static void handle_lost(void *owner, struct monotime now)
{
    struct vrrp_net_client *client = owner;

    log_warning("regha-net is gone: what is active stays, nothing else becomes it", "");
    client->routers->shared.kernel_ready = false;
    vrrp_view_forget_statuses(&client->routers->shared.view);
    vrrp_routers_consider(client->routers, now);
}

int vrrp_net_client_open(struct vrrp_net_client *client, struct vrrp_routers *routers,
                         const char *path, uid_t server_user, struct err *err)
{
    static const struct wire_layout *const states[] = {
        &process_state_layout, &kernel_message_status, &kernel_message_link, NULL};
    const struct channel_client_params params = {
        .path = path,
        .server_user = server_user,
        .states = states,
        .owner = client,
        .received = handle_state,
        .ready = handle_ready,
        .lost = handle_lost,
    };

    client->routers = routers;
    return channel_client_open(routers->shared.loop, &params, &client->channel, err);
}

void vrrp_net_client_close(struct vrrp_net_client *client)
{
    channel_client_close(client->channel);
}

void vrrp_net_client_flush(struct vrrp_net_client *client)
{
    struct vrrp_routers *routers = client->routers;
    const bool whole = routers->set_changed;
    size_t count = 0;

    /* A whole set of nothing would end what a former regha-vrrp has left us to resume. */
    if (!routers->goals_known || !channel_client_is_ready(client->channel))
        return;
    for (struct vrrp_router *router = routers->first; router; router = router->next) {
        if (!router->begun || !(whole || router->kernel_dirty))
            continue;
        if (channel_client_want(client->channel, &kernel_message_goal, &router->kernel_goal) < 0)
            return; /* broken: all is said again once it is ready */
        router->kernel_dirty = false;
        count++;
    }
    if (count == 0 && !whole)
        return;
    if (channel_client_end(client->channel, !whole) == 0)
        routers->set_changed = false;
}
