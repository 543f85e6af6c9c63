/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sockets - the TCP sockets of this network namespace that are connected or connecting, and an end
 * to one of them.
 *
 * Both ends of a destroyed socket are told: its owner by ECONNABORTED, the peer by a reset.
 * Everything is asked and answered in the call. Source: sock_diag(7), linux/inet_diag.h.
 */
#ifndef VRRP_KERNEL_SOCKETS_H
#define VRRP_KERNEL_SOCKETS_H

#include <linux/inet_diag.h>
#include <sys/types.h>

#include "base/address.h"
#include "base/err.h"

struct kernel_sockets;

struct kernel_socket {
    struct address remote; /* an IPv4 one, too, where the socket is of IPv6 and the peer is not */
    uint16_t remote_port;
    uint16_t local_port;
    uid_t user;
    uint8_t family;             /* the socket's */
    struct inet_diag_sockid id; /* its name */
};

int kernel_sockets_open(struct kernel_sockets **ret_sockets, struct err *err);
void kernel_sockets_close(struct kernel_sockets *sockets); /* NULL is fine */

/* Whether the kernel can end sockets: 0, or -EOPNOTSUPP and its like. */
int kernel_sockets_probe(struct kernel_sockets *sockets);

/* Each of them to `handle`, which may destroy it. Returns 0, or a negative errno after some. */
int kernel_sockets_visit(struct kernel_sockets *sockets,
                         void (*handle)(void *owner, const struct kernel_socket *socket),
                         void *owner);

/* Returns 0, -ENOENT: it is gone already, or another negative errno. */
int kernel_sockets_destroy(struct kernel_sockets *sockets, const struct kernel_socket *socket);

#endif
