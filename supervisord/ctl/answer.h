/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answer - what reghad answered, part by part: text, and the "# rc=N" after it.
 *
 * Pure.
 */
#ifndef SUPERVISORD_CTL_ANSWER_H
#define SUPERVISORD_CTL_ANSWER_H

#include <stddef.h>

enum ctl_answer_code {
    CTL_ANSWER_DONE = 0,
    CTL_ANSWER_FAILED = 1,
    CTL_ANSWER_USAGE = 2,
    CTL_ANSWER_NO_DAEMON = 3,
    CTL_ANSWER_DENIED = 4,
    CTL_ANSWER_TIMEOUT = 5,
    CTL_ANSWER_UNMET = 6,
    CTL_ANSWER_CUT = 255, /* the rest has no code: the connection ended within */
};

struct ctl_answer_part {
    const char *text; /* in the answer; without the line of the code and the empty one after it */
    size_t text_bytes;
    int code;
};

/* The part at `*ret_at`, which is moved behind it. Returns 0 when there is none left, else 1. */
int ctl_answer_next(const char *answer, size_t *ret_at, struct ctl_answer_part *ret_part);

#endif
