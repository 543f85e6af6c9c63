/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/channel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/connection.h"

#define BACKLOG 16
/* Enough for 255 virtual routers of both families; more is a client gone wrong. */
#define GOALS_MAX          1024
#define RECONNECT_FIRST_NS (20 * NS_PER_MS)
#define RECONNECT_MAX_NS   (1 * NS_PER_S) /* about */
#define ACCEPT_PAUSE_NS    (100 * NS_PER_MS)
/* The largest struct a message may become. */
#define VALUE_BYTES 8192

struct channel_end {
    uint32_t generation;
    uint16_t count;
    bool partial;
};

static const struct wire_field end_fields[] = {
    WIRE_INT(channel_end, generation),
    WIRE_INT(channel_end, count),
    WIRE_BOOL(channel_end, partial),
    WIRE_END,
};

/* Types below 16 are the channel's own. */
static const struct wire_layout goal_end = {1, 1, sizeof(struct channel_end), end_fields,
                                            "goal end"};
static const struct wire_layout snapshot_end = {2, 1, sizeof(struct channel_end), end_fields,
                                                "snapshot end"};

struct channel_peer {
    struct channel_server *server;
    struct connection connection;
    uid_t user;
    uint32_t generation; /* of the last set of goals */
    struct channel_message goals[GOALS_MAX];
    size_t goal_count;
    struct channel_peer *next;
};

struct channel_server {
    struct channel_server_params params;
    struct loop *loop;
    struct loop_io listen;
    struct loop_timer pause; /* nobody is accepted: descriptors or memory are short */
    struct channel_peer *peers;
    struct sockaddr_un address;
};

struct channel_client {
    struct channel_client_params params;
    struct loop *loop;
    struct connection connection;
    struct loop_timer reconnect;
    int64_t wait_ns;
    bool ready;
    struct monotime ready_since;
    uint32_t generation;
    uint16_t goal_count; /* sent since the last end */
    struct sockaddr_un address;
};

int channel_take_fd(struct channel_message *message)
{
    return cleanup_take_fd(&message->fd);
}

static const struct wire_layout *find_layout(const struct wire_layout *const *layouts, uint8_t type)
{
    for (; *layouts; layouts++)
        if ((*layouts)->type == type)
            return *layouts;
    return NULL;
}

static int send_message(struct connection *connection, const struct wire_layout *layout,
                        const void *value, int fd)
{
    uint8_t bytes[WIRE_MESSAGE_BYTES];
    const int length = wire_encode(layout, value, bytes, sizeof(bytes));

    if (length < 0)
        return length;
    return connection_send(connection, bytes, (size_t)length, fd);
}

/* The server. */

static void forget_goals(struct channel_peer *peer)
{
    for (size_t at = 0; at < peer->goal_count; at++) {
        void *value;
        memcpy(&value, &peer->goals[at].value, sizeof(value)); /* it is ours, and const to others */
        free(value);
        if (peer->goals[at].fd >= 0)
            close(peer->goals[at].fd);
    }
    peer->goal_count = 0;
}

static void peer_free(struct channel_peer *peer, struct monotime now)
{
    struct channel_server *server = peer->server;
    struct channel_peer **link = &server->peers;

    while (*link != peer)
        link = &(*link)->next;
    *link = peer->next;
    if (server->params.closed)
        server->params.closed(server->params.owner, peer, now);
    connection_close(&peer->connection);
    forget_goals(peer);
    free(peer);
}

static void handle_peer_broken(void *owner, struct monotime now)
{
    peer_free(owner, now);
}

static int keep_goal(struct channel_peer *peer, const uint8_t *bytes, size_t length_bytes, int *fd)
{
    const struct wire_layout *layout = find_layout(peer->server->params.goals, bytes[0]);
    void *value;

    if (!layout || peer->goal_count == GOALS_MAX)
        return -EPROTO;
    value = calloc(1, layout->struct_bytes);
    if (!value)
        return -ENOMEM;
    const int failed = wire_decode(layout, bytes, length_bytes, value, layout->struct_bytes);
    if (failed < 0) {
        free(value);
        return failed;
    }
    peer->goals[peer->goal_count++] = (struct channel_message){layout, value, cleanup_take_fd(fd)};
    return 0;
}

