/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/show_service.h"

#include <stdlib.h>
#include <string.h>

#include "supervisord/console/show_bundle.h"

#define DIGEST_SHOWN 12

static void ago(struct table *table, const struct show *show, struct monotime at)
{
    if (at.ns == 0)
        table_none(table);
    else
        table_span(table, monotime_since(at, show->now));
}

static void probe_head(struct table *table, const struct show *show,
                       const struct probe_state *probe)
{
    table_text(table, "%s", probe->params.name);
    table_text(table, "%s", probe_type_name((enum probe_type)probe->params.type));
    table_text(table, "%s", probe_scope_name((enum probe_scope)probe->params.scope));
    table_text(table, "%s", probe_health_name(probe->health));
    ago(table, show, probe->changed);
    ago(table, show, probe->ended);
    if (probe->attempts == 0)
        table_none(table);
    else
        table_span(table, probe->duration_ns);
    table_bool(table, probe->shallow);
}

/* The last attempts, the latest one at the right: '+' well, '!' failed, '?' said nothing. */
static void history(struct table *table, const struct probe_state *probe)
{
    static const char marks[] = {[PROBE_OUTCOME_UNKNOWN] = '?',
                                 [PROBE_OUTCOME_SUCCESS] = '+',
                                 [PROBE_OUTCOME_FAILURE] = '!'};
    char strip[PROBE_HISTORY + 1] = "";

    for (unsigned at = 0; at < probe->history_count; at++) {
        const unsigned place = probe->history_at + PROBE_HISTORY - probe->history_count + at;

        strip[at] = marks[probe->history[place % PROBE_HISTORY]];
    }
    table_text_or_none(table, strip);
}

static void quantile(struct table *table, const struct histogram *durations, int percent)
{
    const int64_t span_ns = histogram_quantile_ns(durations, percent);

    if (durations->count == 0 || span_ns == INT64_MAX)
        table_none(table);
    else
        table_span(table, span_ns);
}

static void quantiles(struct table *table, const struct histogram *durations)
{
    quantile(table, durations, 50);
    quantile(table, durations, 95);
    quantile(table, durations, 99);
}

struct table *show_service_probes(const struct show *show)
{
    static const struct table_column columns[] = {
        {"name", "NAME"},
        {"type", "TYPE"},
        {"scope", "SCOPE"},
        {"health", "HEALTH"},
        {"health_seconds", "FOR"},
        {"age_seconds", "ASKED"},
        {"duration_seconds", "TOOK"},
        {"shallow", "SHALLOW"},
        {"duration_p50_seconds", "P50"},
        {"duration_p95_seconds", "P95"},
        {"duration_p99_seconds", "P99"},
        {"history", "HISTORY"},
        {"last_result", "LAST RESULT"},
        {NULL, NULL},
    };
    const struct probe_set *probes = show->world->probes;
    struct table *table = table_new(columns);

    for (size_t i = 0; table && probes && i < probe_set_count(probes); i++) {
        const struct probe_state *probe = probe_set_state(probes, i);

        probe_head(table, show, probe);
        quantiles(table, &probe->durations);
        history(table, probe);
        table_text_or_none(table, probe->text);
    }
    return table;
}

static void required_by(struct table *table, const struct world *world, const char *name)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    if (!out) {
        table_none(table);
        return;
    }
    for (size_t i = 0; i < world->router_count; i++) {
        const struct settings_router *router = &world->routers[i].settings;

        for (size_t at = 0; at < router->require_count; at++) {
            if (strcmp(router->requires[at], name) == 0)
                fprintf(out, "%s%s", ftell(out) > 0 ? " " : "", router->params.name);
        }
    }
    if (fclose(out) == 0)
        table_list(table, text);
    free(text);
}

static void failures(struct table *table, const struct probe_state *probe)
{
    char text[256] = "";
    size_t used = 0;

    for (int i = PROBE_REASON_NONE + 1; i < PROBE_REASONS; i++) {
        if (probe->failures[i] > 0 && used < sizeof(text))
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%llu", used ? " " : "",
                                     probe_verdict_reason_name((enum probe_reason)i),
                                     (unsigned long long)probe->failures[i]);
    }
    table_list(table, text);
}

