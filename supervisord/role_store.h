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

#include "supervisord/role.h"

/* Whether a failing requirement says something of this node, and not of what all share. */
bool role_store_is_ours(const struct role_evidence *evidence,
                        const struct role_requirement *requirement);

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
