/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/http_server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/log.h"
#include "supervisord/console/http_listener.h"
#include "supervisord/console/http_page.h"

#define LISTENERS 2 /* the node's address and loopback */

/* One connection; libmicrohttpd's own timeout is for silence, ours is for the whole request. */
struct visit {
    int fd; /* -1: free */
    struct monotime deadline;
};

struct listener {
    struct http_server *server;
    struct address address;
    uint16_t port;
    struct MHD_Daemon *daemon; /* NULL: free */
    struct loop_io io;         /* of its epoll descriptor */
    struct loop_timer timer;
    struct visit visits[HTTP_SERVER_CONNECTIONS];
};

struct http_server {
    struct loop *loop;
    const struct world *world;
    int64_t request_ns;
    struct monotime now; /* of the callback that runs */
    struct listener *listeners[LISTENERS];
};

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    (void)MHD_add_response_header(response, name, value); /* out of memory: one header less */
}

static struct MHD_Response *make_response(const struct http_page_answer *answer)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body_bytes, answer->body, MHD_RESPMEM_MUST_FREE);

    if (!response)
        return NULL;
    add_header(response, "Content-Type", answer->type);
    add_header(response, "Cache-Control", "no-store");
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "Referrer-Policy", "no-referrer");
    add_header(response, "Content-Security-Policy",
               "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
               "form-action 'none'; frame-ancestors 'none'");
    if (answer->allow)
        add_header(response, "Allow", answer->allow);
    if (answer->status >= 400 && answer->status != 503) /* a mistake; nothing more is awaited */
        add_header(response, "Connection", "close");
    return response;
}

static bool has_body(struct MHD_Connection *connection)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");

    return (length && strcmp(length, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding");
}

/* MHD_AccessHandlerCallback has so many, and we need four. */
#define REQUEST_PARAMETERS                                                                         \
    void *owner, struct MHD_Connection *connection, const char *url, const char *method,           \
        const char *version, const char *upload, size_t *upload_bytes, void **state

static enum MHD_Result handle_request(REQUEST_PARAMETERS)
{
    struct listener *listener = owner;
    const struct http_page_request request = {
        .method = method,
        .path = url,
        .accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept"),
        .vrouter = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "vrouter"),
        .has_body = has_body(connection),
    };
    struct http_page_answer answer;
    struct MHD_Response *response;
    enum MHD_Result result;
    struct timespec wall;

    (void)version;
    (void)upload;
    (void)upload_bytes;
    /* The library keeps a connection only if the answer comes with the second call; but who sends
     * a body is answered before it is read. */
    if (!*state && !request.has_body) {
        *state = listener;
        return MHD_YES;
    }
    clock_gettime(CLOCK_REALTIME, &wall);
    answer = http_page_answer(listener->server->world, &request, listener->server->now,
                              wall.tv_sec * NS_PER_S + wall.tv_nsec);
    if (!answer.body)
        return MHD_NO;
    response = make_response(&answer);
    if (!response) {
        free(answer.body);
        return MHD_NO;
    }
    result = MHD_queue_response(connection, answer.status, response);
    MHD_destroy_response(response);
    return result;
}

static int fd_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info ? info->connect_fd : -1;
}

/* A connection begins or ends. */
static void handle_connection(void *owner, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode what)
{
    struct listener *listener = owner;
    struct visit *visit = *context;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (visit)
            visit->fd = -1;
        return;
    }
    for (int i = 0; i < HTTP_SERVER_CONNECTIONS; i++) {
        visit = &listener->visits[i];
        if (visit->fd >= 0)
            continue;
        visit->fd = fd_of(connection);
        visit->deadline = monotime_add(listener->server->now, listener->server->request_ns);
        *context = visit;
        return;
    }
}

/* A request is answered; the next one has its own time. */
static void handle_completed(void *owner, struct MHD_Connection *connection, void **state,
                             enum MHD_RequestTerminationCode how)
{
    struct listener *listener = owner;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct visit *visit = info ? info->socket_context : NULL;

