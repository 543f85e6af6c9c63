/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * announce - sends the frames that say where addresses are now, many in one system call.
 *
 * When which is due is pace's to say; an address that is not there is never announced. The socket
 * receives nothing. Source: packet(7).
 */
#ifndef VRRP_KERNEL_ANNOUNCE_H
#define VRRP_KERNEL_ANNOUNCE_H

#include "base/err.h"
#include "base/log.h"
#include "vrrp/kernel/state.h"

struct kernel_announce {
    int fd;
    struct log_limit failed;
};

int kernel_announce_open(struct kernel_announce *announce, struct err *err);
void kernel_announce_close(struct kernel_announce *announce);

/* Begin with all addresses of this goal that are held and there. */
void kernel_announce_begin(struct kernel_state *state, const struct kernel_wanted_goal *goal,
                           struct monotime now);

/* Send the first announcements that are due, and no others. Returns when the next one is. */
struct monotime kernel_announce_first(struct kernel_announce *announce, struct kernel_state *state,
                                      struct monotime now);
/* Send all that are due, first ones before repeats. */
struct monotime kernel_announce_all(struct kernel_announce *announce, struct kernel_state *state,
                                    struct monotime now);

#endif