static int apply_goals(struct channel_peer *peer, const uint8_t *bytes, size_t length_bytes,
                       struct monotime now)
{
    struct channel_server *server = peer->server;
    struct channel_end end;
    const int failed = wire_decode(&goal_end, bytes, length_bytes, &end, sizeof(end));

    if (failed < 0)
        return failed;
    if (end.count != peer->goal_count || end.generation <= peer->generation)
        return -EPROTO;
    peer->generation = end.generation;
    const struct channel_goals goals = {peer->goals, peer->goal_count, end.partial};
    server->params.wanted(server->params.owner, peer, &goals, now);
    forget_goals(peer);
    return 0;
}

static void handle_peer_message(void *owner, const uint8_t *bytes, size_t length_bytes, int *fd,
                                struct monotime now)
{
    struct channel_peer *peer = owner;
    const int failed = bytes[0] == goal_end.type ? apply_goals(peer, bytes, length_bytes, now)
                                                 : keep_goal(peer, bytes, length_bytes, fd);

    if (failed < 0)
        connection_break(&peer->connection);
}

static bool may_connect(const struct channel_server *server, uid_t user)
{
    if (user == 0 || user == geteuid())
        return true;
    for (size_t at = 0; at < server->params.user_count; at++)
        if (server->params.users[at] == user)
            return true;
    return false;
}

/* The old connection of a user who came again is a process that is gone, or soon will be. */
static void supersede(struct channel_server *server, uid_t user, struct monotime now)
{
    struct channel_peer *next;

    for (struct channel_peer *peer = server->peers; peer; peer = next) {
        next = peer->next;
        if (peer->user == user && user != 0 && user != geteuid())
            peer_free(peer, now);
    }
}

static void welcome(struct channel_server *server, int fd, struct monotime now)
{
    struct channel_peer *peer;
    uid_t user = (uid_t)-1;

    if (connection_peer_user(fd, &user) < 0 || !may_connect(server, user) ||
        !(peer = calloc(1, sizeof(*peer)))) {
        close(fd);
        return;
    }
    supersede(server, user, now);
    peer->server = server;
    peer->user = user;
    peer->connection.owner = peer;
    peer->connection.received = handle_peer_message;
    peer->connection.broken = handle_peer_broken;
    if (connection_open(&peer->connection, server->loop, fd) < 0) {
        free(peer);
        return;
    }
    peer->next = server->peers;
    server->peers = peer;
    if (server->params.connected)
        server->params.connected(server->params.owner, peer);
    (void)channel_send(peer, &snapshot_end, &(struct channel_end){0}, -1);
}

