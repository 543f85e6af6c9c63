/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/ping.h"

#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "probes/echo.h"
#include "probes/locator.h"
#include "probes/transfer.h"

#define DATAGRAM_BYTES 512 /* of an answer; what is longer is none of ours */
#define DATAGRAMS_MAX  16  /* read in one callback */

struct ping {
    struct probe_asker_context context;
    struct loop_io io; /* fd < 0: none */
    struct probe_echo echo;
    enum probe_transfer failed; /* what a start that failed says */
    char detail[128];
};

static void close_socket(struct ping *ping)
{
    if (ping->io.fd < 0)
        return;
    loop_io_stop(ping->context.loop, &ping->io);
    close(ping->io.fd);
    ping->io.fd = -1;
}

/* What came for another request, late, is read and forgotten. */
static void handle_socket(struct loop_io *io, unsigned events, struct monotime now)
{
    struct ping *const ping = io->owner;
    uint8_t datagram[DATAGRAM_BYTES];

    (void)events;
    for (int count = 0; count < DATAGRAMS_MAX; count++) {
        const ssize_t bytes = recv(io->fd, datagram, sizeof(datagram), 0);

        if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (bytes < 0) {
            /* A router on the way, or our own kernel, says that there is none. */
            const enum probe_transfer transfer = probe_transfer_of_error(errno);

            snprintf(ping->detail, sizeof(ping->detail), "%s", strerror(errno));
            close_socket(ping);
            ping->context.ended(ping->context.owner, transfer, now);
            return;
        }
        if (probe_echo_is_answer(&ping->echo, datagram, (size_t)bytes)) {
            close_socket(ping);
            ping->context.ended(ping->context.owner, PROBE_TRANSFER_DONE, now);
            return;
        }
    }
}

/* Never asks a name server. Returns 0 or a negative errno. */
static int find_address(const struct probe_params *params, struct sockaddr_storage *ret_address,
                        socklen_t *ret_bytes)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
    char host[PROBE_LOCATOR_HOST_BYTES];
    struct addrinfo *found = NULL;

    probe_locator_host(params, host);
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return -ENODEV; /* of a checked address most likely the interface is missing */
    memcpy(ret_address, found->ai_addr, found->ai_addrlen);
    *ret_bytes = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

/* Errors that routers send back are wanted; of other packets of ICMPv6 none is. */
static void tune(int fd, bool is_ipv6)
{
    const int one = 1;

    if (is_ipv6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof(one));
    else
        (void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
}

/* Returns the socket, or a negative errno. */
static int open_socket(bool is_ipv6)
{
    const int family = is_ipv6 ? AF_INET6 : AF_INET;
    const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                          is_ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);

    if (fd < 0)
        return -errno;
    tune(fd, is_ipv6);
    return fd;
}

/* Half a sentence for why nothing could be asked. Returns `code`. */
static int explain(struct ping *ping, int code)
{
    if (code == -EACCES || code == -EPERM)
        snprintf(ping->detail, sizeof(ping->detail),
                 "the kernel lets no group of reghad ping, see net.ipv4.ping_group_range");
    else if (code == -ENODEV)
        snprintf(ping->detail, sizeof(ping->detail), "there is no such address or interface");
    else
        snprintf(ping->detail, sizeof(ping->detail), "%s", strerror(-code));
    return code;
}

static int send_echo(struct ping *ping, int fd, const struct sockaddr_storage *address,
                     socklen_t bytes)
{
    uint8_t request[PROBE_ECHO_BYTES];

    probe_echo_encode(&ping->echo, request);
    /* Connected, it hears of errors; and who else sends is not heard. */
    if (connect(fd, (const struct sockaddr *)address, bytes) < 0 ||
        send(fd, request, sizeof(request), 0) < 0)
        return -errno;
    return 0;
}

static int start(void *self, const struct probe_params *params, unsigned step, struct monotime now)
{
    struct ping *const ping = self;
    struct sockaddr_storage address = {0};
    socklen_t bytes = 0;
    int failed = find_address(params, &address, &bytes);

    (void)step;
    (void)now;
    ping->detail[0] = '\0';
    ping->failed = PROBE_TRANSFER_OURS;
    if (failed < 0)
        return explain(ping, failed);
    ping->echo.is_ipv6 = address.ss_family == AF_INET6;
    ping->echo.sequence++;
    CLEANUP(cleanup_close)
    int fd = open_socket(ping->echo.is_ipv6);
    if (fd < 0)
        return explain(ping, fd);
    failed = send_echo(ping, fd, &address, bytes);
    if (failed < 0) {
        ping->failed = probe_transfer_of_error(-failed); /* there is no way: that is news */
        return explain(ping, failed);
    }
    ping->io.fd = fd;
    failed = loop_io_start(ping->context.loop, &ping->io, LOOP_READ);
    if (failed < 0) {
        ping->io.fd = -1;
        return explain(ping, failed);
    }
    (void)cleanup_take_fd(&fd);
    return 0;
}

static void tell(const void *self, struct probe_facts *facts)
{
    const struct ping *const ping = self;

    facts->stage = PROBE_STAGE_ECHO;
    if (facts->transfer == PROBE_TRANSFER_OURS)
        facts->transfer = ping->failed;
    facts->detail = ping->detail;
}

static void stop(void *self, struct monotime now)
{
    (void)now;
    close_socket(self);
}

static void free_ping(void *self, struct monotime now)
{
    stop(self, now);
    free(self);
}

static const struct probe_asker_kind kind = {start, tell, stop, free_ping, NULL};

int probe_ping_new(const struct probe_asker_context *context, const struct probe_params *params,
                   struct probe_asker *ret_asker)
{
    struct ping *const ping = calloc(1, sizeof(*ping));

    (void)params;
    if (ping == NULL)
        return -ENOMEM;
    ping->context = *context;
    ping->io =
        (struct loop_io){.name = "probe echo", .fd = -1, .handle = handle_socket, .owner = ping};
    /* Without it the token is 0, and the sequence number alone tells answers apart. */
    (void)!getrandom(&ping->echo.token, sizeof(ping->echo.token), GRND_NONBLOCK);
    *ret_asker = (struct probe_asker){&kind, ping};
    return 0;
}
