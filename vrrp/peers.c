/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "vrrp/seal.h"

#define LOG_EVERY_NS     (60 * NS_PER_S)
#define HEARTBEAT_MIN_NS (10 * NS_PER_MS)
#define REPLY_EVERY_NS   (10 * NS_PER_MS)
#define SEALED_BYTES     (VRRP_PEER_FRAME_BYTES + VRRP_SEAL_BYTES)
/* A flood must not keep the deadlines from running. */
#define DATAGRAMS_MAX    64
#define PRIORITY_CONTROL 6

static socklen_t socket_address(const struct address *address, uint16_t port,
                                struct sockaddr_storage *ret)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    memset(ret, 0, sizeof(*ret));
    if (address->family == AF_INET6) {
        memcpy(&ipv6.sin6_addr, address->bytes, sizeof(ipv6.sin6_addr));
        memcpy(ret, &ipv6, sizeof(ipv6));
        return sizeof(ipv6);
    }
    ipv4.sin_addr = address_ipv4(address);
    memcpy(ret, &ipv4, sizeof(ipv4));
    return sizeof(ipv4);
}

static struct address host_of(const struct sockaddr_storage *from)
{
    struct address address = {.family = (uint8_t)from->ss_family};
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;

    if (from->ss_family == AF_INET6) {
        memcpy(&ipv6, from, sizeof(ipv6));
        memcpy(address.bytes, &ipv6.sin6_addr, sizeof(ipv6.sin6_addr));
    } else {
        memcpy(&ipv4, from, sizeof(ipv4));
        memcpy(address.bytes, &ipv4.sin_addr, sizeof(ipv4.sin_addr));
    }
    return address;
}

static struct vrrp_peer_self self_of(const struct vrrp_peers *peers)
{
    return (struct vrrp_peer_self){
        .incarnation = peers->incarnation,
        .random = vrrp_seal_random(),
        .heartbeat_ns = peers->goal.heartbeat_ns,
    };
}

static void mark(struct vrrp_peers *peers, size_t at)
{
    peers->nodes[at].dirty = peers->routers->shared.pending = true;
}

/* Sending. */

static void put_routers(const struct vrrp_peers *peers, struct vrrp_peer_frame *frame)
{
    for (const struct vrrp_router *router = peers->routers->first;
         router && frame->router_count < VRRP_PEER_ROUTERS; router = router->next)
        frame->routers[frame->router_count++] = (struct vrrp_peer_router){
            .vrid = router->params.vrid,
            .family = router->params.family,
            .state = (uint8_t)router->fsm.state,
            .priority = router->fsm.conditions.priority,
        };
}

static void send_frame(struct vrrp_peers *peers, size_t at, struct vrrp_peer_frame *frame)
{
    const struct vrrp_cluster_goal *goal = &peers->goal;
    const struct vrrp_seal_route route = {
        .from = goal->nodes[goal->self].address,
        .to = goal->nodes[at].address,
    };
    uint8_t plain[VRRP_PEER_FRAME_BYTES], sealed[SEALED_BYTES];
    struct sockaddr_storage to;
    const socklen_t to_bytes = socket_address(&route.to, goal->port, &to);

    frame->counter = ++peers->counter;
    frame->leaving = peers->leaving;
    put_routers(peers, frame);
    frame->blob_bytes = goal->blob_bytes;
    memcpy(frame->blob, goal->blob, goal->blob_bytes);
    const int length = wire_encode(&vrrp_peer_frame_layout, frame, plain, sizeof(plain));
    if (length < 0)
        abort(); /* the buffer is made for the largest */
    const size_t sealed_bytes =
        vrrp_seal_wrap(&goal->keys[0], &route, plain, (size_t)length, sealed);
    if (sendto(peers->io.fd, sealed, sealed_bytes, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&to, to_bytes) < 0)
        peers->send_errors++; /* whoever is not reached will say so by his silence */
}

