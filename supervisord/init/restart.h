/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * restart - when a program that ended is started again.
 *
 * Pure. At once the first time, then ever later while it keeps dying young; a program that lived
 * long enough starts afresh.
 */
#ifndef SUPERVISORD_INIT_RESTART_H
#define SUPERVISORD_INIT_RESTART_H

#include <stdint.h>

#include "base/monotime.h"

#define INIT_RESTART_FIRST_NS (100 * NS_PER_MS)
#define INIT_RESTART_MAX_NS   (5 * NS_PER_S)
#define INIT_RESTART_RESET_NS (10 * NS_PER_S) /* a life this long forgives what was before */

/* All zero: it never died. */
struct init_restart {
    uint32_t deaths; /* in a row, each after too short a life */
};

/* It was started at `started` and is dead `now`: how long to wait. */
int64_t init_restart_wait_ns(struct init_restart *restart, struct monotime started,
                             struct monotime now);

#endif
