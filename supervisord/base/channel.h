/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel - goals and states between the processes of one host, over SOCK_SEQPACKET.
 *
 * Who wants connects; who acts serves. On connect the server sends its full snapshot and
 * CHANNEL_SNAPSHOT_END; the client sends no goal before. A goal is one message per object, and
 * CHANNEL_GOAL_END applies them together: the set replaces the former one, or, if `partial`,
 * only the objects it names. A new connection of the same user supersedes the old one. The
 * client reconnects by itself. Peer credentials are checked on both sides.
 */
#ifndef BASE_CHANNEL_H
#define BASE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/wire.h"

#define CHANNEL_USERS_MAX 4

/* One decoded message; lives during the callback. */
struct channel_message {
    const struct wire_layout *layout;
    const void *value; /* of layout->struct_bytes */
    int fd;            /* that came with it, or -1; whoever keeps it calls channel_take_fd() */
};

int channel_take_fd(struct channel_message *message);

/* What was sent between two ends; lives during the callback. */
struct channel_goals {
    struct channel_message *messages;
    size_t count;
    bool partial;
};

struct channel_server;
struct channel_peer; /* one connection of a server */

struct channel_server_params {
    const char *path;
    uid_t users[CHANNEL_USERS_MAX]; /* who may connect, besides root and ourselves */
    size_t user_count;
    gid_t group;                            /* the socket's; (gid_t)-1: ours. Its mode is 0660 */
    const struct wire_layout *const *goals; /* what a peer may send; ended by NULL */
    void *owner;
    /* Send the snapshot here with channel_send(); the end is sent by the channel. */
    void (*connected)(void *owner, struct channel_peer *peer);
    /* A complete set of goals. Another set with errors in it is refused whole, and the peer cut. */
    void (*wanted)(void *owner, struct channel_peer *peer, const struct channel_goals *goals,
                   struct monotime now);
    void (*closed)(void *owner, struct channel_peer *peer, struct monotime now);
};

int channel_server_open(struct loop *loop, const struct channel_server_params *params,
                        struct channel_server **ret_server, struct err *err);
void channel_server_close(struct channel_server *server); /* NULL is fine; removes the socket */

uid_t channel_peer_user(const struct channel_peer *peer);
size_t channel_server_peers(const struct channel_server *server);

/*
 * Send a state to one, or to all. `fd` (or -1) is passed along and stays the caller's. A peer that
 * reads too slowly is cut: it gets a fresh snapshot when it is back. Returns 0 or a negative errno.
 */
int channel_send(struct channel_peer *peer, const struct wire_layout *layout, const void *value,
                 int fd);
void channel_broadcast(struct channel_server *server, const struct wire_layout *layout,
                       const void *value);

struct channel_client;

struct channel_client_params {
    const char *path;
    uid_t server_user;                       /* who must be at the other end (or root) */
    const struct wire_layout *const *states; /* what the server may send; ended by NULL */
    void *owner;
    void (*received)(void *owner, struct channel_message *state, struct monotime now);
    /* The snapshot is complete: goals may be sent from here on. */
    void (*ready)(void *owner, struct monotime now);
    void (*lost)(void *owner, struct monotime now);
};

/*
 * Connects by itself, at once, and then ever more seldom, from 20 ms to 1 s, until a connection has
 * lasted for 1 s. Returns 0 or a negative errno.
 */
int channel_client_open(struct loop *loop, const struct channel_client_params *params,
                        struct channel_client **ret_client, struct err *err);
void channel_client_close(struct channel_client *client);

bool channel_client_is_ready(const struct channel_client *client);

/*
 * Send one goal of the set, with `fd` (or -1; stays the caller's), then end it. -ENOTCONN: not
 * ready; it is sent again after ready().
 */
int channel_client_want_file(struct channel_client *client, const struct wire_layout *layout,
                             const void *goal, int fd);
static inline int channel_client_want(struct channel_client *client,
                                      const struct wire_layout *layout, const void *goal)
{
    return channel_client_want_file(client, layout, goal, -1);
}
int channel_client_end(struct channel_client *client, bool partial);

#endif
