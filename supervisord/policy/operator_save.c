/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/operator_save.h"

#include <stdio.h>

#include "base/process.h"

/* In the child; what it returns becomes the exit status. */
static int work(void *argument)
{
    const struct operator_save *save = argument;
    struct err err;

    return -operator_write(save->path, &save->state, &err) & 0xff;
}

/* 0, or the negative errno of the child. */
static int end(struct operator_save *save)
{
    loop_io_stop(save->loop, &save->child);
    const int status = process_child_end(save->child.fd);
    save->child.fd = -1;
    return status > 0 ? -status : status;
}

static int begin(struct operator_save *save)
{
    save->is_due = false;
    save->child.fd = process_child_start(work, save);
    if (save->child.fd < 0) {
        const int failed = save->child.fd;
        save->child.fd = -1;
        return failed;
    }
    const int failed = loop_io_start(save->loop, &save->child, LOOP_READ);
    if (failed < 0)
        (void)end(save); /* waits: nobody would tell us */
    return failed;
}

static void handle_child(struct loop_io *io, unsigned events, struct monotime now)
{
    struct operator_save *save = io->owner;
    int result = end(save);

    (void)events;
    if (save->is_due)
        result = begin(save);
    if (save->child.fd < 0 && save->done)
        save->done(save->owner, result, now);
}

void operator_save_init(struct operator_save *save, struct loop *loop, const char *path)
{
    *save = (struct operator_save){.loop = loop};
    snprintf(save->path, sizeof(save->path), "%s", path);
    save->child = (struct loop_io){
        .name = "operator's file", .fd = -1, .handle = handle_child, .owner = save};
}

void operator_save_fini(struct operator_save *save)
{
    if (save->loop && save->child.fd >= 0)
        (void)end(save);
}

void operator_save_put(struct operator_save *save, const struct operator_state *state,
                       struct monotime now)
{
    int failed = 0;

    save->state = *state;
    save->is_due = true;
    if (save->child.fd < 0)
        failed = begin(save);
    if (failed < 0 && save->done)
        save->done(save->owner, failed, now);
}
