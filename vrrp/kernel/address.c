/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/address.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "vrrp/kernel/message.h"
#include "vrrp/kernel/netlink.h"

/* Header, struct ifaddrmsg, and each attribute once, of IPv6. */
#define REQUEST_BYTES 128
/* An answer takes about 1 KB of the kernel's accounting. */
#define RECEIVE_BYTES (1024 * 1024)

struct request {
    uint32_t sequence;
    bool outstanding;
    struct kernel_change change;
};

struct kernel_address {
    struct kernel_address_params params;
    struct loop *loop;
    struct nl_sock *socket;
    struct loop_io io;
    struct request requests[KERNEL_ADDRESS_BATCH];
    size_t outstanding;
    uint32_t sequence;
    struct monotime now; /* of the callback that reads answers */
};

static void handle_answer(void *owner, struct nlmsghdr *message)
{
    struct kernel_address *address = owner;
    struct request *request = &address->requests[message->nlmsg_seq % KERNEL_ADDRESS_BATCH];

    if (message->nlmsg_type != NLMSG_ERROR ||
        nlmsg_datalen(message) < (int)sizeof(struct nlmsgerr) || !request->outstanding ||
        request->sequence != message->nlmsg_seq)
        return;
    const struct nlmsgerr *answer = nlmsg_data(message);
    const struct kernel_change change = request->change;
    request->outstanding = false;
    address->outstanding--;
    address->params.answered(address->params.owner, &change, -answer->error, address->now);
}

static void read_answers(struct kernel_address *address, struct monotime now)
{
    int count;

    address->now = now;
    do
        count = kernel_netlink_receive(address->socket, handle_answer, address);
    while (count >= 0 || count == -ENOBUFS);
}

static void handle_readable(struct loop_io *io, unsigned events, struct monotime now)
{
    struct kernel_address *address = io->owner;
    const size_t before = address->outstanding;

    (void)events;
    read_answers(address, now);
    if (before > 0 && address->outstanding == 0)
        address->params.settled(address->params.owner, now);
}

int kernel_address_open(struct loop *loop, const struct kernel_address_params *params,
                        struct kernel_address **ret_address, struct err *err)
{
    struct kernel_address *address = calloc(1, sizeof(*address));

    if (address == NULL)
        return err_set(err, ENOMEM, "no memory for requests to the kernel");
    address->params = *params;
    address->loop = loop;
    address->socket = kernel_netlink_open(NETLINK_ROUTE, RECEIVE_BYTES, err);
    if (address->socket == NULL) {
        free(address);
        return -EIO;
    }
    address->io = (struct loop_io){
        .name = "netlink answers",
        .fd = kernel_netlink_fd(address->socket),
        .handle = handle_readable,
        .owner = address,
    };
    const int failed = loop_io_start(loop, &address->io, LOOP_READ);
    if (failed < 0) {
        kernel_address_close(address);
        return err_set(err, -failed, "cannot watch the netlink socket");
    }
    *ret_address = address;
    return 0;
}

void kernel_address_close(struct kernel_address *address)
{
    if (address == NULL)
        return;
    loop_io_stop(address->loop, &address->io);
    kernel_netlink_close(address->socket);
    free(address);
}

/*
 * A whole-length address brings no route to a subnet with it; a shorter one is configured where
 * the interface has no other way there, and brings it. IPv6: nobody waits for duplicate detection
 * at a takeover, and what we speak of ourselves prefers addresses that stay.
 */
static int put_lifetime_and_tag(struct nl_msg *message, const struct kernel_change *change)
{
    const struct address *address = &change->address;
    const bool ipv6 = address->family == AF_INET6;
    const bool whole = address->prefix_bits == 8 * address_bytes(address);
    const uint32_t flags = (whole ? IFA_F_NOPREFIXROUTE : 0U) | (ipv6 ? IFA_F_NODAD : 0U);
    const struct ifa_cacheinfo lifetime = {
        .ifa_prefered = ipv6 && whole ? 0 : change->valid_s,
        .ifa_valid = change->valid_s,
    };

    if (nla_put_u32(message, IFA_FLAGS, flags) < 0 ||
        nla_put(message, IFA_CACHEINFO, sizeof(lifetime), &lifetime) < 0 ||
        nla_put_u8(message, IFA_PROTO, KERNEL_ADDRESS_PROTOCOL) < 0)
        return -EMSGSIZE;
    return 0;
}

static int put_request(struct nl_msg *message, const struct kernel_change *change,
                       uint32_t sequence, uint32_t port)
{
    const bool removes = change->kind == KERNEL_CHANGE_REMOVE;
    const int flags = NLM_F_REQUEST | NLM_F_ACK | (removes ? 0 : NLM_F_CREATE | NLM_F_REPLACE);
    const struct ifaddrmsg header = {
        .ifa_family = change->address.family,
        .ifa_prefixlen = change->address.prefix_bits,
        .ifa_scope = RT_SCOPE_UNIVERSE,
        .ifa_index = change->index,
    };
    const int length = (int)address_bytes(&change->address);

    if (nlmsg_put(message, port, sequence, removes ? RTM_DELADDR : RTM_NEWADDR, sizeof(header),
                  flags) == NULL)
        return -EMSGSIZE;
    memcpy(nlmsg_data(nlmsg_hdr(message)), &header, sizeof(header));
    if (nla_put(message, IFA_LOCAL, length, change->address.bytes) < 0 ||
        nla_put(message, IFA_ADDRESS, length, change->address.bytes) < 0)
        return -EMSGSIZE;
    return removes ? 0 : put_lifetime_and_tag(message, change);
}

/* Returns the bytes it took, or a negative errno. */
static int write_request(struct kernel_address *address, const struct kernel_change *change,
                         uint8_t *bytes)
{
    struct nl_msg *message = nlmsg_alloc_size(REQUEST_BYTES);

    if (message == NULL)
        return -ENOMEM;
    const uint32_t sequence = address->sequence + 1;
    int length = put_request(message, change, sequence, nl_socket_get_local_port(address->socket));
    if (length == 0) {
        length = nlmsg_total_size(nlmsg_datalen(nlmsg_hdr(message)));
        memcpy(bytes, nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len);
        address->sequence = sequence;
        address->requests[sequence % KERNEL_ADDRESS_BATCH] =
            (struct request){sequence, true, *change};
        address->outstanding++;
    }
    nlmsg_free(message);
    return length;
}

int kernel_address_ask(struct kernel_address *address, const struct kernel_change *changes,
                       size_t count, struct monotime now)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[KERNEL_ADDRESS_BATCH * REQUEST_BYTES] = {0};
    size_t used = 0;
    int length = 0;

    if (address->outstanding > 0)
        return -EBUSY;
    if (count > KERNEL_ADDRESS_BATCH)
        count = KERNEL_ADDRESS_BATCH;
    for (size_t at = 0; at < count && length >= 0; at++, used += (size_t)length) {
        length = write_request(address, &changes[at], bytes + used);
        if (length < 0)
            break;
    }
    if (length >= 0)
        length = nl_sendto(address->socket, bytes, used);
    if (length < 0) {
        kernel_address_forget(address);
        return length == -ENOMEM ? -ENOMEM : -EIO;
    }
    read_answers(address, now);
    return (int)count;
}

size_t kernel_address_outstanding(const struct kernel_address *address)
{
    return address->outstanding;
}

void kernel_address_forget(struct kernel_address *address)
{
    memset(address->requests, 0, sizeof(address->requests));
    address->outstanding = 0;
}
