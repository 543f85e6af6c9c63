/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper - work that only a registry's user may do, or that may wait: in a child, with a deadline.
 *
 * The child becomes the user, does its work and answers with one message and at most one
 * descriptor. One that hangs is killed and never waited for; as long as it is not gone, no other
 * one is started.
 */
#ifndef REGISTRY_LAUNCHER_HELPER_H
#define REGISTRY_LAUNCHER_HELPER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "registry-launcher/process.h"

#define REGISTRY_HELPER_ANSWER_BYTES 1024

/* What the child says; of its bytes nothing is to be believed. */
struct registry_helper_answer {
    const char *failure; /* NULL: it answered; else why not */
    const void *bytes;
    size_t length_bytes;
    int fd; /* or -1; whoever keeps it sets -1 here */
};

struct registry_helper {
    struct loop *loop;
    const char *name;
    void *owner;
    void (*done)(void *owner, struct registry_helper_answer *answer, struct monotime now);
    void (*idle)(void *owner, struct monotime now); /* or NULL: it is gone, another may start */
    bool answered;                                  /* done() was called for this child */
    struct registry_process process;
    struct loop_io answer_io;
    struct loop_io end_io;
    struct loop_timer deadline;
};

/* The job of the child: answers by registry_helper_answer(socket, ...). */
struct registry_helper_job {
    const char *user;
    void (*work)(const void *argument, int socket);
    const void *argument;
    void (*prepare)(const void *argument); /* or NULL: before it becomes the user */
};

void registry_helper_init(struct registry_helper *helper, struct loop *loop, const char *name,
                          void *owner);

/* Its former child is not gone yet. */
bool registry_helper_is_busy(const struct registry_helper *helper);

/* Returns 0 or a negative errno; done() is not called then. */
int registry_helper_start(struct registry_helper *helper, const struct registry_helper_job *job,
                          int64_t limit_ns, struct monotime now, struct err *err);

/* Forget what is under way; done() is not called. */
void registry_helper_stop(struct registry_helper *helper);

/* The end of it all; what is under way is left to whoever reaps orphans. */
void registry_helper_fini(struct registry_helper *helper);

/* In the child: send the answer. `fd` or -1. */
void registry_helper_send(int socket, const void *bytes, size_t length_bytes, int fd);

#endif
