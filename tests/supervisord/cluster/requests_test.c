/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes at loopback addresses ask each other; others try to. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisord/cluster/request_party.h"

#define NODES    3
#define STRANGER 9 /* 127.0.0.9 is no node */
#define LIMIT_NS (20 * NS_PER_S)

static const uint8_t key[1][32] = {{1, 2, 3}};
static const uint8_t other_key[1][32] = {{9}};
static const uint8_t both_keys[2][32] = {{9}, {1, 2, 3}};

struct stage;

/* One node, and what it was asked. */
struct node {
    struct stage *stage;
    struct settings settings;
    struct requests *requests;
    size_t calls;
    struct requests_call last;
    bool holds; /* does not answer for now */
};

struct stage {
    struct loop *loop;
    struct loop_timer limit;
    struct loop_timer patience;
    struct settings_node places[NODES];
    struct node nodes[NODES];
    int port;
    int answers, result;
    char body[64];
    const uint64_t *awaited; /* stop when this is `value` */
    uint64_t value;
};

static struct address place(int last)
{
    const struct in_addr ipv4 = {htonl(INADDR_LOOPBACK - 1 + (uint32_t)last)};

    return address_from_ipv4(ipv4);
}

static void handle_limit(struct loop_timer *timer, struct monotime now)
{
    (void)now;
    loop_stop(((struct stage *)timer->owner)->loop, 1);
}

static void handle_patience(struct loop_timer *timer, struct monotime now)
{
    struct stage *stage = timer->owner;

    if (stage->awaited && *stage->awaited >= stage->value)
        loop_stop(stage->loop, 0);
    else
        (void)loop_timer_set(stage->loop, timer, monotime_add(now, NS_PER_MS));
}

static void handle_call(void *owner, const struct requests_call *call, struct monotime now)
{
    struct node *node = owner;

    (void)now;
    node->calls++;
    node->last = *call;
    if (!node->holds)
        requests_answer(node->requests, call->call, 3, call->body, call->body_bytes);
}

static void handle_answer(void *owner, const struct requests_reply *reply, struct monotime now)
{
    struct stage *stage = owner;

    (void)now;
    stage->answers++;
    stage->result = reply->result;
    snprintf(stage->body, sizeof(stage->body), "%.*s", (int)reply->body_bytes,
             (const char *)reply->body);
    loop_stop(stage->loop, 0);
}

/* A port that is free at all of the nodes' addresses. */
static int free_port(void)
{
    struct sockaddr_storage own;
    struct sockaddr_in ipv4;
    socklen_t bytes = sizeof(ipv4);
    const struct address first = place(1);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&own, request_party_sockaddr(&first, 0, &own)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&ipv4, &bytes), 0);
    close(fd);
    return ntohs(ipv4.sin_port);
}

static struct stage *stage_new(void)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct err err;

    assert_int_equal(loop_new(NS_PER_S, &stage->loop, &err), 0);
    loop_timer_init(&stage->limit, "limit", handle_limit, stage);
    loop_timer_init(&stage->patience, "patience", handle_patience, stage);
    stage->port = free_port();
    for (int at = 0; at < NODES; at++)
        stage->places[at].address = place(at + 1);
    for (int at = 0; at < NODES; at++) {
        struct node *node = &stage->nodes[at];

        node->stage = stage;
        node->settings = (struct settings){
            .self = at, .node_count = NODES, .nodes = stage->places, .cluster.port = stage->port};
        assert_int_equal(requests_new(stage->loop, handle_call, node, &node->requests, &err), 0);
        if (at < 2)
            requests_apply(node->requests, &node->settings, key, 1);
    }
    return stage;
}

static void stage_free(struct stage *stage)
{
    for (int at = 0; at < NODES; at++)
        requests_free(stage->nodes[at].requests);
    loop_timer_cancel(stage->loop, &stage->limit);
    loop_timer_cancel(stage->loop, &stage->patience);
    loop_free(stage->loop);
    free(stage);
}

