/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file_facts - what is known of a file that a probe looks at.
 */
#ifndef PROBES_FILE_FACTS_H
#define PROBES_FILE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

struct probe_file_facts {
    int error; /* errno of looking at it; 0: it is there, and the rest counts */
    bool is_mount;
    int64_t age_ns; /* by the wall clock, as its time of change is; below 0: from the future */
};

#endif
