/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LOG_EVERY_NS (60 * NS_PER_S)
/* A flood must not keep the deadlines from running. */
#define BATCHES_MAX 16

struct vrrp_dispatch *vrrp_dispatch_new(struct vrrp_shared *shared, struct vrrp_socket_batch *batch,
                                        const char *interface)
{
    struct vrrp_dispatch *dispatch = calloc(1, sizeof(*dispatch));

    if (!dispatch)
        return NULL;
    dispatch->shared = shared;
    dispatch->batch = batch;
    dispatch->io.fd = -1;
    memcpy(dispatch->interface, interface, strnlen(interface, IFNAMSIZ - 1));
    memcpy(dispatch->strays.interface, dispatch->interface, IFNAMSIZ);
    return dispatch;
}

static void close_socket(struct vrrp_dispatch *dispatch)
{
    if (dispatch->io.fd < 0)
        return;
    loop_io_stop(dispatch->shared->loop, &dispatch->io);
    close(dispatch->io.fd);
    dispatch->io.fd = -1;
    dispatch->index = 0;
}

void vrrp_dispatch_free(struct vrrp_dispatch *dispatch)
{
    if (!dispatch)
        return;
    close_socket(dispatch);
    free(dispatch);
}

bool vrrp_dispatch_is_empty(const struct vrrp_dispatch *dispatch)
{
    for (size_t vrid = 0; vrid < VRRP_DISPATCH_VRIDS; vrid++)
        if (dispatch->routers[vrid])
            return false;
    return true;
}

enum vrrp_drop vrrp_dispatch_packet(struct vrrp_dispatch *dispatch, const uint8_t *bytes,
                                    size_t length_bytes, struct monotime heard, struct monotime now)
{
    struct vrrp_datagram datagram;
    struct vrrp_router *router = NULL;
    uint8_t vrid = 0;
    enum vrrp_drop drop = vrrp_packet_unwrap(bytes, length_bytes, &datagram);
    const bool has_header = drop == VRRP_ACCEPTED;

    if (drop == VRRP_ACCEPTED)
        drop = vrrp_packet_peek(&datagram, &vrid);
    if (drop == VRRP_ACCEPTED) {
        router = dispatch->routers[vrid];
        drop = router ? vrrp_router_receive(router, &datagram, heard, now) : VRRP_DROP_VRID;
    }
    if (drop == VRRP_ACCEPTED)
        return drop;
    if (!router)
        dispatch->strays.discarded[drop]++;
    vrrp_discards_log(&dispatch->discards, dispatch->interface, drop, has_header ? &datagram : NULL,
                      now);
    return drop;
}

/* The kernel's stamps are wall clock, which may step: a packet is no older than the last time
 * there was none. */
static struct monotime heard_at(struct vrrp_dispatch *dispatch, int64_t stamp_ns,
                                struct monotime now)
{
    const int64_t most_ns = monotime_since(dispatch->drained, now);
    struct timespec wall;

    clock_gettime(CLOCK_REALTIME, &wall);
    int64_t age_ns = stamp_ns > 0 ? wall.tv_sec * NS_PER_S + wall.tv_nsec - stamp_ns : 0;
    if (age_ns > most_ns)
        age_ns = most_ns;
    return age_ns > 0 ? monotime_add(now, -age_ns) : now;
}

static int receive_batch(struct vrrp_dispatch *dispatch, struct monotime now)
{
    struct vrrp_socket_batch *batch = dispatch->batch;
    const int count = vrrp_socket_receive(dispatch->io.fd, batch);

    for (int at = 0; at < count; at++) {
        const struct monotime heard = heard_at(dispatch, vrrp_socket_stamp_ns(batch, at), now);
        (void)vrrp_dispatch_packet(dispatch, batch->bytes[at], batch->headers[at].msg_len, heard,
                                   now);
    }
    return count;
}

static void handle_readable(struct loop_io *io, unsigned events, struct monotime now)
{
    struct vrrp_dispatch *dispatch = io->owner;
    int count = VRRP_SOCKET_BATCH;

    (void)events;
    for (int batch = 0; batch < BATCHES_MAX && count == VRRP_SOCKET_BATCH; batch++)
        count = receive_batch(dispatch, now);
    if (count < VRRP_SOCKET_BATCH)
        dispatch->drained = now;
    /* A device that went away says so once by an error; its link event closes the socket. */
}

static bool open_socket(struct vrrp_dispatch *dispatch, unsigned index, struct monotime now)
{
    struct err err;
    uint64_t suppressed;
    const int fd = vrrp_socket_open_receive(dispatch->interface, index, &err);

    if (fd < 0) {
        if (log_limit_pass(&dispatch->failed, LOG_EVERY_NS, now, &suppressed))
            log_warning("cannot listen for adverts", "interface=%s reason=\"%s\"",
                        dispatch->interface, err.text);
        return false;
    }
    dispatch->io =
        (struct loop_io){.name = "adverts", .fd = fd, .handle = handle_readable, .owner = dispatch};
    dispatch->index = index;
    dispatch->drained = now;
    if (loop_io_start(dispatch->shared->loop, &dispatch->io, LOOP_READ) == 0)
        return true;
    close(fd);
    dispatch->io.fd = -1;
    return false;
}

bool vrrp_dispatch_consider(struct vrrp_dispatch *dispatch, struct monotime now)
{
    const struct kernel_link *link = vrrp_view_link(&dispatch->shared->view, dispatch->interface);
    const unsigned index = link ? link->index : 0;

    if (dispatch->io.fd >= 0 && dispatch->index == index)
        return true;
    close_socket(dispatch);
    return index == 0 || open_socket(dispatch, index, now);
}
