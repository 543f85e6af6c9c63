/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/request_asker.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

/* One request of ours. */
struct request_ask {
    struct request_asker *asker;
    struct requests_question question;
    struct address to;
    uint8_t id[REQUEST_FRAME_ID_BYTES];
    uint8_t *body;
    int tries;
    bool is_connected;
    struct request_link link; /* if so */
    struct loop_io io;
    struct loop_timer timer;
    int result; /* to be told with the timer; 0: none yet */
};

static struct loop *loop_of(const struct request_ask *ask)
{
    return ask->asker->party->loop;
}

static void disconnect(struct request_ask *ask)
{
    if (!ask->is_connected)
        return;
    loop_io_stop(loop_of(ask), &ask->io);
    request_link_fini(&ask->link);
    ask->is_connected = false;
}

static void ask_free(struct request_ask *ask)
{
    struct request_asker *asker = ask->asker;

    for (size_t at = 0; at < REQUEST_ASKER_ASKS; at++)
        if (asker->asks[at] == ask)
            asker->asks[at] = NULL;
    disconnect(ask);
    loop_timer_cancel(loop_of(ask), &ask->timer);
    if (ask->body)
        explicit_bzero(ask->body, ask->question.body_bytes);
    free(ask->body);
    free(ask);
}

static void count(const struct request_ask *ask, enum requests_outcome outcome)
{
    ask->asker->party->counters.asked[request_party_type((uint8_t)ask->question.type)][outcome]++;
}

static void tell_failure(struct request_ask *ask, int result, struct monotime now)
{
    const struct requests_question question = ask->question;
    const struct requests_reply reply = {.node = question.node, .result = result};

    count(ask, REQUESTS_FAILED);
    ask_free(ask);
    question.answered(question.owner, &reply, now);
}

static void tell_answer(struct request_ask *ask, struct monotime now)
{
    const struct requests_question question = ask->question;
    const struct request_link_input *input = &ask->link.input;
    uint8_t *body = input->body;
    const struct requests_reply reply = {
        .node = question.node,
        .result = input->head.result,
        .body = body,
        .body_bytes = input->body_used,
    };

    count(ask, reply.result < 0 ? REQUESTS_REFUSED : REQUESTS_DONE);
    ask->link.input.body = NULL;
    ask_free(ask);
    question.answered(question.owner, &reply, now);
    free(body);
}

/* Connecting. */

