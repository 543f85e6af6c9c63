/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

static void set_buffer(const struct nl_sock *socket, int receive_bytes)
{
    const int fd = nl_socket_get_fd(socket);
    const int on = 1;

    /* Less room than asked for costs a resynchronisation in a storm, nothing else. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof(receive_bytes)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    /* Answers without a copy of the question. Older kernels send the copy, which does no harm. */
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
}

struct nl_sock *kernel_netlink_open(int protocol, int receive_bytes, struct err *err)
{
    struct nl_sock *socket = nl_socket_alloc();

    if (socket == NULL) {
        (void)err_set(err, ENOMEM, "no memory for a netlink socket");
        return NULL;
    }
    int failed = nl_connect(socket, protocol);
    if (failed == 0)
        failed = nl_socket_set_nonblocking(socket);
    if (failed < 0) {
        (void)err_set(err, EIO, "cannot open a netlink socket: %s", nl_geterror(failed));
        nl_socket_free(socket);
        return NULL;
    }
    set_buffer(socket, receive_bytes);
    return socket;
}

void kernel_netlink_close(struct nl_sock *socket)
{
    if (socket != NULL)
        nl_socket_free(socket);
}

int kernel_netlink_fd(const struct nl_sock *socket)
{
    return nl_socket_get_fd(socket);
}

int kernel_netlink_receive(struct nl_sock *socket,
                           void (*handle)(void *owner, struct nlmsghdr *message), void *owner)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[KERNEL_NETLINK_BYTES];
    struct sockaddr_nl from = {0};
    socklen_t from_bytes = sizeof(from);
    int count = 0;
    ssize_t length = recvfrom(nl_socket_get_fd(socket), bytes, sizeof(bytes),
                              MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &from_bytes);

    if (length < 0)
        return -errno;
    if (from.nl_pid != 0)
        return 0; /* another process may write to us, but it is not the kernel */
    if (length > (ssize_t)sizeof(bytes))
        return -ENOBUFS;

    int left = (int)length;
    struct nlmsghdr *message = (struct nlmsghdr *)bytes;
    for (; nlmsg_ok(message, left); message = nlmsg_next(message, &left), count++)
        handle(owner, message);
    return count;
}
