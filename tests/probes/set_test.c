/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole probes against servers that answer, and against all the ways in which they may not: each
 * attempt ends at its deadline with its reason, and nothing holds the loop up for 20 ms.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "probes/message.h"
#include "tests/probes/server.h"

#define STALL_NS   (20 * NS_PER_MS)
#define PATIENCE_S 20
/* Another program may have the processor while a callback runs; a stall of ours comes each time. */
#define TRIES 4

struct stage {
    struct loop *loop;
    struct probe_set *set;
    struct loop_timer patience;
    uint64_t ended, health_changes;
    bool (*is_done)(struct stage *stage);
    void (*on_ended)(struct stage *stage, const struct probe_state *state, struct monotime now);
};

static void give_up(struct loop_timer *timer, struct monotime now)
{
    struct stage *const stage = timer->owner;

    (void)now;
    for (size_t at = 0; at < probe_set_count(stage->set); at++) {
        const struct probe_state *const state = probe_set_state(stage->set, at);
        print_message("%s: %s, %lu attempts: %s\n", state->params.name,
                      probe_health_name(state->health), (unsigned long)state->attempts,
                      state->text);
    }
    loop_stop(stage->loop, 1);
}

static void handle_ended(void *owner, const struct probe_state *state, bool health_changed,
                         struct monotime now)
{
    struct stage *const stage = owner;

    stage->ended++;
    stage->health_changes += health_changed;
    if (stage->on_ended != NULL)
        stage->on_ended(stage, state, now);
    if (stage->is_done(stage))
        loop_stop(stage->loop, 0);
}

static void stage_open(struct stage *stage)
{
    struct err err;

    memset(stage, 0, sizeof(*stage));
    assert_int_equal(loop_new(STALL_NS, &stage->loop, &err), 0);
    assert_int_equal(probe_set_new(stage->loop, handle_ended, stage, &stage->set, &err), 0);
    loop_timer_init(&stage->patience, "patience", give_up, stage);
}

static void stage_close(struct stage *stage)
{
    probe_set_free(stage->set);
    loop_timer_cancel(stage->loop, &stage->patience);
    loop_free(stage->loop);
}

/* Until `is_done`, which is asked after each attempt; a program that hangs here fails. */
static void stage_run(struct stage *stage, bool (*is_done)(struct stage *stage))
{
    stage->is_done = is_done;
    loop_timer_set(stage->loop, &stage->patience,
                   monotime_add(monotime_now(), PATIENCE_S * NS_PER_S));
    assert_int_equal(loop_run(stage->loop), 0);
}

__attribute__((format(printf, 3, 4))) static struct probe_params
params_of(const char *name, enum probe_type type, const char *url, ...)
{
    struct probe_params params = {.type = (uint8_t)type,
                                  .status_count = 1,
                                  .status = {{200, 299}},
                                  .tls_verify = true,
                                  .interval_ns = 60 * NS_PER_S,
                                  .timeout_ns = 300 * NS_PER_MS,
                                  .rise = 2,
                                  .fall = 3};
    va_list args;

    snprintf(params.name, sizeof(params.name), "%s", name);
    va_start(args, url);
    vsnprintf(params.url, sizeof(params.url), url, args);
    va_end(args);
    return params;
}

static void apply(struct stage *stage, const struct probe_params *params, size_t count)
{
    struct err err;

    if (probe_set_apply(stage->set, params, count, &err) < 0)
        fail_msg("%s", err.text);
}

