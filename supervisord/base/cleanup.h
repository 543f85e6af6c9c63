/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cleanup - locals that release themselves on every return (gcc and clang). */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

static inline void cleanup_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* Hand the descriptor over: the local no longer closes it. */
static inline int cleanup_take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

#endif
