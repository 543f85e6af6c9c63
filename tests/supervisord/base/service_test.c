/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the manager hears, and that nobody waits for one that does not listen. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/service.h"

struct stage {
    struct loop *loop;
    struct service service;
    struct loop_timer end;
    int manager;
    char text[512];
};

static void handle_end(struct loop_timer *timer, struct monotime now)
{
    (void)now;
    loop_stop(timer->owner, 0);
}

/* An abstract name of our own, as a container's manager has it. */
static void listen_as_manager(struct stage *stage)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[sizeof(address.sun_path)];

    const int length = snprintf(name, sizeof(name), "@regha-service-test-%d", (int)getpid());
    memcpy(address.sun_path, name, (size_t)length);
    address.sun_path[0] = '\0';
    stage->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(stage->manager, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static void stage_open(struct stage *stage, const char *watchdog_us)
{
    struct err err;

    memset(stage, 0, sizeof(*stage));
    assert_int_equal(loop_new(NS_PER_S, &stage->loop, &err), 0);
    loop_timer_init(&stage->end, "end", handle_end, stage->loop);
    listen_as_manager(stage);
    unsetenv("WATCHDOG_PID");
    if (watchdog_us != NULL)
        setenv("WATCHDOG_USEC", watchdog_us, 1);
    else
        unsetenv("WATCHDOG_USEC");
}

static void stage_close(struct stage *stage)
{
    loop_free(stage->loop);
    close(stage->manager);
    unsetenv("NOTIFY_SOCKET");
}

static void run_for(struct stage *stage, int64_t span_ns)
{
    loop_timer_set(stage->loop, &stage->end, monotime_add(monotime_now(), span_ns));
    loop_run(stage->loop);
}

static const char *hear(struct stage *stage)
{
    const ssize_t used = recv(stage->manager, stage->text, sizeof(stage->text) - 1, 0);

    stage->text[used > 0 ? used : 0] = '\0';
    return stage->text;
}

static void each_change_is_said(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    service_start(&stage.service, stage.loop);
    service_ready(&stage.service);
    assert_string_equal(hear(&stage), "READY=1");
    service_reloading(&stage.service, (struct monotime){5000000});
    assert_string_equal(hear(&stage), "RELOADING=1\nMONOTONIC_USEC=5000");
    service_stopping(&stage.service);
    assert_string_equal(hear(&stage), "STOPPING=1");
    assert_string_equal(hear(&stage), "");
    stage_close(&stage);
}

static void a_status_is_said_when_it_changed(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    service_start(&stage.service, stage.loop);
    service_status(&stage.service, "active on %d", 2);
    service_status(&stage.service, "active on %d", 2);
    assert_string_equal(hear(&stage), "STATUS=active on 2");
    assert_string_equal(hear(&stage), "");
    service_status(&stage.service, "active on %d", 3);
    assert_string_equal(hear(&stage), "STATUS=active on 3");
    stage_close(&stage);
}

static void the_watchdog_is_fed_thrice_a_period(void **state)
{
    struct stage stage;
    int count = 0;

    (void)state;
    stage_open(&stage, "30000");
    service_start(&stage.service, stage.loop);
    assert_int_equal(stage.service.watchdog_ns, 30 * NS_PER_MS);
    run_for(&stage, 95 * NS_PER_MS);
    while (strcmp(hear(&stage), "WATCHDOG=1") == 0)
        count++;
    /* One at once and one each 10 ms, where this machine comes to it. */
    assert_in_range(count, 3, 10);
    stage_close(&stage);
}

static void without_a_watchdog_no_timer_runs(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    service_start(&stage.service, stage.loop);
    assert_true(stage.service.watchdog.deadline.ns == MONOTIME_NEVER.ns);
    assert_string_equal(hear(&stage), "");
    stage_close(&stage);
}

/* sd_notify(3) would wait here for ever. */
static void a_full_manager_is_not_waited_for_and_hears_it_later(void **state)
{
    struct stage stage;
    const char *last = "";
    char heard[sizeof(stage.text)] = "";

    (void)state;
    stage_open(&stage, NULL);
    service_start(&stage.service, stage.loop);
    for (int at = 0; at < 100000 && stage.service.pending[0] == '\0'; at++)
        service_ready(&stage.service);
    service_stopping(&stage.service);
    assert_string_equal(stage.service.pending, "STOPPING=1");
    while (*hear(&stage) != '\0')
        ;
    run_for(&stage, 300 * NS_PER_MS);
    while (*(last = hear(&stage)) != '\0')
        snprintf(heard, sizeof(heard), "%s", last);
    assert_string_equal(heard, "STOPPING=1");
    assert_string_equal(stage.service.pending, "");
    stage_close(&stage);
}

static void no_manager_is_fine(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    unsetenv("NOTIFY_SOCKET");
    service_start(&stage.service, stage.loop);
    service_ready(&stage.service);
    service_status(&stage.service, "alone");
    setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
    service_stopping(&stage.service);
    setenv("NOTIFY_SOCKET", "no path", 1);
    service_stopping(&stage.service);
    assert_string_equal(stage.service.pending, "");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_is_said),
        cmocka_unit_test(a_status_is_said_when_it_changed),
        cmocka_unit_test(the_watchdog_is_fed_thrice_a_period),
        cmocka_unit_test(without_a_watchdog_no_timer_runs),
        cmocka_unit_test(a_full_manager_is_not_waited_for_and_hears_it_later),
        cmocka_unit_test(no_manager_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
