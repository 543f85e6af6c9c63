/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that is given at one node and done at another, over loopback; and what is not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisord/cluster/remote.h"
#include "supervisord/cluster/request_party.h"

#define NODES    2
#define LIMIT_NS (20 * NS_PER_S)

static const uint8_t key[1][32] = {{1, 2, 3}};

struct node {
    struct core core;
    struct settings settings;
    struct world_node nodes[NODES];
    struct world_event events[WORLD_EVENTS];
    struct command_core commands;
    struct remote *remote;
    enum operator_mode mode;
    uid_t uid;
};

struct stage {
    struct loop *loop;
    struct loop_timer step;
    struct monotime limit;
    struct settings_node places[NODES];
    struct node nodes[NODES];
    uint64_t ticket;
    int result;
    char *text;
};

static void set_mode(void *owner, enum operator_mode mode, uid_t uid, unsigned flags)
{
    struct node *node = owner;

    (void)flags;
    node->mode = mode;
    node->uid = uid;
    node->core.world.operator.mode = mode;
}

static int find_successor(void *owner, size_t at, struct monotime now)
{
    (void)owner;
    (void)at;
    (void)now;
    return -1;
}

static void dispatch(void *owner, const struct requests_call *call, struct monotime now)
{
    struct core *core = owner;
    const struct core_request_handler *handler = &core->request_handlers[call->type];

    if (handler->handle)
        handler->handle(handler->owner, call, now);
    else
        requests_answer(core->requests, call->call, -EOPNOTSUPP, NULL, 0);
}

static int free_port(const struct address *address)
{
    struct sockaddr_storage own;
    struct sockaddr_in ipv4;
    socklen_t bytes = sizeof(ipv4);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&own, request_party_sockaddr(address, 0, &own)),
                     0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&ipv4, &bytes), 0);
    close(fd);
    return ntohs(ipv4.sin_port);
}

static void node_init(struct stage *stage, int self, int port)
{
    struct node *node = &stage->nodes[self];
    struct world *world = &node->core.world;
    struct err err;

    node->settings = (struct settings){
        .self = self, .node_count = NODES, .nodes = stage->places, .cluster.port = port};
    for (int at = 0; at < NODES; at++) {
        node->nodes[at].settings = stage->places[at];
        node->nodes[at].self = at == self;
    }
    world->settings = &node->settings;
    world->nodes = node->nodes;
    world->node_count = NODES;
    world->events = node->events;
    node->core.loop = stage->loop;
    node->mode = OPERATOR_MODES;
    node->commands = (struct command_core){
        .owner = node, .set_mode = set_mode, .find_successor = find_successor};
    assert_int_equal(requests_new(stage->loop, dispatch, &node->core, &node->core.requests, &err),
                     0);
    requests_apply(node->core.requests, &node->settings, key, 1);
    assert_int_equal(remote_new(&node->core, &node->commands, &node->remote, &err), 0);
}

static void handle_step(struct loop_timer *timer, struct monotime now)
{
    struct stage *stage = timer->owner;
    size_t bytes;
    FILE *out = open_memstream(&stage->text, &bytes);

    stage->result = remote_take(stage->nodes[0].remote, stage->ticket, out);
    fclose(out);
    if (stage->result != COMMAND_WAITS || monotime_reached(stage->limit, now)) {
        loop_stop(stage->loop, 0);
        return;
    }
    free(stage->text);
    (void)loop_timer_set(stage->loop, timer, monotime_add(now, NS_PER_MS));
}

static struct stage *stage_new(void)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct err err;

    assert_int_equal(loop_new(NS_PER_S, &stage->loop, &err), 0);
    loop_timer_init(&stage->step, "step", handle_step, stage);
    for (int at = 0; at < NODES; at++) {
        const struct in_addr ipv4 = {htonl(INADDR_LOOPBACK + (uint32_t)at)};

        snprintf(stage->places[at].name, SETTINGS_NAME_BYTES, "n%d", at + 1);
        stage->places[at].address = address_from_ipv4(ipv4);
    }
    const int port = free_port(&stage->places[0].address);
    for (int at = 0; at < NODES; at++)
        node_init(stage, at, port);
    return stage;
}