static void run(struct stage *stage)
{
    (void)loop_timer_set(stage->loop, &stage->limit, monotime_add(monotime_now(), LIMIT_NS));
    assert_int_equal(loop_run(stage->loop), 0);
    loop_timer_cancel(stage->loop, &stage->limit);
}

/* Run until a counter has this value. */
static void run_until(struct stage *stage, const uint64_t *counter, uint64_t value)
{
    stage->awaited = counter;
    stage->value = value;
    (void)loop_timer_set(stage->loop, &stage->patience, monotime_now());
    run(stage);
    stage->awaited = NULL;
}

static int ask_for(struct stage *stage, size_t from, const struct requests_question *question,
                   int64_t patience_ns)
{
    struct requests_question whole = *question;

    whole.uid = 1000;
    whole.deadline = monotime_add(monotime_now(), patience_ns);
    whole.answered = handle_answer;
    whole.owner = stage;
    return requests_send(stage->nodes[from].requests, &whole);
}

static int ask(struct stage *stage, size_t from, size_t to, int type, const char *body)
{
    const struct requests_question question = {.node = to,
                                               .type = (enum requests_type)type,
                                               .body = (const uint8_t *)body,
                                               .body_bytes = strlen(body)};

    return ask_for(stage, from, &question, 5 * NS_PER_S);
}

static int ask_and_wait(struct stage *stage, size_t from, size_t to, int type, const char *body)
{
    assert_int_equal(ask(stage, from, to, type, body), 0);
    assert_int_equal(stage->answers, 0); /* never from in there */
    run(stage);
    assert_int_equal(stage->answers, 1);
    stage->answers = 0;
    return stage->result;
}

static const uint64_t *rejected(const struct stage *stage, size_t node,
                                enum request_frame_drop drop)
{
    return &requests_counters(stage->nodes[node].requests)->rejected[drop];
}

static void nodes_ask_each_other(void **unused)
{
    struct stage *stage = stage_new();
    const struct requests_counters *asked = requests_counters(stage->nodes[0].requests);
    const struct requests_counters *served = requests_counters(stage->nodes[1].requests);

    (void)unused;
    assert_int_equal(ask_and_wait(stage, 0, 1, REQUESTS_ECHO, "hallo"), 0);
    assert_string_equal(stage->body, "hallo");
    assert_int_equal(stage->nodes[1].calls, 0); /* answered by requests itself */
    assert_int_equal(ask_and_wait(stage, 0, 1, REQUESTS_VERB, "drain"), 3);
    assert_string_equal(stage->body, "drain");
    assert_int_equal(stage->nodes[1].calls, 1);
    assert_int_equal(stage->nodes[1].last.node, 0);
    assert_int_equal(stage->nodes[1].last.uid, 1000);
    assert_int_equal(stage->nodes[1].last.type, REQUESTS_VERB);
    assert_int_equal(ask_and_wait(stage, 1, 0, REQUESTS_VERB, ""), 3);
    assert_int_equal(asked->asked[REQUESTS_VERB][REQUESTS_DONE], 1);
    assert_int_equal(served->served[REQUESTS_VERB][REQUESTS_DONE], 1);
    stage_free(stage);
}

static void a_type_of_a_later_version_is_refused(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    assert_int_equal(ask_and_wait(stage, 0, 1, REQUESTS_TYPES + 3, "?"), -EOPNOTSUPP);
    assert_int_equal(stage->nodes[1].calls, 0);
    stage_free(stage);
}

