/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/supervise.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "registry-launcher/goal_check.h"

#define TICK_NS (1 * NS_PER_S)

struct registry_supervise {
    const struct registry_keeper_shared *shared;
    struct registry_keeper *keepers[REGISTRY_ADOPT_MAX];
    size_t count;
    struct loop_timer tick;
    void *owner;
    void (*stopped)(void *owner); /* NULL: not asked to stop */
};

static struct registry_keeper *find(const struct registry_supervise *supervise, const char *name)
{
    for (size_t at = 0; at < supervise->count; at++)
        if (strcmp(supervise->keepers[at]->goal.params.name, name) == 0)
            return supervise->keepers[at];
    return NULL;
}

static struct registry_keeper *add(struct registry_supervise *supervise,
                                   const struct registry_goal *goal)
{
    struct registry_keeper *keeper = NULL;

    if (supervise->count < REGISTRY_ADOPT_MAX)
        keeper = malloc(sizeof(*keeper));
    if (keeper == NULL) {
        log_err("there is no room for another registry", "registry=%s", goal->params.name);
        return NULL;
    }
    registry_keeper_init(keeper, supervise->shared, goal);
    supervise->keepers[supervise->count++] = keeper;
    return keeper;
}

/* Forget those that nobody wants and that have ended. */
static void sweep(struct registry_supervise *supervise)
{
    size_t kept = 0;

    for (size_t at = 0; at < supervise->count; at++) {
        struct registry_keeper *keeper = supervise->keepers[at];

        if (!keeper->wanted && registry_keeper_is_idle(keeper)) {
            registry_keeper_fini(keeper);
            free(keeper);
        } else {
            supervise->keepers[kept++] = keeper;
        }
    }
    supervise->count = kept;
}

static bool is_all_stopped(const struct registry_supervise *supervise)
{
    for (size_t at = 0; at < supervise->count; at++)
        if (!registry_fsm_is_over(&supervise->keepers[at]->fsm))
            return false;
    return true;
}

static void handle_tick(struct loop_timer *timer, struct monotime now)
{
    struct registry_supervise *supervise = timer->owner;
    const bool stopping = supervise->stopped != NULL;

    for (size_t at = 0; at < supervise->count; at++)
        registry_keeper_tick(supervise->keepers[at]);
    sweep(supervise);
    if (stopping && is_all_stopped(supervise)) {
        supervise->stopped(supervise->owner);
        return;
    }
    /* Faster while somebody waits for the end. */
    (void)loop_timer_set(supervise->shared->loop, timer,
                         monotime_add(now, stopping ? TICK_NS / 50 : TICK_NS));
}

static void adopt(struct registry_supervise *supervise, const char *name, struct monotime now)
{
    struct registry_adopt_record record;
    struct err err;
    const int failed = registry_adopt_read(supervise->shared->folder, name, &record, &err);

    if (failed < 0) {
        log_warning("a record of a registry is of no use", "registry=%s reason=\"%s\"", name,
                    err.text);
        registry_adopt_remove(supervise->shared->folder, name);
        return;
    }
    if (record.other_boot && !registry_adopt_is_alive(&record)) {
        registry_adopt_remove(supervise->shared->folder, name);
        return;
    }
    struct registry_keeper *keeper = add(supervise, &record.goal);
    if (keeper != NULL)
        registry_keeper_adopt(keeper, &record, now);
}

int registry_supervise_new(const struct registry_keeper_shared *shared,
                           struct registry_supervise **ret_supervise, struct err *err)
{
    char names[REGISTRY_ADOPT_MAX][REGISTRY_NAME_BYTES];
    struct registry_supervise *supervise = calloc(1, sizeof(*supervise));
    const struct monotime now = monotime_now();

