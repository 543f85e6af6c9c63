/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/request_server.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

#define BACKLOG        64
#define ACCEPT_AT_ONCE 16
#define REOPEN_NS      (1 * NS_PER_S)
#define LOG_EVERY_NS   (60 * NS_PER_S)
#define GRACE_NS       (1 * NS_PER_S) /* the asker ends first, and knows why */

/* One connection. */
struct request_visit {
    struct request_server *server;
    struct request_link link;
    struct loop_io io;
    struct loop_timer timer;
    struct monotime since;
    uint64_t call;   /* 0: the request is not complete */
    uint8_t *answer; /* being sent */
};

static struct loop *loop_of(const struct request_server *server)
{
    return server->party->loop;
}

/* Connections. */

static void visit_free(struct request_visit *visit)
{
    struct request_server *server = visit->server;

    for (size_t at = 0; at < REQUEST_SERVER_VISITS; at++)
        if (server->visits[at] == visit)
            server->visits[at] = NULL;
    loop_timer_cancel(loop_of(server), &visit->timer);
    loop_io_stop(loop_of(server), &visit->io);
    request_link_fini(&visit->link);
    free(visit->answer);
    free(visit);
}

static void reject(struct request_server *server, enum request_frame_drop drop,
                   const struct address *source)
{
    char text[ADDRESS_TEXT_BYTES];
    uint64_t suppressed;

    server->party->counters.rejected[drop]++;
    if (log_limit_pass(&server->rejected[drop], LOG_EVERY_NS, monotime_now(), &suppressed))
        log_warning("a request was rejected", "reason=%s source=%s suppressed=%llu",
                    request_frame_drop_name(drop), address_format_host(source, text),
                    (unsigned long long)suppressed);
}

/* An answer that nobody took away does not count as rejected: the request was good. */
static void give_up(struct request_visit *visit, enum request_frame_drop drop)
{
    struct request_server *server = visit->server;

    if (visit->call == 0)
        reject(server, drop, &visit->link.ends.asker);
    else
        server->party->counters
            .served[request_party_type(visit->link.input.head.type)][REQUESTS_FAILED]++;
    visit_free(visit);
}

/* Answering. */

/* Returns whether the visit still stands. */
static bool send_answer(struct request_visit *visit, int32_t result, const uint8_t *body,
                        size_t body_bytes)
{
    struct request_frame_head head = visit->link.input.head;

    if (body_bytes > 0) {
        visit->answer = malloc(body_bytes);
        if (!visit->answer) {
            give_up(visit, REQUEST_FRAME_BUSY);
            return false;
        }
        memcpy(visit->answer, body, body_bytes);
    }
    head.kind = REQUEST_FRAME_ANSWER;
    head.result = result;
    head.body_bytes = (uint32_t)body_bytes;
    head.patience_ms = 0;
    request_link_send(&visit->link, &head, visit->answer);
    (void)loop_timer_set(loop_of(visit->server), &visit->timer,
                         monotime_add(monotime_now(), REQUEST_SERVER_BODY_NS));
    if (loop_io_start(loop_of(visit->server), &visit->io, request_link_wants(&visit->link)) == 0)
        return true;
    give_up(visit, REQUEST_FRAME_BUSY);
    return false;
}

static struct request_visit *find_visit(const struct request_server *server, uint64_t call)
{
    for (size_t at = 0; at < REQUEST_SERVER_VISITS; at++)
        if (server->visits[at] && server->visits[at]->call == call)
            return server->visits[at];
    return NULL;
}

void request_server_answer(struct request_server *server, uint64_t call, int32_t result,
                           const uint8_t *body, size_t body_bytes)
{
    struct request_cache_entry *entry = request_cache_call(&server->cache, call);
    struct request_visit *visit = find_visit(server, call);

    if (!entry || entry->is_answered)
        return;
    server->party->counters
        .served[request_party_type(entry->type)][result < 0 ? REQUESTS_REFUSED : REQUESTS_DONE]++;
    request_cache_answer(entry, result, body, body_bytes, monotime_now());
    if (visit)
        (void)send_answer(visit, result, body, body_bytes);
}

/* Requests. */

/* Of the same request on a former connection. */
static void supersede(struct request_visit *visit, uint64_t call)
{
    struct request_visit *former = find_visit(visit->server, call);

    if (former)
        visit_free(former);
    visit->call = call;
}

/* Returns whether the visit still stands. */
static bool repeat(struct request_visit *visit, const struct request_cache_entry *entry)
{
    supersede(visit, entry->call);
    (void)loop_timer_set(loop_of(visit->server), &visit->timer,
                         monotime_add(entry->deadline, GRACE_NS));
    if (!entry->is_answered)
        return true; /* it comes */
    visit->server->party->counters.served[request_party_type(entry->type)][REQUESTS_REPEATED]++;
    return send_answer(visit, entry->result, entry->body, entry->body_bytes);
}

