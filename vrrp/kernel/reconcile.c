/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/reconcile.h"

#include <errno.h>

#define WINDOW_NS NS_PER_S

/* Renewals are spread over the last quarter of their time, so that a burst of adds stays none. */
#define SPREAD_SLOTS 8
#define SPREAD_PART  4
/* What is due within it is renewed along: fewer wake-ups. */
#define SLACK_NS (KERNEL_RECONCILE_RENEW_NS / SPREAD_PART / SPREAD_SLOTS)

/* Two marks for each reconciliation: claimed to be held, and claimed to be gone. */
enum claim {
    CLAIM_HELD,
    CLAIM_GONE,
    CLAIM_KINDS,
};

/* Where changes go; what does not fit is due at once. */
struct output {
    const struct kernel_reconcile *reconcile;
    struct kernel_change *changes;
    size_t count;
    size_t max;
    struct monotime now;
    struct monotime next;
    bool orphaned;
};

static void wait_for(struct output *output, struct monotime deadline)
{
    output->next = monotime_earlier(output->next, deadline);
}

static bool is_guarded(const struct kernel_reconcile *reconcile, uint32_t want)
{
    return want != KERNEL_RECONCILE_NO_WANT && reconcile->wants[want].guarded;
}

static uint32_t valid_s(const struct kernel_reconcile *reconcile, uint32_t want)
{
    return is_guarded(reconcile, want) ? KERNEL_RECONCILE_GUARDED_VALID_S
                                       : KERNEL_RECONCILE_VALID_S;
}

static void change(struct output *output, enum kernel_change_kind kind,
                   const struct kernel_observed_entry *entry, uint32_t want)
{
    if (output->count == output->max) {
        wait_for(output, output->now);
        return;
    }
    output->changes[output->count++] = (struct kernel_change){
        .kind = kind,
        .index = entry->index,
        .address = entry->address,
        .want = want,
        .valid_s = kind == KERNEL_CHANGE_REMOVE ? 0 : valid_s(output->reconcile, want),
    };
}

static uint32_t mark(const struct kernel_reconcile *reconcile, enum claim claim)
{
    return reconcile->claim * CLAIM_KINDS + (uint32_t)claim;
}

/* Somebody who removes it again and again does not get all of our time. */
static struct monotime earliest_add(struct kernel_want *want, struct monotime now)
{
    if (monotime_reached(monotime_add(want->window, WINDOW_NS), now)) {
        want->window = now;
        want->adds = 0;
    }
    if (want->adds >= KERNEL_RECONCILE_ADDS)
        return monotime_add(want->window, WINDOW_NS);
    return want->not_before;
}

static void add(struct kernel_want *want, uint32_t ordinal, struct output *output)
{
    const struct kernel_observed_entry absent = {.index = want->index, .address = want->address};
    const struct monotime earliest = earliest_add(want, output->now);

    if (!monotime_reached(earliest, output->now)) {
        wait_for(output, earliest);
        return;
    }
    change(output, KERNEL_CHANGE_ADD, &absent, ordinal);
}

/* A tagged one of another prefix length is not claimed: it is a stray. */
static void reconcile_held(struct kernel_reconcile *reconcile, uint32_t ordinal,
                           struct output *output)
{
    struct kernel_want *want = &reconcile->wants[ordinal];
    struct kernel_observed_entry *entry = NULL;
    bool there = false;

    if (want->index == 0) {
        want->error = ENODEV;
        return;
    }
    while ((entry = kernel_observed_next(reconcile->observed, want->index, &want->address,
                                         entry)) != NULL) {
        const bool exact = entry->address.prefix_bits == want->address.prefix_bits;

        if (entry->tagged && !exact)
            continue;
        entry->claim = mark(reconcile, CLAIM_HELD);
        entry->want = ordinal;
        there |= entry->tagged;
    }
    if (there)
        want->held = true;
    else if (output->orphaned)
        want->held = false; /* it ended with its lifetime */
    else
        add(want, ordinal, output);
}