static void handle_listen(struct loop_io *io, unsigned events, struct monotime now)
{
    struct channel_server *server = io->owner;
    int fd;

    (void)events;
    while ((fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
        welcome(server, fd, now);
    if (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS)
        return;
    /* Whoever waits there would wake the loop again at once, and for ever. */
    (void)loop_io_start(server->loop, io, 0);
    (void)loop_timer_set(server->loop, &server->pause, monotime_add(now, ACCEPT_PAUSE_NS));
}

static void handle_pause(struct loop_timer *timer, struct monotime now)
{
    struct channel_server *server = timer->owner;

    (void)now;
    (void)loop_io_start(server->loop, &server->listen, LOOP_READ);
}

/* A socket that nobody serves any more is removed; one that somebody serves is left alone. */
static int make_way(const struct sockaddr_un *address, struct err *err)
{
    CLEANUP(cleanup_close) int fd = connection_socket();

    if (fd < 0)
        return err_errno(err, "cannot make a socket");
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
        return err_set(err, EADDRINUSE, "%s is served by another process", address->sun_path);
    if (errno == ECONNREFUSED && unlink(address->sun_path) < 0)
        return err_errno(err, "cannot remove the stale socket %s", address->sun_path);
    return 0;
}

static int listen_at(struct channel_server *server, struct err *err)
{
    const char *path = server->address.sun_path;
    CLEANUP(cleanup_close) int fd = -1;
    int failed = make_way(&server->address, err);

    if (failed < 0)
        return failed;
    fd = connection_socket();
    if (fd < 0)
        return err_errno(err, "cannot make a socket");
    if (bind(fd, (const struct sockaddr *)&server->address, sizeof(server->address)) < 0)
        return err_errno(err, "cannot bind %s", path);
    if (chmod(path, 0660) < 0 ||
        (server->params.group != (gid_t)-1 && chown(path, (uid_t)-1, server->params.group) < 0))
        return err_errno(err, "cannot hand %s to its group", path);
    if (listen(fd, BACKLOG) < 0)
        return err_errno(err, "cannot listen on %s", path);
    server->listen = (struct loop_io){
        .name = "channel listen", .fd = fd, .handle = handle_listen, .owner = server};
    failed = loop_io_start(server->loop, &server->listen, LOOP_READ);
    if (failed < 0)
        return err_set(err, -failed, "no memory to listen on %s", path);
    (void)cleanup_take_fd(&fd);
    return 0;
}

int channel_server_open(struct loop *loop, const struct channel_server_params *params,
                        struct channel_server **ret_server, struct err *err)
{
    struct channel_server *server = calloc(1, sizeof(*server));

    if (!server)
        return err_set(err, ENOMEM, "no memory for %s", params->path);
    server->params = *params;
    server->loop = loop;
    loop_timer_init(&server->pause, "channel pause", handle_pause, server);
    int failed = connection_address(&server->address, params->path);
    if (failed < 0)
        failed = err_set(err, -failed, "the path %s is too long for a socket", params->path);
    else
        failed = listen_at(server, err);
    if (failed < 0) {
        free(server);
        return failed;
    }
    *ret_server = server;
    return 0;
}

void channel_server_close(struct channel_server *server)
{
    if (!server)
        return;
    loop_timer_cancel(server->loop, &server->pause);
    loop_io_stop(server->loop, &server->listen);
    close(server->listen.fd);
    (void)unlink(server->address.sun_path); /* a leftover does no harm */
    while (server->peers)
        peer_free(server->peers, monotime_now());
    free(server);
}

uid_t channel_peer_user(const struct channel_peer *peer)
{
    return peer->user;
}

size_t channel_server_peers(const struct channel_server *server)
{
    size_t count = 0;

    for (const struct channel_peer *peer = server->peers; peer; peer = peer->next)
        count++;
    return count;
}

int channel_send(struct channel_peer *peer, const struct wire_layout *layout, const void *value,
                 int fd)
{
    return send_message(&peer->connection, layout, value, fd);
}

void channel_broadcast(struct channel_server *server, const struct wire_layout *layout,
                       const void *value)
{
    for (struct channel_peer *peer = server->peers; peer; peer = peer->next)
        (void)channel_send(peer, layout, value, -1); /* it will be cut, and come again */
}

/* The client. */

static void wait_and_connect(struct channel_client *client, struct monotime now)
{
    (void)loop_timer_set(client->loop, &client->reconnect, monotime_add(now, client->wait_ns));
    if (client->wait_ns < RECONNECT_MAX_NS)
        client->wait_ns += client->wait_ns / 8; /* one that died is back soon */
}

static void handle_client_broken(void *owner, struct monotime now)
{
    struct channel_client *client = owner;
    const bool was_ready = client->ready;

    connection_close(&client->connection);
    client->ready = false;
    /* One that cuts us each time, being of another version, is not asked ever again at once. */
    if (was_ready && monotime_since(client->ready_since, now) >= RECONNECT_MAX_NS)
        client->wait_ns = RECONNECT_FIRST_NS;
    wait_and_connect(client, now);
    if (was_ready && client->params.lost)
        client->params.lost(client->params.owner, now);
}

static void handle_client_message(void *owner, const uint8_t *bytes, size_t length_bytes, int *fd,
                                  struct monotime now)
{
    struct channel_client *client = owner;
    const struct wire_layout *layout = find_layout(client->params.states, bytes[0]);
    _Alignas(max_align_t) uint8_t value[VALUE_BYTES];
    struct channel_message message = {layout, value, -1};

    if (bytes[0] == snapshot_end.type) {
        client->ready = true;
        client->ready_since = now;
        if (client->params.ready)
            client->params.ready(client->params.owner, now);
        return;
    }
    if (!layout || wire_decode(layout, bytes, length_bytes, value, layout->struct_bytes) < 0) {
        connection_break(&client->connection);
        return;
    }
    message.fd = cleanup_take_fd(fd);
    client->params.received(client->params.owner, &message, now);
    if (message.fd >= 0)
        close(message.fd);
}

static int try_connect(struct channel_client *client)
{
    CLEANUP(cleanup_close) int fd = connection_socket();
    uid_t user = (uid_t)-1;

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&client->address, sizeof(client->address)) < 0)
        return -errno;
    if (connection_peer_user(fd, &user) < 0)
        return -errno;
    if (user != client->params.server_user && user != 0)
        return -EPERM;
    client->connection.owner = client;
    client->connection.received = handle_client_message;
    client->connection.broken = handle_client_broken;
    client->generation = 0;
    client->goal_count = 0;
    return connection_open(&client->connection, client->loop, cleanup_take_fd(&fd));
}

