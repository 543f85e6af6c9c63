/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/probes/server.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRIP_NS (5 * NS_PER_MS)

static void end_connection(struct connection *connection)
{
    loop_io_stop(connection->server->loop, &connection->io);
    close(connection->io.fd);
    connection->io.fd = -1;
    connection->server->open--;
}

static void send_text(struct connection *connection, const char *text, size_t bytes)
{
    const ssize_t sent = send(connection->io.fd, text, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent > 0)
        connection->sent_bytes += (size_t)sent;
    else if (errno != EAGAIN)
        end_connection(connection);
}

static void reset(struct connection *connection)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(connection->io.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    end_connection(connection);
}

static const char *page_of(const struct connection *connection)
{
    const struct page *page = connection->server->pages;
    const char *const path = strchr(connection->request, ' ');

    while (page->path[0] != '\0' &&
           (path == NULL || strncmp(path + 1, page->path, strlen(page->path)) != 0))
        page++;
    return page->answer;
}

static void answer(struct connection *connection)
{
    const char *const page = page_of(connection);

    send_text(connection, page, strlen(page));
    connection->request_bytes = 0;
    if (connection->server->manner == MANNER_ANSWER_ONCE && connection->io.fd >= 0)
        end_connection(connection);
}

/* What an endless or dripping manner sends over and over; `first` comes before. */
static const char *stream_of(enum manner manner, const char **ret_first)
{
    *ret_first = "HTTP/1.1 200 OK\r\n";
    switch (manner) {
    case MANNER_ENDLESS_HEADERS:
    case MANNER_DRIP_HEADERS:
        return "X-More: and more and more and more and more\r\n";
    case MANNER_ENDLESS_LINE:
        *ret_first = "HTTP/1.1 200 OK\r\nX-Line: ";
        return "................................................................";
    case MANNER_ENDLESS_1XX:
        *ret_first = "HTTP/1.1 103 Early Hints\r\n\r\n";
        return *ret_first;
    case MANNER_ENDLESS_BODY:
    case MANNER_DRIP_BODY:
        *ret_first = "HTTP/1.1 200 OK\r\nDocker-Distribution-Api-Version: registry/2.0\r\n\r\n";
        return "body body body body body body body body body body body body body";
    case MANNER_ANSWER:
    case MANNER_ANSWER_ONCE:
    case MANNER_SILENCE:
    case MANNER_DEAF:
    case MANNER_RESET:
    case MANNER_CUT:
    case MANNER_GREETING:
    case MANNER_NOISE:
        break;
    }
    *ret_first = "";
    return "garbage in place of a TLS record\r\n";
}

static void stream(struct connection *connection, size_t most)
{
    char block[16384];
    const char *first;
    const char *const piece = stream_of(connection->server->manner, &first);
    const size_t first_bytes = strlen(first), piece_bytes = strlen(piece);

    /* Whatever was sent before, the stream goes on where it stopped. */
    for (size_t at = 0; at < sizeof(block); at++) {
        const size_t whole = connection->sent_bytes + at;

        block[at] = whole < first_bytes ? first[whole] : piece[(whole - first_bytes) % piece_bytes];
    }
    send_text(connection, block, most < sizeof(block) ? most : sizeof(block));
}

static void begin_answer(struct connection *connection)
{
    struct server *const server = connection->server;

    server->requests++;
    switch (server->manner) {
    case MANNER_ANSWER:
    case MANNER_ANSWER_ONCE:
        answer(connection);
        break;
    case MANNER_RESET:
        reset(connection);
        break;
    case MANNER_CUT:
        send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", 44);
        end_connection(connection);
        break;
    case MANNER_SILENCE:
    case MANNER_DEAF:
    case MANNER_GREETING:
        break;
    case MANNER_NOISE:
        stream(connection, 4096);
        break;
    case MANNER_DRIP_HEADERS:
    case MANNER_DRIP_BODY:
        stream(connection, 90); /* the first lines, whole */
        connection->answering = true;
        break;
    case MANNER_ENDLESS_HEADERS:
    case MANNER_ENDLESS_LINE:
    case MANNER_ENDLESS_1XX:
    case MANNER_ENDLESS_BODY:
        connection->answering = true;
        loop_io_start(server->loop, &connection->io, LOOP_READ | LOOP_WRITE);
        break;
    }
}