static void send_to_all(struct vrrp_peers *peers)
{
    for (size_t at = 0; at < peers->goal.node_count; at++) {
        const struct vrrp_peer_self self = self_of(peers);
        struct vrrp_peer_frame frame = {0};

        if (at == peers->goal.self)
            continue;
        vrrp_peer_frame_address(&peers->nodes[at].peer, &self, &frame);
        send_frame(peers, at, &frame);
    }
}

/* Receiving. */

static void set_silence(struct vrrp_peers *peers)
{
    struct monotime first = MONOTIME_NEVER;

    for (size_t at = 0; at < peers->goal.node_count; at++)
        first = monotime_earlier(first, vrrp_peer_frame_deadline(&peers->nodes[at].peer));
    if (first.ns == MONOTIME_NEVER.ns)
        loop_timer_cancel(peers->routers->shared.loop, &peers->silence);
    else
        (void)loop_timer_set(peers->routers->shared.loop, &peers->silence, first);
}

static void handle_silence(struct loop_timer *timer, struct monotime now)
{
    struct vrrp_peers *peers = timer->owner;

    for (size_t at = 0; at < peers->goal.node_count; at++) {
        if (!vrrp_peer_frame_expire(&peers->nodes[at].peer, now))
            continue;
        log_warning("a node has fallen silent", "node=%s", peers->goal.nodes[at].name);
        mark(peers, at);
    }
    set_silence(peers);
}

static size_t find_node(const struct vrrp_peers *peers, const struct address *address)
{
    size_t at = 0;

    while (at < peers->goal.node_count && !address_is_same(&peers->goal.nodes[at].address, address))
        at++;
    return at;
}

/* What is told is when something is missed, not each sign of life. */
static void look_at_presence(struct vrrp_peers *peers, struct monotime now)
{
    struct monotime next = MONOTIME_NEVER;

    for (size_t at = 0; at < peers->goal.node_count; at++) {
        struct vrrp_peers_node *node = &peers->nodes[at];
        const struct vrrp_presence_view view = vrrp_presence_judge(&node->presence, now);

        if (view.missed.ns != node->view.missed.ns || view.silent != node->view.silent)
            mark(peers, at);
        node->view = view;
        next = monotime_earlier(next, vrrp_presence_deadline(&node->presence, now));
    }
    if (next.ns == MONOTIME_NEVER.ns)
        loop_timer_cancel(peers->routers->shared.loop, &peers->presence);
    else
        (void)loop_timer_set(peers->routers->shared.loop, &peers->presence, next);
}

static void handle_presence(struct loop_timer *timer, struct monotime now)
{
    look_at_presence(timer->owner, now);
}

/* An advert, of whomever. It may have waited in its queue. */
static void handle_advert(void *owner, const struct address *source, int64_t every_ns,
                          struct monotime at)
{
    struct vrrp_peers *peers = owner;
    const size_t node = find_node(peers, source);

    if (node == peers->goal.node_count || node == peers->goal.self)
        return;
    vrrp_presence_advert(&peers->nodes[node].presence, every_ns, at);
    look_at_presence(peers, at);
}

/* Rejections that concern no peer are counted in our own place. */
static void reject(struct vrrp_peers *peers, size_t at, enum vrrp_frame_drop drop,
                   const struct address *source, struct monotime now)
{
    struct vrrp_peers_node *node = &peers->nodes[at];
    char text[ADDRESS_TEXT_BYTES];
    uint64_t suppressed;

    node->peer.rejected[drop]++;
    if (log_limit_pass(&node->rejected, LOG_EVERY_NS, now, &suppressed))
        log_warning("peer frame rejected", "reason=%s source=%s suppressed=%llu",
                    vrrp_message_frame_drop_name(drop), address_format_host(source, text),
                    (unsigned long long)suppressed);
}

