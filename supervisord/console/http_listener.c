/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/http_listener.h"

#include "base/cleanup.h"

#define BACKLOG 128

static socklen_t socket_address(const struct address *address, uint16_t port,
                                struct sockaddr_storage *ret_storage)
{
    struct sockaddr_storage storage = {0};
    socklen_t bytes;

    if (address->family == AF_INET6) {
        struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

        memcpy(&ipv6.sin6_addr, address->bytes, sizeof(ipv6.sin6_addr));
        memcpy(&storage, &ipv6, sizeof(ipv6));
        bytes = sizeof(ipv6);
    } else {
        struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};

        ipv4.sin_addr = address_ipv4(address);
        memcpy(&storage, &ipv4, sizeof(ipv4));
        bytes = sizeof(ipv4);
    }
    *ret_storage = storage;
    return bytes;
}

int http_listener_open(const struct address *address, uint16_t port, struct err *err)
{
    static const int on = 1;
    struct sockaddr_storage storage;
    const socklen_t bytes = socket_address(address, port, &storage);
    char text[ADDRESS_TEXT_BYTES];

    CLEANUP(cleanup_close)
    int fd = socket(address->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, "cannot open a socket for metrics");
    /* Connections of a former reghad, and an address that comes later, do not matter: ip(7). */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) < 0)
        return err_errno(err, "cannot prepare a socket for metrics");
    if (bind(fd, (const struct sockaddr *)&storage, bytes) < 0)
        return err_errno(err, "cannot bind metrics to %s port %u",
                         address_format_host(address, text), port);
    if (listen(fd, BACKLOG) < 0)
        return err_errno(err, "cannot listen for metrics on %s port %u",
                         address_format_host(address, text), port);
    return cleanup_take_fd(&fd);
}
