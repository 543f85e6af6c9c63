/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between reghad and regha-net: what is passed on, and what is not said before it is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/process.h"
#include "vrrp/goals.h"
#include "vrrp/net_client.h"

#define SETS     16
#define LIMIT_NS (5 * NS_PER_S)
#define HEARD    64

/* A set of goals as regha-net got it. */
struct set {
    bool partial;
    size_t count;
    struct kernel_goal goals[4];
};

struct fixture {
    struct loop *loop;
    char folder[32];
    char path[2][64];
    struct vrrp_routers routers;
    struct vrrp_peers peers;
    struct vrrp_goals goals;
    struct vrrp_net_client net;
    struct channel_server *net_server; /* plays regha-net */
    struct channel_client *reghad;     /* plays reghad */
    struct set sets[SETS];
    size_t set_count;
    uint8_t heard[HEARD]; /* types of messages, in order */
    size_t heard_count;
    size_t ready_after; /* messages of the snapshot; 0: not ready */
    struct vrrp_status status;
    bool (*done)(const struct fixture *fixture);
    struct loop_timer limit;
};

static void wanted_of_net(void *owner, struct channel_peer *peer, const struct channel_goals *goals,
                          struct monotime now)
{
    struct fixture *fixture = owner;
    struct set *set = &fixture->sets[fixture->set_count++];

    (void)peer;
    (void)now;
    assert_true(fixture->set_count < SETS);
    set->partial = goals->partial;
    set->count = goals->count;
    for (size_t at = 0; at < goals->count && at < 4; at++)
        memcpy(&set->goals[at], goals->messages[at].value, sizeof(set->goals[at]));
}

static void connected_to_net(void *owner, struct channel_peer *peer)
{
    const struct kernel_link link = {.interface = "none0"};

    (void)owner;
    (void)channel_send(peer, &kernel_message_link, &link, -1);
}

static void received_by_reghad(void *owner, struct channel_message *state, struct monotime now)
{
    struct fixture *fixture = owner;

    (void)now;
    if (fixture->heard_count < HEARD)
        fixture->heard[fixture->heard_count++] = state->layout->type;
    if (state->layout == &vrrp_message_status)
        memcpy(&fixture->status, state->value, sizeof(fixture->status));
}

static void ready_for_reghad(void *owner, struct monotime now)
{
    struct fixture *fixture = owner;

    (void)now;
    fixture->ready_after = fixture->heard_count;
}

static void lost_by_reghad(void *owner, struct monotime now)
{
    (void)owner;
    (void)now;
}

static void applied(void *owner, struct monotime now)
{
    (void)owner;
    (void)now;
}

static void handle_pass_end(void *owner, struct monotime now)
{
    struct fixture *fixture = owner;

    (void)now;
    vrrp_net_client_flush(&fixture->net);
    vrrp_goals_report(&fixture->goals);
    if (fixture->done && fixture->done(fixture))
        loop_stop(fixture->loop, 0);
}

static void handle_limit(struct loop_timer *timer, struct monotime now)
{
    struct fixture *fixture = timer->owner;

    (void)now;
    loop_stop(fixture->loop, 1);
}

static void run_until(struct fixture *fixture, bool (*done)(const struct fixture *fixture))
{
    fixture->done = done;
    loop_timer_set(fixture->loop, &fixture->limit, monotime_add(monotime_now(), LIMIT_NS));
    assert_int_equal(loop_run(fixture->loop), 0);
}

static void open_net(struct fixture *fixture)
{
    static const struct wire_layout *const goals[] = {&kernel_message_goal, NULL};
    const struct channel_server_params params = {
        .path = fixture->path[1],
        .group = (gid_t)-1,
        .goals = goals,
        .owner = fixture,
        .connected = connected_to_net,
        .wanted = wanted_of_net,
    };
    struct err err;

    assert_int_equal(channel_server_open(fixture->loop, &params, &fixture->net_server, &err), 0);
}

