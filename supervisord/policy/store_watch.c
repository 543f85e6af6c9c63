/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/store_watch.h"

static bool is_store(const struct probe_state *state)
{
    return state->params.scope == PROBE_SCOPE_SHARED && probe_type_is_storage(state->params.type);
}

void store_watch_hurry(struct core *core, struct monotime now)
{
    struct probe_set *probes = core->world.probes;

    for (size_t at = 0; at < probe_set_count(probes); at++) {
        const struct probe_state *state = probe_set_state(probes, at);
        if (is_store(state))
            probe_set_hurry(probes, state->params.name, now);
    }
}

void store_watch_news(struct core *core, const struct peers_news *before,
                      const struct peers_news *news, struct monotime now)
{
    for (size_t at = 0; at < news->probe_count; at++) {
        const struct peers_news_probe *a = &before->probes[at], *b = &news->probes[at];

        if (at >= before->probe_count || a->name_hash != b->name_hash ||
            (a->health == b->health && (a->failure_age_ns < 0) == (b->failure_age_ns < 0)))
            continue;
        store_watch_hurry(core, now);
        return;
    }
}

/* The first failure of whatever depends on the store, or is a part of it. */
void store_watch_probe(struct core *core, const struct probe_state *state, struct monotime now)
{
    if (state->outcome != PROBE_OUTCOME_FAILURE)
        return;
    if (is_store(state))
        core->store_failed = now;
    if (state->streak != 1 || is_store(state))
        return;
    if (probe_type_is_storage(state->params.type) || state->params.depends[0] != '\0')
        store_watch_hurry(core, now);
}

void store_watch_tick(struct core *core, struct monotime now)
{
    struct probe_set *probes = core->world.probes;

    for (size_t at = 0; at < probe_set_count(probes); at++) {
        const struct probe_state *state = probe_set_state(probes, at);
        const bool contradicts =
            (state->health == PROBE_UP && state->streak_outcome == PROBE_OUTCOME_FAILURE) ||
            (state->health == PROBE_DOWN && state->streak_outcome == PROBE_OUTCOME_SUCCESS);

        if (is_store(state) && contradicts)
            probe_set_hurry(probes, state->params.name, now);
    }
}