/* What the node said of itself. */
static void keep(struct vrrp_peers_node *node, const struct vrrp_peer_frame *frame)
{
    const size_t routers_bytes = sizeof(frame->routers[0]) * frame->router_count;

    if (node->router_count != frame->router_count || node->blob_bytes != frame->blob_bytes ||
        memcmp(node->routers, frame->routers, routers_bytes) != 0 ||
        memcmp(node->blob, frame->blob, frame->blob_bytes) != 0)
        node->dirty = true;
    node->router_count = frame->router_count;
    memcpy(node->routers, frame->routers, routers_bytes);
    node->blob_bytes = frame->blob_bytes;
    memcpy(node->blob, frame->blob, frame->blob_bytes);
}

static void reply(struct vrrp_peers *peers, size_t at, const struct vrrp_peer_frame *asked,
                  struct monotime now)
{
    struct vrrp_peers_node *node = &peers->nodes[at];
    const struct vrrp_peer_self self = self_of(peers);
    struct vrrp_peer_frame frame = {0};

    if (!monotime_reached(node->next_reply, now))
        return;
    node->next_reply = monotime_add(now, REPLY_EVERY_NS);
    vrrp_peer_frame_reply(&node->peer, &self, asked, &frame);
    send_frame(peers, at, &frame);
}

static void hear(struct vrrp_peers *peers, size_t at, const struct vrrp_peer_frame *frame,
                 struct monotime now)
{
    const struct vrrp_peer_self self = self_of(peers);
    struct vrrp_peers_node *node = &peers->nodes[at];
    const struct vrrp_peer before = node->peer;
    bool wants_reply;
    const enum vrrp_frame_drop drop =
        vrrp_peer_frame_judge(&node->peer, frame, &self, now, &wants_reply);

    if (wants_reply)
        reply(peers, at, frame, now);
    if (drop != VRRP_FRAME_ACCEPTED)
        return;
    keep(node, frame);
    /* Of two beats the slower one counts, which is in its patience: three and a half. */
    vrrp_presence_frame(&node->presence, node->peer.patience_ns * 2 / 7, frame->leaving, now);
    look_at_presence(peers, now);
    if (node->peer.leaving && !before.leaving)
        log_info("a node is leaving", "node=%s", peers->goal.nodes[at].name);
    else if (node->peer.reachable && !before.reachable)
        log_info("a node is reachable", "node=%s", peers->goal.nodes[at].name);
    if (node->peer.reachable != before.reachable || node->peer.leaving != before.leaving ||
        node->peer.incarnation != before.incarnation)
        node->dirty = true;
    if (node->dirty)
        mark(peers, at);
    set_silence(peers);
}

static void open_frame(struct vrrp_peers *peers, const uint8_t *bytes, size_t length,
                       const struct address *source, struct monotime now)
{
    const struct vrrp_cluster_goal *goal = &peers->goal;
    const size_t at = find_node(peers, source);
    const struct vrrp_seal_route route = {.from = *source, .to = goal->nodes[goal->self].address};
    const struct vrrp_sealed sealed = {bytes, length, goal->keys, goal->key_count};
    uint8_t plain[SEALED_BYTES];
    struct vrrp_peer_frame frame;

    if (at == goal->node_count || at == goal->self) {
        reject(peers, goal->self, VRRP_FRAME_STRANGER, source, now);
        return;
    }
    if (length < VRRP_SEAL_BYTES + WIRE_HEADER_BYTES || length > SEALED_BYTES) {
        reject(peers, at, VRRP_FRAME_LENGTH, source, now);
        return;
    }
    const int plain_bytes = vrrp_seal_unwrap(&sealed, &route, plain);
    if (plain_bytes < 0)
        reject(peers, at, VRRP_FRAME_SEAL, source, now);
    else if (wire_decode(&vrrp_peer_frame_layout, plain, (size_t)plain_bytes, &frame,
                         sizeof(frame)) < 0)
        reject(peers, at, VRRP_FRAME_MALFORMED, source, now);
    else
        hear(peers, at, &frame, now);
}

