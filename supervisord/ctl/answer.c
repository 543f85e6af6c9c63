/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/ctl/answer.h"

#include <string.h>

#define CODE       "# rc="
#define CODE_BYTES (sizeof(CODE) - 1)

static size_t line_bytes(const char *line)
{
    size_t bytes = 0;

    while (line[bytes] != '\0' && line[bytes] != '\n')
        bytes++;
    return bytes + (line[bytes] == '\n');
}

/* The code of a line "# rc=N", followed by an empty one; -1: it is none. */
static int code_of(const char *line)
{
    int code = 0;
    size_t at = CODE_BYTES;

    if (strlen(line) < CODE_BYTES + 1 || memcmp(line, CODE, CODE_BYTES) != 0)
        return -1;
    for (; line[at] >= '0' && line[at] <= '9' && code < 1000; at++)
        code = 10 * code + (line[at] - '0');
    if (at == CODE_BYTES || line[at] != '\n' || line[at + 1] != '\n')
        return -1;
    return code;
}

int ctl_answer_next(const char *answer, size_t *ret_at, struct ctl_answer_part *ret_part)
{
    const char *text = answer + *ret_at;
    size_t bytes = 0;

    if (text[0] == '\0')
        return 0;
    while (text[bytes] != '\0') {
        const int code = code_of(text + bytes);

        if (code >= 0) {
            *ret_part = (struct ctl_answer_part){text, bytes, code};
            *ret_at += bytes + line_bytes(text + bytes) + 1;
            return 1;
        }
        bytes += line_bytes(text + bytes);
    }
    *ret_part = (struct ctl_answer_part){text, bytes, CTL_ANSWER_CUT};
    *ret_at += bytes;
    return 1;
}
