/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/metrics_node.h"

#include <string.h>

#include "supervisord/console/command.h"

static void build_info(const struct metric *metric, const struct metrics_input *input)
{
    struct metric_labels labels = {0};

    (void)input;
    metric_label(&labels, "version", REGHA_VERSION);
    metric_count(metric, &labels, 1);
}

static const char *health_name(int health)
{
    static const char *const names[] = {"well", "degraded", "down"};

    return names[health];
}

static void health(const struct metric *metric, const struct metrics_input *input)
{
    const struct metric_labels none = {0};

    metric_states(metric, &none, health_name, 3, world_health(input->world, input->now, NULL));
}

static uint64_t count_peers(const struct world *world, bool reachable)
{
    uint64_t count = 0;

    for (size_t i = 0; i < world->node_count; i++)
        count += !world->nodes[i].self && (!reachable || world->nodes[i].reachable);
    return count;
}

static void peers_expected(const struct metric *metric, const struct metrics_input *input)
{
    metric_count(metric, NULL, count_peers(input->world, false));
}

static void peers_reachable(const struct metric *metric, const struct metrics_input *input)
{
    metric_count(metric, NULL, count_peers(input->world, true));
}

static void peer_last_seen(const struct metric *metric, const struct metrics_input *input)
{
    for (size_t i = 0; i < input->world->node_count; i++) {
        const struct world_node *node = &input->world->nodes[i];
        struct metric_labels labels = {0};

        if (node->self || node->seen.ns == 0)
            continue;
        metric_label(&labels, "node", node->settings.name);
        metric_seconds(metric, &labels, monotime_since(node->seen, input->now));
    }
}

static const char *mode_name(int mode)
{
    return operator_mode_name((enum operator_mode)mode);
}

static void maintenance(const struct metric *metric, const struct metrics_input *input)
{
    const struct metric_labels none = {0};

    metric_states(metric, &none, mode_name, OPERATOR_MODES, (int)input->world->operator.mode);
}

static void paused(const struct metric *metric, const struct metrics_input *input)
{
    metric_count(metric, NULL, operator_is_paused(&input->world->operator, input->world->wall_ns));
}

static void reload_success(const struct metric *metric, const struct metrics_input *input)
{
    const struct world_reload *reload = &input->world->reload;

    metric_count(metric, NULL, reload->attempts == 0 || reload->last_succeeded);
}

static void reload_failures(const struct metric *metric, const struct metrics_input *input)
{
    metric_count(metric, NULL, input->world->reload.failures);
}

static void events(const struct metric *metric, const struct metrics_input *input)
{
    metric_count(metric, NULL, input->world->event_count);
}

/* Every verb has a series for "done" from the start, the other results once they occurred. */
static void commands(const struct metric *metric, const struct metrics_input *input)
{
    for (size_t at = 0; at < WORLD_COMMANDS_MAX; at++) {
        const bool unknown = at == WORLD_COMMANDS_MAX - 1;

        if (at >= command_entries() && !unknown)
            continue;
        for (int result = 0; result < WORLD_RESULTS; result++) {
            const uint64_t count = input->world->command_results[at][result];
            struct metric_labels labels = {0};

            if (count == 0 && (result != WORLD_DONE || unknown))
                continue;
            metric_label(&labels, "verb", unknown ? "unknown" : command_entry(at).words);
            metric_label(&labels, "result", world_result_name((enum world_result)result));
            metric_count(metric, &labels, count);
        }
    }
}

static struct metric_labels labels_of(int kind)
{
    struct metric_labels labels = {0};

    metric_label(&labels, "process", world_process_name((enum world_process_kind)kind));
    return labels;
}

static void process_up(const struct metric *metric, const struct metrics_input *input)
{
    for (int kind = 0; kind < WORLD_PROCESSES; kind++) {
        const struct metric_labels labels = labels_of(kind);

        metric_count(metric, &labels, input->world->processes[kind].connected);
    }
}

static void process_restarts(const struct metric *metric, const struct metrics_input *input)
{
    for (int kind = 0; kind < WORLD_PROCESSES; kind++) {
        const struct metric_labels labels = labels_of(kind);

        metric_count(metric, &labels, input->world->processes[kind].restarts);
    }
}

static void process_cpu(const struct metric *metric, const struct metrics_input *input)
{
    for (int kind = 0; kind < WORLD_PROCESSES; kind++) {
        const struct metric_labels labels = labels_of(kind);

        metric_seconds(metric, &labels, (int64_t)input->world->processes[kind].state.cpu_ns);
    }
}

