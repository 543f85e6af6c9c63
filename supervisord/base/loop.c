/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of libev only descriptors, prepare and check are used: its timers run on a clock that it reads
 * itself and before descriptors, and its signals need a pipe that signalfd(2) does not.
 */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <ev.h>

#include "base/heap.h"

struct loop_watch {
    ev_io watcher; /* first: libev hands it back */
    struct loop *loop;
    struct loop_io *io;
};

/* Earlier than every deadline. */
#define NO_PASS ((struct monotime){INT64_MIN})

struct loop {
    struct ev_loop *ev;
    ev_prepare prepare;
    struct heap deadlines;
    int timer_fd;
    struct loop_io timer_io;
    struct monotime armed;
    struct monotime due;  /* deadlines up to here had passed when the descriptors were asked */
    struct monotime pass; /* while deadlines run: those up to here do */
    int status;
    struct histogram lag;
    struct loop_stalls stalls;
    int64_t stall_ns;
    void (*pass_end)(void *owner, struct monotime now);
    void *pass_end_owner;
    struct loop_io signal_io;
    loop_signal_handler *handle_signal;
    void *signal_owner;
};

static void count_stall(struct loop *loop, const char *name, struct monotime began)
{
    const int64_t took_ns = monotime_since(began, monotime_now());

    if (took_ns <= loop->stall_ns)
        return;
    loop->stalls.count++;
    if (took_ns > loop->stalls.worst_ns) {
        loop->stalls.worst_ns = took_ns;
        loop->stalls.worst_name = name;
    }
}

/* What has passed meanwhile counts as due now: all of it runs after the next look. */
static void arm(struct loop *loop)
{
    const struct loop_timer *first = heap_first(&loop->deadlines);
    struct monotime deadline = first ? first->deadline : MONOTIME_NEVER;
    const struct monotime now = monotime_now();
    struct itimerspec when = {0};

    if (monotime_reached(deadline, now))
        deadline = now;
    if (deadline.ns == loop->armed.ns)
        return;
    if (first) {
        /* Zero would disarm it. */
        const int64_t ns = deadline.ns > 0 ? deadline.ns : 1;
        when.it_value.tv_sec = ns / NS_PER_S;
        when.it_value.tv_nsec = ns % NS_PER_S;
    }
    const int failed = timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
    assert(failed == 0);
    (void)failed;
    loop->armed = deadline;
}

/*
 * A deadline is believed only if the timer's descriptor fired along with the others: what had come
 * before it has then been read. The clock alone does not tell, for a process may be stopped between
 * looking and here, and a wait that a SIGCONT ends has looked at nothing. Handlers that set
 * deadlines into the past cannot keep the pass from its end.
 */
static void run_deadlines(struct loop *loop)
{
    struct loop_timer *timer;

    loop->pass = loop->due;
    loop->due = NO_PASS;
    while ((timer = heap_first(&loop->deadlines)) &&
           monotime_reached(timer->deadline, loop->pass)) {
        const struct monotime now = monotime_now();
        const char *name = timer->name;

        histogram_add(&loop->lag, monotime_since(timer->deadline, now));
        heap_remove(&loop->deadlines, timer);
        timer->deadline = MONOTIME_NEVER;
        timer->handle(timer, now);
        count_stall(loop, name, now);
    }
    loop->pass = NO_PASS;
}

/* Before the loop waits again: every descriptor of the pass has been handled by now. */
static void handle_prepare(struct ev_loop *ev, ev_prepare *prepare, int events)
{
    struct loop *loop = prepare->data;

    (void)events;
    run_deadlines(loop);
    if (loop->pass_end) {
        const struct monotime now = monotime_now();
        loop->pass_end(loop->pass_end_owner, now);
        count_stall(loop, "pass end", now);
    }
    arm(loop);
    if (loop->status >= 0)
        ev_break(ev, EVBREAK_ALL);
}

/* Its only work is to end the wait; the deadlines run at the end of the pass. */
static void handle_timer_fd(struct loop_io *io, unsigned events, struct monotime now)
{
    struct loop *loop = io->owner;
    uint64_t expirations;

    (void)events;
    (void)now;
    if (read(io->fd, &expirations, sizeof(expirations)) <= 0)
        return;
    loop->due = loop->armed;
    loop->armed = MONOTIME_NEVER;
}

static void handle_watch(struct ev_loop *ev, ev_io *watcher, int revents)
{
    struct loop_watch *watch = (struct loop_watch *)watcher;
    struct loop *loop = watch->loop;
    struct loop_io *io = watch->io;
    const char *name = io->name;
    const unsigned events = (revents & EV_READ ? (unsigned)LOOP_READ : 0) |
                            (revents & EV_WRITE ? (unsigned)LOOP_WRITE : 0);
    const struct monotime now = monotime_now();

    (void)ev;
    io->handle(io, events, now);
    count_stall(loop, name, now);
}

