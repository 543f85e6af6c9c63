/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/observe.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "base/log.h"
#include "vrrp/kernel/netlink.h"

/* Thousands of events may come at once when many addresses move. */
#define RECEIVE_BYTES (8 * 1024 * 1024)
#define RETRY_NS      (50 * NS_PER_MS)
#define LIST_ATTEMPTS 3

struct kernel_observe {
    struct kernel_observe_params params;
    struct loop *loop;
    struct nl_sock *socket;
    struct loop_io io;
    struct loop_timer retry;
    struct log_limit limit;
    struct monotime now; /* of this callback */
};

/* One list of links or addresses while it is read. */
struct list {
    struct kernel_observe *observe;
    bool done;
    bool interrupted; /* it changed under the kernel's hands */
    int error;
};

static void handle_link(struct kernel_observe *observe, struct nlmsghdr *message)
{
    struct nlattr *attributes[IFLA_MTU + 1];
    struct kernel_observe_link link = {0};

    if (nlmsg_parse(message, sizeof(struct ifinfomsg), attributes, IFLA_MTU, NULL) < 0)
        return;
    const struct ifinfomsg *header = nlmsg_data(message);
    /* A bridge tells of its ports with AF_BRIDGE; those are not the links themselves. */
    if (header->ifi_family != AF_UNSPEC || header->ifi_index <= 0)
        return;
    link.index = (uint32_t)header->ifi_index;
    link.up = (header->ifi_flags & IFF_UP) != 0 && (header->ifi_flags & IFF_RUNNING) != 0;
    if (attributes[IFLA_IFNAME] != NULL)
        (void)nla_strlcpy(link.name, attributes[IFLA_IFNAME], sizeof(link.name));
    if (attributes[IFLA_MTU] != NULL && nla_len(attributes[IFLA_MTU]) >= (int)sizeof(uint32_t))
        link.mtu = nla_get_u32(attributes[IFLA_MTU]);
    if (attributes[IFLA_ADDRESS] != NULL && nla_len(attributes[IFLA_ADDRESS]) == sizeof(link.mac))
        memcpy(link.mac, nla_data(attributes[IFLA_ADDRESS]), sizeof(link.mac));
    observe->params.link(observe->params.owner, &link, message->nlmsg_type == RTM_DELLINK);
}

/* IFA_LOCAL is the address of this host; IPv6 without a peer has only IFA_ADDRESS. */
static bool read_address(struct nlattr *const attributes[], struct address *address)
{
    const struct nlattr *found =
        attributes[IFA_LOCAL] != NULL ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];

    if (found == NULL || nla_len(found) != (int)address_bytes(address))
        return false;
    memcpy(address->bytes, nla_data(found), address_bytes(address));
    return true;
}

static void handle_address(struct kernel_observe *observe, struct nlmsghdr *message)
{
    struct nlattr *attributes[IFA_PROTO + 1];
    struct kernel_observed_entry entry = {.seen = observe->now};

    if (nlmsg_parse(message, sizeof(struct ifaddrmsg), attributes, IFA_PROTO, NULL) < 0)
        return;
    const struct ifaddrmsg *header = nlmsg_data(message);
    uint32_t flags = header->ifa_flags;
    if (attributes[IFA_FLAGS] != NULL && nla_len(attributes[IFA_FLAGS]) >= (int)sizeof(flags))
        flags = nla_get_u32(attributes[IFA_FLAGS]);
    entry.index = header->ifa_index;
    entry.address.family = header->ifa_family;
    entry.address.prefix_bits = header->ifa_prefixlen;
    entry.scope = header->ifa_scope;
    entry.usable = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
    entry.valid_s = UINT32_MAX;
    if (attributes[IFA_CACHEINFO] != NULL &&
        nla_len(attributes[IFA_CACHEINFO]) >= (int)sizeof(struct ifa_cacheinfo))
        entry.valid_s =
            ((const struct ifa_cacheinfo *)nla_data(attributes[IFA_CACHEINFO]))->ifa_valid;
    entry.tagged = attributes[IFA_PROTO] != NULL && nla_len(attributes[IFA_PROTO]) >= 1 &&
                   nla_get_u8(attributes[IFA_PROTO]) == KERNEL_ADDRESS_PROTOCOL;
    if (entry.index == 0 || (header->ifa_family != AF_INET && header->ifa_family != AF_INET6) ||
        !read_address(attributes, &entry.address))
        return;
    observe->params.address(observe->params.owner, &entry, message->nlmsg_type == RTM_DELADDR);
}

static void handle_event(void *owner, struct nlmsghdr *message)
{
    switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        handle_link(owner, message);
        break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
        handle_address(owner, message);
        break;
    }
}

static void handle_list(void *owner, struct nlmsghdr *message)
{
    struct list *list = owner;

    list->interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    if (message->nlmsg_type == NLMSG_DONE) {
        list->done = true;
    } else if (message->nlmsg_type == NLMSG_ERROR) {
        list->done = true;
        list->error = -EIO;
    } else {
        handle_event(list->observe, message);
    }
}