static void dispatch(struct request_server *server, const struct requests_call *call,
                     struct monotime now)
{
    if (call->type == REQUESTS_ECHO)
        request_server_answer(server, call->call, 0, call->body, call->body_bytes);
    else if (call->type >= REQUESTS_TYPES)
        request_server_answer(server, call->call, -EOPNOTSUPP, NULL, 0);
    else
        server->handle(server->owner, call, now);
}

/* Hand a new request on. Returns whether the visit still stands. */
static bool begin(struct request_visit *visit, const struct request_cache_entry *entry, size_t node,
                  struct monotime now)
{
    struct request_server *server = visit->server;
    struct request_link_input *input = &visit->link.input;
    uint8_t *body = input->body; /* an answer may end the visit */
    struct requests_call call = {
        .call = entry->call,
        .node = node,
        .uid = input->head.uid,
        .type = (enum requests_type)input->head.type,
        .body = body,
        .body_bytes = input->body_used,
    };

    memcpy(call.id, input->head.id, sizeof(call.id));
    input->body = NULL;
    visit->call = entry->call;
    (void)loop_timer_set(loop_of(server), &visit->timer, monotime_add(entry->deadline, GRACE_NS));
    dispatch(server, &call, now);
    free(body);
    return find_visit(server, call.call) == visit;
}

/* The request is complete. Returns whether the visit still stands. */
static bool take_request(struct request_visit *visit, struct monotime now)
{
    struct request_server *server = visit->server;
    const struct request_frame_head *head = &visit->link.input.head;
    const struct address *asker = &visit->link.ends.asker;
    const size_t node = request_party_find(server->party, asker);
    struct request_cache_entry *entry = request_cache_find(&server->cache, asker, head->id, now);

    if (entry)
        return repeat(visit, entry);
    if (node < server->party->node_count) /* it may have gone since */
        entry = request_cache_add(&server->cache, asker, head, now);
    if (entry)
        return begin(visit, entry, node, now);
    give_up(visit, node < server->party->node_count ? REQUEST_FRAME_BUSY : REQUEST_FRAME_STRANGER);
    return false;
}

static size_t bodies_bytes(const struct request_server *server)
{
    size_t bytes = 0;

    for (size_t at = 0; at < REQUEST_SERVER_VISITS; at++)
        if (server->visits[at] && server->visits[at]->link.input.has_head &&
            server->visits[at]->call == 0)
            bytes += server->visits[at]->link.input.head.body_bytes;
    return bytes;
}

/* The asker is authentic. Returns whether the visit still stands. */
static bool take_head(struct request_visit *visit, struct monotime now)
{
    struct request_frame_head *head = &visit->link.input.head;

    if (bodies_bytes(visit->server) > REQUEST_SERVER_BODIES) {
        give_up(visit, REQUEST_FRAME_BUSY);
        return false;
    }
    if (head->patience_ms > REQUEST_SERVER_PATIENCE_MS)
        head->patience_ms = REQUEST_SERVER_PATIENCE_MS;
    (void)loop_timer_set(loop_of(visit->server), &visit->timer,
                         monotime_add(now, REQUEST_SERVER_BODY_NS));
    return true;
}

static void run(struct request_visit *visit, struct monotime now)
{
    for (;;) {
        const enum request_link_event event = request_link_run(&visit->link);

        if (event == REQUEST_LINK_FAILED) {
            give_up(visit, visit->link.drop);
            return;
        }
        if (event == REQUEST_LINK_SENT) {
            visit_free(visit);
            return;
        }
        if ((event == REQUEST_LINK_HEAD && !take_head(visit, now)) ||
            (event == REQUEST_LINK_RECEIVED && !take_request(visit, now)))
            return;
        if (event == REQUEST_LINK_WAITS)
            break;
    }
    if (loop_io_start(loop_of(visit->server), &visit->io, request_link_wants(&visit->link)) < 0)
        give_up(visit, REQUEST_FRAME_BUSY);
}

static void handle_visit(struct loop_io *io, unsigned events, struct monotime now)
{
    (void)events;
    run(io->owner, now);
}

static void handle_late(struct loop_timer *timer, struct monotime now)
{
    (void)now;
    give_up(timer->owner, REQUEST_FRAME_SLOW);
}

/* Coming in. */

/* Room for one more of `source`: who has not proved who he is gives way to who comes. */
static bool make_room(struct request_server *server, const struct address *source)
{
    struct request_visit *eldest = NULL;
    size_t of_node = 0, all = 0;

    for (size_t at = 0; at < REQUEST_SERVER_VISITS; at++) {
        struct request_visit *visit = server->visits[at];

        if (!visit)
            continue;
        all++;
        if (!address_is_same(&visit->link.ends.asker, source))
            continue;
        of_node++;
        if (!visit->link.input.has_head && (!eldest || visit->since.ns < eldest->since.ns))
            eldest = visit;
    }
    if (of_node < REQUEST_SERVER_OF_NODE && all < REQUEST_SERVER_VISITS)
        return true;
    if (!eldest)
        return false;
    give_up(eldest, REQUEST_FRAME_BUSY);
    return true;
}