static void why_there_is_no_answer(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    assert_int_equal(ask(stage, 2, 1, REQUESTS_ECHO, ""), -ENOKEY);
    assert_int_equal(ask(stage, 0, 0, REQUESTS_ECHO, ""), -EINVAL);
    assert_int_equal(ask(stage, 0, NODES, REQUESTS_ECHO, ""), -EINVAL);
    assert_int_equal(ask_and_wait(stage, 0, 2, REQUESTS_ECHO, ""), -ECONNREFUSED);
    stage->nodes[1].holds = true;
    const struct requests_question unanswered = {.node = 1, .type = REQUESTS_VERB};
    assert_int_equal(ask_for(stage, 0, &unanswered, 50 * NS_PER_MS), 0);
    run(stage);
    assert_int_equal(stage->result, -ETIMEDOUT);
    requests_answer(stage->nodes[1].requests, stage->nodes[1].last.call, 0, NULL, 0); /* too late */
    assert_int_equal(ask(stage, 0, 1, REQUESTS_VERB, ""), 0);
    stage->nodes[0].settings.node_count = 1; /* it is gone from the settings */
    requests_apply(stage->nodes[0].requests, &stage->nodes[0].settings, key, 1);
    run(stage);
    assert_int_equal(stage->result, -ECANCELED);
    stage_free(stage);
}

/* Another key than ours; and while keys are changed, both are good. */
static void keys(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    requests_apply(stage->nodes[2].requests, &stage->nodes[2].settings, other_key, 1);
    assert_int_equal(ask_and_wait(stage, 2, 1, REQUESTS_ECHO, "x"), -EPROTO);
    assert_true(*rejected(stage, 1, REQUEST_FRAME_SEAL) > 0);
    requests_apply(stage->nodes[1].requests, &stage->nodes[1].settings, both_keys, 2);
    assert_int_equal(ask_and_wait(stage, 2, 1, REQUESTS_ECHO, "x"), 0);
    assert_int_equal(ask_and_wait(stage, 0, 1, REQUESTS_ECHO, "x"), 0);
    stage_free(stage);
}

static int connect_from(const struct stage *stage, int last)
{
    const struct address from = place(last), to = stage->places[1].address;
    struct sockaddr_storage own, other;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&own, request_party_sockaddr(&from, 0, &own)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&other,
                             request_party_sockaddr(&to, (uint16_t)stage->port, &other)),
                     0);
    return fd;
}

static void strangers_are_cut(void **unused)
{
    struct stage *stage = stage_new();
    const int fd = connect_from(stage, STRANGER);

    (void)unused;
    run_until(stage, rejected(stage, 1, REQUEST_FRAME_STRANGER), 1);
    close(fd);
    stage_free(stage);
}

/* Silent ones, many of them, from the address of a node: it is still heard, and they end. */
static void the_slow_and_the_many_keep_nobody_out(void **unused)
{
    struct stage *stage = stage_new();
    int fds[40];

    (void)unused;
    for (int at = 0; at < 40; at++)
        fds[at] = connect_from(stage, at % 2 ? 1 : 3);
    for (int at = 0; at < 5; at++)
        assert_int_equal(ask_and_wait(stage, 0, 1, REQUESTS_ECHO, "x"), 0);
    assert_true(*rejected(stage, 1, REQUEST_FRAME_BUSY) > 0);
    requests_set_limit(stage->nodes[1].requests, 20 * NS_PER_MS);
    const int slow = connect_from(stage, 1);
    assert_int_equal(send(slow, "RGRQ", 4, 0), 4);
    run_until(stage, rejected(stage, 1, REQUEST_FRAME_SLOW), 1);
    close(slow);
    for (int at = 0; at < 40; at++)
        close(fds[at]);
    stage_free(stage);
}