static void number_or_none(struct table *table, int value)
{
    if (value == 0)
        table_none(table);
    else
        table_int(table, value);
}

static void ability(struct table *table, enum probe_ability ability)
{
    if (ability == PROBE_ABILITY_UNKNOWN)
        table_none(table);
    else
        table_bool(table, ability == PROBE_ABILITY_YES);
}

/* "status 200-299 401, header X, body ..., json /a = b, all components": what must be true. */
static void wants(struct table *table, const struct probe_params *params)
{
    const struct probe_wanted *wanted = &params->wanted;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    if (!out) {
        table_none(table);
        return;
    }
    for (size_t at = 0; at < params->status_count; at++)
        fprintf(out, at > 0 ? " or %u-%u" : "status %u-%u", params->status[at].least,
                params->status[at].most);
    if (wanted->header[0] != '\0')
        fprintf(out, ", header %s", wanted->header);
    if (wanted->body[0] != '\0')
        fprintf(out, ", body %s", wanted->body);
    if (wanted->json[0] != '\0')
        fprintf(out, ", json %s %s", wanted->json, wanted->json_value);
    for (size_t at = 0; at < params->components_bytes; at += strlen(params->components + at) + 1)
        fprintf(out, "%s%s", at > 0 ? " " : "components ", params->components + at);
    if (fclose(out) == 0)
        table_text_or_none(table, text);
    else
        table_none(table);
    free(text);
}

/* Who is asked for what, as far as the type has it; a secret's name is none. */
static void probe_what(struct table *table, const struct probe_params *params)
{
    const bool is_store = params->type == PROBE_TYPE_S3;

    table_text(table, "%s", params->url);
    if (is_store)
        table_text(table, "%s/%s", params->bucket.name, params->bucket.read_key);
    else
        table_text_or_none(table, params->read);
    if (is_store && params->bucket.write_key[0] != '\0')
        table_text(table, "%s/%s", params->bucket.name, params->bucket.write_key);
    else
        table_none(table);
    wants(table, params);
    table_text_or_none(table, params->credentials);
    table_text_or_none(table, params->server_name);
    table_text_or_none(table, params->cert_file);
    table_text_or_none(table, params->depends);
}

static void probe_rest(struct table *table, const struct show *show,
                       const struct probe_state *probe)
{
    probe_what(table, &probe->params);
    required_by(table, show->world, probe->params.name);
    table_span(table, probe->params.interval_ns);
    table_span(table, probe->params.timeout_ns);
    table_int(table, probe->params.rise);
    table_int(table, probe->params.fall);
    table_int(table, probe->streak);
    table_int(table, (int64_t)probe->attempts);
    failures(table, probe);
    quantiles(table, &probe->durations);
    history(table, probe);
    if (probe->attempts == 0)
        table_none(table);
    else
        table_span(table, probe->late_ns);
    ago(table, show, probe->success_started);
    ago(table, show, probe->failure_started);
    ability(table, probe->readable);
    ability(table, probe->writable);
    number_or_none(table, probe->write_quorum);
    number_or_none(table, probe->read_quorum);
    table_text_or_none(table, probe->server_status);
    table_text_or_none(table, probe->text);
}

struct table *show_service_probe(const struct show *show, const struct probe_state *probe)
{
    static const struct table_column columns[] = {
        {"name", "name"},
        {"type", "type"},
        {"scope", "scope"},
        {"health", "health"},
        {"health_seconds", "for"},
        {"age_seconds", "asked, ago"},
        {"duration_seconds", "took"},
        {"shallow", "shallow"},
        {"url", "url"},
        {"read", "reads"},
        {"write", "writes"},
        {"wants", "wants"},
        {"credentials", "credentials"},
        {"server_name", "TLS name"},
        {"cert_file", "certificate"},
        {"depends", "depends on"},
        {"required_by", "required by"},
        {"interval_seconds", "interval"},
        {"timeout_seconds", "timeout"},
        {"rise", "rise"},
        {"fall", "fall"},
        {"streak", "equal in a row"},
        {"attempts", "attempts"},
        {"failures", "failures"},
        {"duration_p50_seconds", "half took at most"},
        {"duration_p95_seconds", "95 % took at most"},
        {"duration_p99_seconds", "99 % took at most"},
        {"history", "history"},
        {"late_seconds", "asked late by"},
        {"last_success_seconds", "last success, ago"},
        {"first_failure_seconds", "failing for"},
        {"readable", "readable"},
        {"writable", "writable"},
        {"write_quorum", "write quorum"},
        {"read_quorum", "read quorum"},
        {"server_status", "server status"},
        {"last_result", "last result"},
        {NULL, NULL},
    };
    struct table *table = table_new(columns);