static struct request_visit *visit_new(struct request_server *server, int fd,
                                       const struct address *source, struct monotime now)
{
    const struct request_party *party = server->party;
    const struct request_seal_ends ends = {.asker = *source, .asked = party->nodes[party->self]};
    struct request_visit *visit = calloc(1, sizeof(*visit));
    size_t at = 0;

    if (!visit)
        return NULL;
    while (server->visits[at])
        at++;
    visit->server = server;
    visit->since = now;
    visit->io = (struct loop_io){
        .name = "request of a node", .fd = fd, .handle = handle_visit, .owner = visit};
    loop_timer_init(&visit->timer, "request of a node", handle_late, visit);
    if (loop_timer_set(party->loop, &visit->timer, monotime_add(now, server->prove_ns)) < 0) {
        free(visit);
        return NULL;
    }
    request_link_init(&visit->link, fd, false, &party->keys, &ends);
    visit->link.body_most = REQUESTS_BODY_BYTES;
    server->visits[at] = visit;
    return visit;
}

static void welcome(struct request_server *server, int fd, const struct sockaddr_storage *from,
                    struct monotime now)
{
    const struct address source = request_party_address(from);
    const size_t node = request_party_find(server->party, &source);
    struct request_visit *visit = NULL;

    if (node == server->party->node_count || node == server->party->self) {
        reject(server, REQUEST_FRAME_STRANGER, &source);
        close(fd);
        return;
    }
    if (make_room(server, &source))
        visit = visit_new(server, fd, &server->party->nodes[node], now);
    if (!visit) {
        reject(server, REQUEST_FRAME_BUSY, &source);
        close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    run(visit, now);
}

static void stop_listening(struct request_server *server)
{
    if (server->io.fd < 0)
        return;
    loop_io_stop(loop_of(server), &server->io);
    close(server->io.fd);
    server->io.fd = -1;
}

static void handle_accept(struct loop_io *io, unsigned events, struct monotime now)
{
    struct request_server *server = io->owner;

    (void)events;
    for (int count = 0; count < ACCEPT_AT_ONCE; count++) {
        struct sockaddr_storage from;
        socklen_t bytes = sizeof(from);
        const int fd =
            accept4(io->fd, (struct sockaddr *)&from, &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            welcome(server, fd, &from, now);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            loop_io_stop(loop_of(server), io);
            (void)loop_timer_set(loop_of(server), &server->reopen, monotime_add(now, REOPEN_NS));
        }
        return;
    }
}

static int open_listener(const struct request_party *party, struct err *err)
{
    static const int on = 1;
    struct sockaddr_storage own;
    const socklen_t bytes = request_party_sockaddr(&party->nodes[party->self], party->port, &own);

    CLEANUP(cleanup_close)
    int fd = socket(own.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, "cannot open a socket for requests");
    /* Connections of a former reghad, and an address that comes later, do not matter: ip(7). */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) < 0)
        return err_errno(err, "cannot prepare a socket for requests");
    if (bind(fd, (const struct sockaddr *)&own, bytes) < 0 || listen(fd, BACKLOG) < 0)
        return err_errno(err, "cannot listen for requests on port %u", party->port);
    return cleanup_take_fd(&fd);
}

void request_server_apply(struct request_server *server, struct monotime now)
{
    struct err err = {{0}};

    stop_listening(server);
    loop_timer_cancel(loop_of(server), &server->reopen);
    if (server->party->keys.count == 0)
        return;
    server->io.fd = open_listener(server->party, &err);
    if (server->io.fd >= 0 && loop_io_start(loop_of(server), &server->io, LOOP_READ) == 0) {
        server->is_told = false;
        return;
    }
    if (!server->is_told)
        log_err("requests of other nodes are not taken", "reason=\"%s\"", err.text);
    server->is_told = true;
    stop_listening(server);
    (void)loop_timer_set(loop_of(server), &server->reopen, monotime_add(now, REOPEN_NS));
}

static void handle_reopen(struct loop_timer *timer, struct monotime now)
{
    request_server_apply(timer->owner, now);
}

void request_server_init(struct request_server *server, struct request_party *party,
                         requests_handle *handle, void *owner)
{
    *server = (struct request_server){
        .party = party, .handle = handle, .owner = owner, .prove_ns = REQUEST_SERVER_PROVE_NS};
    server->io =
        (struct loop_io){.name = "requests", .fd = -1, .handle = handle_accept, .owner = server};
    loop_timer_init(&server->reopen, "requests", handle_reopen, server);
}

void request_server_fini(struct request_server *server)
{
    for (size_t at = 0; at < REQUEST_SERVER_VISITS; at++)
        if (server->visits[at])
            visit_free(server->visits[at]);
    stop_listening(server);
    loop_timer_cancel(loop_of(server), &server->reopen);
    request_cache_fini(&server->cache);
}