static void receive(struct connection *connection)
{
    const size_t room = sizeof(connection->request) - 1 - connection->request_bytes;
    const ssize_t got =
        recv(connection->io.fd, connection->request + connection->request_bytes, room, 0);

    if (got <= 0) {
        end_connection(connection);
        return;
    }
    connection->request_bytes += (size_t)got;
    connection->request[connection->request_bytes] = '\0';
    if (connection->answering)
        return;
    if (strstr(connection->request, "\r\n\r\n") != NULL ||
        connection->server->manner == MANNER_NOISE)
        begin_answer(connection);
}

static void handle_connection(struct loop_io *io, unsigned events, struct monotime now)
{
    struct connection *const connection = io->owner;

    (void)now;
    if (events & LOOP_READ)
        receive(connection);
    if ((events & LOOP_WRITE) && connection->io.fd >= 0 && connection->answering)
        stream(connection, SIZE_MAX);
}

static void handle_drip(struct loop_timer *timer, struct monotime now)
{
    struct server *const server = timer->owner;

    for (size_t at = 0; at < SERVER_CONNECTIONS; at++)
        if (server->connections[at].io.fd >= 0 && server->connections[at].answering)
            stream(&server->connections[at], 1);
    loop_timer_set(server->loop, timer, monotime_add(now, DRIP_NS));
}

static void handle_listener(struct loop_io *io, unsigned events, struct monotime now)
{
    struct server *const server = io->owner;
    const int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct connection *connection = server->connections;

    (void)events;
    (void)now;
    if (fd < 0)
        return;
    while (connection->io.fd >= 0)
        assert(++connection < server->connections + SERVER_CONNECTIONS);
    *connection = (struct connection){
        .server = server,
        .io = {.name = "server", .fd = fd, .handle = handle_connection, .owner = connection},
    };
    server->accepted++;
    if (++server->open > server->most_open)
        server->most_open = server->open;
    loop_io_start(server->loop, &connection->io, LOOP_READ);
    if (server->manner == MANNER_GREETING)
        send_text(connection, "SSH-2.0-OpenSSH_9.2\r\n", 21);
}

void server_open(struct server *server, struct loop *loop, enum manner manner,
                 const struct page *pages)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    memset(server, 0, sizeof(*server));
    server->loop = loop;
    server->manner = manner;
    server->pages = pages;
    for (size_t at = 0; at < SERVER_CONNECTIONS; at++)
        server->connections[at].io.fd = -1;
    assert(bind(fd, (struct sockaddr *)&address, bytes) == 0 && listen(fd, 16) == 0);
    assert(getsockname(fd, (struct sockaddr *)&address, &bytes) == 0);
    server->port = ntohs(address.sin_port);
    server->listener =
        (struct loop_io){.name = "listener", .fd = fd, .handle = handle_listener, .owner = server};
    loop_timer_init(&server->drip, "drip", handle_drip, server);
    if (manner != MANNER_DEAF)
        loop_io_start(loop, &server->listener, LOOP_READ);
    if (manner == MANNER_DRIP_HEADERS || manner == MANNER_DRIP_BODY)
        loop_timer_set(loop, &server->drip, monotime_add(monotime_now(), DRIP_NS));
}

void server_drop(struct server *server)
{
    for (size_t at = 0; at < SERVER_CONNECTIONS; at++)
        if (server->connections[at].io.fd >= 0)
            end_connection(&server->connections[at]);
}

void server_close(struct server *server)
{
    server_drop(server);
    loop_timer_cancel(server->loop, &server->drip);
    loop_io_stop(server->loop, &server->listener);
    close(server->listener.fd);
    server->listener.fd = -1;
}