    (void)state;
    (void)how;
    if (visit)
        visit->deadline = monotime_add(listener->server->now, listener->server->request_ns);
}

__attribute__((format(printf, 2, 0))) static void handle_log(void *owner, const char *format,
                                                             va_list args)
{
    char text[256], quoted[512];

    (void)owner;
    vsnprintf(text, sizeof(text), format, args);
    log_debug("the HTTP library says", "text=\"%s\"", log_quote(text, quoted, sizeof(quoted)));
}

/* Shuts those whose time is up; returns when the next one's is. */
static struct monotime cut_late(struct listener *listener, struct monotime now)
{
    struct monotime next = MONOTIME_NEVER;

    for (int i = 0; i < HTTP_SERVER_CONNECTIONS; i++) {
        struct visit *visit = &listener->visits[i];

        if (visit->fd < 0)
            continue;
        if (monotime_reached(visit->deadline, now)) {
            (void)shutdown(visit->fd, SHUT_RDWR); /* the library sees the end, and closes it */
            visit->deadline = MONOTIME_NEVER;
        }
        next = monotime_earlier(next, visit->deadline);
    }
    return next;
}

/* Let the library do what is to be done, and come back when it wants. */
static void run(struct listener *listener, struct monotime now)
{
    struct monotime next;
    MHD_UNSIGNED_LONG_LONG timeout_ms;

    listener->server->now = now;
    next = cut_late(listener, now);
    (void)MHD_run(listener->daemon); /* fails only for a daemon with threads */
    next = monotime_earlier(next, cut_late(listener, now)); /* those that have just come */
    if (MHD_get_timeout(listener->daemon, &timeout_ms) == MHD_YES)
        next = monotime_earlier(next, monotime_add(now, (int64_t)timeout_ms * NS_PER_MS));
    /* Without memory for the deadline the next event of a descriptor sets it again. */
    (void)loop_timer_set(listener->server->loop, &listener->timer, next);
}

static void handle_io(struct loop_io *io, unsigned events, struct monotime now)
{
    (void)events;
    run(io->owner, now);
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    run(timer->owner, now);
}

static void listener_free(struct listener *listener)
{
    if (!listener)
        return;
    loop_timer_cancel(listener->server->loop, &listener->timer);
    loop_io_stop(listener->server->loop, &listener->io);
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon); /* closes the listening socket, too */
    free(listener);
}

static struct MHD_Daemon *start_daemon(struct listener *listener, int fd)
{
    const unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG |
                           (listener->address.family == AF_INET6 ? (unsigned)MHD_USE_IPv6 : 0);

    /* clang-format off: pairs */
    return MHD_start_daemon(
        flags, listener->port, NULL, NULL, handle_request, listener, MHD_OPTION_EXTERNAL_LOGGER,
        handle_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HTTP_SERVER_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)HTTP_SERVER_OF_ONE_CLIENT, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_SERVER_REQUEST_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(HTTP_SERVER_CONNECTION_NS / NS_PER_S), MHD_OPTION_NOTIFY_CONNECTION,
        handle_connection, listener, MHD_OPTION_NOTIFY_COMPLETED, handle_completed, listener,
        MHD_OPTION_END);
    /* clang-format on */
}

static int watch(struct listener *listener, struct err *err)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int result;

    if (!info)
        return err_set(err, ENOSYS, "the HTTP library has no epoll");
    listener->io = (struct loop_io){
        .name = "http",
        .fd = info->epoll_fd,
        .handle = handle_io,
        .owner = listener,
    };
    result = loop_io_start(listener->server->loop, &listener->io, LOOP_READ);
    return result < 0 ? err_set(err, -result, "cannot watch the HTTP server") : 0;
}

static int listener_new(struct http_server *server, const struct address *address, uint16_t port,
                        struct listener **ret_listener, struct err *err)
{
    struct listener *listener = calloc(1, sizeof(*listener));
    int fd, result;

