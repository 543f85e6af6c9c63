/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/monotime.h"

#include <time.h>

struct monotime monotime_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct monotime){now.tv_sec * NS_PER_S + now.tv_nsec};
}
