/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Goals and states between a server and its clients, on one loop; and what a bad client may do. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/channel.h"

#define PATH_BYTES 64
#define GIVE_UP_NS (20 * NS_PER_S)

struct note {
    uint32_t number;
    char text[1024];
};

static const struct wire_field note_fields[] = {WIRE_INT(note, number), WIRE_TEXT(note, text),
                                                WIRE_END};
static const struct wire_layout goal_layout = {32, 1, sizeof(struct note), note_fields, "goal"};
static const struct wire_layout state_layout = {33, 1, sizeof(struct note), note_fields, "state"};
static const struct wire_layout *const goal_layouts[] = {&goal_layout, NULL};
static const struct wire_layout *const state_layouts[] = {&state_layout, NULL};

struct stage {
    char folder[PATH_BYTES];
    char path[PATH_BYTES + 8];
    struct loop *loop;
    struct channel_server *server;
    struct channel_client *client;
    struct loop_timer give_up;
    int snapshot; /* states to send on connect */
    int connects, states, readies, losses, sets, closes;
    size_t goals;
    bool partial;
    uint32_t sum;
    char descriptor_text[8];
    const struct wire_layout
        *newer; /* what the client wants as soon as it is ready; NULL: nothing */
    bool (*is_done)(const struct stage *stage);
};

static void stop_if_done(struct stage *stage)
{
    if (stage->is_done && stage->is_done(stage))
        loop_stop(stage->loop, 0);
}

static void handle_connected(void *owner, struct channel_peer *peer)
{
    struct stage *stage = owner;
    struct note note = {.text = "state"};

    for (int at = 0; at < stage->snapshot; at++) {
        note.number = (uint32_t)at;
        assert_int_equal(channel_send(peer, &state_layout, &note, -1), 0);
    }
    stage->connects++;
    stop_if_done(stage);
}

static void handle_wanted(void *owner, struct channel_peer *peer, const struct channel_goals *goals,
                          struct monotime now)
{
    struct stage *stage = owner;

    (void)peer;
    (void)now;
    stage->sets++;
    stage->goals = goals->count;
    stage->partial = goals->partial;
    stage->sum = 0;
    for (size_t at = 0; at < goals->count; at++)
        stage->sum += ((const struct note *)goals->messages[at].value)->number;
    stop_if_done(stage);
}

static void handle_closed(void *owner, struct channel_peer *peer, struct monotime now)
{
    struct stage *stage = owner;

    (void)peer;
    (void)now;
    stage->closes++;
    stop_if_done(stage);
}

static void handle_state(void *owner, struct channel_message *state, struct monotime now)
{
    struct stage *stage = owner;
    const int fd = channel_take_fd(state);

    (void)now;
    stage->states++;
    if (fd >= 0) {
        assert_int_equal(read(fd, stage->descriptor_text, 4), 4);
        close(fd);
    }
    stop_if_done(stage);
}

static void handle_ready(void *owner, struct monotime now)
{
    struct stage *stage = owner;

    (void)now;
    stage->readies++;
    if (stage->newer) {
        const struct note note = {.number = 1};
        assert_int_equal(channel_client_want(stage->client, stage->newer, &note), 0);
        assert_int_equal(channel_client_end(stage->client, false), 0);
    }
    stop_if_done(stage);
}

static void handle_lost(void *owner, struct monotime now)
{
    struct stage *stage = owner;

    (void)now;
    stage->losses++;
    stop_if_done(stage);
}

static void handle_give_up(struct loop_timer *timer, struct monotime now)
{
    struct stage *stage = timer->owner;

    (void)now;
    loop_stop(stage->loop, 1);
}

static void open_server(struct stage *stage)
{
    const struct channel_server_params params = {
        .path = stage->path,
        .group = (gid_t)-1,
        .goals = goal_layouts,
        .owner = stage,
        .connected = handle_connected,
        .wanted = handle_wanted,
        .closed = handle_closed,
    };
    struct err err;

    if (channel_server_open(stage->loop, &params, &stage->server, &err) < 0)
        fail_msg("%s", err.text);
}

static void open_client(struct stage *stage, uid_t server_user)
{
    const struct channel_client_params params = {
        .path = stage->path,
        .server_user = server_user,
        .states = state_layouts,
        .owner = stage,
        .received = handle_state,
        .ready = handle_ready,
        .lost = handle_lost,
    };
    struct err err;

    assert_int_equal(channel_client_open(stage->loop, &params, &stage->client, &err), 0);
}

