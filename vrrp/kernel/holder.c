/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/holder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "vrrp/kernel/address.h"
#include "vrrp/kernel/announce.h"
#include "vrrp/kernel/guard.h"
#include "vrrp/kernel/state.h"

#define OBSERVED_SIZE_MIN 64
#define CHANGES           256 /* between two looks at the kernel */
#define ROUNDS            4 /* in one callback; what is left comes next, after other descriptors */
#define ANSWER_NS         (100 * NS_PER_MS)
#define ANSWER_POLL_NS    (20 * NS_PER_MS)
#define LOG_EVERY_NS      NS_PER_S

struct kernel_holder {
    struct loop *loop;
    struct kernel_observe *observe;
    struct kernel_address *address;
    struct kernel_announce announce;
    struct kernel_guard *guard;
    struct kernel_report report;
    struct kernel_state state;
    struct loop_timer work_timer;
    struct loop_timer announce_timer;
    uint32_t list; /* the last full list of the kernel */
    bool listing;
    bool links_changed;
    bool guard_outdated;
    bool dirty;               /* something to tell may have changed */
    struct monotime asked_at; /* answers are outstanding since; 0: none are */
    struct monotime now;      /* of this callback */
    struct log_limit memory_limit, ask_limit;
};

static void work(struct kernel_holder *holder, struct monotime now);

/* What the kernel tells. */

static bool make_room(struct kernel_holder *holder)
{
    const size_t size =
        holder->state.observed.size == 0 ? OBSERVED_SIZE_MIN : 2 * holder->state.observed.size;
    struct kernel_observed_entry *old = holder->state.observed.entries;
    struct kernel_observed_entry *entries;

    if (!kernel_observed_is_full(&holder->state.observed))
        return true;
    entries = calloc(size, sizeof(*entries));
    if (entries == NULL)
        return false;
    kernel_observed_move(&holder->state.observed, entries, size);
    free(old);
    return true;
}

/* A renewal alone is nothing to tell. */
static bool is_news(const struct kernel_observed_entry *known,
                    const struct kernel_observed_entry *told)
{
    return known == NULL || known->tagged != told->tagged || known->usable != told->usable ||
           known->scope != told->scope;
}

/* Of a listed address nobody knows when it was renewed; of one that is known, we do. */
static void handle_address(void *owner, const struct kernel_observed_entry *told, bool gone)
{
    struct kernel_holder *holder = owner;
    struct kernel_observed_entry entry = *told;
    const struct kernel_observed_entry *known =
        kernel_observed_find(&holder->state.observed, told->index, &told->address);
    uint64_t suppressed;

    holder->dirty |= gone || is_news(known, told);
    if (gone) {
        kernel_observed_remove(&holder->state.observed, told->index, &told->address);
        return;
    }
    entry.dump = holder->list;
    if (holder->listing) {
        entry.seen = known != NULL ? known->seen : (struct monotime){0};
        entry.valid_s = known != NULL ? known->valid_s : told->valid_s;
    }
    if (!make_room(holder) &&
        log_limit_pass(&holder->memory_limit, LOG_EVERY_NS, holder->now, &suppressed))
        log_err("no memory for the kernel's addresses, some are not seen", "known=%zu",
                holder->state.observed.count);
    (void)kernel_observed_put(&holder->state.observed, &entry); /* logged above */
}

static void announce_link(struct kernel_holder *holder, const char *interface)
{
    for (size_t at = 0; at < holder->state.wanted.goal_count; at++)
        if (strcmp(holder->state.wanted.goals[at].goal.interface, interface) == 0)
            kernel_announce_begin(&holder->state, &holder->state.wanted.goals[at], holder->now);
}

static void handle_link(void *owner, const struct kernel_observe_link *link, bool gone)
{
    struct kernel_holder *holder = owner;

    holder->dirty = true;
    holder->links_changed = true;
    if (gone) {
        kernel_link_remove(&holder->state.links, link->index);
        kernel_observed_remove_link(&holder->state.observed, link->index);
        return;
    }
    const int fresh = kernel_link_put(&holder->state.links, link, holder->list);
    if (fresh < 0)
        log_err("no memory for another interface, it is not seen", "interface=%s", link->name);
    if (fresh > 0)
        announce_link(holder, link->name);
}