static int ask_for_list(struct nl_sock *socket, int type)
{
    struct nl_msg *message = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_DUMP);
    const struct ifinfomsg links = {.ifi_family = AF_UNSPEC};
    const struct ifaddrmsg addresses = {.ifa_family = AF_UNSPEC};
    int failed;

    if (message == NULL)
        return -ENOMEM;
    if (type == RTM_GETLINK) {
        struct ifinfomsg header = links;
        failed = nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO);
        if (failed == 0)
            failed = nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    } else {
        struct ifaddrmsg header = addresses;
        failed = nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO);
    }
    if (failed == 0)
        failed = nl_send_auto(socket, message);
    nlmsg_free(message);
    return failed < 0 ? -EIO : 0;
}

/* The kernel writes the next part when the former one is read, so there is nothing to wait for. */
static int read_list(struct kernel_observe *observe, int type)
{
    struct list list = {.observe = observe};
    struct err err;
    struct nl_sock *socket = kernel_netlink_open(NETLINK_ROUTE, 4 * KERNEL_NETLINK_BYTES, &err);

    if (socket == NULL)
        return -EIO;
    int failed = ask_for_list(socket, type);
    while (failed >= 0 && !list.done)
        failed = kernel_netlink_receive(socket, handle_list, &list);
    kernel_netlink_close(socket);
    if (failed < 0)
        return failed;
    return list.interrupted ? -EINTR : list.error;
}

static int read_all(struct kernel_observe *observe)
{
    int failed;

    observe->params.list_begins(observe->params.owner);
    failed = read_list(observe, RTM_GETLINK);
    if (failed == 0)
        failed = read_list(observe, RTM_GETADDR);
    if (failed == 0)
        observe->params.list_ended(observe->params.owner);
    return failed;
}

void kernel_observe_resync(struct kernel_observe *observe, struct monotime now)
{
    int failed = -EINTR;

    observe->now = now;
    for (int attempt = 0; attempt < LIST_ATTEMPTS && failed == -EINTR; attempt++)
        failed = read_all(observe);
    if (failed == 0)
        return;

    uint64_t suppressed;
    if (log_limit_pass(&observe->limit, NS_PER_S, now, &suppressed))
        log_warning("the kernel's addresses could not be listed, trying again",
                    "error=\"%s\" suppressed=%llu", strerror(-failed),
                    (unsigned long long)suppressed);
    /* -ENOMEM leaves the next event to bring it up again. */
    (void)loop_timer_set(observe->loop, &observe->retry, monotime_add(now, RETRY_NS));
}

bool kernel_observe_drain(struct kernel_observe *observe, struct monotime now)
{
    bool lost = false;
    bool any = false;
    int count;

    observe->now = now;
    for (;;) {
        count = kernel_netlink_receive(observe->socket, handle_event, observe);
        if (count < 0 && count != -ENOBUFS && count != -EINTR)
            break;
        any = true;
        lost |= count == -ENOBUFS;
    }
    if (lost) {
        log_warning("events of the kernel were lost, everything is read again", "");
        kernel_observe_resync(observe, now);
    }
    return any;
}

static void handle_readable(struct loop_io *io, unsigned events, struct monotime now)
{
    struct kernel_observe *observe = io->owner;

    (void)events;
    if (kernel_observe_drain(observe, now))
        observe->params.drained(observe->params.owner, now);
}

static void handle_retry(struct loop_timer *timer, struct monotime now)
{
    struct kernel_observe *observe = timer->owner;

    kernel_observe_resync(observe, now);
    observe->params.drained(observe->params.owner, now);
}

static int subscribe(struct kernel_observe *observe, struct err *err)
{
    observe->socket = kernel_netlink_open(NETLINK_ROUTE, RECEIVE_BYTES, err);
    if (observe->socket == NULL)
        return -EIO;
    if (nl_socket_add_memberships(observe->socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
                                  RTNLGRP_IPV6_IFADDR, 0) < 0)
        return err_set(err, EIO, "cannot subscribe to the kernel's events");
    observe->io = (struct loop_io){
        .name = "netlink events",
        .fd = kernel_netlink_fd(observe->socket),
        .handle = handle_readable,
        .owner = observe,
    };
    const int failed = loop_io_start(observe->loop, &observe->io, LOOP_READ);
    if (failed < 0)
        return err_set(err, -failed, "cannot watch the kernel's events");
    return 0;
}

int kernel_observe_open(struct loop *loop, const struct kernel_observe_params *params,
                        struct monotime now, struct kernel_observe **ret_observe, struct err *err)
{
    struct kernel_observe *observe = calloc(1, sizeof(*observe));

    if (observe == NULL)
        return err_set(err, ENOMEM, "no memory to observe the kernel");
    observe->params = *params;
    observe->loop = loop;
    loop_timer_init(&observe->retry, "netlink list", handle_retry, observe);
    const int failed = subscribe(observe, err);
    if (failed < 0) {
        kernel_observe_close(observe);
        return failed;
    }
    *ret_observe = observe;
    kernel_observe_resync(observe, now);
    return 0;
}

void kernel_observe_close(struct kernel_observe *observe)
{
    if (observe == NULL)
        return;
    loop_timer_cancel(observe->loop, &observe->retry);
    loop_io_stop(observe->loop, &observe->io);
    kernel_netlink_close(observe->socket);
    free(observe);
}
