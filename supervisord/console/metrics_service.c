/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/metrics_service.h"

static void each_probe(const struct metric *metric, const struct metrics_input *input,
                       void (*write)(const struct metric *metric,
                                     const struct metric_labels *labels,
                                     const struct probe_state *probe))
{
    const struct probe_set *probes = input->world->probes;

    for (size_t i = 0; probes && i < probe_set_count(probes); i++) {
        const struct probe_state *probe = probe_set_state(probes, i);
        struct metric_labels labels = {0};

        metric_label(&labels, "probe", probe->params.name);
        metric_label(&labels, "type", probe_type_name((enum probe_type)probe->params.type));
        metric_label(&labels, "scope", probe_scope_name((enum probe_scope)probe->params.scope));
        write(metric, &labels, probe);
    }
}

static bool is_judged(const struct probe_state *probe)
{
    return probe->health == PROBE_UP || probe->health == PROBE_DOWN;
}

/* What is unknown is no number: the series is absent, probe_state says so. */
static void up_of(const struct metric *metric, const struct metric_labels *labels,
                  const struct probe_state *probe)
{
    if (is_judged(probe))
        metric_count(metric, labels, probe->health == PROBE_UP);
}

static void probe_up(const struct metric *metric, const struct metrics_input *input)
{
    each_probe(metric, input, up_of);
}

static const char *health_name(int health)
{
    return probe_health_name((enum probe_health)health);
}

static void state_of(const struct metric *metric, const struct metric_labels *labels,
                     const struct probe_state *probe)
{
    metric_states(metric, labels, health_name, PROBE_HEALTHS, (int)probe->health);
}

static void probe_state(const struct metric *metric, const struct metrics_input *input)
{
    each_probe(metric, input, state_of);
}

static void duration_of(const struct metric *metric, const struct metric_labels *labels,
                        const struct probe_state *probe)
{
    metric_histogram(metric, labels, &probe->durations);
}

static void probe_duration(const struct metric *metric, const struct metrics_input *input)
{
    each_probe(metric, input, duration_of);
}

static void probe_lateness(const struct metric *metric, const struct metrics_input *input)
{
    if (input->world->probes)
        metric_histogram(metric, NULL, probe_set_lateness(input->world->probes));
}

static void failures_of(const struct metric *metric, const struct metric_labels *labels,
                        const struct probe_state *probe)
{
    for (int reason = PROBE_REASON_NONE + 1; reason < PROBE_REASONS; reason++) {
        struct metric_labels with_reason = *labels;

        metric_label(&with_reason, "reason", probe_verdict_reason_name((enum probe_reason)reason));
        metric_count(metric, &with_reason, probe->failures[reason]);
    }
}

static void probe_failures(const struct metric *metric, const struct metrics_input *input)
{
    each_probe(metric, input, failures_of);
}

static void shallow_of(const struct metric *metric, const struct metric_labels *labels,
                       const struct probe_state *probe)
{
    metric_count(metric, labels, probe->shallow);
}

static void probe_shallow(const struct metric *metric, const struct metrics_input *input)
{
    each_probe(metric, input, shallow_of);
}

/* What MinIO says of its quorum, and what a bucket was seen to do: one series per probe that asks. */
static void store(const struct metric *metric, const struct metrics_input *input,
                  enum probe_check check)
{
    const struct probe_set *probes = input->world->probes;

    for (size_t i = 0; probes && i < probe_set_count(probes); i++) {
        const struct probe_state *probe = probe_set_state(probes, i);
        const bool is_bucket = probe->params.type == PROBE_TYPE_S3;
        const bool is_minio =
            probe->params.type == PROBE_TYPE_MINIO && probe->params.check == check;
        const enum probe_ability ability =
            check == PROBE_CHECK_CLUSTER ? probe->writable : probe->readable;
        struct metric_labels labels = {0};

        if ((is_bucket && ability == PROBE_ABILITY_UNKNOWN) || (is_minio && !is_judged(probe)) ||
            (!is_bucket && !is_minio))
            continue;
        metric_label(&labels, "probe", probe->params.name);
        metric_count(metric, &labels,
                     is_bucket ? ability == PROBE_ABILITY_YES : probe->health == PROBE_UP);
    }
}

static void store_writable(const struct metric *metric, const struct metrics_input *input)
{
    store(metric, input, PROBE_CHECK_CLUSTER);
}

static void store_readable(const struct metric *metric, const struct metrics_input *input)
{
    store(metric, input, PROBE_CHECK_CLUSTER_READ);
}

/* For each registry that the launcher has reported. */
static void each_registry(const struct metric *metric, const struct metrics_input *input,
                          void (*write)(const struct metric *metric,
                                        const struct metric_labels *labels,
                                        const struct world_registry *registry))
{
    for (size_t i = 0; i < input->world->registry_count; i++) {
        const struct world_registry *registry = &input->world->registries[i];
        struct metric_labels labels = {0};

        metric_label(&labels, "registry", registry->settings.params.name);
        if (registry->known)
            write(metric, &labels, registry);
    }
}

