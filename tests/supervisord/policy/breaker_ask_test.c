/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to a peer on loopback that answers, refuses, accepts and is silent, or ends. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervisord/policy/breaker_ask.h"

#define PATIENCE_NS (10 * NS_PER_S)

struct bench {
    struct loop *loop;
    struct breaker_ask ask;
    struct loop_timer end, look;
    int listener;
    struct loop_io accepting;
    const char *answer; /* NULL: none; "": an end */
    unsigned changes, accepted;
    int kept[4 * BREAKER_ASK_MAX]; /* what was accepted stays open: an end is an answer */
};

static void handle_changed(void *owner, struct monotime now)
{
    struct bench *bench = owner;

    (void)now;
    bench->changes++;
    loop_stop(bench->loop, 0);
}

static void handle_end(struct loop_timer *timer, struct monotime now)
{
    struct bench *bench = timer->owner;

    (void)now;
    loop_stop(bench->loop, 1);
}

static void handle_look(struct loop_timer *timer, struct monotime now)
{
    struct bench *bench = timer->owner;

    (void)now;
    loop_stop(bench->loop, 0);
}

static void handle_accept(struct loop_io *io, unsigned events, struct monotime now)
{
    struct bench *bench = io->owner;
    const int fd = accept(io->fd, NULL, NULL);

    (void)events;
    (void)now;
    assert_true(fd >= 0);
    bench->kept[bench->accepted++] = fd;
    if (!bench->answer)
        return;
    if (bench->answer[0] != '\0')
        assert_int_equal(send(fd, bench->answer, strlen(bench->answer), 0), strlen(bench->answer));
    shutdown(fd, SHUT_WR);
}