static void handle_reconnect(struct loop_timer *timer, struct monotime now)
{
    struct channel_client *client = timer->owner;

    if (try_connect(client) < 0)
        wait_and_connect(client, now);
}

int channel_client_open(struct loop *loop, const struct channel_client_params *params,
                        struct channel_client **ret_client, struct err *err)
{
    struct channel_client *client = calloc(1, sizeof(*client));

    if (!client)
        return err_set(err, ENOMEM, "no memory for %s", params->path);
    client->params = *params;
    client->loop = loop;
    client->wait_ns = RECONNECT_FIRST_NS;
    client->connection.io.fd = -1;
    loop_timer_init(&client->reconnect, "channel connect", handle_reconnect, client);
    int failed = connection_address(&client->address, params->path);
    if (failed >= 0)
        failed = loop_timer_set(loop, &client->reconnect, monotime_now());
    if (failed < 0) {
        free(client);
        return err_set(err, -failed, "cannot prepare to connect to %s", params->path);
    }
    for (const struct wire_layout *const *layout = params->states; *layout; layout++)
        assert((*layout)->struct_bytes <= VALUE_BYTES);
    *ret_client = client;
    return 0;
}

void channel_client_close(struct channel_client *client)
{
    if (!client)
        return;
    loop_timer_cancel(client->loop, &client->reconnect);
    connection_close(&client->connection);
    free(client);
}

bool channel_client_is_ready(const struct channel_client *client)
{
    return client->ready && !client->connection.is_broken;
}

int channel_client_want_file(struct channel_client *client, const struct wire_layout *layout,
                             const void *goal, int fd)
{
    if (!channel_client_is_ready(client))
        return -ENOTCONN;
    const int failed = send_message(&client->connection, layout, goal, fd);
    if (failed == 0)
        client->goal_count++;
    return failed;
}

int channel_client_end(struct channel_client *client, bool partial)
{
    const struct channel_end end = {client->generation + 1, client->goal_count, partial};

    if (!channel_client_is_ready(client))
        return -ENOTCONN;
    client->generation++;
    client->goal_count = 0;
    return send_message(&client->connection, &goal_end, &end, -1);
}