static void reconcile_gone(struct kernel_reconcile *reconcile, uint32_t ordinal,
                           struct output *output)
{
    struct kernel_want *want = &reconcile->wants[ordinal];
    struct kernel_observed_entry *entry = NULL;
    bool left = false;

    while ((entry = kernel_observed_next(reconcile->observed, want->index, &want->address,
                                         entry)) != NULL) {
        if (entry->claim == mark(reconcile, CLAIM_HELD))
            continue;
        entry->claim = mark(reconcile, CLAIM_GONE);
        left |= entry->tagged;
        if (!entry->tagged)
            continue;
        if (monotime_reached(want->not_before, output->now))
            change(output, KERNEL_CHANGE_REMOVE, entry, ordinal);
        else
            wait_for(output, want->not_before);
    }
    if (!left) {
        want->error = 0;
        want->held = false;
    }
}

static int64_t period_ns(const struct kernel_reconcile *reconcile, uint32_t want)
{
    return is_guarded(reconcile, want) ? KERNEL_RECONCILE_GUARDED_RENEW_NS
                                       : KERNEL_RECONCILE_RENEW_NS;
}

/* One that has another lifetime than it should have now, for the guard came or went, is due. */
static struct monotime renewal(const struct kernel_reconcile *reconcile,
                               const struct kernel_observed_entry *entry, uint32_t want)
{
    const uint32_t should_s = valid_s(reconcile, want);
    const int64_t whole_ns = period_ns(reconcile, want);
    const int64_t slot_ns = whole_ns / SPREAD_PART / SPREAD_SLOTS;

    if (entry->valid_s > should_s || entry->valid_s + 1 < should_s) /* the kernel rounds */
        return monotime_add(entry->seen, KERNEL_RECONCILE_RETRY_NS);
    return monotime_add(entry->seen, whole_ns - (int64_t)(entry->order % SPREAD_SLOTS) * slot_ns);
}

static void renew(const struct kernel_observed_entry *entry, uint32_t want, struct output *output)
{
    const struct monotime due = renewal(output->reconcile, entry, want);

    if (!monotime_reached(entry->renew_from, output->now))
        wait_for(output, entry->renew_from);
    else if (monotime_reached(due, monotime_add(output->now, SLACK_NS)))
        change(output, KERNEL_CHANGE_RENEW, entry, want);
    else
        wait_for(output, due);
}

static void reconcile_entry(const struct kernel_reconcile *reconcile,
                            const struct kernel_observed_entry *entry, struct output *output)
{
    if (entry->claim == mark(reconcile, CLAIM_HELD))
        renew(entry, entry->want, output);
    else if (!reconcile->goals_known)
        renew(entry, KERNEL_RECONCILE_NO_WANT, output);
    else if (entry->claim == mark(reconcile, CLAIM_GONE))
        return;
    else if (monotime_reached(reconcile->strays_not_before, output->now))
        change(output, KERNEL_CHANGE_REMOVE, entry, KERNEL_RECONCILE_NO_WANT);
    else
        wait_for(output, reconcile->strays_not_before);
}

size_t kernel_reconcile_diff(struct kernel_reconcile *reconcile, struct monotime now,
                             struct kernel_change *changes, size_t max, struct monotime *ret_next)
{
    const bool orphaned = monotime_reached(reconcile->act_until, now);
    /* Claims are made all the same: who looks for the first own address needs them. */
    struct output output = {reconcile, changes,        0,       orphaned ? 0 : max,
                            now,       MONOTIME_NEVER, orphaned};

    reconcile->claim = (reconcile->claim + 1) % (UINT32_MAX / CLAIM_KINDS);
    for (uint32_t at = 0; at < reconcile->want_count; at++)
        if (reconcile->wants[at].hold)
            reconcile_held(reconcile, at, &output);
    for (uint32_t at = 0; at < reconcile->want_count; at++)
        if (!reconcile->wants[at].hold)
            reconcile_gone(reconcile, at, &output);
    for (size_t at = 0; at < reconcile->observed->size; at++)
        if (reconcile->observed->entries[at].index != 0 && reconcile->observed->entries[at].tagged)
            reconcile_entry(reconcile, &reconcile->observed->entries[at], &output);
    *ret_next = orphaned ? MONOTIME_NEVER : monotime_earlier(output.next, reconcile->act_until);
    return output.count;
}