static void handle_readable(struct loop_io *io, unsigned events, struct monotime now)
{
    struct vrrp_peers *peers = io->owner;
    uint8_t bytes[SEALED_BYTES + 1];
    struct sockaddr_storage from;

    (void)events;
    for (int count = 0; count < DATAGRAMS_MAX && peers->io.fd >= 0; count++) {
        socklen_t from_bytes = sizeof(from);
        const ssize_t length = recvfrom(io->fd, bytes, sizeof(bytes), MSG_DONTWAIT,
                                        (struct sockaddr *)&from, &from_bytes);
        if (length < 0 && errno == EAGAIN)
            return;
        if (length < 0)
            continue; /* what an earlier frame met: a port nobody listens at */
        const struct address source = host_of(&from);
        open_frame(peers, bytes, (size_t)length, &source, now);
    }
}

/* Life. */

static void close_socket(struct vrrp_peers *peers)
{
    if (peers->io.fd < 0)
        return;
    loop_io_stop(peers->routers->shared.loop, &peers->io);
    close(peers->io.fd);
    peers->io.fd = -1;
}

static int bind_socket(const struct vrrp_cluster_goal *goal)
{
    struct sockaddr_storage own;
    const socklen_t own_bytes = socket_address(&goal->nodes[goal->self].address, goal->port, &own);
    const int fd = socket(own.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    /* A guess that is refused costs a queue's place, no frame. */
    (void)setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &(int){PRIORITY_CONTROL}, sizeof(int));
    if (bind(fd, (const struct sockaddr *)&own, own_bytes) < 0) {
        const int failed = -errno;
        close(fd);
        return failed;
    }
    return fd;
}

/* Its address may come later than we do, so it is tried again at each heartbeat. */
static void open_socket(struct vrrp_peers *peers, struct monotime now)
{
    const int fd = bind_socket(&peers->goal);
    uint64_t suppressed;

    if (fd < 0) {
        if (log_limit_pass(&peers->failed, LOG_EVERY_NS, now, &suppressed))
            log_warning("peer frames cannot be exchanged", "port=%u error=\"%s\"", peers->goal.port,
                        strerror(-fd));
        return;
    }
    peers->io = (struct loop_io){
        .name = "peer frames", .fd = fd, .handle = handle_readable, .owner = peers};
    if (loop_io_start(peers->routers->shared.loop, &peers->io, LOOP_READ) == 0)
        return;
    close(fd);
    peers->io.fd = -1;
}

static void handle_beat(struct loop_timer *timer, struct monotime now)
{
    struct vrrp_peers *peers = timer->owner;

    (void)loop_timer_set(peers->routers->shared.loop, timer,
                         monotime_add(now, peers->goal.heartbeat_ns));
    if (peers->io.fd < 0)
        open_socket(peers, now);
    if (peers->io.fd >= 0)
        send_to_all(peers);
}

int vrrp_peers_init(struct vrrp_peers *peers, struct vrrp_routers *routers, struct err *err)
{
    memset(peers, 0, sizeof(*peers));
    peers->io.fd = -1;
    peers->routers = routers;
    if (vrrp_seal_init() < 0)
        return err_set(err, EIO, "libsodium finds no randomness");
    peers->incarnation = vrrp_seal_random();
    loop_timer_init(&peers->beat, "peer heartbeat", handle_beat, peers);
    loop_timer_init(&peers->silence, "peer silence", handle_silence, peers);
    loop_timer_init(&peers->presence, "peer presence", handle_presence, peers);
    routers->shared.heard = handle_advert;
    routers->shared.heard_owner = peers;
    return 0;
}

static void end(struct vrrp_peers *peers)
{
    close_socket(peers);
    loop_timer_cancel(peers->routers->shared.loop, &peers->beat);
    loop_timer_cancel(peers->routers->shared.loop, &peers->silence);
    loop_timer_cancel(peers->routers->shared.loop, &peers->presence);
    vrrp_seal_forget(&peers->goal, sizeof(peers->goal));
}