    if (supervise == NULL)
        return err_set(err, ENOMEM, "no memory for the registries");
    supervise->shared = shared;
    loop_timer_init(&supervise->tick, "registries", handle_tick, supervise);
    const int failed = loop_timer_set(shared->loop, &supervise->tick, monotime_add(now, TICK_NS));
    if (failed < 0) {
        free(supervise);
        return err_set(err, -failed, "cannot set a timer");
    }
    const size_t count = registry_adopt_list(shared->folder, names);
    for (size_t at = 0; at < count; at++)
        adopt(supervise, names[at], now);
    *ret_supervise = supervise;
    return 0;
}

void registry_supervise_free(struct registry_supervise *supervise)
{
    if (supervise == NULL)
        return;
    for (size_t at = 0; at < supervise->count; at++) {
        registry_keeper_fini(supervise->keepers[at]);
        free(supervise->keepers[at]);
    }
    loop_timer_cancel(supervise->shared->loop, &supervise->tick);
    free(supervise);
}

static bool is_in(const struct registry_supervise_set *set, const char *name)
{
    for (size_t at = 0; at < set->count; at++)
        if (strcmp(set->goals[at]->params.name, name) == 0)
            return true;
    return false;
}

static void want_one(struct registry_supervise *supervise, const struct registry_goal *goal,
                     bool first, struct monotime now)
{
    const char *fault = registry_goal_check_fault(goal);
    char quoted[4 * REGISTRY_NAME_BYTES];

    if (fault != NULL) {
        log_err("a goal for a registry makes no sense", "registry=\"%s\" reason=\"%s\"",
                log_quote(goal->params.name, quoted, sizeof(quoted)), fault);
        return;
    }
    struct registry_keeper *keeper = find(supervise, goal->params.name);
    if (keeper == NULL)
        keeper = add(supervise, goal);
    if (keeper != NULL)
        registry_keeper_want(keeper, goal, first, now);
}

void registry_supervise_want(struct registry_supervise *supervise,
                             const struct registry_supervise_set *set, struct monotime now)
{
    if (supervise->stopped != NULL)
        return;
    /* Those that are to go first: one that takes over a port shall find it free the sooner. */
    for (size_t at = 0; at < supervise->count && !set->partial; at++)
        if (supervise->keepers[at]->wanted && !is_in(set, supervise->keepers[at]->goal.params.name))
            registry_keeper_drop(supervise->keepers[at], now);
    for (size_t at = 0; at < set->count; at++)
        want_one(supervise, set->goals[at], set->first, now);
}

void registry_supervise_give(struct registry_supervise *supervise,
                             const struct registry_bundle *bundle, int fd, struct monotime now)
{
    struct registry_keeper *keeper = find(supervise, bundle->name);

    if (keeper != NULL)
        registry_keeper_give(keeper, bundle, fd, now);
    else if (fd >= 0)
        close(fd);
}

void registry_supervise_stop(struct registry_supervise *supervise, void *owner,
                             void (*stopped)(void *owner), struct monotime now)
{
    supervise->owner = owner;
    supervise->stopped = stopped;
    for (size_t at = 0; at < supervise->count; at++)
        registry_keeper_drop(supervise->keepers[at], now);
    (void)loop_timer_set(supervise->shared->loop, &supervise->tick, now);
}

const struct registry_keeper *registry_supervise_next(const struct registry_supervise *supervise,
                                                      const struct registry_keeper *keeper)
{
    size_t at = 0;

    while (keeper != NULL && at < supervise->count && supervise->keepers[at++] != keeper)
        ;
    return at < supervise->count ? supervise->keepers[at] : NULL;
}

void registry_supervise_say(const struct registry_supervise *supervise, char *text,
                            size_t size_bytes)
{
    unsigned counts[REGISTRY_STATES] = {0};
    size_t used = 0;

    snprintf(text, size_bytes, "no registries");
    for (size_t at = 0; at < supervise->count; at++)
        counts[supervise->keepers[at]->fsm.state]++;
    for (unsigned state = 0; state < REGISTRY_STATES && used < size_bytes; state++)
        if (counts[state] > 0)
            used +=
                (size_t)snprintf(text + used, size_bytes - used, "%s%u %s", used > 0 ? ", " : "",
                                 counts[state], registry_message_state_name(state));
}