static void open_reghad(struct fixture *fixture)
{
    static const struct wire_layout *const states[] = {
        &process_state_layout,
        &vrrp_message_status,
        &vrrp_message_transition,
        &vrrp_message_counters,
        &vrrp_message_strays,
        &vrrp_message_peer,
        NULL,
    };
    const struct channel_client_params params = {
        .path = fixture->path[0],
        .server_user = geteuid(),
        .states = states,
        .owner = fixture,
        .received = received_by_reghad,
        .ready = ready_for_reghad,
        .lost = lost_by_reghad,
    };
    struct err err;

    fixture->heard_count = fixture->ready_after = 0;
    assert_int_equal(channel_client_open(fixture->loop, &params, &fixture->reghad, &err), 0);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const struct vrrp_goals_door door = {fixture->path[0], geteuid(), (gid_t)-1};
    struct err err;

    memcpy(fixture->folder, "/tmp/vrrp-goals-XXXXXX", 23);
    assert_non_null(mkdtemp(fixture->folder));
    for (int at = 0; at < 2; at++)
        snprintf(fixture->path[at], sizeof(fixture->path[at]), "%s/%d.sock", fixture->folder, at);
    log_open("test", LOG_LEVEL_ERR);
    assert_int_equal(loop_new(NS_PER_S, &fixture->loop, &err), 0);
    loop_set_pass_end(fixture->loop, handle_pass_end, fixture);
    loop_timer_init(&fixture->limit, "limit", handle_limit, fixture);
    vrrp_routers_init(&fixture->routers, fixture->loop, fixture->folder);
    assert_int_equal(vrrp_peers_init(&fixture->peers, &fixture->routers, &err), 0);
    fixture->goals.routers = &fixture->routers;
    fixture->goals.peers = &fixture->peers;
    fixture->goals.applied = applied;
    assert_int_equal(vrrp_goals_open(&fixture->goals, &door, &err), 0);
    assert_int_equal(
        vrrp_net_client_open(&fixture->net, &fixture->routers, fixture->path[1], geteuid(), &err),
        0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    channel_client_close(fixture->reghad);
    vrrp_net_client_close(&fixture->net);
    channel_server_close(fixture->net_server);
    vrrp_goals_close(&fixture->goals);
    vrrp_peers_fini(&fixture->peers);
    while (fixture->routers.first) { /* with the files of their memories */
        const struct vrrp_goal *none = NULL;
        vrrp_routers_want(&fixture->routers, &none, 0, false, monotime_now());
    }
    vrrp_routers_fini(&fixture->routers);
    loop_timer_cancel(fixture->loop, &fixture->limit);
    loop_free(fixture->loop);
    const int failed = rmdir(fixture->folder);
    free(fixture);
    return failed;
}

static struct vrrp_goal goal_for(uint8_t vrid)
{
    struct vrrp_goal goal;

    memset(&goal, 0, sizeof(goal));
    goal.params = (struct vrrp_params){
        .name = "registry",
        .interface = "none0",
        .vrid = vrid,
        .family = AF_INET,
        .version = 3,
        .priority = 150,
        .address_count = 1,
        .addresses = {{AF_INET, 32, {10, 0, 0, vrid}}},
        .advert_interval_ns = NS_PER_S,
    };
    goal.priority = 150;
    goal.candidate = true;
    goal.orphan_grace_ns = 50 * NS_PER_MS;
    return goal;
}

static void want(struct fixture *fixture, uint8_t first, uint8_t last, bool partial)
{
    for (uint8_t vrid = first; vrid <= last; vrid++) {
        const struct vrrp_goal goal = goal_for(vrid);
        assert_int_equal(channel_client_want(fixture->reghad, &vrrp_message_goal, &goal), 0);
    }
    assert_int_equal(channel_client_end(fixture->reghad, partial), 0);
}

static bool both_ready(const struct fixture *fixture)
{
    return fixture->ready_after > 0 && fixture->routers.shared.kernel_ready;
}

static bool has_set(const struct fixture *fixture)
{
    return fixture->set_count > 0;
}

static bool has_orphan(const struct fixture *fixture)
{
    return fixture->routers.shared.orphaned;
}

static bool is_told(const struct fixture *fixture)
{
    return !fixture->routers.shared.orphaned && fixture->ready_after > 0;
}

static bool is_net_lost(const struct fixture *fixture)
{
    return !fixture->routers.shared.kernel_ready;
}

/* A set of nothing would take away what a former regha-vrrp has left us to resume. */
static void test_nothing_before_goals(void **state)
{
    struct fixture *fixture = *state;

    open_net(fixture);
    open_reghad(fixture);
    run_until(fixture, both_ready);
    assert_int_equal(fixture->set_count, 0);
    assert_int_equal(fixture->heard[0], PROCESS_STATE_TYPE);
    want(fixture, 1, 2, false);
    run_until(fixture, has_set);
    assert_int_equal(fixture->sets[0].count, 2);
    assert_false(fixture->sets[0].partial);
    assert_false(fixture->sets[0].goals[0].hold);
}

/* Goals that come before regha-net are kept for it. */
static void test_net_comes_later(void **state)
{
    struct fixture *fixture = *state;

    open_reghad(fixture);
    fixture->done = NULL;
    while (fixture->ready_after == 0)
        run_until(fixture, is_told);
    want(fixture, 1, 1, false);
    open_net(fixture);
    run_until(fixture, has_set);
    assert_int_equal(fixture->sets[0].count, 1);
    channel_server_close(fixture->net_server);
    fixture->net_server = NULL;
    run_until(fixture, is_net_lost);
    fixture->set_count = 0;
    open_net(fixture);
    run_until(fixture, has_set); /* another regha-net hears all again */
    assert_int_equal(fixture->sets[0].count, 1);
    assert_false(fixture->sets[0].partial);
}

static void test_sets_are_differences(void **state)
{
    struct fixture *fixture = *state;

    test_nothing_before_goals(state);
    const struct vrrp_router *first = fixture->routers.first;

    fixture->set_count = 0;
    want(fixture, 3, 3, true); /* one more */
    run_until(fixture, has_set);
    assert_int_equal(fixture->sets[0].count, 3);
    fixture->set_count = 0;
    want(fixture, 1, 2, false); /* the third one is not named */
    run_until(fixture, has_set);
    assert_int_equal(fixture->sets[0].count, 2);
    assert_false(fixture->sets[0].partial);
    assert_ptr_equal(fixture->routers.first, first); /* it has not moved */
    fixture->set_count = 0;
    want(fixture, 2, 1, false); /* none */
    run_until(fixture, has_set);
    assert_int_equal(fixture->sets[0].count, 0);
    assert_null(fixture->routers.first);
}

static bool is_attended(const struct fixture *fixture)
{
    return !fixture->routers.shared.unattended;
}

static bool is_attended_not(const struct fixture *fixture)
{
    return fixture->routers.shared.unattended;
}

static void test_orphaned(void **state)
{
    struct fixture *fixture = *state;

    test_nothing_before_goals(state);
    channel_client_close(fixture->reghad);
    run_until(fixture, has_orphan);
    assert_int_equal(fixture->routers.first->fsm.conditions.priority, VRRP_PRIORITY_ORPHANED);
    open_reghad(fixture);
    fixture->done = NULL;
    while (fixture->ready_after == 0)
        run_until(fixture, both_ready);
    assert_true(fixture->status.orphaned); /* it is in the snapshot */
    want(fixture, 1, 2, false);
    run_until(fixture, is_told);
    assert_int_equal(fixture->routers.first->fsm.conditions.priority, 150);
    assert_true(fixture->routers.first->fsm.conditions.unattended); /* for as long again */
    run_until(fixture, is_attended);
    assert_false(fixture->routers.first->fsm.conditions.unattended);
}

static void test_lost_for_a_moment(void **state)
{
    struct fixture *fixture = *state;

    test_nothing_before_goals(state);
    channel_client_close(fixture->reghad);
    run_until(fixture, is_attended_not);
    assert_false(fixture->routers.shared.orphaned);
    open_reghad(fixture);
    fixture->done = NULL;
    while (fixture->ready_after == 0)
        run_until(fixture, both_ready);
    want(fixture, 1, 2, false);
    run_until(fixture, is_attended);
    assert_false(fixture->routers.first->fsm.conditions.unattended);
}

static bool has_moved(const struct fixture *fixture)
{
    return fixture->routers.first->transition_count > 0;
}

/* It yields: what regha-net says of the addresses is what the resignation waits for. */
static void test_released(void **state)
{
    static const struct {
        bool hold, settled;
        enum vrrp_reason reason;
    } rows[] = {
        {.settled = true, .reason = VRRP_REASON_NOT_CANDIDATE},
        {.reason = VRRP_REASON_INTERFACE_DOWN}, /* one is still there; and there is no link */
        {.hold = true, .settled = true, .reason = VRRP_REASON_INTERFACE_DOWN},
    };
    struct fixture *fixture = *state;

    test_nothing_before_goals(state);
    struct vrrp_router *router = fixture->routers.first;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct kernel_status status = {
            .interface = "none0",
            .vrid = 1,
            .family = AF_INET,
            .hold = rows[at].hold,
            .settled = rows[at].settled,
        };

        router->goal.candidate = router->fsm.conditions.candidate = false;
        router->goal.yield = router->fsm.conditions.yield = true;
        router->fsm.state = VRRP_ACTIVE;
        router->fsm.yielding = true;
        router->fsm.last_sent = monotime_now();
        router->transition_count = router->transition_reported = 0;
        channel_broadcast(fixture->net_server, &kernel_message_status, &status);
        run_until(fixture, has_moved);
        assert_int_equal(router->transitions[0].reason, rows[at].reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_before_goals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_net_comes_later, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sets_are_differences, setup, teardown),
        cmocka_unit_test_setup_teardown(test_orphaned, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_for_a_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_released, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
