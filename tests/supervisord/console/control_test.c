/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket for real: a server in a child, clients that behave and clients that do not. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisord/console/control.h"
#include "supervisord/console/control_socket.h"
#include "supervisord/console/session.h"
#include "tests/supervisord/world_fixture.h"

#define ANSWER_BYTES (4 * 1024 * 1024)
#define PATIENCE_MS  10000

static struct world_fixture fixture;
static char folder[] = "/tmp/regha-control-XXXXXX";
static char path[64], other_path[64];
static struct control *control;

static const struct session_limits limits = {
    .line_ns = 300 * NS_PER_MS,
    .prompt_ns = 600 * NS_PER_MS,
    .write_ns = 300 * NS_PER_MS,
    .poll_ns = 10 * NS_PER_MS,
};

/* Moves the socket while the command that asked for it is still being answered. */
static int reload(void *owner, struct err *err)
{
    (void)owner;
    return control_apply(control, other_path, err);
}

static int check(void *owner, FILE *out)
{
    (void)owner;
    for (int i = 0; i < 100000; i++)
        fprintf(out, "line %d\n\n", i);
    return 0;
}

static int restart(void *owner, const char *name, struct err *err)
{
    (void)owner;
    (void)name;
    (void)err;
    fixture.registries[0].status.started_ns++;
    fixture.probes.states[3].success_started = MONOTIME_NEVER;
    return 0;
}

static const struct command_core core = {
    .reload = reload, .check = check, .restart_registry = restart};

static int serve(int ready_fd)
{
    struct control_params params = {&fixture.world, &core, path, &limits};
    struct loop *loop = NULL;
    struct err err;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    world_fixture_init(&fixture);
    if (loop_new(NS_PER_S, &loop, &err) < 0 || control_open(loop, &params, &control, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    if (write(ready_fd, "r", 1) != 1)
        return 1;
    return loop_run(loop);
}

static pid_t server;

static int start_server(void **state)
{
    int ready[2];
    char byte;

    (void)state;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
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
    kill(server, SIGKILL); /* leaves its socket behind: the next one replaces it */
    waitpid(server, NULL, 0);
    return 0;
}

static int try_connect(const char *at)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", at);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        return -errno;
    }
    return fd;
}

static int connected(void)
{
    const int fd = try_connect(path);

    assert_true(fd >= 0);
    return fd;
}

static void say(int fd, const char *text, size_t bytes)
{
    assert_int_equal(send(fd, text, bytes, MSG_NOSIGNAL), bytes);
}

/* All until the server ends; fails the test if it does not end. */
static char *hear(int fd)
{
    char *text = calloc(1, ANSWER_BYTES + 1);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    size_t used = 0;
    ssize_t got = 1;

    assert_non_null(text);
    while (got > 0 && used < ANSWER_BYTES) {
        assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
        got = recv(fd, text + used, ANSWER_BYTES - used, 0);
        used += got > 0 ? (size_t)got : 0;
    }
    text[used] = '\0';
    close(fd);
    return text;
}

/* How long it took is this machine's affair. */
static void mask_time(char *text)
{
    static const char before[] = "ready after ";
    char *digits = strstr(text, before);

    for (digits = digits ? digits + strlen(before) : NULL;
         digits && isdigit((unsigned char)*digits); digits++)
        *digits = 'N';
}

static void expect(const char *line, const char *want)
{
    const int fd = connected();
    char *got;

    say(fd, line, strlen(line));
    got = hear(fd);
    print_message("%s", line);
    mask_time(got);
    assert_string_equal(got, want);
    free(got);
}

/* The server answers as before, whatever the last client did. */
static void expect_wellbeing(void)
{
    const int fd = connected();
    char *got;

    say(fd, "show vips\n", 10);
    got = hear(fd);
    assert_non_null(strstr(got, "10.0.0.100"));
    free(got);
}

