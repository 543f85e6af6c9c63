/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/init/restart.h"

/* The doubling ends here in any case: a greater shift would overflow. */
#define DOUBLINGS_MAX 16

int64_t init_restart_wait_ns(struct init_restart *restart, struct monotime started,
                             struct monotime now)
{
    if (monotime_since(started, now) >= INIT_RESTART_RESET_NS)
        restart->deaths = 0;
    if (restart->deaths < DOUBLINGS_MAX)
        restart->deaths++;
    if (restart->deaths == 1)
        return 0;
    const int64_t wait_ns = INIT_RESTART_FIRST_NS << (restart->deaths - 2);
    return wait_ns < INIT_RESTART_MAX_NS ? wait_ns : INIT_RESTART_MAX_NS;
}
