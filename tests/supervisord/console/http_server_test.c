/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HTTP server for real: a server in a child, clients that behave and clients that do not. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisord/console/http_listener.h"
#include "supervisord/console/http_server.h"
#include "tests/supervisord/world_fixture.h"

#define PATIENCE_MS 10000
#define BIG_BYTES   (1024 * 1024)

static struct world_fixture fixture;
static uint16_t port;
static pid_t server;

static struct address loopback(const char *text)
{
    struct address address = {0};

    assert_int_equal(address_parse(text, &address), 0);
    return address;
}

/* A port that nobody has: asked of the kernel, given back, and used at once. */
static uint16_t free_port(void)
{
    const struct address address = loopback("127.0.0.1");
    struct sockaddr_in found = {0};
    socklen_t bytes = sizeof(found);
    struct err err;
    const int fd = http_listener_open(&address, 0, &err);

    assert_true(fd >= 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&found, &bytes), 0);
    close(fd);
    return ntohs(found.sin_port);
}

static int serve(int ready_fd)
{
    struct http_server *http = NULL;
    struct loop *loop = NULL;
    struct err err;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    world_fixture_init(&fixture);
    fixture.settings.metrics.port = port;
    fixture.nodes[1].address = loopback("127.0.0.2");
    if (loop_new(20 * NS_PER_MS, &loop, &err) < 0 ||
        http_server_open(loop, &fixture.world, &fixture.settings, &http, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    http_server_set_limit(http, 400 * NS_PER_MS);
    if (write(ready_fd, "r", 1) != 1)
        return 1;
    return loop_run(loop);
}

static int start_server(void **state)
{
    int ready[2];
    char byte;

    (void)state;
    port = free_port();
    assert_int_equal(pipe(ready), 0);
    server = fork();
    assert_true(server >= 0);
    if (server == 0)
        _exit(serve(ready[1]));
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return 0;
}

static int connected_to(const char *host)
{
    const struct address address = loopback(host);
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ipv4.sin_addr = address_ipv4(&address);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&ipv4, sizeof(ipv4)), 0);
    return fd;
}

/* All until the server ends it; heap. "" if it just ends. */
static char *hear(int fd)
{
    char *text = calloc(1, BIG_BYTES + 1);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    size_t used = 0;
    ssize_t got = 1;

    assert_non_null(text);
    while (got > 0 && used < BIG_BYTES) {
        assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
        got = recv(fd, text + used, BIG_BYTES - used, 0);
        used += got > 0 ? (size_t)got : 0;
    }
    text[used] = '\0';
    close(fd);
    return text;
}

static char *ask(const char *request)
{
    const int fd = connected_to("127.0.0.1");

    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    return hear(fd);
}

static void expect(const char *request, const char *status, const char *part)
{
    char *answer = ask(request);

    if (strncmp(answer, status, strlen(status)) != 0 || !strstr(answer, part))
        print_error("%s\ngot\n%s\n", request, answer);
    assert_int_equal(strncmp(answer, status, strlen(status)), 0);
    assert_non_null(strstr(answer, part));
    free(answer);
}

#define END " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void expect_alive(void)
{
    expect("GET /live" END, "HTTP/1.1 200", "\r\n\r\nlive\n");
}

static void test_paths(void **state)
{
    (void)state;
    expect_alive();
    expect("GET /metrics" END, "HTTP/1.1 200", "regha_vrrp_state{vrouter=\"registry\"");
    expect("GET / HTTP/1.0\r\n\r\n", "HTTP/1.", "default-src 'none'");
    expect("GET /api/v1/status" END, "HTTP/1.1 200", "{\"info\":{\"node\":\"n2\"");
    expect("GET /active?vrouter=storage" END, "HTTP/1.1 503", "not active");
    expect("GET /active?vrouter=%72egistry&x=%00" END, "HTTP/1.1 200", "active");
    expect("OPTIONS /active" END, "HTTP/1.1 200", "Allow: GET, HEAD, OPTIONS");
    expect("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n"
           "Connection: close\r\n\r\n",
           "HTTP/1.1 200", "# EOF\n");
}