void vrrp_peers_fini(struct vrrp_peers *peers)
{
    end(peers);
}

const char *vrrp_peers_mistake(const struct vrrp_cluster_goal *goal)
{
    if (goal->self >= goal->node_count)
        return "this node is none of the nodes";
    if (goal->key_count == 0)
        return "it has no key";
    if (goal->port == 0)
        return "its port is 0";
    if (goal->heartbeat_ns < HEARTBEAT_MIN_NS)
        return "its heartbeat is below 10 ms";
    for (size_t at = 0; at < goal->node_count; at++)
        if (goal->nodes[at].address.family != AF_INET && goal->nodes[at].address.family != AF_INET6)
            return "one of its nodes has no address";
    return NULL;
}

/* Nodes keep what is known of them, wherever they stand in the new list. */
static void move_nodes(struct vrrp_peers *peers, const struct vrrp_cluster_goal *goal)
{
    struct vrrp_peers_node *former = calloc(VRRP_CLUSTER_NODES, sizeof(*former));

    if (former)
        memcpy(former, peers->nodes, sizeof(peers->nodes));
    memset(peers->nodes, 0, sizeof(peers->nodes));
    for (size_t at = 0; former && at < goal->node_count; at++) {
        const size_t place = find_node(peers, &goal->nodes[at].address);
        if (place < peers->goal.node_count)
            peers->nodes[at] = former[place];
    }
    free(former); /* without memory for it they are all met anew, which takes a heartbeat */
}

void vrrp_peers_want(struct vrrp_peers *peers, const struct vrrp_cluster_goal *goal,
                     struct monotime now)
{
    struct vrrp_cluster_goal *known = &peers->goal;

    if (!goal) {
        end(peers);
        return;
    }
    const bool same_door =
        known->node_count > 0 && known->port == goal->port &&
        address_is_same(&known->nodes[known->self].address, &goal->nodes[goal->self].address);
    const bool news =
        known->blob_bytes != goal->blob_bytes || memcmp(known->blob, goal->blob, goal->blob_bytes);

    if (!same_door)
        close_socket(peers);
    if (known->node_count != goal->node_count ||
        memcmp(known->nodes, goal->nodes, sizeof(goal->nodes)) != 0)
        move_nodes(peers, goal);
    *known = *goal;
    for (size_t at = 0; at < goal->node_count; at++)
        mark(peers, at);
    set_silence(peers);
    if (!same_door || news)
        (void)loop_timer_set(peers->routers->shared.loop, &peers->beat, now);
}

void vrrp_peers_leave(struct vrrp_peers *peers)
{
    peers->leaving = true;
    if (peers->io.fd >= 0)
        send_to_all(peers);
}

size_t vrrp_peers_count(const struct vrrp_peers *peers)
{
    return peers->goal.node_count;
}

void vrrp_peers_state(const struct vrrp_peers *peers, size_t at, struct vrrp_peer_state *ret_state)
{
    const struct vrrp_peers_node *node = &peers->nodes[at];
    const struct vrrp_peer *peer = &node->peer;

    *ret_state = (struct vrrp_peer_state){
        .node = (uint8_t)at,
        .reachable = peer->reachable,
        .leaving = peer->leaving,
        .seen_ns = peer->seen.ns,
        .since_ns = peer->since.ns,
        .missed_ns = node->view.missed.ns,
        .silent = node->view.silent,
        .incarnation = at == peers->goal.self ? peers->incarnation : peer->incarnation,
        .received = peer->received,
        .router_count = node->router_count,
        .blob_bytes = node->blob_bytes,
    };
    memcpy(ret_state->name, peers->goal.nodes[at].name, sizeof(ret_state->name));
    memcpy(ret_state->rejected, peer->rejected, sizeof(ret_state->rejected));
    memcpy(ret_state->routers, node->routers, sizeof(ret_state->routers));
    memcpy(ret_state->blob, node->blob, node->blob_bytes);
}
