/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/restart.h"

#include <string.h>

static void drop_old(struct registry_restart_history *history, int64_t window_ns,
                     struct monotime now)
{
    size_t old = 0;

    while (old < history->count && monotime_since(history->at[old], now) > window_ns)
        old++;
    history->count -= old;
    memmove(history->at, history->at + old, history->count * sizeof(history->at[0]));
}

/* Of the restart after `former` others: 0, first, 2 * first, 4 * first ... max. */
static int64_t back_off_ns(const struct registry_restart *params, size_t former)
{
    int64_t wait_ns = params->first_ns;

    if (former == 0)
        return 0;
    for (size_t times = 1; times < former && wait_ns < params->max_ns; times++)
        if (__builtin_mul_overflow(wait_ns, 2, &wait_ns))
            return params->max_ns;
    return wait_ns < params->max_ns ? wait_ns : params->max_ns;
}

int64_t registry_restart_wait_ns(struct registry_restart_history *history,
                                 const struct registry_restart *params, struct monotime now)
{
    drop_old(history, params->window_ns, now);
    if (history->count >= params->budget || history->count >= REGISTRY_RESTART_BUDGET_MAX)
        return -1;

    const int64_t wait_ns = back_off_ns(params, history->count);

    history->at[history->count++] = monotime_add(now, wait_ns);
    return wait_ns;
}

void registry_restart_forget(struct registry_restart_history *history)
{
    history->count = 0;
}
