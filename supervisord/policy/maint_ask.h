/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * maint_ask - asks the MinIO of this node, once, whether it may leave its cluster.
 *
 * By a probe set of its own, which is there only while it is asked; MinIO's health check with
 * maintenance=true counts as if this node were gone already.
 */
#ifndef SUPERVISORD_MAINT_ASK_H
#define SUPERVISORD_MAINT_ASK_H

#include "base/loop.h"
#include "supervisord/policy/maint_answer.h"
#include "supervisord/settings/settings.h"

struct maint_ask {
    struct loop *loop;
    struct probe_set *probes; /* NULL: nothing is asked */
    struct loop_timer end;    /* to take it down outside of its own callback */
    struct maint_answer *answer;
};

void maint_ask_init(struct maint_ask *ask, struct loop *loop, struct maint_answer *answer);
void maint_ask_fini(struct maint_ask *ask);

/* Ask now; `answer` is PENDING until it is there. One that is under way goes on. */
void maint_ask_start(struct maint_ask *ask, const struct settings *settings, struct monotime now);

#endif
