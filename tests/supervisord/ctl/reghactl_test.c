/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program itself against a real control socket: what is printed where, and how it ends. */
#include <fcntl.h>
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
#include "supervisord/console/session.h"
#include "tests/supervisord/world_fixture.h"

#define TEXT_BYTES 65536
#define WORDS      8

struct run {
    int code;
    char out[TEXT_BYTES], err[TEXT_BYTES];
};

static struct world_fixture fixture;
static struct run run;
static char folder[] = "/tmp/regha-ctl-XXXXXX";
static char path[64];
static pid_t server;

static int restart(void *owner, const char *name, struct err *err)
{
    (void)owner;
    (void)name;
    (void)err;
    return 0; /* and nothing happens */
}

static const struct command_core core = {.restart_registry = restart};

static int serve(int ready_fd)
{
    const struct control_params params = {&fixture.world, &core, path, NULL};
    struct control *control = NULL;
    struct loop *loop = NULL;
    struct err err;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    world_fixture_init(&fixture);
    fixture.registries[0].settings.params.drain_ns = 0;
    fixture.registries[0].settings.start_timeout_ns = -3500 * NS_PER_MS; /* 1.5 s in all */
    if (loop_new(NS_PER_S, &loop, &err) < 0 || control_open(loop, &params, &control, &err) < 0 ||
        write(ready_fd, "r", 1) != 1)
        return 1;
    return loop_run(loop);
}

static int start_server(void **state)
{
    int ready[2];
    char byte;

    (void)state;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    server = fork();
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

static int scratch(const char *name)
{
    char file[96];
    int fd;

    snprintf(file, sizeof(file), "%s/%s", folder, name);
    fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    unlink(file);
    return fd;
}

static void read_back(int fd, char text[TEXT_BYTES])
{
    const ssize_t bytes = pread(fd, text, TEXT_BYTES - 1, 0);

    assert_true(bytes >= 0);
    text[bytes] = '\0';
    close(fd);
}

/* reghactl -s PATH WORDS..., with `input` on standard input. */
static void ctl_with(const char *input, const char *const *words)
{
    const char *arguments[WORDS + 4] = {"reghactl", "-s", path};
    const int in = scratch("in"), out = scratch("out"), err = scratch("err");
    int status;
    pid_t child;

    for (int i = 0; words[i]; i++)
        arguments[3 + i] = words[i];
    assert_int_equal(pwrite(in, input, strlen(input), 0), strlen(input));
    child = fork();
    if (child == 0) {
        char *copies[WORDS + 4] = {NULL};

        for (int i = 0; arguments[i]; i++)
            copies[i] = strdup(arguments[i]);
        dup2(in, STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        execv(REGHACTL, copies);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    run.code = WEXITSTATUS(status);
    close(in);
    read_back(out, run.out);
    read_back(err, run.err);
}

#define CTL(...) ctl_with("", (const char *const[]){__VA_ARGS__, NULL})

static void expect(int code, const char *out, const char *err)
{
    if (run.code != code || !strstr(run.out, out) || !strstr(run.err, err))
        print_error("code %d\nout: %s\nerr: %s\n", run.code, run.out, run.err);
    assert_int_equal(run.code, code);
    assert_non_null(strstr(run.out, out));
    assert_non_null(strstr(run.err, err));
    assert_null(strstr(run.out, "\n# rc="));
    assert_null(strstr(run.out, "\033"));
}

static void test_words(void **state)
{
    char joined[TEXT_BYTES];

    (void)state;
    CTL("show", "vips");
    expect(0, "10.0.0.100", "");
    memcpy(joined, run.out, sizeof(joined));
    CTL("show vips");
    assert_string_equal(run.out, joined);
    CTL("-j", "show", "vips");
    expect(0, "[{\"address\":\"10.0.0.100\"", "");
    CTL("show info; help x");
    expect(2, "running for", "usage: help");
    CTL("nagios");
    expect(1, "REGHA WARNING - ", "");
    CTL("help");
    expect(0, "show registries", "");
}

static void test_mistakes(void **state)
{
    (void)state;
    CTL("show", "infoo");
    expect(2, "", "the nearest one is: show info");
    CTL("-x");
    expect(2, "", "see reghactl --help");
    CTL("-w", "soon", "nagios");
    expect(2, "", "no time \"soon\"");
    CTL("help\nreload");
    expect(2, "", "line break");
    CTL("prompt");
    expect(2, "", "is for the socket itself");
    CTL("key", "make", "x");
    expect(2, "", "usage: reghactl key create FILE");
    CTL("registry", "registry", "restart");
    expect(5, "", "is running and not ready after 1.5 s");
    CTL("--version");
    expect(0, "reghactl " REGHA_VERSION "\n", "");
    CTL("--help");
    expect(0, "usage: reghactl", "");
}

/* It is told so even though its line is never read. */
static void test_crowd(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fds[CONTROL_CLIENTS];

    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    for (int i = 0; i < CONTROL_CLIENTS; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fds[i], (const struct sockaddr *)&address, sizeof(address)), 0);
    }
    CTL("show", "info");
    expect(1, "", "too many connections");
    for (int i = 0; i < CONTROL_CLIENTS; i++)
        close(fds[i]);
}

static void test_lines(void **state)
{
    static const char *const none[] = {NULL};

    (void)state;
    ctl_with("show vips\n\nshow inf\nquit\nshow probes\n", none);
    expect(0, "10.0.0.100", "");
    assert_non_null(strstr(run.out, "running for"));
    assert_null(strstr(run.out, "minio-here"));
    assert_null(strstr(run.out, "regha> "));
    ctl_with("show vips\nnonsense\nshow vips", none);
    expect(2, "10.0.0.100", "unknown command \"nonsense\"");
}

static void test_no_daemon(void **state)
{
    (void)state;
    unlink(path);
    CTL("show", "info");
    expect(3, "", "it is not running. Start it with: systemctl start reghad");
    CTL("nagios");
    expect(3, "REGHA UNKNOWN - reghad does not answer", "");
}

/* One that listens and never answers, and one that hangs up. */
static void test_silent_daemon(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t child;

    (void)state;
    unlink(path);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    CTL("-t", "100ms", "show", "info");
    expect(5, "", "reghad is there but says nothing");
    child = fork();
    if (child == 0) {
        static const char half[] = "node  n2\n";

        (void)accept4(fd, NULL, NULL, SOCK_CLOEXEC); /* the one that gave up */
        const int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

        _exit(send(client, half, sizeof(half) - 1, MSG_NOSIGNAL) < 0);
    }
    CTL("show", "info");
    expect(3, "", "");
    waitpid(child, NULL, 0);
    close(fd);
}

static void test_denied(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    CTL("show", "info");
    expect(0, "node", "");
    /* Without the right to open the socket the kernel says no before reghad does. */
    const pid_t child = fork();
    if (child == 0) {
        char *const words[] = {strdup("reghactl"), strdup("-s"), path, strdup("show info"), NULL};

        if (chmod(folder, 0755) < 0 || freopen("/dev/null", "w", stderr) == NULL ||
            setgid(65534) < 0 || setuid(65534) < 0)
            _exit(126);
        execv(REGHACTL, words);
        _exit(access(REGHACTL, X_OK) < 0 ? 4 : 127); /* a build folder of root's */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 4);
}

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/control.sock", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words),
        TEST(test_mistakes),
        TEST(test_crowd),
        TEST(test_lines),
        TEST(test_denied),
        cmocka_unit_test(test_no_daemon),
        cmocka_unit_test(test_silent_daemon),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