#define NUMBER(name, value)                                                                        \
    static void name##_of(const struct metric *metric, const struct metric_labels *labels,         \
                          const struct world_registry *registry)                                   \
    {                                                                                              \
        metric_count(metric, labels, (uint64_t)(value));                                           \
    }                                                                                              \
    static void name(const struct metric *metric, const struct metrics_input *input)               \
    {                                                                                              \
        each_registry(metric, input, name##_of);                                                   \
    }

NUMBER(registry_wanted, registry->wanted)
NUMBER(registry_starts, registry->status.starts)
NUMBER(bundle_drift, registry->drifted)
NUMBER(bundle_confirmed, registry->bundle.is_confirmed && registry->bundle.generation > 0)

static const char *registry_state_name(int state)
{
    return registry_message_state_name((enum registry_state)state);
}

static void registry_state_of(const struct metric *metric, const struct metric_labels *labels,
                              const struct world_registry *registry)
{
    metric_states(metric, labels, registry_state_name, REGISTRY_STATES, registry->status.state);
}

static void registry_state(const struct metric *metric, const struct metrics_input *input)
{
    each_registry(metric, input, registry_state_of);
}

static void exits_of(const struct metric *metric, const struct metric_labels *labels,
                     const struct world_registry *registry)
{
    for (int cause = REGISTRY_CAUSE_NONE + 1; cause < REGISTRY_CAUSES; cause++) {
        struct metric_labels with_cause = *labels;

        metric_label(&with_cause, "cause", registry_message_cause_name((enum registry_cause)cause));
        metric_count(metric, &with_cause, registry->status.exits[cause]);
    }
}

static void registry_exits(const struct metric *metric, const struct metrics_input *input)
{
    each_registry(metric, input, exits_of);
}

static void ready_of(const struct metric *metric, const struct metric_labels *labels,
                     const struct world_registry *registry)
{
    metric_histogram(metric, labels, &registry->ready);
}

static void registry_ready(const struct metric *metric, const struct metrics_input *input)
{
    each_registry(metric, input, ready_of);
}

/* Of what runs; while nothing does, of what a start would use. */
static void bundle_of(const struct metric *metric, const struct metric_labels *labels,
                      const struct world_registry *registry)
{
    const struct registry_status *status = &registry->status;
    const char *digest = status->pid != 0 ? status->digest : status->captured_digest;
    struct metric_labels with_digest = *labels;
    char generation[24];

    if (digest[0] == '\0')
        return;
    snprintf(generation, sizeof(generation), "%llu",
             (unsigned long long)registry->bundle.generation);
    metric_label(&with_digest, "digest", digest);
    metric_label(&with_digest, "generation", generation);
    metric_count(metric, &with_digest, 1);
}

static void bundle_info(const struct metric *metric, const struct metrics_input *input)
{
    each_registry(metric, input, bundle_of);
}

const struct metrics_row metrics_service_rows[] = {
    {"regha_probe_up", METRIC_GAUGE, "Whether the probe is up; absent while nobody can tell.",
     probe_up, false},
    {"regha_probe_state", METRIC_GAUGE, "Health of the probe.", probe_state, false},
    {"regha_probe_duration_seconds", METRIC_HISTOGRAM, "How long attempts of the probe took.",
     probe_duration, false},
    {"regha_probe_lateness_seconds", METRIC_HISTOGRAM,
     "How long after they were due attempts of all probes began.", probe_lateness, false},
    {"regha_probe_failures_total", METRIC_COUNTER,
     "Attempts that failed or said nothing, by reason.", probe_failures, false},
    {"regha_probe_shallow", METRIC_GAUGE,
     "Whether the registry asked for credentials, so nothing was read from storage.", probe_shallow,
     false},
    {"regha_store_writable", METRIC_GAUGE, "Whether the storage can be written to.", store_writable,
     false},
    {"regha_store_readable", METRIC_GAUGE, "Whether the storage can be read.", store_readable,
     false},
    {"regha_registry_state", METRIC_GAUGE, "State of the registry on this node.", registry_state,
     false},
    {"regha_registry_wanted", METRIC_GAUGE, "Whether the registry is to run on this node.",
     registry_wanted, false},
    {"regha_registry_starts_total", METRIC_COUNTER, "Starts of the registry.", registry_starts,
     false},
    {"regha_registry_exits_total", METRIC_COUNTER, "Ends of the registry, by cause.",
     registry_exits, false},
    {"regha_registry_ready_seconds", METRIC_HISTOGRAM,
     "From a start to the first successful probe.", registry_ready, false},
    {"regha_bundle_info", METRIC_INFO,
     "Digest of the bundle that the registry runs, or would run with.", bundle_info, false},
    {"regha_bundle_confirmed", METRIC_GAUGE,
     "Whether a majority of the nodes says that this generation is current.", bundle_confirmed,
     false},
    {"regha_bundle_drift", METRIC_GAUGE,
     "Whether this digest differs from another node's or from the files.", bundle_drift, false},
    {NULL, METRIC_GAUGE, NULL, NULL, false},
};