static void run_until(struct stage *stage, bool (*is_done)(const struct stage *stage))
{
    struct loop *loop = stage->loop;

    stage->is_done = is_done;
    loop_timer_set(loop, &stage->give_up, monotime_add(monotime_now(), GIVE_UP_NS));
    assert_int_equal(loop_run(loop), 0);
    loop_stop(loop, -1); /* may run again */
    stage->is_done = NULL;
}

static int stage_setup(void **ret_stage)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct err err;

    memcpy(stage->folder, "/tmp/channel-XXXXXX", sizeof("/tmp/channel-XXXXXX"));
    assert_non_null(mkdtemp(stage->folder));
    snprintf(stage->path, sizeof(stage->path), "%s/sock", stage->folder);
    assert_int_equal(loop_new(NS_PER_S, &stage->loop, &err), 0);
    loop_timer_init(&stage->give_up, "give up", handle_give_up, stage);
    *ret_stage = stage;
    return 0;
}

static int stage_teardown(void **slot)
{
    struct stage *stage = *slot;

    channel_client_close(stage->client);
    channel_server_close(stage->server);
    loop_free(stage->loop);
    assert_int_equal(rmdir(stage->folder), 0); /* the socket is gone */
    free(stage);
    return 0;
}

static bool is_ready(const struct stage *stage)
{
    return stage->readies == 1;
}

static bool is_lost(const struct stage *stage)
{
    return stage->losses == 1;
}

static bool is_back(const struct stage *stage)
{
    return stage->readies == 2;
}

static bool has_set(const struct stage *stage)
{
    return stage->sets == 1;
}

static bool has_one_connect(const struct stage *stage)
{
    return stage->connects == 1;
}

static bool has_one_close(const struct stage *stage)
{
    return stage->closes == 1;
}

/* 2000 states of 1 KB are more than a socket holds: the rest waits in the queue. */
static void the_whole_snapshot_comes_before_ready(void **slot)
{
    struct stage *stage = *slot;

    stage->snapshot = 2000;
    open_server(stage);
    open_client(stage, getuid());
    assert_int_equal(channel_client_end(stage->client, false), -ENOTCONN);
    run_until(stage, is_ready);
    assert_int_equal(stage->states, 2000);
}

static void goals_are_applied_together(void **slot)
{
    struct stage *stage = *slot;
    struct note note = {.text = "goal"};

    open_server(stage);
    open_client(stage, getuid());
    run_until(stage, is_ready);
    for (note.number = 1; note.number <= 500; note.number++)
        assert_int_equal(channel_client_want(stage->client, &goal_layout, &note), 0);
    assert_int_equal(stage->sets, 0);
    assert_int_equal(channel_client_end(stage->client, true), 0);
    run_until(stage, has_set);
    assert_int_equal(stage->goals, 500);
    assert_int_equal(stage->sum, 500 * 501 / 2);
    assert_true(stage->partial);
}

static void the_client_comes_back_after_its_server(void **slot)
{
    struct stage *stage = *slot;

    open_client(stage, getuid()); /* there is no server yet */
    open_server(stage);
    run_until(stage, is_ready);
    channel_server_close(stage->server);
    stage->server = NULL;
    run_until(stage, is_lost);
    assert_false(channel_client_is_ready(stage->client));
    open_server(stage);
    run_until(stage, is_back);
}

static bool has_sixteen_losses(const struct stage *stage)
{
    return stage->losses == 16;
}

/* As it is while two versions run: what one wants the other does not know. */
static void a_server_that_cuts_us_is_asked_ever_more_seldom(void **slot)
{
    static const struct wire_layout newer = {32, 2, sizeof(struct note), note_fields, "newer"};
    struct stage *stage = *slot;
    const struct monotime began = monotime_now();

    stage->newer = &newer;
    open_server(stage);
    open_client(stage, getuid());
    run_until(stage, has_sixteen_losses);
    /* 20 ms and an eighth more each time; at 20 ms each it would be 0.3 s. */
    assert_true(monotime_since(began, monotime_now()) > 600 * NS_PER_MS);
}

static bool has_state(const struct stage *stage)
{
    return stage->states == 1;
}

static void handle_connected_with_descriptor(void *owner, struct channel_peer *peer)
{
    const struct note note = {.text = "with a file"};
    int ends[2];

    (void)owner;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "file", 4), 4);
    assert_int_equal(channel_send(peer, &state_layout, &note, ends[0]), 0);
    close(ends[0]);
    close(ends[1]);
}