static void test_protocol(void **state)
{
    (void)state;
    expect("set exit-status on; help x; clear counters\n",
           "usage: help\n# rc=2\n\n"
           "show errors counts from now on; metrics go on\n# rc=0\n\n");
    expect("relaod\r\n", "unknown command \"relaod\", the nearest one is: reload\n\n");
    expect("\n", "");
    expect("quit; help x\n", "");
    expect("prompt\nhelp x\nhelp y; help z\nquit\n",
           "> usage: help\n\n> usage: help\n\nusage: help\n\n> ");
    expect("set exit-status on; registry registry restart; nagios x\n",
           "registry registry runs again as process 4242, ready after NN ms\n# rc=0\n\n"
           "usage: nagios\n# rc=2\n\n");
}

static void test_half_closed(void **state)
{
    const int fd = connected();
    char *got;

    (void)state;
    say(fd, "help x\nhel", 10); /* half a line is no command */
    shutdown(fd, SHUT_WR);
    got = hear(fd);
    assert_string_equal(got, "usage: help\n\n");
    free(got);
}

static void test_bad_lines(void **state)
{
    char *huge = malloc(1024 * 1024), *got;
    int fd = connected();

    (void)state;
    say(fd, "set exit-status on; show\0info\n", 30);
    got = hear(fd);
    assert_string_equal(got, "the line holds a control character\n\n");
    free(got);

    memset(huge, 'x', 1024 * 1024);
    fd = connected();
    (void)send(fd, huge, 1024 * 1024, MSG_NOSIGNAL); /* is cut off in the middle */
    got = hear(fd);
    assert_string_equal(got, "the line is longer than 4095 characters\n\n");
    free(got);

    huge[4095] = '\n'; /* as long as it may be */
    fd = connected();
    say(fd, huge, 4096);
    got = hear(fd);
    assert_non_null(strstr(got, "unknown command"));
    free(got);
    free(huge);
    expect_wellbeing();
}

static void test_slow_sender(void **state)
{
    struct pollfd wait = {.events = POLLIN};
    ssize_t sent = 1;
    int dribbled = 0;

    (void)state;
    wait.fd = connected();
    while (sent == 1 && poll(&wait, 1, 20) == 0) {
        sent = send(wait.fd, "x", 1, MSG_NOSIGNAL);
        assert_true(dribbled++ < 200);
    }
    close(wait.fd);
    assert_true(dribbled > 3);
    expect_wellbeing();
}

static void test_does_not_read(void **state)
{
    const int fd = connected();
    struct pollfd wait = {.fd = fd, .events = POLLRDHUP};
    char *got;

    (void)state;
    say(fd, "configcheck\n", 12);
    assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1); /* cut, with an answer half written */
    got = hear(fd);
    assert_true(strlen(got) > 0);
    assert_null(strstr(got, "line 99999"));
    free(got);
    expect_wellbeing();
}

static void test_long_answer(void **state)
{
    const int fd = connected();
    char *got;

    (void)state;
    say(fd, "configcheck\n", 12);
    got = hear(fd);
    assert_non_null(strstr(got, "line 99999\nthe configuration file is right\n\n"));
    assert_true(strstr(got, "\n\n") - got == (ssize_t)strlen(got) - 2); /* the only empty line */
    free(got);
}

static void test_leaves(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        const int fd = connected();

        if (i % 2)
            say(fd, "show config; show info\n", (size_t)i % 23);
        close(fd);
    }
    expect_wellbeing();
}

static void test_crowd(void **state)
{
    int fds[100], refused = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        fds[i] = connected();
    for (int i = 0; i < 100; i++) {
        char *got;

        /* Those that got a place are cut for saying nothing, the others at once. */
        got = hear(fds[i]);
        refused += strcmp(got, "too many connections, try again\n# rc=1\n\n") == 0;
        free(got);
    }
    assert_int_equal(refused, 100 - CONTROL_CLIENTS);
    expect_wellbeing();
}

