/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink - a netlink socket through libnl that never blocks, and its messages one by one.
 *
 * Only address, observe, nft and sockets use it. Source: netlink(7), rtnetlink(7).
 */
#ifndef VRRP_KERNEL_NETLINK_H
#define VRRP_KERNEL_NETLINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The kernel fills dumps to at most 32 KB, whoever offers that much. */
#define KERNEL_NETLINK_BYTES 32768

struct nlmsghdr;
struct nl_sock;

/*
 * `protocol`: NETLINK_*; `receive_bytes`: how much may wait for us. NULL and a sentence on failure.
 */
struct nl_sock *kernel_netlink_open(int protocol, int receive_bytes, struct err *err);
void kernel_netlink_close(struct nl_sock *socket); /* NULL is fine */

int kernel_netlink_fd(const struct nl_sock *socket);

/*
 * Receive one datagram of the kernel and hand over its messages. Returns how many, 0 for one that
 * the kernel did not send, -EAGAIN: no more for now, -ENOBUFS: some were lost, or another negative
 * errno.
 */
int kernel_netlink_receive(struct nl_sock *socket,
                           void (*handle)(void *owner, struct nlmsghdr *message), void *owner);

#endif