int loop_new(int64_t stall_ns, struct loop **ret_loop, struct err *err)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return err_set(err, ENOMEM, "no memory for the event loop");
    *loop = (struct loop){
        .timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
        .armed = MONOTIME_NEVER,
        .due = NO_PASS,
        .pass = NO_PASS,
        .status = -1,
        .stall_ns = stall_ns,
        .signal_io.fd = -1,
    };
    if (loop->timer_fd < 0) {
        const int code = err_errno(err, "cannot make the timer of the event loop");
        free(loop);
        return code;
    }
    loop->ev = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
    if (!loop->ev) {
        close(loop->timer_fd);
        free(loop);
        return err_set(err, EMFILE, "cannot make the event loop: epoll is not to be had");
    }
    ev_prepare_init(&loop->prepare, handle_prepare);
    loop->prepare.data = loop;
    ev_prepare_start(loop->ev, &loop->prepare);
    loop->timer_io = (struct loop_io){
        .name = "deadlines", .fd = loop->timer_fd, .handle = handle_timer_fd, .owner = loop};
    const int failed = loop_io_start(loop, &loop->timer_io, LOOP_READ);
    if (failed < 0) {
        loop_free(loop);
        return err_set(err, -failed, "no memory for the event loop");
    }
    *ret_loop = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    loop_io_stop(loop, &loop->timer_io);
    if (loop->signal_io.fd >= 0) {
        loop_io_stop(loop, &loop->signal_io);
        close(loop->signal_io.fd);
    }
    ev_prepare_stop(loop->ev, &loop->prepare);
    ev_loop_destroy(loop->ev);
    close(loop->timer_fd);
    free(loop->deadlines.timers);
    free(loop);
}

int loop_run(struct loop *loop)
{
    ev_run(loop->ev, 0);

    const int status = loop->status;
    loop->status = -1; /* for another run */
    return status;
}

void loop_stop(struct loop *loop, int status)
{
    loop->status = status; /* the end of the pass sees it */
}

int loop_io_start(struct loop *loop, struct loop_io *io, unsigned events)
{
    const int wanted = (events & LOOP_READ ? EV_READ : 0) | (events & LOOP_WRITE ? EV_WRITE : 0);

    if (!io->watch) {
        io->watch = calloc(1, sizeof(*io->watch));
        if (!io->watch)
            return -ENOMEM;
        io->watch->loop = loop;
        io->watch->io = io;
        ev_init(&io->watch->watcher, handle_watch);
    } else {
        ev_io_stop(loop->ev, &io->watch->watcher);
    }
    ev_io_set(&io->watch->watcher, io->fd, wanted);
    if (wanted != 0)
        ev_io_start(loop->ev, &io->watch->watcher);
    return 0;
}

void loop_io_stop(struct loop *loop, struct loop_io *io)
{
    if (!io->watch)
        return;
    ev_io_stop(loop->ev, &io->watch->watcher);
    free(io->watch);
    io->watch = NULL;
}

void loop_timer_init(struct loop_timer *timer, const char *name,
                     void (*handle)(struct loop_timer *timer, struct monotime now), void *owner)
{
    *timer = (struct loop_timer){
        .name = name,
        .handle = handle,
        .owner = owner,
        .deadline = MONOTIME_NEVER,
        .slot = HEAP_NO_SLOT,
    };
}

static int make_room(struct heap *heap)
{
    if (heap->count < heap->capacity)
        return 0;
    const size_t capacity = heap->capacity > 0 ? 2 * heap->capacity : 16;
    struct loop_timer **timers = reallocarray(heap->timers, capacity, sizeof(struct loop_timer *));
    if (!timers)
        return -ENOMEM;
    heap->timers = timers;
    heap->capacity = capacity;
    return 0;
}

int loop_timer_set(struct loop *loop, struct loop_timer *timer, struct monotime deadline)
{
    loop_timer_cancel(loop, timer);
    if (deadline.ns == MONOTIME_NEVER.ns)
        return 0;
    if (make_room(&loop->deadlines) < 0)
        return -ENOMEM;
    timer->deadline = deadline.ns > loop->pass.ns ? deadline : monotime_add(loop->pass, 1);
    heap_insert(&loop->deadlines, timer);
    return 0;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    if (timer->slot != HEAP_NO_SLOT)
        heap_remove(&loop->deadlines, timer);
    timer->deadline = MONOTIME_NEVER;
}

void loop_set_pass_end(struct loop *loop, void (*handle)(void *owner, struct monotime now),
                       void *owner)
{
    loop->pass_end = handle;
    loop->pass_end_owner = owner;
}

static void handle_signal_fd(struct loop_io *io, unsigned events, struct monotime now)
{
    struct loop *loop = io->owner;
    struct signalfd_siginfo info;

    (void)events;
    while (read(io->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        loop->handle_signal(loop->signal_owner, (int)info.ssi_signo, now);
}

int loop_signals(struct loop *loop, const int *signals, loop_signal_handler *handle, void *owner)
{
    sigset_t set;

    assert(loop->signal_io.fd < 0);
    sigemptyset(&set);
    for (; *signals != 0; signals++)
        sigaddset(&set, *signals);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;

    const int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    loop->signal_io =
        (struct loop_io){.name = "signals", .fd = fd, .handle = handle_signal_fd, .owner = loop};
    loop->handle_signal = handle;
    loop->signal_owner = owner;
    return loop_io_start(loop, &loop->signal_io, LOOP_READ);
}

void loop_signals_reset(void)
{
    const struct sigaction fallback = {.sa_handler = SIG_DFL};
    sigset_t none;

    /* Those that cannot be set fail, and need not be. */
    for (int number = 1; number < SIGRTMAX; number++)
        (void)sigaction(number, &fallback, NULL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

const struct histogram *loop_lag(const struct loop *loop)
{
    return &loop->lag;
}

const struct loop_stalls *loop_stalls(const struct loop *loop)
{
    return &loop->stalls;
}
