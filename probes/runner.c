/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/runner.h"

#include <errno.h>
#include <stdlib.h>

#include "probes/asker.h"
#include "probes/exec.h"
#include "probes/health.h"
#include "probes/schedule.h"

struct probe_runner {
    struct probe_state state;
    struct probe_runner_listener listener;
    struct loop *loop;
    struct probe_asker asker;
    struct loop_timer timer; /* the next start, or the present attempt's end */
    uint64_t seed;
    uint64_t number; /* of the attempt, since it became applicable */
    bool running;
    bool again; /* somebody wants another one right after */
    unsigned step;
    struct monotime started;
    struct monotime due; /* the deadline that the timer was set to last */
};

static void set_timer(struct probe_runner *runner, struct monotime deadline)
{
    runner->due = deadline;
    /* The loop has had room for it since probe_runner_start(). */
    (void)loop_timer_set(runner->loop, &runner->timer, deadline);
}

static struct monotime next_start(const struct probe_runner *runner, struct monotime now)
{
    const struct probe_schedule_last last = {
        .number = runner->number,
        .started = runner->started,
        .ended = now,
        .pending = probe_health_is_pending(&runner->state),
    };
    const struct monotime planned = probe_schedule_next(&runner->state.params, runner->seed, &last);

    if (!runner->again)
        return planned;
    return monotime_earlier(planned, probe_schedule_hurry(&runner->state.params, now, now));
}

/* Judge what the transfer showed; end the attempt unless another step is to be asked. */
static bool end_step(struct probe_runner *runner, enum probe_transfer transfer, struct monotime now)
{
    const int64_t spent_ns = monotime_since(runner->started, now);
    struct probe_facts facts = {
        .params = &runner->state.params,
        .step = runner->step,
        .transfer = transfer,
        .spent_ns = spent_ns,
        .overslept_ns = spent_ns - runner->state.params.timeout_ns,
    };
    struct probe_verdict verdict;
    bool health_changed;

    runner->asker.kind->tell(runner->asker.self, &facts);
    if (!probe_verdict_judge(&facts, &verdict)) {
        runner->step = verdict.next;
        return false;
    }
    runner->asker.kind->stop(runner->asker.self, now);
    runner->running = false;
    health_changed = probe_health_count(&runner->state, &verdict, runner->started, now);
    set_timer(runner, next_start(runner, now));
    runner->listener.ended(runner->listener.owner, &runner->state, health_changed, now);
    return true; /* and `runner` may be gone */
}

static void begin_step(struct probe_runner *runner, struct monotime now)
{
    if (runner->asker.kind->start(runner->asker.self, &runner->state.params, runner->step, now) < 0)
        (void)end_step(runner, PROBE_TRANSFER_OURS, now); /* always the end */
}

static void begin_attempt(struct probe_runner *runner, struct monotime now)
{
    runner->number++;
    runner->running = true;
    runner->again = false;
    runner->step = 0;
    runner->started = now;
    runner->state.late_ns = monotime_since(runner->due, now);
    histogram_add(runner->listener.lateness, runner->state.late_ns);
    set_timer(runner, monotime_add(now, runner->state.params.timeout_ns));
    begin_step(runner, now);
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    struct probe_runner *const runner = timer->owner;

    if (runner->running)
        (void)end_step(runner, PROBE_TRANSFER_TIMEOUT, now); /* always the end */
    else
        begin_attempt(runner, now);
}

static void handle_ended(void *owner, enum probe_transfer transfer, struct monotime now)
{
    struct probe_runner *const runner = owner;

    if (end_step(runner, transfer, now))
        return;
    begin_step(runner, now);
}

int probe_runner_new(struct loop *loop, struct probe_curl_loop *curl,
                     const struct probe_params *params,
                     const struct probe_runner_listener *listener, struct probe_runner **ret_runner)
{
    struct probe_runner *const runner = calloc(1, sizeof(*runner));

    if (runner == NULL)
        return -ENOMEM;
    runner->state.params = *params;
    runner->listener = *listener;
    runner->loop = loop;
    loop_timer_init(&runner->timer, "probe", handle_timer, runner);

    const struct probe_asker_context context = {loop, curl, listener->door, handle_ended, runner};
    if (probe_asker_new(&context, &runner->state.params, &runner->asker) < 0) {
        free(runner);
        return -ENOMEM;
    }
    *ret_runner = runner;
    return 0;
}

void probe_runner_free(struct probe_runner *runner, struct monotime now)
{
    if (runner == NULL)
        return;
    loop_timer_cancel(runner->loop, &runner->timer);
    runner->asker.kind->free(runner->asker.self, now);
    free(runner);
}

int probe_runner_start(struct probe_runner *runner, uint64_t seed, struct monotime first)
{
    runner->seed = seed;
    runner->number = 0;
    runner->due = first;
    probe_health_start(&runner->state, true, first);
    return loop_timer_set(runner->loop, &runner->timer, first);
}

void probe_runner_set_applicable(struct probe_runner *runner, bool applicable, struct monotime now)
{
    if (runner->state.applicable == applicable)
        return;
    if (applicable) {
        (void)probe_runner_start(runner, runner->seed, now); /* the loop has room */
        return;
    }
    runner->asker.kind->stop(runner->asker.self, now);
    loop_timer_cancel(runner->loop, &runner->timer);
    runner->running = runner->again = false;
    probe_health_start(&runner->state, false, now);
}

void probe_runner_set_patience(struct probe_runner *runner, struct monotime until)
{
    runner->state.patient_until = until;
}

void probe_runner_renew(struct probe_runner *runner)
{
    if (runner->asker.kind->renew != NULL)
        runner->asker.kind->renew(runner->asker.self);
}

void probe_runner_hurry(struct probe_runner *runner, struct monotime now)
{
    if (!runner->state.applicable)
        return;
    if (runner->running) {
        runner->again = true;
        return;
    }
    set_timer(runner, monotime_earlier(
                          runner->timer.deadline,
                          probe_schedule_hurry(&runner->state.params, runner->state.ended, now)));
}

void probe_runner_exec_ended(struct probe_runner *runner, uint32_t serial,
                             const struct probe_exec_end *end, struct monotime now)
{
    if (runner->state.params.type == PROBE_TYPE_EXEC)
        probe_exec_take(runner->asker.self, serial, end, now);
}

uint32_t probe_runner_exec_serial(const struct probe_runner *runner)
{
    return runner->state.params.type == PROBE_TYPE_EXEC ? probe_exec_serial(runner->asker.self) : 0;
}

const struct probe_state *probe_runner_state(const struct probe_runner *runner)
{
    return &runner->state;
}
