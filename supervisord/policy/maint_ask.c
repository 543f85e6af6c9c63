/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/maint_ask.h"

#include <stdio.h>
#include <string.h>

#include "probes/message.h"

/* MinIO waits 10 s for a peer that is silent; longer, and the answer says nothing any more. */
#define TIMEOUT_NS  (12 * NS_PER_S)
#define INTERVAL_NS (3600 * NS_PER_S)

static void answer(struct maint_ask *ask, enum maint_answer_kind kind, const char *who,
                   const char *text)
{
    ask->answer->kind = kind;
    snprintf(ask->answer->text, sizeof(ask->answer->text), "%.60s: %.90s", who, text);
}

static void handle_result(void *owner, const struct probe_state *state, bool health_changed,
                          struct monotime now)
{
    struct maint_ask *ask = owner;

    (void)health_changed;
    if (ask->answer->kind != MAINT_ANSWER_PENDING)
        return;
    if (state->outcome == PROBE_OUTCOME_SUCCESS)
        answer(ask, MAINT_ANSWER_MAY, state->params.url, state->text);
    else if (state->outcome == PROBE_OUTCOME_FAILURE && state->reason == PROBE_REASON_STATUS)
        answer(ask, MAINT_ANSWER_NEEDED, state->params.url, state->text);
    else
        answer(ask, MAINT_ANSWER_UNKNOWN, state->params.url, state->text);
    (void)loop_timer_set(ask->loop, &ask->end, now);
}

static void handle_end(struct loop_timer *timer, struct monotime now)
{
    struct maint_ask *ask = timer->owner;

    (void)now;
    probe_set_free(ask->probes);
    ask->probes = NULL;
}

void maint_ask_init(struct maint_ask *ask, struct loop *loop, struct maint_answer *into)
{
    *ask = (struct maint_ask){.loop = loop, .answer = into};
    loop_timer_init(&ask->end, "maintenance asked", handle_end, ask);
}

void maint_ask_fini(struct maint_ask *ask)
{
    if (!ask->loop)
        return;
    loop_timer_cancel(ask->loop, &ask->end);
    probe_set_free(ask->probes);
    ask->probes = NULL;
}

/* The one on this host, or else the first one: its cluster is the same. */
static const struct probe_params *find_minio(const struct settings *settings)
{
    const struct probe_params *found = NULL;

    for (size_t at = 0; at < settings->probe_count; at++) {
        const struct probe_params *params = &settings->probes[at];

        if (params->type != PROBE_TYPE_MINIO)
            continue;
        if (params->scope == PROBE_SCOPE_LOCAL)
            return params;
        found = found ? found : params;
    }
    return found;
}

void maint_ask_start(struct maint_ask *ask, const struct settings *settings, struct monotime now)
{
    const struct probe_params *minio = find_minio(settings);
    struct probe_params params;
    struct err err;

    if (ask->answer->kind == MAINT_ANSWER_PENDING)
        return;
    loop_timer_cancel(ask->loop, &ask->end);
    handle_end(&ask->end, now);
    if (!minio) {
        answer(ask, MAINT_ANSWER_MAY, "no probe of MinIO is configured", "it was not asked");
        return;
    }
    params = *minio;
    snprintf(params.name, sizeof(params.name), "maintenance");
    params.check = PROBE_CHECK_MAINTENANCE;
    params.interval_ns = INTERVAL_NS;
    params.timeout_ns = TIMEOUT_NS;
    ask->answer->kind = MAINT_ANSWER_PENDING;
    int failed = probe_set_new(ask->loop, handle_result, ask, &ask->probes, &err);
    if (failed == 0)
        failed = probe_set_apply(ask->probes, &params, 1, &err);
    if (failed < 0)
        answer(ask, MAINT_ANSWER_UNKNOWN, "it could not be asked", err.text);
}
