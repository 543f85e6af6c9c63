/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The servers that the probes of probe_scale.py ask: one program, one port, every address.
 *
 *   probe_target PORT
 *
 * It answers a request whose end it has seen with an empty 200 and keeps the connection, unless the
 * request is of HTTP/1.0 or asks to close it. A request comes in one segment from the programs that
 * are measured, so that nothing is put together here.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS        256
#define REQUEST_BYTES 4096

static const char keep[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
static const char last[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

static int listen_everywhere(int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4096) < 0) {
        perror("probe_target");
        return -1;
    }
    return fd;
}

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        close(fd);
}

static void take_connections(int epoll, int listener)
{
    const int one = 1;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        watch(epoll, fd);
    }
}

static void answer(int fd)
{
    char request[REQUEST_BYTES];
    const ssize_t bytes = recv(fd, request, sizeof(request) - 1, 0);

    if (bytes <= 0) {
        close(fd);
        return;
    }
    request[bytes] = '\0';
    const int is_last = strstr(request, " HTTP/1.0\r\n") != NULL ||
                        strcasestr(request, "\r\nConnection: close\r\n") != NULL;
    const char *const text = is_last ? last : keep;
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 || is_last)
        close(fd);
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    const int listener = argc == 2 ? listen_everywhere(atoi(argv[1])) : -1;

    if (epoll < 0 || listener < 0)
        return 1;
    watch(epoll, listener);
    for (;;) {
        const int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int at = 0; at < count; at++) {
            if (events[at].data.fd == listener)
                take_connections(epoll, listener);
            else
                answer(events[at].data.fd);
        }
    }
}
