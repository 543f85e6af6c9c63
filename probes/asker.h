/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asker - one way to ask, as a runner sees it; asker.c has the table of which type asks how.
 *
 * An asker does one step at a time, never blocks, and has no deadline: whoever started a step stops
 * it. What it found goes into the facts that the verdict is made from.
 */
#ifndef PROBES_ASKER_H
#define PROBES_ASKER_H

#include "probes/curl_loop.h"
#include "probes/verdict.h"

/* What each way to ask offers; `self` is its own. */
struct probe_asker_kind {
    /*
     * Begin a step; none is on its way. Returns 0 or a negative errno, which says nothing of the
     * other side (PROBE_TRANSFER_OURS) unless tell() knows better.
     */
    int (*start)(void *self, const struct probe_params *params, unsigned step, struct monotime now);
    /* Fill in stage, detail and what was answered, as far as it came. */
    void (*tell)(const void *self, struct probe_facts *facts);
    /* Stop the step if it has not ended. How far it came: ask first. */
    void (*stop)(void *self, struct monotime now);
    void (*free)(void *self, struct monotime now);
    /* Read secrets anew: a reload. NULL: it has none. */
    void (*renew)(void *self);
};

struct probe_asker {
    const struct probe_asker_kind *kind;
    void *self;
};

/* What an asker lives on, and who is told when a step ended by itself. */
struct probe_asker_context {
    struct loop *loop;
    struct probe_curl_loop *curl;
    const struct probe_exec_door *door;
    void (*ended)(void *owner, enum probe_transfer transfer, struct monotime now);
    void *owner;
};

/* For parameters without mistake, which stay where they are. Returns 0 or -ENOMEM. */
int probe_asker_new(const struct probe_asker_context *context, const struct probe_params *params,
                    struct probe_asker *ret_asker);

#endif
