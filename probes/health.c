/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/health.h"

#include <string.h>

static void change(struct probe_state *state, enum probe_health health, struct monotime now)
{
    if (state->health == health)
        return;
    state->health = health;
    state->changed = now;
}

void probe_health_start(struct probe_state *state, bool applicable, struct monotime now)
{
    state->applicable = applicable;
    state->streak = 0;
    state->streak_outcome = PROBE_OUTCOME_UNKNOWN;
    state->outcome = PROBE_OUTCOME_UNKNOWN;
    state->reason = PROBE_REASON_NONE;
    state->text[0] = '\0';
    state->readable = state->writable = PROBE_ABILITY_UNKNOWN;
    /* Evidence of a former life must not speak for this one. */
    state->success_started = state->failure_started = (struct monotime){0};
    change(state, applicable ? PROBE_UNKNOWN : PROBE_NOT_APPLICABLE, now);
}

static void keep_result(struct probe_state *state, const struct probe_verdict *verdict,
                        struct monotime started, struct monotime ended)
{
    state->outcome = verdict->outcome;
    state->reason = verdict->reason;
    memcpy(state->text, verdict->text, sizeof(state->text));
    state->started = started;
    state->ended = ended;
    state->duration_ns = monotime_since(started, ended);
    state->attempts++;
    if (verdict->reason != PROBE_REASON_NONE)
        state->failures[verdict->reason]++;
    histogram_add(&state->durations, state->duration_ns);
    state->history[state->history_at] = (uint8_t)verdict->outcome;
    state->history_at = (state->history_at + 1) % PROBE_HISTORY;
    if (state->history_count < PROBE_HISTORY)
        state->history_count++;
    if (verdict->readable != PROBE_ABILITY_UNKNOWN)
        state->readable = verdict->readable;
    if (verdict->writable != PROBE_ABILITY_UNKNOWN)
        state->writable = verdict->writable;
    if (!verdict->answered)
        return;
    state->shallow = verdict->shallow;
    state->write_quorum = verdict->write_quorum;
    state->read_quorum = verdict->read_quorum;
    memcpy(state->server_status, verdict->server_status, sizeof(state->server_status));
}

static void succeed(struct probe_state *state, struct monotime started, struct monotime ended)
{
    state->success_started = started;
    state->failure_started = (struct monotime){0};
    if (state->health == PROBE_UNKNOWN || state->streak >= state->params.rise)
        change(state, PROBE_UP, ended);
}

static void fail(struct probe_state *state, struct monotime started, struct monotime ended)
{
    if (state->failure_started.ns == 0)
        state->failure_started = started;
    if (state->streak >= state->params.fall)
        change(state, PROBE_DOWN, ended);
}

/* What has just been started refuses until it listens. */
static bool is_too_early(const struct probe_state *state, const struct probe_verdict *verdict,
                         struct monotime started)
{
    return state->health == PROBE_UNKNOWN && verdict->outcome == PROBE_OUTCOME_FAILURE &&
           !monotime_reached(state->patient_until, started);
}

bool probe_health_count(struct probe_state *state, const struct probe_verdict *verdict,
                        struct monotime started, struct monotime ended)
{
    const enum probe_health before = state->health;

    if (state->health == PROBE_NOT_APPLICABLE)
        return false;
    keep_result(state, verdict, started, ended);
    if (verdict->outcome == PROBE_OUTCOME_UNKNOWN || is_too_early(state, verdict, started))
        return false;
    state->streak = verdict->outcome == state->streak_outcome ? state->streak + 1 : 1;
    state->streak_outcome = verdict->outcome;
    if (verdict->outcome == PROBE_OUTCOME_SUCCESS)
        succeed(state, started, ended);
    else
        fail(state, started, ended);
    return state->health != before;
}

bool probe_health_is_pending(const struct probe_state *state)
{
    switch (state->health) {
    case PROBE_UNKNOWN:
    case PROBE_UP:
        return state->streak_outcome == PROBE_OUTCOME_FAILURE;
    case PROBE_DOWN:
        return state->streak_outcome == PROBE_OUTCOME_SUCCESS;
    case PROBE_NOT_APPLICABLE:
    case PROBE_HEALTHS:
        return false;
    }
    return false;
}

const char *probe_health_name(enum probe_health health)
{
    static const char *const names[PROBE_HEALTHS] = {
        [PROBE_UNKNOWN] = "unknown",
        [PROBE_UP] = "up",
        [PROBE_DOWN] = "down",
        [PROBE_NOT_APPLICABLE] = "not-applicable",
    };

    return (unsigned)health < PROBE_HEALTHS ? names[health] : "unknown";
}