static enum kernel_outcome added(struct kernel_want *want, int error, struct monotime now)
{
    const bool restored = want->held;

    want->adds++;
    want->error = error;
    if (error != 0) {
        want->not_before = monotime_add(now, KERNEL_RECONCILE_RETRY_NS);
        return KERNEL_OUTCOME_FAILED;
    }
    want->held = true;
    return restored ? KERNEL_OUTCOME_RESTORED : KERNEL_OUTCOME_ADDED;
}

/* Until the event has told, the next reconciliation would ask for the same again. */
static enum kernel_outcome removed(struct kernel_reconcile *reconcile,
                                   const struct kernel_change *change, int error,
                                   struct monotime now)
{
    struct kernel_want *want =
        change->want == KERNEL_RECONCILE_NO_WANT ? NULL : &reconcile->wants[change->want];
    const struct monotime later = monotime_add(now, KERNEL_RECONCILE_RETRY_NS);
    bool ours = false;

    if (error == EADDRNOTAVAIL || error == ENODEV)
        error = 0; /* it is gone, which is what was wanted */
    if (want == NULL && error != 0)
        reconcile->strays_not_before = later;
    if (want != NULL) {
        ours = want->held;
        want->error = error;
        want->not_before = error == 0 ? now : later;
        want->held = false;
    }
    if (error != 0)
        return KERNEL_OUTCOME_FAILED;
    return ours ? KERNEL_OUTCOME_REMOVED : KERNEL_OUTCOME_REMOVED_STRAY;
}

static enum kernel_outcome renewed(struct kernel_reconcile *reconcile,
                                   const struct kernel_change *change, int error,
                                   struct monotime now)
{
    struct kernel_observed_entry *entry =
        kernel_observed_find(reconcile->observed, change->index, &change->address);

    if (entry != NULL && error == 0) {
        entry->seen = now; /* as if told */
        entry->valid_s = change->valid_s;
    } else if (entry != NULL) {
        entry->renew_from = monotime_add(now, KERNEL_RECONCILE_RETRY_NS);
    }
    if (change->want != KERNEL_RECONCILE_NO_WANT)
        reconcile->wants[change->want].error = error;
    return error == 0 ? KERNEL_OUTCOME_RENEWED : KERNEL_OUTCOME_FAILED;
}

enum kernel_outcome kernel_reconcile_result(struct kernel_reconcile *reconcile,
                                            const struct kernel_change *change, int error,
                                            struct monotime now)
{
    switch (change->kind) {
    case KERNEL_CHANGE_ADD:
        return added(&reconcile->wants[change->want], error, now);
    case KERNEL_CHANGE_RENEW:
        return renewed(reconcile, change, error, now);
    case KERNEL_CHANGE_REMOVE:
        return removed(reconcile, change, error, now);
    }
    return KERNEL_OUTCOME_FAILED;
}

bool kernel_reconcile_is_present(const struct kernel_reconcile *reconcile,
                                 const struct kernel_want *want)
{
    return kernel_observed_next(reconcile->observed, want->index, &want->address, NULL) != NULL;
}

bool kernel_reconcile_is_settled(const struct kernel_reconcile *reconcile,
                                 const struct kernel_want *want)
{
    const struct kernel_observed_entry *entry =
        kernel_observed_find(reconcile->observed, want->index, &want->address);

    if (want->hold)
        return entry != NULL && entry->tagged;
    return !kernel_reconcile_is_present(reconcile, want);
}

bool kernel_reconcile_is_ours(const struct kernel_reconcile *reconcile,
                              const struct kernel_observed_entry *entry)
{
    return entry->tagged || entry->claim == mark(reconcile, CLAIM_HELD) ||
           entry->claim == mark(reconcile, CLAIM_GONE);
}