    if (!table)
        return NULL;
    probe_head(table, show, probe);
    probe_rest(table, show, probe);
    return table;
}

static void exits(struct table *table, const struct registry_status *status)
{
    char text[256] = "";
    size_t used = 0;

    for (int i = REGISTRY_CAUSE_NONE + 1; i < REGISTRY_CAUSES; i++) {
        if (status->exits[i] > 0 && used < sizeof(text))
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s=%u", used ? " " : "",
                                     registry_message_cause_name((enum registry_cause)i),
                                     status->exits[i]);
    }
    table_list(table, text);
}

static void run_of(struct table *table, const struct show *show,
                   const struct registry_status *status)
{
    table_text(table, "%s", registry_message_state_name((enum registry_state)status->state));
    if (status->pid == 0) {
        table_none(table);
        table_none(table);
    } else {
        table_int(table, status->pid);
        ago(table, show, (struct monotime){status->started_ns});
    }
    table_int(table, status->starts);
    exits(table, status);
    table_text(table, "%s", status->backend == REGISTRY_BACKEND_SYSTEMD ? "systemd" : "exec");
    table_text_or_none(table, status->detail);
    table_short(table, status->digest, DIGEST_SHOWN);
    table_short(table, status->captured_digest, DIGEST_SHOWN);
    table_text_or_none(table, status->captured_error);
    table_bool(table, status->readonly);
    table_bool(table, !status->no_purging);
    if (status->draining_pid == 0)
        table_none(table);
    else
        table_int(table, status->draining_pid);
}

static void unknown_run(struct table *table)
{
    table_text(table, "unknown");
    for (int i = 0; i < 12; i++)
        table_none(table);
}

struct table *show_service_registries(const struct show *show)
{
    static const struct table_column columns[] = {
        {"name", "NAME"},         {"follows", "FOLLOWS"},
        {"mode", NULL},           {"state", "STATE"},
        {"pid", "PID"},           {"run_seconds", "FOR"},
        {"starts", "STARTS"},     {"exits", "ENDS"},
        {"backend", "BACKEND"},   {"last_end", NULL},
        {"digest", "RUNS"},       {"captured_digest", "FILES"},
        {"captured_error", NULL}, {"readonly", "READONLY"},
        {"purges", NULL},         {"draining_pid", "DRAINS"},
        {"wanted", "WANTED"},     {"drifted", "DRIFTED"},
        {"drift", NULL},          {"generation", NULL},
        {"bundle", NULL},         {"bundle_error", NULL},
        {"config", NULL},         {"config_error", NULL},
        {"why", "WHY"},           {NULL, NULL},
    };
    struct table *table = table_new(columns);

    for (size_t i = 0; table && i < show->world->registry_count; i++) {
        const struct world_registry *registry = &show->world->registries[i];

        table_text(table, "%s", registry->settings.params.name);
        table_text(table, "%s", registry->settings.follows);
        table_text(table, "%s",
                   registry->settings.mode == SETTINGS_MODE_ACTIVE_ACTIVE ? "active-active"
                                                                          : "active-standby");
        if (registry->known)
            run_of(table, show, &registry->status);
        else
            unknown_run(table);
        table_bool(table, registry->wanted);
        table_bool(table, registry->drifted);
        table_text_or_none(table, registry->drift);
        table_int(table, (int64_t)registry->bundle.generation);
        table_text(table, "%s", show_bundle_state(&registry->bundle));
        table_text_or_none(table, registry->status.bundle_error);
        table_text(table, "%s", registry->settings.params.config);
        table_text_or_none(table, registry->facts_error);
        table_text_or_none(table, registry->why);
    }
    return table;
}