static size_t open_descriptors(void)
{
    DIR *const folder = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static const struct page registry_pages[] = {
    {"/v2/regha/", "HTTP/1.1 404 Not Found\r\nDocker-Distribution-Api-Version: registry/2.0\r\n"
                   "Content-Length: 48\r\n\r\n"
                   "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"detail\":{}}]}"},
    {"/v2/ ", "HTTP/1.1 200 OK\r\nDocker-Distribution-Api-Version: registry/2.0\r\n"
              "Content-Length: 2\r\n\r\n{}"},
    {"", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
};

static const struct page minio_pages[] = {
    {"/minio/health/cluster ", "HTTP/1.1 200 OK\r\nServer: MinIO\r\nX-Minio-Write-Quorum: 3\r\n"
                               "Content-Length: 0\r\n\r\n"},
    {"/minio/health/live ", "HTTP/1.1 200 OK\r\nServer: MinIO\r\nX-Minio-Server-Status: offline\r\n"
                            "Content-Length: 0\r\n\r\n"},
    {"", "HTTP/1.1 503 Service Unavailable\r\nServer: MinIO\r\nContent-Length: 0\r\n\r\n"},
};

static const struct page moved_page[] = {
    {"", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"}};

static const struct {
    const char *rule;
    enum manner manner;
    const struct page *pages;
    enum probe_type type;
    enum probe_check check;
    const char *scheme;
    enum probe_outcome outcome;
    enum probe_reason reason;
    const char *text; /* its beginning */
} rows[] = {
    {"a registry", MANNER_ANSWER, registry_pages, PROBE_TYPE_REGISTRY, 0, "http",
     PROBE_OUTCOME_SUCCESS, PROBE_REASON_NONE, "404 in "},
    {"MinIO, write quorum", MANNER_ANSWER, minio_pages, PROBE_TYPE_MINIO, PROBE_CHECK_CLUSTER,
     "http", PROBE_OUTCOME_SUCCESS, PROBE_REASON_NONE, "200 in "},
    {"MinIO, offline", MANNER_ANSWER, minio_pages, PROBE_TYPE_MINIO, PROBE_CHECK_LIVE, "http",
     PROBE_OUTCOME_FAILURE, PROBE_REASON_CONTENT, "200 in "},
    {"MinIO, read quorum lost", MANNER_ANSWER, minio_pages, PROBE_TYPE_MINIO,
     PROBE_CHECK_CLUSTER_READ, "http", PROBE_OUTCOME_FAILURE, PROBE_REASON_STATUS, "503 in "},
    {"no registry", MANNER_ANSWER, minio_pages, PROBE_TYPE_REGISTRY, 0, "http",
     PROBE_OUTCOME_FAILURE, PROBE_REASON_STATUS, "503 in "},
    {"a port", MANNER_SILENCE, NULL, PROBE_TYPE_TCP, 0, "tcp", PROBE_OUTCOME_SUCCESS,
     PROBE_REASON_NONE, "connected in "},
    {"a redirect is not followed", MANNER_ANSWER, moved_page, PROBE_TYPE_HTTP, 0, "http",
     PROBE_OUTCOME_FAILURE, PROBE_REASON_STATUS, "302 in "},
    {"silence", MANNER_SILENCE, NULL, PROBE_TYPE_HTTP, 0, "http", PROBE_OUTCOME_FAILURE,
     PROBE_REASON_TIMEOUT, "connected, but no answer in 300 ms"},
    {"silence says nothing of a cluster", MANNER_SILENCE, NULL, PROBE_TYPE_MINIO,
     PROBE_CHECK_CLUSTER, "http", PROBE_OUTCOME_UNKNOWN, PROBE_REASON_TIMEOUT,
     "connected, but no answer in 300 ms; "},
    {"not even accepted", MANNER_DEAF, NULL, PROBE_TYPE_REGISTRY, 0, "http", PROBE_OUTCOME_FAILURE,
     PROBE_REASON_TIMEOUT, "connected, but no answer in 300 ms"},
    {"reset", MANNER_RESET, NULL, PROBE_TYPE_HTTP, 0, "http", PROBE_OUTCOME_FAILURE,
     PROBE_REASON_RESET, "the connection ended before the answer did"},
    {"cut in the middle", MANNER_CUT, NULL, PROBE_TYPE_HTTP, 0, "http", PROBE_OUTCOME_FAILURE,
     PROBE_REASON_RESET, "the connection ended before the answer did"},
    {"headers without end", MANNER_ENDLESS_HEADERS, NULL, PROBE_TYPE_HTTP, 0, "http",
     PROBE_OUTCOME_FAILURE, PROBE_REASON_CONTENT, "the answer's headers do not end"},
    {"a header line without end", MANNER_ENDLESS_LINE, NULL, PROBE_TYPE_HTTP, 0, "http",
     PROBE_OUTCOME_FAILURE, PROBE_REASON_CONTENT, "the answer's headers do not end"},
    {"1xx without end", MANNER_ENDLESS_1XX, NULL, PROBE_TYPE_HTTP, 0, "http", PROBE_OUTCOME_FAILURE,
     PROBE_REASON_CONTENT, "the answer's headers do not end"},
    {"a long body is not read to its end", MANNER_ENDLESS_BODY, NULL, PROBE_TYPE_HTTP, 0, "http",
     PROBE_OUTCOME_SUCCESS, PROBE_REASON_NONE, "200 in "},
    {"headers byte by byte", MANNER_DRIP_HEADERS, NULL, PROBE_TYPE_HTTP, 0, "http",
     PROBE_OUTCOME_FAILURE, PROBE_REASON_TIMEOUT, "200, but its end did not come in 300 ms"},
    {"a body byte by byte", MANNER_DRIP_BODY, NULL, PROBE_TYPE_HTTP, 0, "http",
     PROBE_OUTCOME_FAILURE, PROBE_REASON_TIMEOUT, "200, but its end did not come in 300 ms"},
    {"another protocol", MANNER_GREETING, NULL, PROBE_TYPE_HTTP, 0, "http", PROBE_OUTCOME_FAILURE,
     PROBE_REASON_CONTENT, "what answers is not an HTTP server"},
    {"no TLS", MANNER_NOISE, NULL, PROBE_TYPE_HTTP, 0, "https", PROBE_OUTCOME_FAILURE,
     PROBE_REASON_TLS, "TLS failed: "},
    {"a handshake that hangs", MANNER_SILENCE, NULL, PROBE_TYPE_HTTP, 0, "https",
     PROBE_OUTCOME_FAILURE, PROBE_REASON_TIMEOUT, "connected, but the TLS handshake was not done"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool is_each_done(struct stage *stage)
{
    for (size_t at = 0; at < probe_set_count(stage->set); at++)
        if (probe_set_state(stage->set, at)->attempts == 0)
            return false;
    return true;
}

static void check_row(size_t at, const struct probe_state *state)
{
    if (state->outcome != rows[at].outcome || state->reason != rows[at].reason ||
        strncmp(state->text, rows[at].text, strlen(rows[at].text)) != 0)
        fail_msg("%s: outcome %d, reason %s: %s", rows[at].rule, (int)state->outcome,
                 probe_verdict_reason_name(state->reason), state->text);
    /* A deadline is one, give or take what the scheduler takes. */
    if (state->duration_ns > state->params.timeout_ns + 250 * NS_PER_MS)
        fail_msg("%s: ended after %ld ms", rows[at].rule, (long)(state->duration_ns / NS_PER_MS));
}

static struct loop_stalls run_rows(void)
{
    struct server *const servers = calloc(ROWS, sizeof(struct server));
    struct probe_params params[ROWS];
    struct loop_stalls stalls;
    struct stage stage;

    stage_open(&stage);
    for (size_t at = 0; at < ROWS; at++) {
        char name[16];

        server_open(&servers[at], stage.loop, rows[at].manner, rows[at].pages);
        snprintf(name, sizeof(name), "row-%zu", at);
        params[at] =
            params_of(name, rows[at].type, "%s://127.0.0.1:%d", rows[at].scheme, servers[at].port);
        params[at].check = (uint8_t)rows[at].check;
    }
    apply(&stage, params, ROWS);
    stage_run(&stage, is_each_done);
    for (size_t at = 0; at < ROWS; at++) {
        check_row(at, probe_set_state(stage.set, at));
        assert_true(servers[at].most_open <= 1);
        server_close(&servers[at]);
    }
    stalls = *loop_stalls(stage.loop);
    stage_close(&stage);
    free(servers);
    return stalls;
}

static void test_manners(void **unused)
{
    struct loop_stalls stalls = {.count = 1};
    const size_t before = open_descriptors();

    (void)unused;
    for (int try = 0; try < TRIES && stalls.count > 0; try++) {
        stalls = run_rows();
        assert_int_equal(open_descriptors(), before);
    }
    if (stalls.count > 0)
        fail_msg("%s took %ld ms", stalls.worst_name, (long)(stalls.worst_ns / NS_PER_MS));
}

static void test_without_server(void **unused)
{
    struct stage stage;
    struct server server;
    const struct probe_params params[] = {
        params_of("refused", PROBE_TYPE_HTTP, "http://127.0.0.1:1"),
        params_of("refused-tcp", PROBE_TYPE_TCP, "tcp://127.0.0.1:1"),
        params_of("refused-v6", PROBE_TYPE_HTTP, "http://[::1]:1"),
        params_of("cluster", PROBE_TYPE_MINIO, "http://127.0.0.1:1"),
        params_of("broadcast", PROBE_TYPE_HTTP, "http://255.255.255.255:1"),
    };

    (void)unused;
    stage_open(&stage);
    server_open(&server, stage.loop, MANNER_SILENCE, NULL);
    apply(&stage, params, 5);
    stage_run(&stage, is_each_done);
    for (size_t at = 0; at < 5; at++) {
        const struct probe_state *const state = probe_set_state(stage.set, at);
        assert_int_equal(state->outcome, PROBE_OUTCOME_FAILURE);
        assert_int_equal(state->failures[state->reason], 1);
        if (strcmp(state->params.name, "broadcast") == 0)
            assert_int_equal(state->reason, PROBE_REASON_UNREACHABLE);
        else if (strcmp(state->params.name, "refused-v6") != 0 /* where there is no IPv6 */)
            assert_string_equal(state->text, "connection refused");
    }
    server_close(&server);
    stage_close(&stage);
}

/* Without descriptors this process knows nothing of anybody: that makes no probe go down. */
static bool have_three_ended(struct stage *stage)
{
    return stage->ended == 3;
}

/* Many probes that begin together must not be one burst; how late each is asked is counted. */
static void test_starts_are_apart(void **unused)
{
    const struct probe_params params[] = {
        params_of("first", PROBE_TYPE_HTTP, "http://127.0.0.1:1"),
        params_of("second", PROBE_TYPE_HTTP, "http://127.0.0.1:1"),
        params_of("third", PROBE_TYPE_HTTP, "http://127.0.0.1:1"),
    };
    struct monotime due[3];
    struct stage stage;

    (void)unused;
    stage_open(&stage);
    apply(&stage, params, 3);
    stage_run(&stage, have_three_ended);
    for (size_t at = 0; at < 3; at++) {
        const struct probe_state *const state = probe_set_find(stage.set, params[at].name);
        assert_true(state->late_ns >= 0);
        due[at] = monotime_add(state->started, -state->late_ns);
    }
    assert_int_equal(monotime_since(due[0], due[1]), 200 * NS_PER_US);
    assert_int_equal(monotime_since(due[1], due[2]), 200 * NS_PER_US);
    assert_int_equal(probe_set_lateness(stage.set)->count, 3);
    stage_close(&stage);
}

static void test_without_descriptors(void **unused)
{
    struct rlimit before, none;
    struct stage stage;
    struct server server;
    struct probe_params params;

    (void)unused;
    stage_open(&stage);
    server_open(&server, stage.loop, MANNER_ANSWER, registry_pages);
    params = params_of("registry", PROBE_TYPE_REGISTRY, "http://127.0.0.1:%d", server.port);
    params.fall = 1;
    apply(&stage, &params, 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    stage_run(&stage, is_each_done);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(probe_set_state(stage.set, 0)->outcome, PROBE_OUTCOME_UNKNOWN);
    assert_int_equal(probe_set_state(stage.set, 0)->health, PROBE_UNKNOWN);
    assert_memory_equal(probe_set_state(stage.set, 0)->text, "regha itself could not ask", 26);
    server_close(&server);
    stage_close(&stage);
}

static bool is_ten_ended(struct stage *stage)
{
    return stage->ended >= 10;
}

/* Connections are used again, also by the second request of a registry probe. */
static void test_connections_are_kept(void **unused)
{
    struct stage stage;
    struct server server;
    struct probe_params params;

    (void)unused;
    stage_open(&stage);
    server_open(&server, stage.loop, MANNER_ANSWER, registry_pages);
    params = params_of("registry", PROBE_TYPE_REGISTRY, "http://localhost:%d", server.port);
    params.interval_ns = 10 * NS_PER_MS;
    apply(&stage, &params, 1);
    stage_run(&stage, is_ten_ended);
    assert_int_equal(server.requests, 20);
    assert_int_equal(server.accepted, 1);
    assert_int_equal(probe_set_state(stage.set, 0)->health, PROBE_UP);
    assert_int_equal(probe_set_state(stage.set, 0)->streak, 10);
    assert_int_equal(stage.health_changes, 1);
    server_close(&server);
    stage_close(&stage);
}

/* A server may close a connection that is idle: that is no failure. */
static void test_connections_that_were_closed(void **unused)
{
    struct stage stage;
    struct server server;
    struct probe_params params[2];

    (void)unused;
    stage_open(&stage);
    server_open(&server, stage.loop, MANNER_ANSWER_ONCE, registry_pages);
    params[0] = params_of("registry", PROBE_TYPE_REGISTRY, "http://127.0.0.1:%d", server.port);
    params[1] = params_of("port", PROBE_TYPE_TCP, "tcp://127.0.0.1:%d", server.port);
    params[0].interval_ns = params[1].interval_ns = 10 * NS_PER_MS;
    apply(&stage, params, 2);
    stage_run(&stage, is_ten_ended);
    assert_int_equal(stage.health_changes, 2);
    assert_int_equal(probe_set_state(stage.set, 0)->health, PROBE_UP);
    assert_int_equal(probe_set_state(stage.set, 1)->health, PROBE_UP);
    assert_true(server.most_open <= 2);
    server_close(&server);
    stage_close(&stage);
}

static bool is_down(struct stage *stage)
{
    return probe_set_state(stage->set, 0)->health == PROBE_DOWN;
}

static bool is_up(struct stage *stage)
{
    return probe_set_state(stage->set, 0)->health == PROBE_UP;
}

static void test_down_and_up_again(void **unused)
{
    struct stage stage;
    struct server server;
    struct probe_params params;
    const struct probe_state *state;

    (void)unused;
    stage_open(&stage);
    server_open(&server, stage.loop, MANNER_ANSWER, registry_pages);
    params = params_of("registry", PROBE_TYPE_REGISTRY, "http://127.0.0.1:%d", server.port);
    params.interval_ns = 40 * NS_PER_MS;
    params.timeout_ns = 20 * NS_PER_MS;
    apply(&stage, &params, 1);
    state = probe_set_state(stage.set, 0);
    stage_run(&stage, is_up);
    server.manner = MANNER_RESET;
    stage_run(&stage, is_down);
    assert_int_equal(state->streak, params.fall);
    assert_true(state->failure_started.ns > state->success_started.ns);
    assert_int_equal(state->changed.ns, state->ended.ns);
    server.manner = MANNER_ANSWER;
    stage_run(&stage, is_up);
    assert_int_equal(state->streak, params.rise);
    assert_int_equal(stage.health_changes, 3);
    server_close(&server);
    stage_close(&stage);
}

static void test_apply_keeps_what_is_the_same(void **unused)
{
    struct stage stage;
    struct server server;
    struct probe_params params[3];
    const struct probe_state *kept;
    struct err err;

    (void)unused;
    stage_open(&stage);
    server_open(&server, stage.loop, MANNER_ANSWER, registry_pages);
    params[0] = params_of("kept", PROBE_TYPE_REGISTRY, "http://127.0.0.1:%d", server.port);
    params[1] = params_of("changed", PROBE_TYPE_REGISTRY, "http://127.0.0.1:%d", server.port);
    params[2] = params_of("gone", PROBE_TYPE_REGISTRY, "http://127.0.0.1:%d", server.port);
    apply(&stage, params, 3);
    stage_run(&stage, is_each_done);
    kept = probe_set_find(stage.set, "kept");

    /* Refused whole, nothing changed. */
    params[2].timeout_ns = 0;
    assert_int_equal(probe_set_apply(stage.set, params, 3, &err), -22);
    assert_non_null(strstr(err.text, "\"gone\""));
    params[2] = params[0];
    assert_int_equal(probe_set_apply(stage.set, params, 3, &err), -17);
    assert_int_equal(probe_set_count(stage.set), 3);

    params[1].fall++;
    params[2] = params[0];
    params[0] = params[1];
    apply(&stage, (struct probe_params[]){params[1], params[2]}, 2);
    assert_int_equal(probe_set_count(stage.set), 2);
    assert_ptr_equal(probe_set_state(stage.set, 1), kept);
    assert_int_equal(kept->health, PROBE_UP);
    assert_int_equal(kept->attempts, 1);
    assert_int_equal(probe_set_state(stage.set, 0)->health, PROBE_UNKNOWN);
    assert_null(probe_set_find(stage.set, "gone"));
    stage_run(&stage, is_each_done);
    assert_int_equal(kept->attempts, 1);
    apply(&stage, NULL, 0);
    assert_int_equal(probe_set_count(stage.set), 0);
    server_close(&server);
    stage_close(&stage);
}

static void replace_myself(struct stage *stage, const struct probe_state *state,
                           struct monotime now)
{
    struct probe_params params = state->params;

    (void)now;
    params.fall++;
    apply(stage, &params, 1);
}

/* The one who is told may throw away what it is told of. */
static void test_apply_from_the_callback(void **unused)
{
    struct stage stage;
    struct server server;
    struct probe_params params;

    (void)unused;
    stage_open(&stage);
    server_open(&server, stage.loop, MANNER_ANSWER, registry_pages);
    stage.on_ended = replace_myself;
    params = params_of("answers", PROBE_TYPE_REGISTRY, "http://127.0.0.1:%d", server.port);
    apply(&stage, &params, 1);
    stage_run(&stage, is_ten_ended);
    stage.ended = 0;
    server.manner = MANNER_SILENCE;
    params.timeout_ns = 10 * NS_PER_MS;
    apply(&stage, &params, 1);
    stage_run(&stage, is_ten_ended);
    server_close(&server);
    stage_close(&stage);
}

static void test_not_applicable(void **unused)
{
    struct stage stage;
    struct server server;
    struct probe_params params[2];
    const struct probe_state *state;

    (void)unused;
    stage_open(&stage);
    server_open(&server, stage.loop, MANNER_SILENCE, NULL);
    params[0] = params_of("registry", PROBE_TYPE_REGISTRY, "http://127.0.0.1:%d", server.port);
    params[1] = params_of("port", PROBE_TYPE_TCP, "tcp://127.0.0.1:%d", server.port);
    params[1].interval_ns = 50 * NS_PER_MS;
    apply(&stage, params, 2);
    state = probe_set_find(stage.set, "registry");
    probe_set_applicable(stage.set, "registry", false, monotime_now());
    probe_set_applicable(stage.set, "nobody", false, monotime_now());
    probe_set_hurry(stage.set, "registry", monotime_now());
    assert_int_equal(state->health, PROBE_NOT_APPLICABLE);
    assert_false(state->applicable);
    stage_run(&stage, is_ten_ended);
    assert_int_equal(state->attempts, 0);
    assert_int_equal(server.requests, 0);
    /* A reload does not change what the others said of it. */
    apply(&stage, params, 2);
    assert_int_equal(state->health, PROBE_NOT_APPLICABLE);
    probe_set_applicable(stage.set, "registry", true, monotime_now());
    assert_int_equal(state->health, PROBE_UNKNOWN);
    stage_run(&stage, is_each_done);
    assert_int_equal(state->reason, PROBE_REASON_TIMEOUT);
    server_close(&server);
    stage_close(&stage);
}

static void hurry(struct stage *stage, const struct probe_state *state, struct monotime now)
{
    probe_set_hurry(stage->set, state->params.name, now);
    probe_set_hurry(stage->set, state->params.name, now);
}

static void test_hurry(void **unused)
{
    struct stage stage;
    struct server server;
    struct probe_params params;
    const struct probe_state *state;

    (void)unused;
    stage_open(&stage);
    server_open(&server, stage.loop, MANNER_ANSWER, registry_pages);
    params = params_of("registry", PROBE_TYPE_REGISTRY, "http://127.0.0.1:%d", server.port);
    params.interval_ns = NS_PER_S;
    apply(&stage, &params, 1);
    stage.on_ended = hurry;
    stage_run(&stage, is_ten_ended);
    state = probe_set_state(stage.set, 0);
    /* Nine pauses of a twentieth of the interval, where there were nine intervals. */
    assert_true(monotime_since(state->changed, state->ended) >= 9 * 50 * NS_PER_MS);
    assert_true(monotime_since(state->changed, state->ended) < 4 * NS_PER_S);
    assert_int_equal(server.most_open, 1);
    server_close(&server);
    stage_close(&stage);
}

static void hurry_slow(struct stage *stage, const struct probe_state *state, struct monotime now)
{
    if (strcmp(state->params.name, "quick") == 0)
        probe_set_hurry(stage->set, "slow", now);
}

static bool is_slow_asked_twice(struct stage *stage)
{
    return probe_set_find(stage->set, "slow")->attempts == 2;
}

/* The attempt that is on its way may have begun before what one hurries for: another follows. */
static void test_hurry_on_the_way(void **unused)
{
    struct stage stage;
    struct server servers[2];
    struct probe_params params[2];
    const struct probe_state *slow;

    (void)unused;
    stage_open(&stage);
    server_open(&servers[0], stage.loop, MANNER_SILENCE, NULL);
    server_open(&servers[1], stage.loop, MANNER_ANSWER, registry_pages);
    params[0] = params_of("slow", PROBE_TYPE_HTTP, "http://127.0.0.1:%d", servers[0].port);
    params[1] = params_of("quick", PROBE_TYPE_REGISTRY, "http://127.0.0.1:%d", servers[1].port);
    params[0].interval_ns = 10 * NS_PER_S;
    stage.on_ended = hurry_slow;
    apply(&stage, params, 2);
    stage_run(&stage, is_slow_asked_twice);
    slow = probe_set_find(stage.set, "slow");
    assert_int_equal(slow->streak, 2);
    /* The first one had its time, the pause is a twentieth of the interval. */
    assert_true(monotime_since(slow->failure_started, slow->started) >= 800 * NS_PER_MS);
    assert_true(monotime_since(slow->failure_started, slow->started) < 4 * NS_PER_S);
    assert_int_equal(servers[0].most_open, 1);
    server_close(&servers[0]);
    server_close(&servers[1]);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manners),
        cmocka_unit_test(test_without_server),
        cmocka_unit_test(test_starts_are_apart),
        cmocka_unit_test(test_without_descriptors),
        cmocka_unit_test(test_connections_are_kept),
        cmocka_unit_test(test_connections_that_were_closed),
        cmocka_unit_test(test_down_and_up_again),
        cmocka_unit_test(test_apply_keeps_what_is_the_same),
        cmocka_unit_test(test_apply_from_the_callback),
        cmocka_unit_test(test_not_applicable),
        cmocka_unit_test(test_hurry),
        cmocka_unit_test(test_hurry_on_the_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
