/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * role_store - what follows from how the object store is, which all nodes share.
 *
 * Pure. A part of role: its failure never moves an address by itself. It turns services read-only,
 * or stops them, where the policy says so; and where another node proves that only this one cannot
 * reach the store, this one yields, once.
 */
#ifndef SUPERVISORD_ROLE_STORE_H
#define SUPERVISORD_ROLE_STORE_H

#include "supervisord/policy/role.h"

/*
 * Whether a failing requirement says something of this node, and not of what all share. `unsettled`:
 * a storage peer is silent or being cut, or was a moment ago.
 */
bool role_store_is_ours(const struct role_requirement *requirement, bool unsettled);

/* Keeps in mind when the store is unsettled; whether it counts as that now. */
bool role_store_is_unsettled(const struct role_evidence *evidence, struct role_memory *memory,
                             struct monotime now, struct monotime *ret_again);

/* The storage read behind a requirement, as it stands. */
struct role_store_behind {
    enum probe_health health;
    struct monotime changed;         /* of health */
    struct monotime success_started; /* of its last success; 0: none */
    struct monotime failed; /* when an attempt last failed, though it stayed UP; 0: never */
};

/*
 * Whether the store may be to blame for what has failed since `failure_started`: unless it was read
 * since then, and has been UP all the time, or without a failure for `recover_ns`, in which whoever
 * only failed with it would have been seen to work again.
 */
bool role_store_in_doubt(const struct role_store_behind *behind, struct monotime failure_started,
                         int64_t recover_ns, struct monotime now);

/*
 * Whether what all share fails here only: DOWN for longer than an attempt elsewhere takes, while an
 * attempt that began there after our first failure succeeded.
 */
bool role_store_is_lost_here(const struct role_shared *shared, struct monotime now,
                             struct monotime *ret_again);

/* The store or the requirement (counted after the stores) that is lost here; -1: none. */
int role_store_find_lost(const struct role_evidence *evidence, struct monotime now,
                         struct monotime *ret_again);

/*
 * Read-only, stopped, or neither; kept in `memory`. `ret_again` becomes earlier if a wait ends
 * before it.
 */
void role_store_judge(const struct role_evidence *evidence, struct role_memory *memory,
                      struct monotime now, struct monotime *ret_again);

#endif