static void handle_list_begins(void *owner)
{
    struct kernel_holder *holder = owner;

    holder->list++;
    holder->listing = true;
}

static void handle_list_ended(void *owner)
{
    struct kernel_holder *holder = owner;

    kernel_observed_sweep(&holder->state.observed, holder->list);
    kernel_link_sweep(&holder->state.links, holder->list);
    holder->listing = false;
    holder->links_changed = true;
    holder->dirty = true;
}

static void handle_drained(void *owner, struct monotime now)
{
    work(owner, now);
}

static void look(struct kernel_holder *holder)
{
    (void)kernel_observe_drain(holder->observe, holder->now);
    if (holder->links_changed)
        kernel_wanted_resolve(&holder->state.wanted, &holder->state.links);
    holder->guard_outdated |= holder->links_changed;
    holder->links_changed = false;
}

static void announce(struct kernel_holder *holder)
{
    /* -ENOMEM: the next event announces. */
    (void)loop_timer_set(holder->loop, &holder->announce_timer,
                         kernel_announce_all(&holder->announce, &holder->state, holder->now));
}

static void handle_announce_timer(struct loop_timer *timer, struct monotime now)
{
    struct kernel_holder *holder = timer->owner;

    holder->now = now;
    announce(holder);
}

/* Changes. */

static void handle_answer(void *owner, const struct kernel_change *change, int error,
                          struct monotime now)
{
    struct kernel_holder *holder = owner;
    const enum kernel_outcome outcome =
        kernel_reconcile_result(&holder->state.reconcile, change, error, now);
    struct kernel_wanted_goal *goal = NULL;

    if (outcome == KERNEL_OUTCOME_RENEWED)
        return;
    holder->dirty = true;
    kernel_report_change(&holder->report, change, outcome, error, now);
    if (change->want != KERNEL_RECONCILE_NO_WANT)
        goal = &holder->state.wanted.goals[holder->state.wanted.goal_of[change->want]];
    if (goal == NULL)
        return;
    goal->restored += outcome == KERNEL_OUTCOME_RESTORED;
    goal->removed_strays += outcome == KERNEL_OUTCOME_REMOVED_STRAY;
    if (outcome == KERNEL_OUTCOME_ADDED || outcome == KERNEL_OUTCOME_RESTORED)
        kernel_pace_start(&holder->state.wanted.paces[change->want], goal->goal.announce_repeat,
                          goal->goal.announce_refresh_ns, now);
}

static void report_refusal(struct kernel_holder *holder, int error)
{
    uint64_t suppressed;

    if (log_limit_pass(&holder->ask_limit, LOG_EVERY_NS, holder->now, &suppressed))
        log_err("the kernel cannot be asked, trying again", "error=\"%s\" suppressed=%llu",
                strerror(error), (unsigned long long)suppressed);
}

/* Each batch is announced as soon as it is there. Returns whether all were asked for. */
static bool carry_out(struct kernel_holder *holder, const struct kernel_change *changes,
                      size_t count)
{
    for (size_t at = 0; at < count;) {
        const int asked =
            kernel_address_ask(holder->address, changes + at, count - at, holder->now);

        if (asked < 0) {
            report_refusal(holder, -asked);
            return false;
        }
        at += (size_t)asked;
        look(holder);
        (void)kernel_announce_first(&holder->announce, &holder->state, holder->now);
    }
    return true;
}

/* An answer that does not come was lost; what the kernel has is read instead. */
static bool is_answered(struct kernel_holder *holder)
{
    if (kernel_address_outstanding(holder->address) == 0) {
        holder->asked_at = (struct monotime){0};
        return true;
    }
    if (holder->asked_at.ns == 0)
        holder->asked_at = holder->now;
    if (monotime_since(holder->asked_at, holder->now) < ANSWER_NS)
        return false;
    log_warning("the kernel's answers were lost, everything is read again", "outstanding=%zu",
                kernel_address_outstanding(holder->address));
    kernel_address_forget(holder->address);
    kernel_observe_resync(holder->observe, holder->now);
    holder->asked_at = (struct monotime){0};
    return true;
}