static void test_second_daemon(void **state)
{
    struct control_params params = {&fixture.world, &core, path, NULL};
    struct control *second = NULL;
    struct loop *loop = NULL;
    struct err err;
    char want[128];

    (void)state;
    assert_int_equal(loop_new(NS_PER_S, &loop, &err), 0);
    assert_int_equal(control_open(loop, &params, &second, &err), -EADDRINUSE);
    snprintf(want, sizeof(want), "another reghad answers on %s/there/real.sock; is one running?",
             folder);
    assert_string_equal(err.text, want);
    params.path = folder;
    assert_int_equal(control_open(loop, &params, &second, &err), -EEXIST);
    params.path = "/nonexistent/control.sock";
    assert_int_equal(control_open(loop, &params, &second, &err), -ENOENT);
    assert_string_equal(err.text, "cannot bind the control socket to /nonexistent/control.sock: No "
                                  "such file or directory");
    loop_free(loop);
    expect_wellbeing();
}

static void test_mode(void **state)
{
    struct stat status;

    (void)state;
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISLNK(status.st_mode)); /* the link is left, the socket is behind it */
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0660);
}

static void test_moves(void **state)
{
    int fd;

    (void)state;
    expect("set exit-status on; reload\n",
           "the configuration has been read and applied\n# rc=0\n\n");
    fd = try_connect(path);
    assert_int_equal(fd, -ENOENT);
    fd = try_connect(other_path);
    assert_true(fd >= 0);
    close(fd);
}

static void test_who(void **state)
{
    static const struct control_socket_groups wanted = {100, 200}, none = {(gid_t)-1, (gid_t)-1};
    static const struct {
        const char *rule;
        uid_t uid;
        gid_t groups[3];
        const struct control_socket_groups *wanted;
        enum command_level level;
    } rows[] = {
        {"root is admin", 0, {5, 6, 7}, &wanted, COMMAND_ADMIN},
        {"in no group", 1000, {5, 6, 7}, &wanted, COMMAND_NOBODY},
        {"group regha looks", 1000, {5, 100, 7}, &wanted, COMMAND_USER},
        {"regha-operator operates", 1000, {5, 6, 200}, &wanted, COMMAND_OPERATOR},
        {"the higher one counts", 1000, {100, 200, 7}, &wanted, COMMAND_OPERATOR},
        {"group root is nothing", 1000, {0, 0, 0}, &wanted, COMMAND_NOBODY},
        {"a missing group is nobody's", 1000, {(gid_t)-1, 1, 2}, &none, COMMAND_NOBODY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(control_socket_judge(rows[i].uid, rows[i].groups, 3, rows[i].wanted),
                         rows[i].level);
}

/* A real caller without any right: the kernel's word is taken, nothing he says. */
static void test_stranger(void **state)
{
    pid_t child;
    int status;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(path, 0666), 0);
    child = fork();
    if (child == 0) {
        char *got;
        int fd;

        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(2);
        fd = connected();
        say(fd, "set exit-status on; show info; reload\n", 38);
        got = hear(fd);
        _exit(strcmp(got, "permission denied: \"show info\" is for members of group regha, uid "
                          "65534 is none of them\n# rc=4\n\n"
                          "permission denied: \"reload\" is for root, uid 65534 is none of them\n"
                          "# rc=4\n\n") != 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int make_folder(void **state)
{
    char there[64];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(there, sizeof(there), "%s/there", folder);
    snprintf(path, sizeof(path), "%s/control.sock", folder);
    snprintf(other_path, sizeof(other_path), "%s/other.sock", folder);
    assert_int_equal(mkdir(there, 0755), 0);
    return symlink("there/real.sock", path);
}

static int remove_folder(void **state)
{
    char name[96];

    (void)state;
    unlink(path);
    unlink(other_path);
    snprintf(name, sizeof(name), "%s/there/real.sock", folder);
    unlink(name);
    snprintf(name, sizeof(name), "%s/there", folder);
    rmdir(name);
    return rmdir(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_protocol),    TEST(test_half_closed),   TEST(test_bad_lines),
        TEST(test_slow_sender), TEST(test_does_not_read), TEST(test_long_answer),
        TEST(test_leaves),      TEST(test_crowd),         TEST(test_second_daemon),
        TEST(test_mode),        TEST(test_moves),         cmocka_unit_test(test_who),
        TEST(test_stranger),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
