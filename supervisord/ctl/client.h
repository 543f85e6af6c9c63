/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client - one question to reghad's control socket, and its whole answer.
 *
 * Waits as long as reghad says something now and then; it does at least each second while a
 * command is at work.
 */
#ifndef SUPERVISORD_CTL_CLIENT_H
#define SUPERVISORD_CTL_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CTL_CLIENT_ANSWER_BYTES (16 * 1024 * 1024)

struct ctl_client_params {
    const char *path;
    int64_t silence_ns; /* so long without a byte is a timeout */
    /* Called with each "# ..." line of progress, without its newline; NULL: nobody wants to know. */
    void (*progress)(void *owner, const char *line);
    void *owner;
};

/*
 * Send `line` (with its newline) and read until the end. `ret_answer` is heap, ends with NUL.
 * -ENOENT, -ECONNREFUSED: nobody listens; -EACCES: not allowed; -ETIMEDOUT; -ECONNRESET: the
 * answer was cut; `err` has the sentence.
 */
int ctl_client_ask(const struct ctl_client_params *params, const char *line, char **ret_answer,
                   struct err *err);

#endif
