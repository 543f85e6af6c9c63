/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/sockets.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/socket.h>

#include "vrrp/kernel/netlink.h"

#define RECEIVE_BYTES (256 * 1024)
#define STATES        ((1U << TCP_ESTABLISHED) | (1U << TCP_SYN_SENT) | (1U << TCP_CLOSE_WAIT))

/* Two, so that one can be destroyed while they are listed. */
struct kernel_sockets {
    struct nl_sock *lister;
    struct nl_sock *ender;
    uint32_t sequence;
};

struct request {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
};

/* One exchange. */
struct answer {
    uint32_t sequence;
    bool is_done;
    int error;
    void (*handle)(void *owner, const struct kernel_socket *socket);
    void *owner;
};

/* The sockets of a host that listens on IPv6 for both carry mapped addresses. */
static struct address read_remote(const struct inet_diag_msg *told)
{
    struct in6_addr ipv6;
    struct address remote = {.family = told->idiag_family};

    memcpy(&ipv6, told->id.idiag_dst, sizeof(ipv6));
    if (told->idiag_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&ipv6)) {
        remote.family = AF_INET;
        memcpy(remote.bytes, &ipv6.s6_addr[12], ADDRESS_IPV4_BYTES);
    } else {
        memcpy(remote.bytes, &ipv6, address_bytes(&remote));
    }
    remote.prefix_bits = (uint8_t)(8 * address_bytes(&remote));
    return remote;
}

static void handle_socket(const struct answer *answer, const struct inet_diag_msg *told)
{
    const struct kernel_socket socket = {
        .remote = read_remote(told),
        .remote_port = ntohs(told->id.idiag_dport),
        .local_port = ntohs(told->id.idiag_sport),
        .user = told->idiag_uid,
        .family = told->idiag_family,
        .id = told->id,
    };

    if (answer->handle != NULL)
        answer->handle(answer->owner, &socket);
}

static void handle_message(void *owner, struct nlmsghdr *message)
{
    struct answer *answer = owner;
    const void *body = NLMSG_DATA(message);

    if (message->nlmsg_seq != answer->sequence)
        return; /* of an exchange that failed */
    if (message->nlmsg_type == NLMSG_DONE) {
        answer->is_done = true;
    } else if (message->nlmsg_type == NLMSG_ERROR &&
               message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
        answer->is_done = true;
        answer->error = ((const struct nlmsgerr *)body)->error;
    } else if (message->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
               message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg))) {
        handle_socket(answer, body);
    }
}

/* The kernel answers while it is asked: what is not there then does not come. */
static int exchange(struct kernel_sockets *sockets, struct nl_sock *with, struct request *request,
                    struct answer *answer)
{
    int count = 0;

    answer->sequence = ++sockets->sequence;
    request->header.nlmsg_len = sizeof(*request);
    request->header.nlmsg_seq = answer->sequence;
    if (send(kernel_netlink_fd(with), request, sizeof(*request), 0) < 0)
        return -errno;
    while (!answer->is_done && count >= 0) {
        count = kernel_netlink_receive(with, handle_message, answer);
        if (count == -EINTR)
            count = 0;
    }
    return answer->is_done ? answer->error : count;
}

static int list(struct kernel_sockets *sockets, uint8_t family, struct answer *answer)
{
    struct request request = {
        .header = {.nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = STATES},
    };

    return exchange(sockets, sockets->lister, &request, answer);
}

int kernel_sockets_visit(struct kernel_sockets *sockets,
                         void (*handle)(void *owner, const struct kernel_socket *socket),
                         void *owner)
{
    struct answer ipv4 = {.handle = handle, .owner = owner};
    struct answer ipv6 = {.handle = handle, .owner = owner};
    const int failed = list(sockets, AF_INET, &ipv4);
    const int failed_ipv6 = list(sockets, AF_INET6, &ipv6);

    /* A kernel without IPv6 has no such sockets. */
    return failed != 0 || failed_ipv6 == -ENOENT ? failed : failed_ipv6;
}

static int destroy(struct kernel_sockets *sockets, uint8_t family,
                   const struct inet_diag_sockid *id)
{
    struct answer answer = {0};
    struct request request = {
        .header = {.nlmsg_type = SOCK_DESTROY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
        .body = {.sdiag_family = family,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = STATES,
                 .id = *id},
    };

    return exchange(sockets, sockets->ender, &request, &answer);
}

int kernel_sockets_destroy(struct kernel_sockets *sockets, const struct kernel_socket *socket)
{
    return destroy(sockets, socket->family, &socket->id);
}

/* There is no socket between two ports 0: who can destroy says so. */
int kernel_sockets_probe(struct kernel_sockets *sockets)
{
    const struct inet_diag_sockid nobody = {
        .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE},
    };
    const int refused = destroy(sockets, AF_INET, &nobody);

    return refused == -ENOENT ? 0 : refused;
}

int kernel_sockets_open(struct kernel_sockets **ret_sockets, struct err *err)
{
    struct kernel_sockets *sockets = calloc(1, sizeof(*sockets));

    if (sockets == NULL)
        return err_set(err, ENOMEM, "no memory to list sockets");
    sockets->lister = kernel_netlink_open(NETLINK_SOCK_DIAG, RECEIVE_BYTES, err);
    if (sockets->lister != NULL)
        sockets->ender = kernel_netlink_open(NETLINK_SOCK_DIAG, RECEIVE_BYTES, err);
    if (sockets->ender == NULL) {
        kernel_sockets_close(sockets);
        return -EIO;
    }
    *ret_sockets = sockets;
    return 0;
}

void kernel_sockets_close(struct kernel_sockets *sockets)
{
    if (sockets == NULL)
        return;
    kernel_netlink_close(sockets->lister);
    kernel_netlink_close(sockets->ender);
    free(sockets);
}
