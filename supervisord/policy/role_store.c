/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/role_store.h"

bool role_store_is_ours(const struct role_requirement *requirement, bool unsettled)
{
    if (requirement->health != PROBE_DOWN || requirement->scope != PROBE_SCOPE_LOCAL)
        return false;
    return !requirement->reads_storage || (!requirement->storage_in_doubt && !unsettled);
}

bool role_store_is_unsettled(const struct role_evidence *evidence, struct role_memory *memory,
                             struct monotime now, struct monotime *ret_again)
{
    const struct monotime settled = monotime_add(memory->unsettled, ROLE_SETTLED_NS);

    if (evidence->store_unsettled) {
        memory->unsettled = now;
        return true;
    }
    if (memory->unsettled.ns == 0 || monotime_reached(settled, now))
        return false;
    *ret_again = monotime_earlier(*ret_again, settled);
    return true;
}

bool role_store_in_doubt(const struct role_store_behind *behind, struct monotime failure_started,
                         int64_t recover_ns, struct monotime now)
{
    if (behind->health != PROBE_UP || behind->success_started.ns < failure_started.ns)
        return true;
    const struct monotime healed =
        behind->changed.ns > behind->failed.ns ? behind->changed : behind->failed;
    return healed.ns >= failure_started.ns &&
           !monotime_reached(monotime_add(healed, recover_ns), now);
}

bool role_store_is_lost_here(const struct role_shared *shared, struct monotime now,
                             struct monotime *ret_again)
{
    const struct monotime due =
        monotime_add(shared->failure_started, shared->interval_ns + shared->timeout_ns);
    const struct monotime proof = monotime_add(shared->failure_started, ROLE_HEARSAY_NS);

    if (shared->health != PROBE_DOWN || shared->failure_started.ns == 0 ||
        shared->peer_success.ns <= proof.ns)
        return false;
    if (monotime_reached(due, now))
        return true;
    *ret_again = monotime_earlier(*ret_again, due);
    return false;
}

int role_store_find_lost(const struct role_evidence *evidence, struct monotime now,
                         struct monotime *ret_again)
{
    for (size_t at = 0; at < evidence->store_count; at++)
        if (role_store_is_lost_here(&evidence->stores[at].shared, now, ret_again))
            return (int)at;
    for (size_t at = 0; at < evidence->requirement_count; at++)
        if (evidence->requirements[at].scope == PROBE_SCOPE_SHARED &&
            role_store_is_lost_here(&evidence->requirements[at].shared, now, ret_again))
            return (int)(evidence->store_count + at);
    return -1;
}

/* How one use of the store is, of all probes that show it: one that is UP proves that it works. */
struct use {
    bool is_up, is_down;
    struct monotime since; /* when the first failure of one that is DOWN began, or UP began */
};

static struct use look(const struct role_evidence *evidence, enum role_store_use which)
{
    struct use use = {.is_up = false};

    for (size_t at = 0; at < evidence->store_count; at++) {
        const struct role_store *store = &evidence->stores[at];
        const bool down = store->shared.health == PROBE_DOWN;

        if (!(store->uses & which) || (!down && store->shared.health != PROBE_UP))
            continue;
        const struct monotime since = down ? store->shared.failure_started : store->shared.changed;
        if (down && !use.is_down)
            use = (struct use){.is_down = true, .since = since};
        else if (!down && !use.is_down && (!use.is_up || since.ns > use.since.ns))
            use = (struct use){.is_up = true, .since = since};
    }
    return use;
}

/* True once `since` is longer ago than readonly_hold. */
static bool has_lasted(const struct role_evidence *evidence, struct monotime since,
                       struct monotime now, struct monotime *ret_again)
{
    const struct monotime due = monotime_add(since, evidence->policy.readonly_hold_ns);

    if (monotime_reached(due, now))
        return true;
    *ret_again = monotime_earlier(*ret_again, due);
    return false;
}

/* Reads fail everybody: whether to stop. What was read-only stays so meanwhile. */
static void judge_down(const struct role_evidence *evidence, struct role_memory *memory,
                       const struct use *read, struct monotime now, struct monotime *ret_again)
{
    if (evidence->policy.on_store_down == ROLE_ON_STORE_STOP)
        memory->store_stop |= has_lasted(evidence, read->since, now, ret_again);
}

/* Reads work, writes do not. */
static void judge_readonly(const struct role_evidence *evidence, struct role_memory *memory,
                           const struct use *write, struct monotime now, struct monotime *ret_again)
{
    const enum role_on_store wanted = evidence->policy.on_store_readonly;

    /* Of another policy, or of an outage of reads that is over. */
    memory->readonly &= wanted == ROLE_ON_STORE_READONLY;
    memory->store_stop &= wanted == ROLE_ON_STORE_STOP;
    if (wanted == ROLE_ON_STORE_KEEP || !has_lasted(evidence, write->since, now, ret_again))
        return;
    memory->readonly = wanted == ROLE_ON_STORE_READONLY;
    memory->store_stop = wanted == ROLE_ON_STORE_STOP;
}

void role_store_judge(const struct role_evidence *evidence, struct role_memory *memory,
                      struct monotime now, struct monotime *ret_again)
{
    const struct use read = look(evidence, ROLE_STORE_READ);
    const struct use write = look(evidence, ROLE_STORE_WRITE);

    if (read.is_down) {
        judge_down(evidence, memory, &read, now, ret_again);
        return;
    }
    if (write.is_down) {
        judge_readonly(evidence, memory, &write, now, ret_again);
        return;
    }
    /* UNKNOWN turns nothing back: what was read-only stays so until writes are seen to work. */
    if (read.is_up || write.is_up)
        memory->store_stop = false;
    if (write.is_up && memory->readonly && has_lasted(evidence, write.since, now, ret_again))
        memory->readonly = false;
}