static void start(struct bench *bench, const char *answer)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct err err;

    memset(bench, 0, sizeof(*bench));
    bench->answer = answer;
    assert_int_equal(loop_new(NS_PER_S, &bench->loop, &err), 0);
    bench->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(bench->listener, (const struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(
        getsockname(bench->listener, (struct sockaddr *)&own, &(socklen_t){sizeof(own)}), 0);
    assert_int_equal(listen(bench->listener, 8), 0);
    bench->accepting = (struct loop_io){
        .name = "accept", .fd = bench->listener, .handle = handle_accept, .owner = bench};
    assert_int_equal(loop_io_start(bench->loop, &bench->accepting, LOOP_READ), 0);
    bench->ask.loop = bench->loop;
    bench->ask.address = address_from_ipv4(own.sin_addr);
    bench->ask.port = ntohs(own.sin_port);
    bench->ask.changed = handle_changed;
    bench->ask.owner = bench;
    breaker_ask_init(&bench->ask);
    loop_timer_init(&bench->end, "end", handle_end, bench);
    loop_timer_init(&bench->look, "look", handle_look, bench);
    assert_int_equal(
        loop_timer_set(bench->loop, &bench->end, monotime_add(monotime_now(), PATIENCE_NS)), 0);
}

/* Let happen what is there; the caller looks whether that is what it waits for. */
static void look(struct bench *bench)
{
    assert_int_equal(
        loop_timer_set(bench->loop, &bench->look, monotime_add(monotime_now(), NS_PER_MS)), 0);
    assert_int_equal(loop_run(bench->loop), 0);
}

static void stop_listening(struct bench *bench)
{
    if (bench->listener < 0)
        return;
    loop_io_stop(bench->loop, &bench->accepting);
    close(bench->listener);
    bench->listener = -1;
}

static void finish(struct bench *bench)
{
    breaker_ask_fini(&bench->ask);
    stop_listening(bench);
    for (unsigned at = 0; at < bench->accepted; at++)
        close(bench->kept[at]);
    loop_timer_cancel(bench->loop, &bench->end);
    loop_timer_cancel(bench->loop, &bench->look);
    loop_free(bench->loop);
}

static void check_answered(const char *answer)
{
    struct bench bench;

    start(&bench, answer);
    breaker_ask_begin(&bench.ask, monotime_now());
    if (bench.changes == 0)
        assert_int_equal(loop_run(bench.loop), 0);
    assert_true(bench.ask.seen.answered.ns >= bench.ask.seen.answered_begun.ns);
    assert_true(bench.ask.seen.answered_begun.ns > 0);
    assert_int_equal(bench.ask.seen.asked.ns, 0);
    assert_int_equal(bench.ask.seen.asked_count, 0);
    assert_int_equal(bench.ask.seen.refused.ns, 0);
    finish(&bench);
}

static void test_any_word_is_an_answer(void **state)
{
    (void)state;
    check_answered("HTTP/1.0 400 Bad Request\r\n\r\n");
    check_answered("\x15\x03\x01");
    check_answered("");
}

static void test_refused(void **state)
{
    struct bench bench;

    (void)state;
    start(&bench, "");
    stop_listening(&bench);
    breaker_ask_begin(&bench.ask, monotime_now());
    if (bench.changes == 0)
        assert_int_equal(loop_run(bench.loop), 0);
    assert_true(bench.ask.seen.refused.ns > 0);
    assert_int_equal(bench.ask.seen.answered.ns, 0);
    assert_int_equal(bench.ask.seen.asked.ns, 0);
    finish(&bench);
}

/* Connections are made, and more of them than there is room for; the first unanswered one counts. */
static void test_mute(void **state)
{
    struct bench bench;
    struct monotime first = {0};

    (void)state;
    start(&bench, NULL);
    for (unsigned at = 0; at < BREAKER_ASK_MAX + 3; at++) {
        const struct monotime now = monotime_now();

        breaker_ask_begin(&bench.ask, now);
        if (at == 0)
            first = now;
        while (bench.accepted <= at || bench.ask.seen.connected.ns == 0)
            look(&bench);
    }
    assert_int_equal(bench.ask.seen.asked.ns, first.ns);
    assert_int_equal(bench.ask.seen.asked_count, BREAKER_ASK_MAX + 3);
    assert_true(bench.ask.seen.asked_two.ns > first.ns);
    assert_true(bench.ask.seen.connected.ns > 0);
    assert_int_equal(bench.ask.seen.answered.ns, 0);
    /* The first of them is the one that may still be answered. */
    bool is_there = false;
    for (size_t at = 0; at < BREAKER_ASK_MAX; at++)
        is_there |= bench.ask.tries[at].io.fd >= 0 && bench.ask.tries[at].begun.ns == first.ns;
    assert_true(is_there);
    breaker_ask_restart(&bench.ask, monotime_now());
    assert_int_equal(bench.ask.seen.asked_count, 1);
    assert_int_equal(bench.ask.seen.connected.ns, 0);
    assert_true(bench.ask.seen.asked.ns > first.ns);
    finish(&bench);
}

/* Where this host has no address, or port, to ask from, nothing was asked. The last test: no way back. */
static void test_our_own_trouble(void **state)
{
    struct bench bench;

    (void)state;
    start(&bench, "");
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) {
        bench.ask.address = (struct address){.family = AF_INET6, .bytes[15] = 1};
        breaker_ask_begin(&bench.ask, monotime_now());
        assert_int_equal(bench.ask.seen.asked.ns, 0);
        assert_int_equal(bench.ask.seen.asked_count, 0);
        assert_int_equal(bench.ask.begun.ns, 0);
        bench.ask.address = (struct address){.family = AF_INET, .bytes = {10, 0, 0, 1}};
        breaker_ask_begin(&bench.ask, monotime_now()); /* no route: in vain */
        assert_int_equal(bench.ask.seen.asked_count, 1);
    }
    assert_int_equal(bench.changes, 0);
    finish(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_word_is_an_answer),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_mute),
        cmocka_unit_test(test_our_own_trouble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