/* A question by hand, with an id of our choice; -1 while there is no answer. */
static int say(struct stage *stage, const char *id, uint32_t patience_ms)
{
    const struct request_link_keys keys_of_link = {1, {request_seal_subkey(key[0])}};
    const struct request_seal_ends ends = {
        stage->places[0].address, stage->places[1].address, {0}, {0}};
    struct request_frame_head head = {
        .kind = REQUEST_FRAME_ASK, .type = REQUESTS_VERB, .patience_ms = patience_ms};
    struct request_link *link = calloc(1, sizeof(*link));
    const size_t before = stage->nodes[1].calls;
    const uint64_t *repeated =
        &requests_counters(stage->nodes[1].requests)->served[REQUESTS_VERB][REQUESTS_REPEATED];
    const uint64_t repeated_before = *repeated;
    enum request_link_event event = REQUEST_LINK_WAITS;
    int result;

    snprintf((char *)head.id, sizeof(head.id), "%s", id);
    request_link_init(link, connect_from(stage, 1), true, &keys_of_link, &ends);
    request_link_send(link, &head, NULL);
    for (int step = 0; step < 1000 && event != REQUEST_LINK_RECEIVED; step++) {
        struct timeval moment = {0, 1000};
        (void)setsockopt(link->fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment));
        event = request_link_run(link);
        (void)loop_timer_set(stage->loop, &stage->limit, monotime_now());
        (void)loop_run(stage->loop);
        if (stage->nodes[1].holds && (stage->nodes[1].calls > before))
            break;
        assert_int_not_equal(event, REQUEST_LINK_FAILED);
    }
    result = event == REQUEST_LINK_RECEIVED ? link->input.head.result : -1;
    if (event == REQUEST_LINK_RECEIVED)
        assert_int_equal(stage->nodes[1].calls - before + *repeated - repeated_before, 1);
    request_link_fini(link);
    free(link);
    return result;
}

static void what_is_asked_again_is_not_done_again(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    assert_int_equal(say(stage, "one", 5000), 3);
    assert_int_equal(say(stage, "one", 5000), 3);
    assert_int_equal(stage->nodes[1].calls, 1);
    assert_int_equal(say(stage, "two", 5000), 3);
    assert_int_equal(stage->nodes[1].calls, 2);
    /* The connection broke before the answer was known. */
    stage->nodes[1].holds = true;
    assert_int_equal(say(stage, "three", 5000), -1);
    assert_int_equal(stage->nodes[1].calls, 3);
    requests_answer(stage->nodes[1].requests, stage->nodes[1].last.call, 4, NULL, 0);
    assert_int_equal(say(stage, "three", 5000), 4);
    assert_int_equal(stage->nodes[1].calls, 3);
    stage_free(stage);
}

/* So many are remembered; the one before them would be done again. */
static void memory_is_bounded(void **unused)
{
    struct stage *stage = stage_new();
    char id[16];

    (void)unused;
    for (int at = 0; at < 65; at++) {
        snprintf(id, sizeof(id), "number %d", at);
        assert_int_equal(say(stage, id, 5000), 3);
    }
    assert_int_equal(say(stage, "number 64", 5000), 3);
    assert_int_equal(stage->nodes[1].calls, 65);
    assert_int_equal(say(stage, "number 0", 5000), 3);
    assert_int_equal(stage->nodes[1].calls, 66);
    stage_free(stage);
}

static void who_stops_tells_whoever_waits(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    stage->nodes[1].holds = true;
    for (int at = 0; at < 64; at++)
        assert_int_equal(ask(stage, 0, 1, REQUESTS_VERB, "x"), 0);
    assert_int_equal(ask(stage, 0, 1, REQUESTS_VERB, "x"), -EBUSY);
    requests_free(stage->nodes[0].requests);
    stage->nodes[0].requests = NULL;
    assert_int_equal(stage->answers, 64);
    assert_int_equal(stage->result, -ECANCELED);
    stage_free(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_ask_each_other),
        cmocka_unit_test(a_type_of_a_later_version_is_refused),
        cmocka_unit_test(why_there_is_no_answer),
        cmocka_unit_test(keys),
        cmocka_unit_test(strangers_are_cut),
        cmocka_unit_test(the_slow_and_the_many_keep_nobody_out),
        cmocka_unit_test(what_is_asked_again_is_not_done_again),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(who_stops_tells_whoever_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