/* Returns when to come again. */
static struct monotime converge(struct kernel_holder *holder)
{
    struct kernel_change changes[CHANGES];
    struct monotime next = MONOTIME_NEVER;

    for (int round = 0; round < ROUNDS; round++) {
        const size_t count =
            kernel_reconcile_diff(&holder->state.reconcile, holder->now, changes, CHANGES, &next);

        if (count == 0)
            return next;
        if (!carry_out(holder, changes, count) || !is_answered(holder))
            return monotime_add(holder->now, ANSWER_POLL_NS);
    }
    return holder->now;
}

/* Returns whether it came or went for anyone: lifetimes follow. */
static bool guard(struct kernel_holder *holder)
{
    bool changed = false;

    kernel_guard_update(holder->guard, holder->guard_outdated, holder->now);
    holder->guard_outdated = false;
    for (size_t at = 0; at < holder->state.wanted.goal_count; at++) {
        struct kernel_wanted_goal *goal = &holder->state.wanted.goals[at];
        const bool guarded = kernel_guard_protects(holder->guard, &goal->goal);

        changed |= goal->guarded != guarded;
        goal->guarded = guarded;
        goal->guard_rebuilt = guarded ? kernel_guard_rebuilt(holder->guard) : 0;
        for (size_t of = 0; of < goal->goal.address_count; of++)
            holder->state.wanted.wants[goal->first_want + of].guarded = guarded;
    }
    holder->dirty |= changed;
    return changed;
}

static void handle_guard_changed(void *owner, struct monotime now)
{
    struct kernel_holder *holder = owner;

    holder->dirty = true;
    work(holder, now);
}

/* The one thing that follows every event. The guard may take its time: nobody waits for it. */
static void work(struct kernel_holder *holder, struct monotime now)
{
    struct monotime next;

    holder->now = now;
    look(holder);
    next = is_answered(holder) ? converge(holder) : monotime_add(now, ANSWER_POLL_NS);
    announce(holder);
    if (guard(holder))
        next = now;
    if (holder->dirty)
        kernel_report_tell(&holder->report, &holder->state, false, now);
    holder->dirty = false;
    /* -ENOMEM: the next event works. */
    (void)loop_timer_set(holder->loop, &holder->work_timer, next);
}

static void handle_work_timer(struct loop_timer *timer, struct monotime now)
{
    work(timer->owner, now);
}

/* From outside. */

static int open_all(struct kernel_holder *holder, struct monotime now, struct err *err)
{
    const struct kernel_address_params address = {
        .owner = holder,
        .answered = handle_answer,
        .settled = handle_drained,
    };
    const struct kernel_observe_params observe = {
        .owner = holder,
        .link = handle_link,
        .address = handle_address,
        .list_begins = handle_list_begins,
        .list_ended = handle_list_ended,
        .drained = handle_drained,
    };
    const struct kernel_guard_params guard_params = {
        .state = &holder->state,
        .owner = holder,
        .changed = handle_guard_changed,
    };
    int failed = kernel_announce_open(&holder->announce, err);

    if (failed == 0)
        failed = kernel_address_open(holder->loop, &address, &holder->address, err);
    if (failed == 0)
        failed = kernel_guard_open(holder->loop, &guard_params, &holder->guard, err);
    if (failed == 0)
        failed = kernel_observe_open(holder->loop, &observe, now, &holder->observe, err);
    return failed;
}

int kernel_holder_new(struct loop *loop, const struct kernel_listener *listener,
                      struct monotime now, struct kernel_holder **ret_holder, struct err *err)
{
    struct kernel_holder *holder = calloc(1, sizeof(*holder));

    if (holder == NULL)
        return err_set(err, ENOMEM, "no memory to hold addresses");
    holder->report.listener = *listener;
    holder->loop = loop;
    holder->announce.fd = -1;
    holder->now = now;
    holder->state.reconcile.observed = &holder->state.observed;
    holder->state.reconcile.act_until = monotime_add(now, KERNEL_RECONCILE_ORPHAN_NS);
    loop_timer_init(&holder->work_timer, "addresses", handle_work_timer, holder);
    loop_timer_init(&holder->announce_timer, "announcements", handle_announce_timer, holder);
    const int failed = open_all(holder, now, err);
    if (failed < 0) {
        kernel_holder_free(holder);
        return failed;
    }
    work(holder, now);
    *ret_holder = holder;
    return 0;
}

