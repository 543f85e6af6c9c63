/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "supervisord/console/control_socket.h"
#include "supervisord/console/session.h"
#include "supervisord/console/show_log.h"

/* As long as a full table of descriptors keeps accept() from taking anybody. */
#define ACCEPT_PAUSE_NS (100 * NS_PER_MS)
#define ACCEPT_MOST     8

struct control {
    struct loop *loop;
    struct command_desk desk;
    struct control_socket_groups groups;
    struct control_socket socket;
    struct loop_io listener;
    struct loop_timer pause;
    const struct session_limits *limits;
    struct log_limit refusals;
    size_t client_count;
    struct session *clients[CONTROL_CLIENTS];
};

static void forget(void *owner, struct session *session)
{
    struct control *control = owner;

    for (size_t i = 0; i < control->client_count; i++) {
        if (control->clients[i] != session)
            continue;
        control->clients[i] = control->clients[--control->client_count];
        return;
    }
}

/* One short line fits into the fresh socket's buffer; who does not get it sees the end at least. */
static void refuse(struct control *control, int fd, struct monotime now)
{
    static const char sentence[] = "too many connections, try again\n# rc=1\n\n";
    uint64_t suppressed = 0;

    (void)send(fd, sentence, sizeof(sentence) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
    if (log_limit_pass(&control->refusals, NS_PER_S, now, &suppressed))
        log_warning("the control socket has too many connections", "most=%d suppressed=%llu",
                    CONTROL_CLIENTS, (unsigned long long)suppressed);
}

static void take(struct control *control, int fd, struct monotime now)
{
    uid_t uid = (uid_t)-1;
    const enum command_level level = control_socket_level(fd, &control->groups, &uid);
    const struct session_params params = {
        .desk = &control->desk,
        .fd = fd,
        .uid = uid,
        .level = level,
        .limits = control->limits,
        .ended = forget,
        .owner = control,
    };
    struct session *session = session_new(control->loop, &params, now);

    if (session)
        control->clients[control->client_count++] = session;
    else
        close(fd);
}

static void handle_listener(struct loop_io *io, unsigned events, struct monotime now)
{
    struct control *control = io->owner;

    (void)events;
    /* A few at a time, so that in a rush those who left again make room for the next. */
    for (int i = 0; i < ACCEPT_MOST; i++) {
        const int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
            loop_io_stop(control->loop, io);
            (void)loop_timer_set(control->loop, &control->pause,
                                 monotime_add(now, ACCEPT_PAUSE_NS));
            return;
        }
        if (fd < 0)
            return;
        if (control->client_count == CONTROL_CLIENTS)
            refuse(control, fd, now);
        else
            take(control, fd, now);
    }
}

static int listen_on(struct control *control)
{
    control->listener = (struct loop_io){
        .name = "control socket",
        .fd = control->socket.fd,
        .handle = handle_listener,
        .owner = control,
    };
    return loop_io_start(control->loop, &control->listener, LOOP_READ);
}

static void end_pause(struct loop_timer *timer, struct monotime now)
{
    struct control *control = timer->owner;

    if (listen_on(control) < 0)
        (void)loop_timer_set(control->loop, timer, monotime_add(now, ACCEPT_PAUSE_NS));
}

int control_open(struct loop *loop, const struct control_params *params,
                 struct control **ret_control, struct err *err)
{
    struct control *control = calloc(1, sizeof(*control));
    int result;

    if (!control)
        return err_set(err, ENOMEM, "no memory for the control socket");
    control->loop = loop;
    control->desk.world = params->world;
    control->desk.core = params->core;
    control->limits = params->limits ? params->limits : &session_limits_default;
    control->socket.fd = -1;
    loop_timer_init(&control->pause, "control pause", end_pause, control);
    control->groups = control_socket_groups();
    result = control_socket_open(params->path, control->groups.user, &control->socket, err);
    if (result == 0) {
        result = listen_on(control);
        if (result < 0)
            err_set(err, -result, "cannot watch the control socket");
    }
    if (result < 0) {
        control_close(control);
        return result;
    }
    *ret_control = control;
    return 0;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    while (control->client_count > 0)
        session_free(control->clients[--control->client_count]);
    loop_timer_cancel(control->loop, &control->pause);
    loop_io_stop(control->loop, &control->listener);
    control_socket_close(&control->socket);
    show_log_baseline_free(control->desk.baseline);
    free(control);
}

int control_apply(struct control *control, const char *path, struct err *err)
{
    struct control_socket fresh = {.fd = -1};
    char place[CONTROL_SOCKET_PATH_BYTES];
    int result = control_socket_place(path, place, err);

    if (result < 0 || strcmp(place, control->socket.path) == 0)
        return result;
    result = control_socket_open(path, control->groups.user, &fresh, err);
    if (result < 0)
        return result;
    loop_timer_cancel(control->loop, &control->pause);
    loop_io_stop(control->loop, &control->listener);
    control_socket_close(&control->socket);
    control->socket = fresh;
    result = listen_on(control);
    return result < 0 ? err_set(err, -result, "cannot watch the control socket") : 0;
}

size_t control_clients(const struct control *control)
{
    return control->client_count;
}
