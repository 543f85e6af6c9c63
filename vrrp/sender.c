/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/sender.h"

#include <errno.h>
#include <unistd.h>

#include "vrrp/kernel/message.h"
#include "vrrp/socket.h"

#define PULSE_BYTES 8

void vrrp_sender_init(struct vrrp_sender *sender)
{
    *sender = (struct vrrp_sender){.fd = -1};
}

void vrrp_sender_close(struct vrrp_sender *sender)
{
    if (sender->fd >= 0)
        close(sender->fd);
    vrrp_sender_init(sender);
}

int vrrp_sender_fit(struct vrrp_sender *sender, const char *interface, unsigned index,
                    const struct address *source, struct err *err)
{
    if (sender->fd >= 0 && sender->index == index && address_is_same(&sender->source, source))
        return 0;
    vrrp_sender_close(sender);
    const int fd = vrrp_socket_open_send(interface, index, source, err);
    if (fd < 0)
        return fd;
    *sender = (struct vrrp_sender){
        .fd = fd,
        .index = index,
        .source = *source,
        .can_mark = vrrp_socket_can_mark(fd),
    };
    return 1;
}

static uint32_t mark_of(const struct vrrp_sender *sender, const struct vrrp_params *params,
                        uint8_t priority)
{
    if (!sender->can_mark || params->guard_ns == 0 || priority == 0)
        return 0;
    return KERNEL_GUARD_MARK | (params->family == AF_INET6 ? KERNEL_GUARD_MARK_IPV6 : 0U) |
           params->vrid;
}

static void send_bytes(const struct vrrp_sender *sender, const struct vrrp_socket_packet *packet,
                       struct vrrp_sender_failure *failure)
{
    const int failed = vrrp_socket_send(sender->fd, packet);

    if (failed == 0)
        return;
    failure->count++;
    failure->error = -failed;
}

static void send_to(const struct vrrp_sender *sender, const struct vrrp_params *params,
                    struct vrrp_packet_advert *advert, const struct address *destination,
                    struct vrrp_sender_failure *failure)
{
    uint8_t bytes[VRRP_PACKET_BYTES];

    advert->destination = *destination;
    const struct vrrp_socket_packet packet = {
        .destination = destination,
        .mark = mark_of(sender, params, advert->priority),
        .length_bytes = vrrp_packet_encode(params, advert, bytes),
        .bytes = bytes,
    };
    send_bytes(sender, &packet, failure);
}

/* Of no version: if it should get out while the guard's rules are replaced, nobody takes it. */
static void send_pulse(const struct vrrp_sender *sender, const struct vrrp_params *params,
                       const struct vrrp_packet_advert *advert)
{
    const struct address group = vrrp_packet_group();
    uint8_t bytes[PULSE_BYTES] = {0, params->vrid, advert->priority};
    const uint32_t mark = mark_of(sender, params, advert->priority);
    struct vrrp_sender_failure uncounted = {0};
    const struct vrrp_socket_packet packet = {
        .destination = &group,
        .mark = mark | KERNEL_GUARD_MARK_PULSE,
        .length_bytes = sizeof(bytes),
        .bytes = bytes,
    };

    /* Refused, as what is dropped is: nothing was lost. */
    if (mark != 0)
        send_bytes(sender, &packet, &uncounted);
}

struct vrrp_sender_failure vrrp_sender_advert(const struct vrrp_sender *sender,
                                              const struct vrrp_params *params,
                                              struct vrrp_packet_advert *advert, bool pulse)
{
    const struct address group = vrrp_packet_group();
    struct vrrp_sender_failure failure = {0};

    if (params->transport == VRRP_TRANSPORT_MULTICAST) {
        send_to(sender, params, advert, &group, &failure);
        return failure;
    }
    for (size_t at = 0; at < params->peer_count; at++)
        send_to(sender, params, advert, &params->peers[at], &failure);
    for (size_t at = 0; at < params->foreign_count; at++)
        send_to(sender, params, advert, &params->foreign[at], &failure);
    if (pulse)
        send_pulse(sender, params, advert);
    return failure;
}
