/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runner - one probe as it lives: waits, asks, judges, counts, and waits again.
 *
 * It has one attempt at a time, and one deadline: either the next attempt's start or the end of the
 * present one, which ends then whatever the server does.
 */
#ifndef PROBES_RUNNER_H
#define PROBES_RUNNER_H

#include "probes/curl_loop.h"
#include "probes/message.h"

struct probe_runner;

/* Who is told after each attempt. It may free the runner: nothing follows the call. */
struct probe_runner_listener {
    void (*ended)(void *owner, const struct probe_state *state, bool health_changed,
                  struct monotime now);
    void *owner;
    struct histogram *lateness; /* of the starts */
    const struct probe_exec_door *door;
};

/* For parameters without mistake. It does nothing before probe_runner_start(). */
int probe_runner_new(struct loop *loop, struct probe_curl_loop *curl,
                     const struct probe_params *params,
                     const struct probe_runner_listener *listener,
                     struct probe_runner **ret_runner);
void probe_runner_free(struct probe_runner *runner, struct monotime now); /* NULL is fine */

/* Ask at `first`, and from then on by a schedule of this seed. Returns 0 or -ENOMEM. */
int probe_runner_start(struct probe_runner *runner, uint64_t seed, struct monotime first);

void probe_runner_set_applicable(struct probe_runner *runner, bool applicable, struct monotime now);
void probe_runner_set_patience(struct probe_runner *runner, struct monotime until);
/* Its secrets may be others now. */
void probe_runner_renew(struct probe_runner *runner);

void probe_runner_hurry(struct probe_runner *runner, struct monotime now);

/* Of an exec probe: how attempt `serial` ended, and the one under way (0: none). */
void probe_runner_exec_ended(struct probe_runner *runner, uint32_t serial,
                             const struct probe_exec_end *end, struct monotime now);
uint32_t probe_runner_exec_serial(const struct probe_runner *runner);

const struct probe_state *probe_runner_state(const struct probe_runner *runner);

#endif
