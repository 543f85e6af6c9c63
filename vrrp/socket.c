/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/monotime.h"
#include "vrrp/packet.h"

/* DSCP CS6, as routing protocols are marked. */
#define TYPE_OF_SERVICE      0xc0
#define PRIORITY_CONTROL     6 /* TC_PRIO_INTERACTIVE: what queueing disciplines prefer */
#define RECEIVE_BUFFER_BYTES (256 * 1024)
#define SEND_BUFFER_BYTES    (64 * 1024)

struct option {
    int level, name, value;
    const char *what;
};

static int set_options(int fd, const struct option *options, size_t count, struct err *err)
{
    for (size_t at = 0; at < count; at++)
        if (setsockopt(fd, options[at].level, options[at].name, &options[at].value,
                       sizeof(options[at].value)) < 0)
            return err_errno(err, "cannot set %s on a VRRP socket", options[at].what);
    return 0;
}

/* Accept no packet at all. */
static int deafen(int fd, struct err *err)
{
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog program = {sizeof(nothing) / sizeof(nothing[0]), nothing};

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
        return err_errno(err, "cannot filter a VRRP socket");
    return 0;
}

/* Deaf until it is bound, else it would hear every interface for a moment. */
static int open_on(const char *interface, struct err *err)
{
    /* The kernel would cut a longer name to another one, and take an empty one for "all". */
    const size_t length_bytes = strlen(interface);
    if (length_bytes == 0 || length_bytes >= IFNAMSIZ)
        return err_set(err, EINVAL, "an interface name of %zu characters, must have 1 to %d",
                       length_bytes, IFNAMSIZ - 1);

    CLEANUP(cleanup_close)
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, VRRP_PACKET_PROTOCOL);
    if (fd < 0)
        return err_errno(err, "cannot open a raw VRRP socket");
    const int failed = deafen(fd, err);
    if (failed < 0)
        return failed;
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)length_bytes) < 0)
        return err_errno(err, "cannot bind a VRRP socket to %s", interface);
    return cleanup_take_fd(&fd);
}

/* Forget what arrived before the socket was deaf, then let it hear. */
static int undeafen(int fd, struct err *err)
{
    uint8_t byte;

    while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) >= 0)
        continue;
    if (setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int)) < 0)
        return err_errno(err, "cannot unfilter a VRRP socket");
    return 0;
}

int vrrp_socket_open_receive(const char *interface, unsigned index, struct err *err)
{
    static const struct option options[] = {
        {IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL"},
        {SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS"},
        {SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES, "SO_RCVBUF"},
    };
    const struct address group = vrrp_packet_group();
    const struct ip_mreqn membership = {
        .imr_multiaddr = address_ipv4(&group),
        .imr_ifindex = (int)index,
    };
    CLEANUP(cleanup_close)
    int fd = open_on(interface, err);

    if (fd < 0)
        return fd;
    int failed = set_options(fd, options, sizeof(options) / sizeof(options[0]), err);
    if (failed < 0)
        return failed;
    if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)) < 0)
        return err_errno(err, "cannot join 224.0.0.18 on %s", interface);
    failed = undeafen(fd, err);
    return failed < 0 ? failed : cleanup_take_fd(&fd);
}

int vrrp_socket_open_send(const char *interface, unsigned index, const struct address *source,
                          struct err *err)
{
    /* IP_TOS sets a priority of its own, so SO_PRIORITY comes behind it. */
    static const struct option options[] = {
        {IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL"},
        {IPPROTO_IP, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP"},
        {IPPROTO_IP, IP_MULTICAST_TTL, VRRP_PACKET_TTL, "IP_MULTICAST_TTL"},
        {IPPROTO_IP, IP_TTL, VRRP_PACKET_TTL, "IP_TTL"},
        {IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER"},
        {IPPROTO_IP, IP_TOS, TYPE_OF_SERVICE, "IP_TOS"},
        {SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL, "SO_PRIORITY"},
        {SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES, "SO_SNDBUF"},
    };
    const struct ip_mreqn out = {.imr_ifindex = (int)index};
    const struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = address_ipv4(source)};
    char text[ADDRESS_TEXT_BYTES];
    CLEANUP(cleanup_close)
    int fd = open_on(interface, err);

    if (fd < 0)
        return fd;
    const int failed = set_options(fd, options, sizeof(options) / sizeof(options[0]), err);
    if (failed < 0)
        return failed;
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)) < 0)
        return err_errno(err, "cannot send multicast on %s", interface);
    if (bind(fd, (const struct sockaddr *)&from, sizeof(from)) < 0)
        return err_errno(err, "cannot send from %s", address_format_host(source, text));
    return cleanup_take_fd(&fd);
}

int vrrp_socket_receive(int fd, struct vrrp_socket_batch *batch)
{
    for (int at = 0; at < VRRP_SOCKET_BATCH; at++) {
        batch->vectors[at] = (struct iovec){batch->bytes[at], VRRP_SOCKET_PACKET_BYTES};
        batch->headers[at].msg_hdr = (struct msghdr){
            .msg_iov = &batch->vectors[at],
            .msg_iovlen = 1,
            .msg_control = batch->controls[at],
            .msg_controllen = VRRP_SOCKET_CONTROL_BYTES,
        };
    }
    const int count = recvmmsg(fd, batch->headers, VRRP_SOCKET_BATCH, MSG_DONTWAIT, NULL);
    return count < 0 ? -errno : count;
}

int64_t vrrp_socket_stamp_ns(struct vrrp_socket_batch *batch, int at)
{
    struct msghdr *header = &batch->headers[at].msg_hdr;
    struct timespec stamp;

    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control;
         control = CMSG_NXTHDR(header, control))
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS &&
            control->cmsg_len >= CMSG_LEN(sizeof(stamp))) {
            memcpy(&stamp, CMSG_DATA(control), sizeof(stamp));
            return stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
        }
    return 0;
}

bool vrrp_socket_can_mark(int fd)
{
    /* CAP_NET_RAW suffices since Linux 5.17. */
    return setsockopt(fd, SOL_SOCKET, SO_MARK, &(int){0}, sizeof(int)) == 0;
}

static void put_mark(struct msghdr *message, uint32_t mark)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(message);

    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SO_MARK;
    control->cmsg_len = CMSG_LEN(sizeof(mark));
    memcpy(CMSG_DATA(control), &mark, sizeof(mark));
}

int vrrp_socket_send(int fd, const struct vrrp_socket_packet *packet)
{
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(packet->mark))] = {0};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = address_ipv4(packet->destination)};
    struct iovec vector = {packet->bytes, packet->length_bytes};
    struct msghdr message = {
        .msg_name = &to,
        .msg_namelen = sizeof(to),
        .msg_iov = &vector,
        .msg_iovlen = 1,
    };

    if (packet->mark != 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        put_mark(&message, packet->mark);
    }
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}
