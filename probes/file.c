/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probes/file_helper.h"
#include "probes/locator.h"

struct file {
    struct probe_asker_context context;
    struct loop_io io; /* of the helper; fd < 0: there is none */
    struct probe_file_question question;
    bool is_out;     /* the helper has a question, perhaps of a former attempt */
    bool is_waiting; /* an attempt waits for the answer to `question` */
    struct probe_file_facts facts;
    char detail[64];
};

static void drop_helper(struct file *file)
{
    if (file->io.fd < 0)
        return;
    loop_io_stop(file->context.loop, &file->io);
    close(file->io.fd);
    file->io.fd = -1;
    file->is_out = false;
}

static int ask(struct file *file)
{
    if (send(file->io.fd, &file->question, sizeof(file->question), MSG_NOSIGNAL) < 0)
        return -errno;
    file->is_out = true;
    return 0;
}

static void end(struct file *file, enum probe_transfer transfer, struct monotime now)
{
    file->is_waiting = false;
    file->context.ended(file->context.owner, transfer, now);
}

static void lose_helper(struct file *file, struct monotime now)
{
    drop_helper(file);
    if (!file->is_waiting)
        return;
    snprintf(file->detail, sizeof(file->detail), "the process that looks at files ended");
    end(file, PROBE_TRANSFER_OURS, now);
}

static void handle_helper(struct loop_io *io, unsigned events, struct monotime now)
{
    struct file *const file = io->owner;
    struct probe_file_answer answer;
    const ssize_t bytes = recv(io->fd, &answer, sizeof(answer), 0);

    (void)events;
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (bytes != (ssize_t)sizeof(answer)) {
        lose_helper(file, now);
        return;
    }
    file->is_out = false;
    if (!file->is_waiting)
        return;
    /* What it saw when it was stuck is too old for this attempt. */
    if (answer.number != file->question.number) {
        if (ask(file) < 0)
            lose_helper(file, now);
        return;
    }
    file->facts = answer.facts;
    end(file, PROBE_TRANSFER_DONE, now);
}

static int make_helper(struct file *file)
{
    const int fd = probe_file_helper_start();
    int failed;

    if (fd < 0)
        return fd;
    file->io.fd = fd;
    failed = loop_io_start(file->context.loop, &file->io, LOOP_READ);
    if (failed < 0)
        drop_helper(file);
    return failed;
}

static int start(void *self, const struct probe_params *params, unsigned step, struct monotime now)
{
    struct file *const file = self;
    int failed = file->io.fd < 0 ? make_helper(file) : 0;

    (void)step;
    (void)now;
    file->detail[0] = '\0';
    file->question.number++;
    snprintf(file->question.path, sizeof(file->question.path), "%s", probe_locator_path(params));
    if (failed == 0 && !file->is_out)
        failed = ask(file);
    if (failed < 0) {
        drop_helper(file);
        snprintf(file->detail, sizeof(file->detail), "no process to look at files: %s",
                 strerror(-failed));
        return failed;
    }
    file->is_waiting = true;
    return 0;
}

static void tell(const void *self, struct probe_facts *facts)
{
    const struct file *const file = self;

    facts->stage = PROBE_STAGE_FILE;
    facts->detail = file->detail;
    facts->file = &file->facts;
}

static void stop(void *self, struct monotime now)
{
    struct file *const file = self;

    (void)now;
    file->is_waiting = false;
}

static void free_file(void *self, struct monotime now)
{
    (void)now;
    drop_helper(self);
    free(self);
}

static const struct probe_asker_kind kind = {start, tell, stop, free_file, NULL};

int probe_file_new(const struct probe_asker_context *context, const struct probe_params *params,
                   struct probe_asker *ret_asker)
{
    struct file *const file = calloc(1, sizeof(*file));

    (void)params;
    if (file == NULL)
        return -ENOMEM;
    file->context = *context;
    file->io =
        (struct loop_io){.name = "probe file", .fd = -1, .handle = handle_helper, .owner = file};
    *ret_asker = (struct probe_asker){&kind, file};
    return 0;
}
