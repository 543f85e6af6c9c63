/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * realtime - what it takes to be on time when adverts are some ten milliseconds apart.
 *
 * With 8 busy programs on 2 cores a timer ran up to 10 ms late, under SCHED_FIFO 0.05 ms.
 */
#ifndef VRRP_REALTIME_H
#define VRRP_REALTIME_H

#include <stdint.h>

/* Below this interval the scheduler's ordinary manners cost a third of the patience of peers. */
#define VRRP_REALTIME_BELOW_NS (100 * INT64_C(1000000))

/* Lock what is used of our memory, where that is allowed. */
void vrrp_realtime_lock_memory(void);

/* Ask for SCHED_FIFO if `interval_ns` needs it, and give it back if not. Says so when it may not. */
void vrrp_realtime_schedule(int64_t interval_ns);

#endif