void kernel_holder_free(struct kernel_holder *holder)
{
    if (holder == NULL)
        return;
    loop_timer_cancel(holder->loop, &holder->work_timer);
    loop_timer_cancel(holder->loop, &holder->announce_timer);
    kernel_observe_close(holder->observe);
    kernel_guard_close(holder->guard);
    kernel_address_close(holder->address);
    kernel_announce_close(&holder->announce);
    kernel_wanted_fini(&holder->state.wanted);
    kernel_link_fini(&holder->state.links);
    free(holder->state.observed.entries);
    free(holder);
}

/* What was found running is announced, too: nobody knows what others heard meanwhile. */
static void begin_announcing(struct kernel_holder *holder)
{
    for (size_t at = 0; at < holder->state.wanted.goal_count; at++) {
        const struct kernel_wanted_goal *goal = &holder->state.wanted.goals[at];

        if (goal->announce_again ||
            (goal->goal.address_count > 0 && !holder->state.wanted.paces[goal->first_want].active))
            kernel_announce_begin(&holder->state, goal, holder->now);
    }
}

int kernel_holder_want(struct kernel_holder *holder, const struct kernel_wanted_set *set,
                       struct monotime now, struct err *err)
{
    const int failed = kernel_wanted_apply(&holder->state.wanted, set, err);

    if (failed < 0)
        return failed;
    /* Late answers would speak of wants of the former set; what they did is seen as events. */
    kernel_address_forget(holder->address);
    holder->asked_at = (struct monotime){0};
    holder->now = now;
    holder->state.reconcile.wants = holder->state.wanted.wants;
    holder->state.reconcile.want_count = holder->state.wanted.want_count;
    holder->state.reconcile.goals_known |= !set->partial;
    holder->state.reconcile.act_until = MONOTIME_NEVER;
    holder->dirty = true;
    kernel_wanted_resolve(&holder->state.wanted, &holder->state.links);
    begin_announcing(holder);
    work(holder, now);
    return 0;
}

void kernel_holder_orphaned(struct kernel_holder *holder, struct monotime now)
{
    holder->state.reconcile.act_until = monotime_add(now, KERNEL_RECONCILE_ORPHAN_NS);
    work(holder, now);
}

void kernel_holder_snapshot(struct kernel_holder *holder, const struct kernel_listener *listener)
{
    kernel_report_snapshot(&holder->state, listener);
}

void kernel_holder_tell_counters(struct kernel_holder *holder, struct monotime now)
{
    kernel_report_tell(&holder->report, &holder->state, true, now);
}

static size_t count_tagged(const struct kernel_holder *holder)
{
    size_t count = 0;

    for (size_t at = 0; at < holder->state.observed.size; at++)
        count += holder->state.observed.entries[at].index != 0 &&
                 holder->state.observed.entries[at].tagged;
    return count;
}

size_t kernel_holder_release(struct kernel_holder *holder, struct monotime now)
{
    struct kernel_change changes[CHANGES];
    struct monotime next;
    size_t count;

    kernel_address_forget(holder->address);
    holder->now = now;
    for (size_t at = 0; at < holder->state.wanted.want_count; at++)
        holder->state.wanted.wants[at].hold = false;
    holder->state.reconcile.goals_known = true; /* what no goal names goes, too */
    holder->state.reconcile.act_until = MONOTIME_NEVER;
    do {
        count = kernel_reconcile_diff(&holder->state.reconcile, now, changes, CHANGES, &next);
        if (!carry_out(holder, changes, count))
            break;
    } while (count > 0);
    kernel_guard_remove(holder->guard);
    return count_tagged(holder);
}

struct kernel_holder_summary kernel_holder_summary(const struct kernel_holder *holder)
{
    struct kernel_holder_summary summary = {
        .goals = holder->state.wanted.goal_count,
        .addresses = count_tagged(holder),
    };

    for (size_t at = 0; at < holder->state.wanted.goal_count; at++) {
        summary.held += holder->state.wanted.goals[at].goal.hold;
        summary.unsettled += !holder->state.wanted.goals[at].settled;
    }
    return summary;
}
