/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file_helper - a process that looks at files for a probe, because looking may never end.
 *
 * A process that looks at a file on a server that is gone sleeps in the kernel and cannot even be
 * killed. So that it is not ours that sleeps, a child does it, one question at a time. It belongs to
 * nobody's wait(): its parent ends at once. It ends when its socket is closed, at the latest when
 * the kernel lets it go.
 */
#ifndef PROBES_FILE_HELPER_H
#define PROBES_FILE_HELPER_H

#include <stdint.h>

#include "base/err.h"
#include "probes/file_facts.h"
#include "probes/params.h"

struct probe_file_question {
    uint32_t number;
    char path[PROBE_URL_BYTES]; /* ends in NUL */
};

struct probe_file_answer {
    uint32_t number; /* of the question */
    struct probe_file_facts facts;
};

/*
 * Start one. Returns its socket (SOCK_SEQPACKET: a question in, an answer out; it does not block), or
 * a negative errno.
 */
int probe_file_helper_start(void);

#endif