static void stage_free(struct stage *stage)
{
    for (int at = 0; at < NODES; at++) {
        requests_free(stage->nodes[at].core.requests); /* who waits is told */
        remote_free(stage->nodes[at].remote);
    }
    loop_timer_cancel(stage->loop, &stage->step);
    loop_free(stage->loop);
    free(stage);
}

static int ask(struct stage *stage, const char *line)
{
    const struct command_order order = {.uid = 1000, .line = line, .patience_ns = 5 * NS_PER_S};

    return remote_ask(stage->nodes[0].remote, 1, &order, &stage->ticket);
}

static void expect(struct stage *stage, const char *line, int result, const char *text)
{
    assert_int_equal(ask(stage, line), 0);
    stage->limit = monotime_add(monotime_now(), LIMIT_NS);
    (void)loop_timer_set(stage->loop, &stage->step, monotime_now());
    assert_int_equal(loop_run(stage->loop), 0);
    if (!strstr(stage->text, text))
        fail_msg("%s: \"%s\" is not in \"%s\"", line, text, stage->text);
    assert_int_equal(stage->result, result);
    free(stage->text);
}

static void it_is_done_there(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    expect(stage, "ready", WORLD_DONE, "this node takes part again\n");
    assert_int_equal(stage->nodes[1].mode, OPERATOR_READY);
    assert_int_equal(stage->nodes[1].uid, 1000);
    assert_int_equal(stage->nodes[0].mode, OPERATOR_MODES);
    expect(stage, "drain \"--hard\"", WORLD_USAGE, "\"--hard\" is no option");
    stage_free(stage);
}

/* One that waits is polled there, and its answer comes when it is done. */
static void it_is_waited_for(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    expect(stage, "drain", WORLD_DONE, "drained after");
    assert_int_equal(stage->nodes[1].mode, OPERATOR_DRAINED);
    stage_free(stage);
}

static void not_everything_is_done_for_others(void **unused)
{
    static const char *const lines[] = {
        "reload", "show env", "registry r restart", "prompt", "ready; reload", "", "\"ready"};
    struct stage *stage = stage_new();
    char longest[LINE_BYTES + 10];

    (void)unused;
    for (size_t at = 0; at < sizeof(lines) / sizeof(lines[0]); at++)
        expect(stage, lines[at], WORLD_USAGE, "not done for other nodes");
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    expect(stage, longest, WORLD_USAGE, "too long");
    assert_int_equal(stage->nodes[1].mode, OPERATOR_MODES);
    stage_free(stage);
}

static void why_there_is_no_answer(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    stage->nodes[1].core.request_handlers[REQUESTS_VERB].handle = NULL;
    expect(stage, "ready", WORLD_FAILED, "n2 cannot do that");
    requests_apply(stage->nodes[1].core.requests, &stage->nodes[1].settings, key, 0);
    expect(stage, "ready", WORLD_PRECONDITION, "n2 cannot be asked: Connection refused");
    stage_free(stage);
}

/* Answers that nobody takes make room. */
static void tickets_are_bounded(void **unused)
{
    struct stage *stage = stage_new();

    (void)unused;
    for (int at = 0; at < REMOTE_TICKETS; at++)
        assert_int_equal(ask(stage, "ready"), 0);
    assert_int_equal(ask(stage, "ready"), -EBUSY);
    stage->limit = monotime_add(monotime_now(), LIMIT_NS);
    (void)loop_timer_set(stage->loop, &stage->step, monotime_now());
    assert_int_equal(loop_run(stage->loop), 0);
    free(stage->text);
    expect(stage, "ready", WORLD_DONE, "this node takes part again");
    stage_free(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_done_there),
        cmocka_unit_test(it_is_waited_for),
        cmocka_unit_test(not_everything_is_done_for_others),
        cmocka_unit_test(why_there_is_no_answer),
        cmocka_unit_test(tickets_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
