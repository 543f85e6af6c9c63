/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "registry-launcher/holder.h"

#define LOOK_LIMIT_NS (2 * NS_PER_S)

union socket_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

/* Returns the length, or 0: the host is a name. No host is all addresses, of both families. */
static socklen_t to_socket_address(const struct registry_listen *listen,
                                   union socket_address *ret_address)
{
    struct address address;
    const char *host = listen->host[0] == '\0' ? "::" : listen->host;

    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (address_parse(host, &address) < 0)
        return 0;
    memset(ret_address, 0, sizeof(*ret_address));
    if (address.family == AF_INET6) {
        ret_address->ipv6.sin6_family = AF_INET6;
        ret_address->ipv6.sin6_port = htons(listen->port);
        memcpy(&ret_address->ipv6.sin6_addr, address.bytes, sizeof(address.bytes));
        return sizeof(ret_address->ipv6);
    }
    ret_address->ipv4.sin_family = AF_INET;
    ret_address->ipv4.sin_port = htons(listen->port);
    ret_address->ipv4.sin_addr = address_ipv4(&address);
    return sizeof(ret_address->ipv4);
}

bool registry_port_is_taken(const struct registry_listen *listen)
{
    union socket_address address;
    const socklen_t length = to_socket_address(listen, &address);
    const int on = 1;

    if (length == 0)
        return false;
    CLEANUP(cleanup_close)
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* As the registry binds it: what waits in TIME_WAIT is in nobody's way. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
        return false;
    return bind(fd, &address.any, length) < 0 && errno == EADDRINUSE;
}

/* In the child. */
static void look(const void *argument, int socket)
{
    char words[REGISTRY_PORT_WORDS_BYTES];

    registry_holder_find(argument, words, sizeof(words));
    registry_helper_send(socket, words, strlen(words) + 1, -1);
}

int registry_port_look(struct registry_helper *helper, const char *user,
                       const struct registry_listen *listen, struct monotime now, struct err *err)
{
    const struct registry_helper_job job = {user, look, listen, NULL};

    return registry_helper_start(helper, &job, LOOK_LIMIT_NS, now, err);
}

void registry_port_words(const struct registry_helper_answer *answer,
                         const struct registry_listen *listen,
                         char ret_words[REGISTRY_PORT_WORDS_BYTES])
{
    const bool said = answer != NULL && answer->failure == NULL && answer->length_bytes > 1;

    if (said)
        snprintf(ret_words, REGISTRY_PORT_WORDS_BYTES, "%.*s", (int)answer->length_bytes,
                 (const char *)answer->bytes);
    else
        snprintf(ret_words, REGISTRY_PORT_WORDS_BYTES, "port %u is taken", listen->port);
}