    if (!listener)
        return err_set(err, ENOMEM, "no memory for the HTTP server");
    listener->server = server;
    listener->address = *address;
    listener->port = port;
    loop_timer_init(&listener->timer, "http", handle_timer, listener);
    for (int i = 0; i < HTTP_SERVER_CONNECTIONS; i++)
        listener->visits[i].fd = -1;
    fd = http_listener_open(address, port, err);
    if (fd < 0) {
        free(listener);
        return fd;
    }
    listener->daemon = start_daemon(listener, fd);
    if (!listener->daemon)
        close(fd);
    result = listener->daemon ? watch(listener, err)
                              : err_set(err, EMFILE, "cannot start the HTTP server");
    if (result < 0) {
        listener_free(listener);
        return result;
    }
    *ret_listener = listener;
    return 0;
}

/* Where to listen; returns how many. */
static size_t wanted_addresses(const struct settings *settings, struct address wanted[LISTENERS])
{
    const struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
    size_t count = 0;

    if (settings->metrics.port == 0)
        return 0;
    wanted[count++] = address_from_ipv4(loopback);
    if (settings->self == SETTINGS_NO_NODE)
        return count;
    wanted[count] = settings->nodes[settings->self].address;
    return count + !address_is_same(&wanted[0], &wanted[1]);
}

/* One of the old listeners that may stay; taken out of the old ones. */
static struct listener *take_same(struct http_server *server, const struct address *address,
                                  uint16_t port)
{
    for (size_t i = 0; i < LISTENERS; i++) {
        struct listener *listener = server->listeners[i];

        if (!listener || listener->port != port || !address_is_same(&listener->address, address))
            continue;
        server->listeners[i] = NULL;
        return listener;
    }
    return NULL;
}

/* Undo: what was taken out goes back, what was opened is closed. */
static void put_back(struct http_server *server, struct listener *kept[LISTENERS],
                     struct listener *fresh[LISTENERS])
{
    for (size_t i = 0; i < LISTENERS; i++) {
        size_t at = 0;

        listener_free(fresh[i]);
        if (!kept[i])
            continue;
        while (server->listeners[at])
            at++;
        server->listeners[at] = kept[i];
    }
}

int http_server_apply(struct http_server *server, const struct settings *settings, struct err *err)
{
    const uint16_t port = (uint16_t)settings->metrics.port;
    struct listener *fresh[LISTENERS] = {NULL}, *kept[LISTENERS] = {NULL};
    struct address wanted[LISTENERS];
    const size_t count = wanted_addresses(settings, wanted);

    for (size_t i = 0; i < count; i++) {
        int result = 0;

        kept[i] = take_same(server, &wanted[i], port);
        if (!kept[i])
            result = listener_new(server, &wanted[i], port, &fresh[i], err);
        if (result < 0) {
            put_back(server, kept, fresh);
            return result;
        }
    }
    for (size_t i = 0; i < LISTENERS; i++) {
        listener_free(server->listeners[i]);
        server->listeners[i] = kept[i] ? kept[i] : fresh[i];
    }
    return 0;
}

int http_server_open(struct loop *loop, const struct world *world, const struct settings *settings,
                     struct http_server **ret_server, struct err *err)
{
    struct http_server *server = calloc(1, sizeof(*server));
    int result;

    if (!server)
        return err_set(err, ENOMEM, "no memory for the HTTP server");
    server->loop = loop;
    server->world = world;
    server->request_ns = HTTP_SERVER_CONNECTION_NS;
    result = http_server_apply(server, settings, err);
    if (result < 0) {
        http_server_close(server);
        return result;
    }
    *ret_server = server;
    return 0;
}

void http_server_close(struct http_server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < LISTENERS; i++)
        listener_free(server->listeners[i]);
    free(server);
}

void http_server_set_limit(struct http_server *server, int64_t request_ns)
{
    server->request_ns = request_ns;
}
