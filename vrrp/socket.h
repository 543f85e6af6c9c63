/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * socket - the raw sockets of VRRP over IPv4: one to listen on each interface, one to speak for
 * each virtual router. Needs CAP_NET_RAW. Nothing here blocks.
 *
 * Source: RFC 9568 section 5.1; ip(7), raw(7), socket(7).
 */
#ifndef VRRP_SOCKET_H
#define VRRP_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/address.h"
#include "base/err.h"

#define VRRP_SOCKET_BATCH         16
#define VRRP_SOCKET_PACKET_BYTES  1536
#define VRRP_SOCKET_CONTROL_BYTES 64

/* Where packets land; some 26 KB, made once. */
struct vrrp_socket_batch {
    struct mmsghdr headers[VRRP_SOCKET_BATCH];
    struct iovec vectors[VRRP_SOCKET_BATCH];
    _Alignas(struct cmsghdr) uint8_t controls[VRRP_SOCKET_BATCH][VRRP_SOCKET_CONTROL_BYTES];
    uint8_t bytes[VRRP_SOCKET_BATCH][VRRP_SOCKET_PACKET_BYTES];
};

/*
 * A non-blocking descriptor the caller closes, that hears multicast and unicast VRRP on
 * `interface` and nothing that came before it was ready; or a negative errno and `err`.
 */
int vrrp_socket_open_receive(const char *interface, unsigned index, struct err *err);

/* The same to send from `source`, which must be an address of this host. It receives nothing. */
int vrrp_socket_open_send(const char *interface, unsigned index, const struct address *source,
                          struct err *err);

/* Read what is there, at most VRRP_SOCKET_BATCH packets. Returns how many, or a negative errno. */
int vrrp_socket_receive(int fd, struct vrrp_socket_batch *batch);

/* When the kernel received packet `at`, in CLOCK_REALTIME; 0 if it does not say. */
int64_t vrrp_socket_stamp_ns(struct vrrp_socket_batch *batch, int at);

struct vrrp_socket_packet {
    const struct address *destination;
    uint32_t mark; /* SO_MARK of this one packet; 0: none */
    size_t length_bytes;
    uint8_t *bytes;
};

/* Whether packets may be marked. */
bool vrrp_socket_can_mark(int fd);

/* Returns 0 or a negative errno. */
int vrrp_socket_send(int fd, const struct vrrp_socket_packet *packet);

#endif
