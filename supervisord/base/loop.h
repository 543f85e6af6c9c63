/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop - the event loop of every regha process: descriptors, deadlines, signals.
 *
 * The only user of libev. Deadlines run after every ready descriptor of the pass, so that
 * queues are drained before a timer is believed; they hang on one absolute CLOCK_MONOTONIC
 * timerfd, so a change of the wall clock does nothing. The loop counts how late and how long
 * its callbacks are. Handlers never block.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/histogram.h"
#include "base/monotime.h"

struct loop;

enum loop_events {
    LOOP_READ = 1 << 0,
    LOOP_WRITE = 1 << 1,
};

/* A descriptor to watch; memory and descriptor belong to the caller. */
struct loop_io {
    const char *name; /* for the stall report; lives as long as the io */
    int fd;
    void (*handle)(struct loop_io *io, unsigned events, struct monotime now);
    void *owner;
    struct loop_watch *watch; /* the loop's; NULL while stopped */
};

/* A deadline. Setting it again moves it; running it clears it first. */
struct loop_timer {
    const char *name;
    void (*handle)(struct loop_timer *timer, struct monotime now);
    void *owner;
    struct monotime deadline; /* MONOTIME_NEVER: not set */
    size_t slot;              /* the loop's */
};

/* A handler that took longer than the loop's limit. */
struct loop_stalls {
    uint64_t count;
    int64_t worst_ns;
    const char *worst_name; /* NULL: none */
};

/* `stall_ns`: how long one callback may take before it is counted. */
int loop_new(int64_t stall_ns, struct loop **ret_loop, struct err *err);
void loop_free(struct loop *loop);

/* Runs until loop_stop(); returns its status, and may be called again. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int status);

/* Start watching, or change for what; `events` of enum loop_events. Returns 0 or a negative errno. */
int loop_io_start(struct loop *loop, struct loop_io *io, unsigned events);
void loop_io_stop(struct loop *loop, struct loop_io *io);

void loop_timer_init(struct loop_timer *timer, const char *name,
                     void (*handle)(struct loop_timer *timer, struct monotime now), void *owner);
/* Returns 0, or -ENOMEM. A deadline that is past runs after the next look at the
 * descriptors, which does not wait then. */
int loop_timer_set(struct loop *loop, struct loop_timer *timer, struct monotime deadline);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* Called at the end of each pass, after descriptors and deadlines: the place to send what piled up. */
void loop_set_pass_end(struct loop *loop, void (*handle)(void *owner, struct monotime now),
                       void *owner);

typedef void loop_signal_handler(void *owner, int number, struct monotime now);

/*
 * Handle these signals (a list ended by 0) through a signalfd; blocks them. One handler per loop.
 * Children must unblock them: loop_signals_reset(). Returns 0 or a negative errno.
 */
int loop_signals(struct loop *loop, const int *signals, loop_signal_handler *handle, void *owner);

/* For a child between fork and exec: default dispositions, empty mask. */
void loop_signals_reset(void);

/* How late deadlines ran, since the loop was made. */
const struct histogram *loop_lag(const struct loop *loop);
const struct loop_stalls *loop_stalls(const struct loop *loop);

#endif
