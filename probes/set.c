/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "probes/curl_loop.h"
#include "probes/message.h"
#include "probes/runner.h"
#include "probes/same.h"
#include "probes/schedule.h"

/* From the first attempt of one new probe to that of the next: the loop gets to other work. */
#define START_STEP_NS (200 * NS_PER_US)

struct probe_set {
    struct loop *loop;
    struct probe_curl_loop *curl;
    struct probe_runner_listener listener;
    struct probe_exec_door door;
    struct histogram lateness;
    uint64_t run; /* the seed of this run */
    struct probe_runner **runners;
    size_t count;
};

int probe_set_new(struct loop *loop, probe_set_changed *changed, void *owner,
                  struct probe_set **ret_set, struct err *err)
{
    struct probe_set *const set = calloc(1, sizeof(*set));
    int failed;

    if (set == NULL)
        return err_set(err, ENOMEM, "no memory for the probes");
    set->loop = loop;
    set->listener = (struct probe_runner_listener){changed, owner, &set->lateness, &set->door};
    /* Only the phases hang on it: without it they are those of the last run. */
    (void)!getrandom(&set->run, sizeof(set->run), GRND_NONBLOCK);
    failed = probe_curl_loop_new(loop, &set->curl, err);
    if (failed < 0) {
        free(set);
        return failed;
    }
    *ret_set = set;
    return 0;
}

static void free_runners(struct probe_runner **runners, size_t count)
{
    const struct monotime now = monotime_now();

    for (size_t at = 0; at < count; at++)
        probe_runner_free(runners[at], now);
    free(runners);
}

void probe_set_free(struct probe_set *set)
{
    if (set == NULL)
        return;
    free_runners(set->runners, set->count);
    probe_curl_loop_free(set->curl);
    free(set);
}

static size_t find(const struct probe_set *set, const char *name)
{
    size_t at = 0;

    while (at < set->count && strcmp(probe_runner_state(set->runners[at])->params.name, name) != 0)
        at++;
    return at;
}

static int check(const struct probe_params *params, size_t count, struct err *err)
{
    for (size_t at = 0; at < count; at++) {
        const char *const mistake = probe_request_mistake(&params[at]);

        if (mistake != NULL)
            return err_set(err, EINVAL, "probe \"%s\": %s", params[at].name, mistake);
        for (size_t other = 0; other < at; other++)
            if (strcmp(params[at].name, params[other].name) == 0)
                return err_set(err, EEXIST, "there are two probes \"%s\"", params[at].name);
    }
    return 0;
}

/* Take over the runners that stay; what is left in the set is no longer wanted. */
static void swap_runners(struct probe_set *set, struct probe_runner **runners,
                         const struct probe_params *params, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        const size_t old = runners[at] == NULL ? find(set, params[at].name) : set->count;

        if (old == set->count)
            continue;
        runners[at] = set->runners[old];
        probe_runner_renew(runners[at]);
        set->runners[old] = set->runners[--set->count];
    }
}

/* A new runner for each probe that is new or changed, and NULL for each that stays. */
static int make_runners(struct probe_set *set, const struct probe_params *params, size_t count,
                        struct probe_runner **runners)
{
    /* A reload may come from anywhere, and the first attempts are due now. */
    struct monotime first = monotime_now();

    for (size_t at = 0; at < count; at++) {
        const struct probe_state *const old = probe_set_find(set, params[at].name);

        if (old != NULL && probe_same_params(&old->params, &params[at]))
            continue;
        if (probe_runner_new(set->loop, set->curl, &params[at], &set->listener, &runners[at]) < 0 ||
            probe_runner_start(runners[at], probe_schedule_seed(set->run, params[at].name), first) <
                0)
            return -ENOMEM;
        first = monotime_add(first, START_STEP_NS);
    }
    return 0;
}

int probe_set_apply(struct probe_set *set, const struct probe_params *params, size_t count,
                    struct err *err)
{
    const int failed = check(params, count, err);
    struct probe_runner **runners;

    if (failed < 0)
        return failed;
    runners = calloc(count + 1, sizeof(struct probe_runner *)); /* never of 0 bytes */
    if (runners == NULL || make_runners(set, params, count, runners) < 0) {
        free_runners(runners, runners != NULL ? count : 0);
        return err_set(err, ENOMEM, "no memory for %zu probes", count);
    }
    swap_runners(set, runners, params, count);
    free_runners(set->runners, set->count);
    set->runners = runners;
    set->count = count;
    return 0;
}

void probe_set_applicable(struct probe_set *set, const char *name, bool applicable,
                          struct monotime now)
{
    const size_t at = find(set, name);

    if (at < set->count)
        probe_runner_set_applicable(set->runners[at], applicable, now);
}

void probe_set_patience(struct probe_set *set, const char *name, struct monotime until)
{
    const size_t at = find(set, name);

    if (at < set->count)
        probe_runner_set_patience(set->runners[at], until);
}

void probe_set_hurry(struct probe_set *set, const char *name, struct monotime now)
{
    const size_t at = find(set, name);

    if (at < set->count)
        probe_runner_hurry(set->runners[at], now);
}

size_t probe_set_count(const struct probe_set *set)
{
    return set->count;
}

const struct probe_state *probe_set_state(const struct probe_set *set, size_t at)
{
    return probe_runner_state(set->runners[at]);
}

const struct probe_state *probe_set_find(const struct probe_set *set, const char *name)
{
    const size_t at = find(set, name);

    return at < set->count ? probe_runner_state(set->runners[at]) : NULL;
}

const struct histogram *probe_set_lateness(const struct probe_set *set)
{
    return &set->lateness;
}

void probe_set_open_door(struct probe_set *set, struct probe_exec_door door)
{
    set->door = door;
}

void probe_set_exec_ended(struct probe_set *set, const char *name, uint32_t serial,
                          const struct probe_exec_end *end, struct monotime now)
{
    const size_t at = find(set, name);

    if (at < set->count)
        probe_runner_exec_ended(set->runners[at], serial, end, now);
}

uint32_t probe_set_exec_serial(const struct probe_set *set, size_t at)
{
    return probe_runner_exec_serial(set->runners[at]);
}