static void a_descriptor_comes_along(void **slot)
{
    struct stage *stage = *slot;
    const struct channel_server_params params = {
        .path = stage->path,
        .group = (gid_t)-1,
        .goals = goal_layouts,
        .owner = stage,
        .connected = handle_connected_with_descriptor,
        .wanted = handle_wanted,
    };
    struct err err;

    assert_int_equal(channel_server_open(stage->loop, &params, &stage->server, &err), 0);
    open_client(stage, getuid());
    run_until(stage, has_state);
    assert_string_equal(stage->descriptor_text, "file");
}

static int raw_connect(const struct stage *stage)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", stage->path);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Each is cut, nothing is applied, and the others do not notice. */
static void bad_clients_are_cut(void **slot)
{
    static const struct {
        const char *rule;
        uint8_t bytes[16];
        size_t length_bytes;
    } rows[] = {
        {"an unknown type", {99, 1, 0, 0}, 4},
        {"a state is not a goal", {33, 1, 6, 0}, 10},
        {"a goal cut short", {32, 1, 6, 0, 1}, 5},
        {"an end that counts goals nobody sent", {1, 1, 7, 0, 1, 0, 0, 0, 3, 0, 0}, 11},
        {"generation 0", {1, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0}, 11},
        {"one byte", {32}, 1},
    };
    struct stage *stage = *slot;

    open_server(stage);
    open_client(stage, getuid());
    run_until(stage, is_ready);
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const int fd = raw_connect(stage);
        stage->closes = 0;
        assert_int_equal(send(fd, rows[at].bytes, rows[at].length_bytes, 0), rows[at].length_bytes);
        run_until(stage, has_one_close);
        if (stage->sets != 0)
            fail_msg("%s: applied", rows[at].rule);
        close(fd);
    }
    assert_true(channel_client_is_ready(stage->client));
}

/* Peers that read nothing are cut at the queue's limit, so they cannot make us grow. */
static void a_peer_that_never_reads_is_cut(void **slot)
{
    struct stage *stage = *slot;

    struct note note = {.number = 1};

    memset(note.text, 'x', sizeof(note.text) - 1);
    open_server(stage);
    const int fd = raw_connect(stage);
    run_until(stage, has_one_connect);
    for (int at = 0; at < 8000; at++)
        channel_broadcast(stage->server, &state_layout, &note);
    run_until(stage, has_one_close);
    assert_int_equal(channel_server_peers(stage->server), 0);
    close(fd);
}

/* Whoever waits to be accepted must not keep the loop busy meanwhile. */
static void without_descriptors_the_loop_rests(void **slot)
{
    struct stage *stage = *slot;
    struct rlimit before, none;
    struct timespec began, ended;

    open_server(stage);
    const int fd = raw_connect(stage);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){3, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    loop_timer_set(stage->loop, &stage->give_up, monotime_add(monotime_now(), 300 * NS_PER_MS));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
    assert_int_equal(loop_run(stage->loop), 1);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    const int64_t used_ns =
        (ended.tv_sec - began.tv_sec) * NS_PER_S + ended.tv_nsec - began.tv_nsec;
    assert_true(used_ns < 50 * NS_PER_MS);
    loop_timer_set(stage->loop, &stage->give_up, monotime_add(monotime_now(), GIVE_UP_NS));
    run_until(stage, has_one_connect);
    close(fd);
}

static void two_servers_do_not_share_a_path(void **slot)
{
    struct stage *stage = *slot;
    const struct channel_server_params params = {
        .path = stage->path, .group = (gid_t)-1, .goals = goal_layouts, .wanted = handle_wanted};
    struct channel_server *second;
    struct err err;

    open_server(stage);
    assert_int_equal(channel_server_open(stage->loop, &params, &second, &err), -EADDRINUSE);
    assert_non_null(strstr(err.text, "is served by another process"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_whole_snapshot_comes_before_ready, stage_setup,
                                        stage_teardown),
        cmocka_unit_test_setup_teardown(goals_are_applied_together, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(the_client_comes_back_after_its_server, stage_setup,
                                        stage_teardown),
        cmocka_unit_test_setup_teardown(a_server_that_cuts_us_is_asked_ever_more_seldom,
                                        stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(a_descriptor_comes_along, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(bad_clients_are_cut, stage_setup, stage_teardown),
        cmocka_unit_test_setup_teardown(a_peer_that_never_reads_is_cut, stage_setup,
                                        stage_teardown),
        cmocka_unit_test_setup_teardown(without_descriptors_the_loop_rests, stage_setup,
                                        stage_teardown),
        cmocka_unit_test_setup_teardown(two_servers_do_not_share_a_path, stage_setup,
                                        stage_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
