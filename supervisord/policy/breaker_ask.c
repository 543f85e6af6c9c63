/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/breaker_ask.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* MinIO answers it without looking at a drive; any other server says something, too. */
static const char question[] = "GET /minio/health/live HTTP/1.0\r\n\r\n";

static void end(struct breaker_ask_try *one)
{
    if (one->io.fd < 0)
        return;
    loop_io_stop(one->ask->loop, &one->io);
    close(one->io.fd);
    one->io.fd = -1;
    one->is_connected = false;
}

static void end_all(struct breaker_ask *ask)
{
    for (size_t at = 0; at < BREAKER_ASK_MAX; at++)
        end(&ask->tries[at]);
}

/* Nothing is open any more; what was asked before this one needs no answer now. */
static void settle(struct breaker_ask *ask)
{
    ask->seen.asked = ask->seen.asked_two = ask->seen.connected = (struct monotime){0};
    ask->seen.asked_count = 0;
    end_all(ask);
}

static void answer(struct breaker_ask_try *one, struct monotime now)
{
    struct breaker_ask *ask = one->ask;

    ask->seen.answered_begun = one->begun;
    ask->seen.answered = now;
    settle(ask);
    ask->changed(ask->owner, now);
}

static void refuse(struct breaker_ask_try *one, struct monotime now)
{
    struct breaker_ask *ask = one->ask;

    ask->seen.refused_begun = one->begun;
    ask->seen.refused = now;
    settle(ask);
    ask->changed(ask->owner, now);
}

/* Only the host itself can reset; what a router or our own kernel says of it is no answer. */
static bool is_of_host(int error)
{
    return error == ECONNREFUSED || error == ECONNRESET || error == EPIPE;
}

/* No port is free, or no memory: nothing was asked, and the peer is not to blame. */
static bool is_our_trouble(int error)
{
    return error == EADDRNOTAVAIL || error == EADDRINUSE || error == ENOBUFS || error == ENOMEM ||
           error == EAGAIN || error == EINTR;
}

static void fail(struct breaker_ask_try *one, int error, struct monotime now)
{
    if (is_of_host(error))
        refuse(one, now);
    else
        end(one);
}

static void send_question(struct breaker_ask_try *one, struct monotime now)
{
    struct breaker_ask *ask = one->ask;

    one->is_connected = true;
    if (ask->seen.connected.ns == 0)
        ask->seen.connected = now;
    /* So short a text fits into an empty buffer as a whole. */
    if (send(one->io.fd, question, strlen(question), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        fail(one, errno, now);
        return;
    }
    if (loop_io_start(ask->loop, &one->io, LOOP_READ) < 0)
        end(one);
}

static void handle_io(struct loop_io *io, unsigned events, struct monotime now)
{
    struct breaker_ask_try *one = io->owner;
    char bytes[256];
    int error = 0;

    if (!one->is_connected && (events & LOOP_WRITE)) {
        if (getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof(error)}) < 0)
            error = errno;
        if (error != 0)
            fail(one, error, now);
        else
            send_question(one, now);
        return;
    }
    const ssize_t length = recv(io->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (length >= 0)
        answer(one, now);
    else if (errno != EAGAIN && errno != EINTR)
        fail(one, errno, now);
}

static socklen_t socket_address(const struct breaker_ask *ask, struct sockaddr_storage *ret)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(ask->port)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(ask->port)};

    memset(ret, 0, sizeof(*ret));
    if (ask->address.family == AF_INET6) {
        memcpy(&ipv6.sin6_addr, ask->address.bytes, sizeof(ipv6.sin6_addr));
        memcpy(ret, &ipv6, sizeof(ipv6));
        return sizeof(ipv6);
    }
    ipv4.sin_addr = address_ipv4(&ask->address);
    memcpy(ret, &ipv4, sizeof(ipv4));
    return sizeof(ipv4);
}

/*
 * The first one that nobody answered goes on, for it has all the time an answer may take; of the
 * others the oldest makes room.
 */
static struct breaker_ask_try *find_place(struct breaker_ask *ask)
{
    struct breaker_ask_try *oldest = NULL;

    for (size_t at = 0; at < BREAKER_ASK_MAX; at++) {
        struct breaker_ask_try *one = &ask->tries[at];

        if (one->io.fd < 0)
            return one;
        if (one->begun.ns != ask->seen.asked.ns && (!oldest || one->begun.ns < oldest->begun.ns))
            oldest = one;
    }
    if (!oldest)
        oldest = &ask->tries[0]; /* all began in one instant */
    end(oldest);
    return oldest;
}

/* A host without a route to it is not asked; that counts as asked in vain. */
static void count(struct breaker_ask *ask, struct monotime now)
{
    ask->begun = now;
    ask->seen.asked_count++;
    if (ask->seen.asked.ns == 0)
        ask->seen.asked = now;
    else if (ask->seen.asked_count == 2)
        ask->seen.asked_two = now;
}

void breaker_ask_begin(struct breaker_ask *ask, struct monotime now)
{
    struct breaker_ask_try *one = find_place(ask);
    struct sockaddr_storage to;
    const socklen_t to_bytes = socket_address(ask, &to);
    const int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return; /* without a descriptor nothing was asked: that is our trouble, not the peer's */
    one->io = (struct loop_io){.name = "breaker", .fd = fd, .handle = handle_io, .owner = one};
    one->begun = now;
    const int error =
        connect(fd, (const struct sockaddr *)&to, to_bytes) < 0 && errno != EINPROGRESS ? errno : 0;
    if (!is_our_trouble(error))
        count(ask, now);
    if (error == 0 && loop_io_start(ask->loop, &one->io, LOOP_WRITE) == 0)
        return;
    close(fd);
    one->io.fd = -1;
    if (is_of_host(error))
        refuse(one, now);
}

void breaker_ask_restart(struct breaker_ask *ask, struct monotime now)
{
    settle(ask);
    breaker_ask_begin(ask, now);
}

void breaker_ask_init(struct breaker_ask *ask)
{
    for (size_t at = 0; at < BREAKER_ASK_MAX; at++) {
        ask->tries[at].io = (struct loop_io){.fd = -1};
        ask->tries[at].ask = ask;
    }
}

void breaker_ask_fini(struct breaker_ask *ask)
{
    end_all(ask);
}