static int open_socket(const struct request_ask *ask)
{
    const struct request_party *party = ask->asker->party;
    struct sockaddr_storage own, other;
    const socklen_t own_bytes = request_party_sockaddr(&party->nodes[party->self], 0, &own);
    const socklen_t other_bytes = request_party_sockaddr(&ask->to, party->port, &other);
    const int fd = socket(other.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    /* Who we are is known by our address. */
    if (bind(fd, (const struct sockaddr *)&own, own_bytes) == 0 &&
        (connect(fd, (const struct sockaddr *)&other, other_bytes) == 0 || errno == EINPROGRESS))
        return fd;
    const int failed = -errno;
    close(fd);
    return failed;
}

static struct request_frame_head head_of(const struct request_ask *ask, struct monotime now)
{
    const int64_t left_ns = monotime_since(now, ask->question.deadline);
    struct request_frame_head head = {
        .kind = REQUEST_FRAME_ASK,
        .type = (uint8_t)ask->question.type,
        .uid = ask->question.uid,
        .body_bytes = (uint32_t)ask->question.body_bytes,
        .patience_ms =
            left_ns / NS_PER_MS < UINT32_MAX ? (uint32_t)(left_ns / NS_PER_MS) : UINT32_MAX,
    };

    memcpy(head.id, ask->id, sizeof(head.id));
    return head;
}

static void handle_io(struct loop_io *io, unsigned events, struct monotime now);

/* Returns 0, or why it cannot be. */
static int connect_to(struct request_ask *ask, struct monotime now)
{
    const struct request_party *party = ask->asker->party;
    const struct request_seal_ends ends = {.asker = party->nodes[party->self], .asked = ask->to};
    const struct monotime prove = monotime_add(now, REQUEST_ASKER_PROVE_NS);
    const int fd = open_socket(ask);

    if (fd < 0)
        return fd;
    request_link_init(&ask->link, fd, true, &party->keys, &ends);
    ask->is_connected = true;
    ask->tries++;
    ask->link.body_most = REQUESTS_BODY_BYTES;
    const struct request_frame_head head = head_of(ask, now);
    request_link_send(&ask->link, &head, ask->body);
    ask->io =
        (struct loop_io){.name = "request to a node", .fd = fd, .handle = handle_io, .owner = ask};
    const int failed = loop_io_start(loop_of(ask), &ask->io, LOOP_READ | LOOP_WRITE);
    if (failed < 0)
        return failed;
    return loop_timer_set(loop_of(ask), &ask->timer,
                          monotime_earlier(prove, ask->question.deadline));
}

static int reason_of(const struct request_link *link)
{
    switch (link->failed) {
    case 0:
    case ECONNRESET:
    case EPIPE:
        return -EPROTO;
    case ENETUNREACH:
    case EADDRNOTAVAIL:
        return -EHOSTUNREACH;
    default:
        return -link->failed;
    }
}

/* An end without a reason may be a restart there: the request may have been done, or not. */
static void handle_failure(struct request_ask *ask, struct monotime now)
{
    const enum request_frame_drop drop = ask->link.drop;
    const int reason = reason_of(&ask->link);
    const bool is_again = drop == REQUEST_FRAME_TRUNCATED && reason == -EPROTO;
    const struct monotime pause = monotime_add(now, REQUEST_ASKER_PAUSE_NS);

    if (drop != REQUEST_FRAME_TRUNCATED)
        ask->asker->party->counters.rejected[drop]++;
    disconnect(ask);
    if (is_again && ask->tries < REQUEST_ASKER_TRIES &&
        !monotime_reached(ask->question.deadline, pause) &&
        loop_timer_set(loop_of(ask), &ask->timer, pause) == 0)
        return;
    tell_failure(ask, reason, now);
}

static void handle_io(struct loop_io *io, unsigned events, struct monotime now)
{
    struct request_ask *ask = io->owner;
    enum request_link_event event;

    (void)events;
    do
        event = request_link_run(&ask->link);
    while (event == REQUEST_LINK_HEAD || event == REQUEST_LINK_SENT);
    if (event == REQUEST_LINK_RECEIVED) {
        tell_answer(ask, now);
        return;
    }
    if (event == REQUEST_LINK_FAILED) {
        handle_failure(ask, now);
        return;
    }
    (void)loop_io_start(loop_of(ask), io, request_link_wants(&ask->link)); /* watched already */
    if (ask->link.input.has_hello)
        (void)loop_timer_set(loop_of(ask), &ask->timer, ask->question.deadline);
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    struct request_ask *ask = timer->owner;

    if (ask->result == 0 && !ask->is_connected && !monotime_reached(ask->question.deadline, now)) {
        ask->result = connect_to(ask, now);
        if (ask->result == 0)
            return;
    }
    tell_failure(ask, ask->result != 0 ? ask->result : -ETIMEDOUT, now);
}

int request_asker_ask(struct request_asker *asker, const struct requests_question *question)
{
    const struct monotime now = monotime_now();
    struct request_ask *ask;
    size_t at = 0;

    while (at < REQUEST_ASKER_ASKS && asker->asks[at])
        at++;
    if (at == REQUEST_ASKER_ASKS)
        return -EBUSY;
    ask = calloc(1, sizeof(*ask));
    if (!ask)
        return -ENOMEM;
    ask->asker = asker;
    ask->question = *question;
    ask->to = asker->party->nodes[question->node];
    request_seal_random(ask->id, sizeof(ask->id));
    loop_timer_init(&ask->timer, "request to a node", handle_timer, ask);
    if (question->body_bytes > 0) {
        ask->body = malloc(question->body_bytes);
        if (!ask->body) {
            free(ask);
            return -ENOMEM;
        }
        memcpy(ask->body, question->body, question->body_bytes);
    }
    /* It begins from the loop, for the answer must not come from in here. */
    if (loop_timer_set(asker->party->loop, &ask->timer, now) < 0) {
        free(ask->body);
        free(ask);
        return -ENOMEM;
    }
    asker->asks[at] = ask;
    return 0;
}

void request_asker_init(struct request_asker *asker, struct request_party *party)
{
    *asker = (struct request_asker){.party = party};
}

void request_asker_fini(struct request_asker *asker)
{
    for (size_t at = 0; at < REQUEST_ASKER_ASKS; at++)
        if (asker->asks[at])
            tell_failure(asker->asks[at], -ECANCELED, monotime_now());
}

void request_asker_keep(struct request_asker *asker, const struct request_party *next)
{
    for (size_t at = 0; at < REQUEST_ASKER_ASKS; at++) {
        struct request_ask *ask = asker->asks[at];
        const size_t node = ask ? request_party_find(next, &ask->to) : 0;

        if (!ask)
            continue;
        ask->question.node = node;
        if (node < next->node_count && next->keys.count > 0)
            continue;
        ask->result = -ECANCELED;
        disconnect(ask);
        (void)loop_timer_set(loop_of(ask), &ask->timer, monotime_now());
    }
}
