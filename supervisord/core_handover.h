/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core_handover - hand-overs of virtual routers, as this node gives them, takes them or stands aside.
 *
 * A node that is drained or in maintenance hands over whatever it holds by itself; a switchover does
 * so once. How it goes is in world->routers[].handover, for whoever waits for it.
 */
#ifndef SUPERVISORD_CORE_HANDOVER_H
#define SUPERVISORD_CORE_HANDOVER_H

#include "supervisord/policy/gather.h"

struct core_handover_order {
    int node;       /* its index, or HANDOVER_ANYBODY */
    bool is_forced; /* then it is a node: whether or not it is well */
};

/*
 * Hand router `router` over. 0: it has begun. -ENOENT: nobody could take it, or not that one;
 * -EALREADY: one is under way; -EPERM: it is not held here. The sentence is in `err`.
 */
int core_handover_begin(struct core *core, size_t router, const struct core_handover_order *order,
                        struct monotime now, struct err *err);

/* Which node could take `router` over, `asked` or the best one; -1: none. */
int core_handover_choose(const struct core *core, size_t router, int asked, struct monotime now);

/* Goes on with it, and says in the evidence what it means for the role. */
void core_handover_judge(struct core *core, size_t router, struct gather *gather,
                         struct monotime now);

#endif
