/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reconcile - from what is wanted and what is there to the changes that are missing.
 *
 * Pure, and level-triggered: it remembers no request, only compares. An address of ours carries our
 * number in IFA_PROTO and a lifetime that must be renewed, so that it ends by itself when regha does.
 *   - wanted and absent, or there without our tag: add (which replaces); absent though it was there:
 *     somebody else removed it, and it is put back at once, at most RECONCILE_ADDS times a second;
 *   - not wanted: the tagged one is removed, another's is left alone and reported;
 *   - tagged, on any interface, and named by no goal: a stray, removed once goals are known;
 *   - no goals yet (we were restarted): what is found running is kept;
 *   - nobody to tell us any more: kept for KERNEL_RECONCILE_ORPHAN_NS, then nothing is changed,
 *     neither renewed, and what is there ends with its lifetime.
 */
#ifndef VRRP_KERNEL_RECONCILE_H
#define VRRP_KERNEL_RECONCILE_H

#include "vrrp/kernel/observed.h"

/* The kernel ends a lifetime up to an eighth late, never early. Behind a guard it is the second
 * line, without one the only one. */
#define KERNEL_RECONCILE_VALID_S          3
#define KERNEL_RECONCILE_RENEW_NS         (1 * NS_PER_S)
#define KERNEL_RECONCILE_GUARDED_VALID_S  9
#define KERNEL_RECONCILE_GUARDED_RENEW_NS (3 * NS_PER_S)
#define KERNEL_RECONCILE_ORPHAN_NS        (3 * NS_PER_S)

#define KERNEL_RECONCILE_ADDS     20 /* of one address a second */
#define KERNEL_RECONCILE_NO_WANT  UINT32_MAX
#define KERNEL_RECONCILE_RETRY_NS (100 * NS_PER_MS)

/* One address of one goal. */
struct kernel_want {
    uint32_t index; /* of the interface; 0: there is none of that name */
    struct address address;
    bool hold;
    bool guarded;
    bool held;                  /* it was there since it is wanted: its absence is no beginning */
    int error;                  /* errno of its last change; 0: that one worked */
    struct monotime not_before; /* after a failure */
    struct monotime window;     /* RECONCILE_ADDS count from here */
    uint32_t adds;
};

enum kernel_change_kind {
    KERNEL_CHANGE_ADD,
    KERNEL_CHANGE_RENEW,
    KERNEL_CHANGE_REMOVE,
};

struct kernel_change {
    enum kernel_change_kind kind;
    uint32_t index;
    struct address address;
    uint32_t want;    /* whose it is, or KERNEL_RECONCILE_NO_WANT */
    uint32_t valid_s; /* the lifetime to give; 0 to remove it */
};

struct kernel_reconcile {
    struct kernel_want *wants;
    size_t want_count;
    struct kernel_observed *observed;
    bool goals_known;
    struct monotime act_until; /* MONOTIME_NEVER while somebody tells us */
    struct monotime strays_not_before;
    uint32_t claim;
};

/* What a change brought about. */
enum kernel_outcome {
    KERNEL_OUTCOME_FAILED,
    KERNEL_OUTCOME_ADDED,
    KERNEL_OUTCOME_RESTORED,
    KERNEL_OUTCOME_RENEWED,
    KERNEL_OUTCOME_REMOVED,
    KERNEL_OUTCOME_REMOVED_STRAY, /* no goal of now had put it there */
};

/*
 * At most `max` changes, the most urgent first; returns how many. `ret_next`: when to ask again if
 * nothing happens before.
 */
size_t kernel_reconcile_diff(struct kernel_reconcile *reconcile, struct monotime now,
                             struct kernel_change *changes, size_t max, struct monotime *ret_next);

/* The kernel's answer to a change: 0 or an errno. */
enum kernel_outcome kernel_reconcile_result(struct kernel_reconcile *reconcile,
                                            const struct kernel_change *change, int error,
                                            struct monotime now);

/* Whether the host of a want is there, whoever put it there, and whether it is there as wanted. */
bool kernel_reconcile_is_present(const struct kernel_reconcile *reconcile,
                                 const struct kernel_want *want);
bool kernel_reconcile_is_settled(const struct kernel_reconcile *reconcile,
                                 const struct kernel_want *want);

/* Whether a goal named the host of this entry in the last reconciliation, or it is tagged. */
bool kernel_reconcile_is_ours(const struct kernel_reconcile *reconcile,
                              const struct kernel_observed_entry *entry);

#endif