static void process_resident(const struct metric *metric, const struct metrics_input *input)
{
    for (int kind = 0; kind < WORLD_PROCESSES; kind++) {
        const struct metric_labels labels = labels_of(kind);

        metric_count(metric, &labels, input->world->processes[kind].state.resident_bytes);
    }
}

static void lag(const struct metric *metric, const struct metrics_input *input)
{
    for (int kind = 0; kind < WORLD_PROCESSES; kind++) {
        const struct process_state *state = &input->world->processes[kind].state;
        const struct metric_labels labels = labels_of(kind);
        struct histogram late = {.count = state->lag_count, .sum_ns = state->lag_sum_ns};

        memcpy(late.counts, state->lag_counts, sizeof(late.counts));
        metric_histogram(metric, &labels, &late);
    }
}

static void stalls(const struct metric *metric, const struct metrics_input *input)
{
    for (int kind = 0; kind < WORLD_PROCESSES; kind++) {
        const struct metric_labels labels = labels_of(kind);

        metric_count(metric, &labels, input->world->processes[kind].state.stalls);
    }
}

static void own_cpu(const struct metric *metric, const struct metrics_input *input)
{
    metric_seconds(metric, NULL, (int64_t)input->world->processes[WORLD_REGHAD].state.cpu_ns);
}

static void own_resident(const struct metric *metric, const struct metrics_input *input)
{
    metric_count(metric, NULL, input->world->processes[WORLD_REGHAD].state.resident_bytes);
}

static void own_open_files(const struct metric *metric, const struct metrics_input *input)
{
    metric_count(metric, NULL, input->open_files);
}

static void own_most_files(const struct metric *metric, const struct metrics_input *input)
{
    metric_count(metric, NULL, input->most_files);
}

static void own_start(const struct metric *metric, const struct metrics_input *input)
{
    metric_seconds(metric, NULL, input->world->started_wall_ns);
}

const struct metrics_row metrics_node_rows[] = {
    {"regha_build_info", METRIC_INFO, "Version of reghad.", build_info, false},
    {"regha_health", METRIC_GAUGE, "Health of this node as reghactl show health judges it.", health,
     false},
    {"regha_peers_expected", METRIC_GAUGE, "Other nodes in the configuration.", peers_expected,
     false},
    {"regha_peers_reachable", METRIC_GAUGE, "Other nodes that are heard.", peers_reachable, false},
    {"regha_peer_last_seen_seconds", METRIC_GAUGE, "How long ago the other node was last heard.",
     peer_last_seen, false},
    {"regha_maintenance", METRIC_GAUGE, "What was said of this node: ready, drained, maintenance.",
     maintenance, false},
    {"regha_paused", METRIC_GAUGE, "Whether nothing changes by itself, as somebody said.", paused,
     false},
    {"regha_reload_success", METRIC_GAUGE, "Whether the last reload was applied.", reload_success,
     false},
    {"regha_reload_failures_total", METRIC_COUNTER, "Reloads that were refused.", reload_failures,
     false},
    {"regha_events_total", METRIC_COUNTER, "Events of every kind.", events, false},
    {"regha_control_commands_total", METRIC_COUNTER, "Commands on the control socket, by result.",
     commands, false},
    {"regha_process_up", METRIC_GAUGE, "Whether reghad is connected to the process.", process_up,
     false},
    {"regha_process_restarts_total", METRIC_COUNTER,
     "How often the process came back as another one.", process_restarts, false},
    {"regha_process_cpu_seconds_total", METRIC_COUNTER, "User and system time of the process.",
     process_cpu, false},
    {"regha_process_resident_memory_bytes", METRIC_GAUGE, "Resident memory of the process.",
     process_resident, false},
    {"regha_loop_lag_seconds", METRIC_HISTOGRAM, "How late deadlines of the event loop ran.", lag,
     false},
    {"regha_loop_stalls_total", METRIC_COUNTER, "Callbacks that took longer than the loop allows.",
     stalls, false},
    {"process_cpu_seconds_total", METRIC_COUNTER, "User and system time of reghad.", own_cpu,
     false},
    {"process_resident_memory_bytes", METRIC_GAUGE, "Resident memory of reghad.", own_resident,
     false},
    {"process_open_fds", METRIC_GAUGE, "Files that reghad has open.", own_open_files, false},
    {"process_max_fds", METRIC_GAUGE, "Files that reghad may have open.", own_most_files, false},
    {"process_start_time_seconds", METRIC_GAUGE, "When reghad was started, since 1970.", own_start,
     false},
    {NULL, METRIC_GAUGE, NULL, NULL, false},
};
