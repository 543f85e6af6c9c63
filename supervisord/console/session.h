/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session - one connection to the control socket.
 *
 * Reads lines, runs their commands one after the other, writes what they answer. While an answer
 * waits to be read, or a command for its effect, no more is read. Every state has a deadline.
 */
#ifndef SUPERVISORD_SESSION_H
#define SUPERVISORD_SESSION_H

#include "base/loop.h"
#include "supervisord/console/command.h"

/* How long each state may last. */
struct session_limits {
    int64_t line_ns;   /* for a line to come */
    int64_t prompt_ns; /* the same, after `prompt` */
    int64_t write_ns;  /* for the client to read the answer */
    int64_t poll_ns;   /* until the next look at what a command waits for */
};

extern const struct session_limits session_limits_default;

struct session;

struct session_params {
    struct command_desk *desk;
    int fd; /* taken over on success */
    uid_t uid;
    enum command_level level;
    const struct session_limits *limits;
    void (*ended)(void *owner, struct session *session); /* it frees itself afterwards */
    void *owner;
};

/* Returns NULL without memory. */
struct session *session_new(struct loop *loop, const struct session_params *params,
                            struct monotime now);
void session_free(struct session *session); /* without a word to anybody */

#endif
