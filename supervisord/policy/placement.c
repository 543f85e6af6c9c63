/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/placement.h"

static bool shall_run(const struct placement_evidence *evidence)
{
    return evidence->run || (evidence->mode == SETTINGS_MODE_ACTIVE_ACTIVE && evidence->candidate);
}

enum placement placement_judge(const struct placement_evidence *evidence)
{
    const bool is_everywhere = evidence->mode == SETTINGS_MODE_ACTIVE_ACTIVE;
    const bool is_up = evidence->wanted || evidence->is_found;

    if (!evidence->is_decided || (is_everywhere && evidence->is_held))
        return PLACEMENT_AS_FOUND;
    if (evidence->facts_awaited && !is_up)
        return PLACEMENT_AWAIT;
    /* Who is Active purges, so a cold cluster elects first; that takes no second. */
    if (is_everywhere && evidence->is_election && !is_up)
        return PLACEMENT_ELECTION;
    if (shall_run(evidence))
        return PLACEMENT_RUN;
    return evidence->lingers ? PLACEMENT_LINGER : PLACEMENT_STOP;
}

bool placement_leaves_purging(enum settings_mode mode, bool is_active)
{
    return mode == SETTINGS_MODE_ACTIVE_ACTIVE && !is_active;
}

bool placement_moves_purging(const struct placement_purging *purging, struct monotime now,
                             struct monotime *ret_again)
{
    const struct monotime settled = monotime_add(purging->since, PLACEMENT_SETTLED_NS);

    *ret_again = MONOTIME_NEVER;
    if (purging->mode != SETTINGS_MODE_ACTIVE_ACTIVE || !purging->is_running ||
        !purging->hands_over ||
        purging->no_purging == placement_leaves_purging(purging->mode, purging->is_active))
        return false;
    if (monotime_reached(settled, now))
        return true;
    *ret_again = settled;
    return false;
}
