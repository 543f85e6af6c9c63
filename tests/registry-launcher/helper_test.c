/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Becoming another user needs root; without it, each test is skipped. */
#include "registry-launcher/helper.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_NS (200 * NS_PER_MS)

struct seen {
    struct loop *loop;
    struct registry_helper helper;
    char text[REGISTRY_HELPER_ANSWER_BYTES];
    char failure[256];
    int answers, idles;
    bool had_fd;
    int64_t took_ns;
    struct monotime begun;
};

static void handle_done(void *owner, struct registry_helper_answer *answer, struct monotime now)
{
    struct seen *seen = owner;

    seen->answers++;
    seen->took_ns = monotime_since(seen->begun, now);
    seen->had_fd = answer->fd >= 0;
    snprintf(seen->failure, sizeof(seen->failure), "%s",
             answer->failure != NULL ? answer->failure : "");
    if (answer->failure == NULL)
        snprintf(seen->text, sizeof(seen->text), "%.*s", (int)answer->length_bytes,
                 (const char *)answer->bytes);
}

static void handle_idle(void *owner, struct monotime now)
{
    struct seen *seen = owner;

    (void)now;
    seen->idles++;
    loop_stop(seen->loop, 0);
}

static void run(struct seen *seen, const char *user, void (*work)(const void *argument, int socket))
{
    const struct registry_helper_job job = {user, work, "argument", NULL};
    struct err err;

    if (geteuid() != 0)
        skip();
    *seen = (struct seen){.begun = monotime_now()};
    assert_int_equal(loop_new(NS_PER_S, &seen->loop, &err), 0);
    registry_helper_init(&seen->helper, seen->loop, "test", seen);
    seen->helper.done = handle_done;
    seen->helper.idle = handle_idle;
    assert_int_equal(registry_helper_start(&seen->helper, &job, LIMIT_NS, seen->begun, &err), 0);
    assert_true(registry_helper_is_busy(&seen->helper));
    loop_run(seen->loop);
    assert_false(registry_helper_is_busy(&seen->helper));
    registry_helper_fini(&seen->helper);
    loop_free(seen->loop);
    assert_int_equal(seen->answers, 1);
    assert_int_equal(seen->idles, 1);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void say_who(const void *argument, int socket)
{
    char text[64];
    const int length = snprintf(text, sizeof(text), "%s uid %u", (const char *)argument, getuid());
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    registry_helper_send(socket, text, (size_t)length, fd);
}

static void hang(const void *argument, int socket)
{
    (void)argument;
    (void)socket;
    for (;;)
        pause();
}

static void crash(const void *argument, int socket)
{
    (void)argument;
    (void)socket;
    (void)kill(getpid(), SIGKILL);
}

static void say_too_much(const void *argument, int socket)
{
    static const char text[4 * REGISTRY_HELPER_ANSWER_BYTES] = {'x'};

    (void)argument;
    registry_helper_send(socket, text, sizeof(text), -1);
}

/* No descriptor of ours but its socket: it runs as somebody who may not have them. */
static void count_descriptors(const void *argument, int socket)
{
    char text[64];
    int count = 0;

    (void)argument;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0 && fd > STDERR_FILENO;
    registry_helper_send(socket, text, (size_t)snprintf(text, sizeof(text), "%d", count), -1);
}

static void answers(void **state)
{
    struct seen seen;

    (void)state;
    run(&seen, "nobody", say_who);
    assert_string_equal(seen.text, "argument uid 65534");
    assert_string_equal(seen.failure, "");
    assert_true(seen.had_fd);
}

static void never_hangs(void **state)
{
    struct seen seen;

    (void)state;
    run(&seen, "nobody", hang);
    assert_string_equal(seen.failure, "no answer in time");
    assert_true(seen.took_ns >= LIMIT_NS);
}

static void dies(void **state)
{
    struct seen seen;

    (void)state;
    run(&seen, "nobody", crash);
    assert_string_equal(seen.failure, "the process that was to do it died");
}

static void never_root(void **state)
{
    struct seen seen;

    (void)state;
    run(&seen, "root", say_who);
    assert_string_equal(seen.failure,
                        "the user root is uid 0, and what is started here never runs as root");
    run(&seen, "nobody-of-that-name", say_who);
    assert_string_equal(seen.failure, "there is no user nobody-of-that-name");
}

static void is_bounded(void **state)
{
    struct seen seen;

    (void)state;
    run(&seen, "nobody", say_too_much);
    assert_true(strlen(seen.text) < REGISTRY_HELPER_ANSWER_BYTES);
}

static void has_no_descriptors(void **state)
{
    struct seen seen;

    (void)state;
    run(&seen, "nobody", count_descriptors);
    assert_string_equal(seen.text, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),    cmocka_unit_test(never_hangs),
        cmocka_unit_test(dies),       cmocka_unit_test(never_root),
        cmocka_unit_test(is_bounded), cmocka_unit_test(has_no_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
