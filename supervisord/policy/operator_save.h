/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * operator_save - the operator's file is written by a child, for a disk may take its time.
 *
 * One child at a time; what is said meanwhile is written by the next one.
 */
#ifndef SUPERVISORD_OPERATOR_SAVE_H
#define SUPERVISORD_OPERATOR_SAVE_H

#include "base/loop.h"
#include "supervisord/policy/operator.h"

#define OPERATOR_SAVE_PATH_BYTES 256

struct operator_save {
    struct loop *loop;
    char path[OPERATOR_SAVE_PATH_BYTES];
    struct loop_io child; /* a pidfd; fd -1: none is at work */
    bool is_due;          /* what is to be written changed since the child began */
    struct operator_state state;
    /* What was given last is on the disk, or cannot be written: a negative errno. */
    void (*done)(void *owner, int result, struct monotime now);
    void *owner;
};

void operator_save_init(struct operator_save *save, struct loop *loop, const char *path);
void operator_save_fini(struct operator_save *save); /* waits for a child that is at work */

/* Have this written; `done` is called later, once for all that is given until then. */
void operator_save_put(struct operator_save *save, const struct operator_state *state,
                       struct monotime now);

#endif