static void test_head(void **state)
{
    char *answer = ask("HEAD /live" END);

    (void)state;
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_non_null(strstr(answer, "Content-Length: 5\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    free(answer);
}

static void test_node_address(void **state)
{
    const int fd = connected_to("127.0.0.2");
    char *answer;

    (void)state;
    assert_true(send(fd, "GET /live" END, strlen("GET /live" END), MSG_NOSIGNAL) > 0);
    answer = hear(fd);
    assert_non_null(strstr(answer, "200 OK"));
    free(answer);
}

static void test_keep_alive(void **state)
{
    char *answer = ask("GET /live HTTP/1.1\r\nHost: x\r\n\r\nGET /ready HTTP/1.1\r\nHost: "
                       "x\r\n\r\nGET /active" END);

    (void)state;
    assert_non_null(strstr(answer, "live\nHTTP/1.1 200 OK"));
    assert_non_null(strstr(answer, "ready\nHTTP/1.1 200 OK"));
    assert_non_null(strstr(answer, "\nactive\n"));
    free(answer);
}

static void test_refused(void **state)
{
    (void)state;
    expect("GET /nothing" END, "HTTP/1.1 404", "not here");
    expect("DELETE /metrics" END, "HTTP/1.1 405", "Allow: GET, HEAD\r\n");
    expect("BREW /metrics" END, "HTTP/1.1 405", "only GET and HEAD");
    expect("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody", "HTTP/1.1 413",
           "a body is not read");
    expect("GET /live HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\nbegin", "HTTP/1.1 413",
           "a body is not read");
    expect("GET /live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 413",
           "a body is not read");
}

/* Of `bytes`, as far as the server takes them. */
static void expect_flood(const char *start, const char *status)
{
    char *big = malloc(BIG_BYTES), *answer;
    const int fd = connected_to("127.0.0.1");

    assert_non_null(big);
    memset(big, 'a', BIG_BYTES);
    memcpy(big, start, strlen(start));
    (void)send(fd, big, BIG_BYTES, MSG_NOSIGNAL); /* is reset in the middle, perhaps */
    answer = hear(fd);
    print_message("%.40s... -> %.30s\n", start, answer);
    /* The reset may come before the answer is read; what counts is the end, and soon. */
    if (answer[0] != '\0' && strncmp(answer, status, strlen(status)) != 0)
        fail_msg("%s", answer);
    free(answer);
    free(big);
}

static void test_one_megabyte(void **state)
{
    (void)state;
    expect_flood("GET /", "HTTP/1.1 4");
    expect_flood("GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", "HTTP/1.1 4");
    expect_flood("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048000\r\n\r\n", "HTTP/1.1 413");
    expect_flood("\0\1\2\3", "HTTP/1.1 4");
    expect_alive();
}

/* One byte now and then does not keep a connection: the request has a time as a whole. */
static void test_slow(void **state)
{
    static const char request[] = "GET /live HTTP/1.1\r\nX-A: ";
    struct pollfd wait = {.fd = connected_to("127.0.0.1"), .events = POLLIN};
    size_t sent = 0;
    char answer;

    (void)state;
    while (sent < 500 && poll(&wait, 1, 20) == 0) {
        const char byte =
            sent < sizeof(request) - 1 ? request[sent] : 'a'; /* a header without end */

        if (send(wait.fd, &byte, 1, MSG_NOSIGNAL) != 1)
            break;
        sent++;
    }
    assert_true(recv(wait.fd, &answer, 1, MSG_DONTWAIT) <= 0); /* ended, not answered */
    close(wait.fd);
    assert_true(sent > 5 && sent < 200);
    expect_alive();
}

/* More connections than one host may have, and all of them silent: they go, others are served. */
static void test_crowd(void **state)
{
    int fds[100];

    (void)state;
    for (int i = 0; i < 100; i++)
        fds[i] = connected_to(i % 2 ? "127.0.0.1" : "127.0.0.2");
    for (int i = 0; i < 100; i++) {
        char *answer = hear(fds[i]);

        assert_string_equal(answer, "");
        free(answer);
    }
    expect_alive();
}

/* So many at once are more than one host may have; soon the server has seen that they are gone. */
static void expect_alive_soon(void)
{
    bool alive = false;

    for (int i = 0; i < 500 && !alive; i++) {
        char *answer = ask("GET /live" END);

        alive = strstr(answer, "200 OK") != NULL;
        free(answer);
        (void)poll(NULL, 0, alive ? 0 : 20);
    }
    assert_true(alive);
}

static void test_leaves(void **state)
{
    static const char request[] = "GET /metrics" END;

    (void)state;
    for (size_t i = 0; i < 60; i++) {
        const int fd = connected_to("127.0.0.1");
        const struct linger at_once = {1, 0};

        (void)send(fd, request, i % sizeof(request), MSG_NOSIGNAL);
        if (i % 3 == 0)
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(fd);
    }
    expect_alive_soon();
}

/* A reload: what stays is not touched, what goes is closed, what cannot come changes nothing. */
static void test_apply(void **state)
{
    struct settings other;
    struct http_server *http = NULL;
    struct loop *loop = NULL;
    struct err err;

    (void)state;
    world_fixture_init(&fixture);
    fixture.nodes[1].address = loopback("127.0.0.2");
    fixture.settings.metrics.port = free_port();
    assert_int_equal(loop_new(NS_PER_S, &loop, &err), 0);
    assert_int_equal(http_server_open(loop, &fixture.world, &fixture.settings, &http, &err), 0);
    other = fixture.settings;
    assert_int_equal(http_server_apply(http, &other, &err), 0);
    other.metrics.port = port; /* the other server's */
    assert_int_equal(http_server_apply(http, &other, &err), -EADDRINUSE);
    assert_non_null(strstr(err.text, "cannot bind metrics to 127.0.0.1 port"));
    other.self = SETTINGS_NO_NODE;
    other.metrics.port = fixture.settings.metrics.port;
    assert_int_equal(http_server_apply(http, &other, &err), 0);
    other.metrics.port = 0;
    assert_int_equal(http_server_apply(http, &other, &err), 0);
    assert_int_equal(http_server_apply(http, &fixture.settings, &err), 0);
    http_server_close(http);
    loop_free(loop);
    expect_alive();
}

/* An address of either family that this host does not have yet is bound all the same. */
static void test_absent_address(void **state)
{
    static const char *const addresses[] = {"192.0.2.77", "fd00:7::77"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct address address = loopback(addresses[i]);
        struct err err = {""};
        const int fd = http_listener_open(&address, port, &err);

        if (fd == -EAFNOSUPPORT)
            continue; /* a kernel without IPv6 */
        if (fd < 0)
            print_error("%s\n", err.text);
        assert_true(fd >= 0);
        close(fd);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_paths),      TEST(test_head),           TEST(test_node_address),
        TEST(test_keep_alive), TEST(test_refused),        TEST(test_one_megabyte),
        TEST(test_slow),       TEST(test_crowd),          TEST(test_leaves),
        TEST(test_apply),      TEST(test_absent_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
