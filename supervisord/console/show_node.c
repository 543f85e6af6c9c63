/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/show_node.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "supervisord/console/trouble.h"

static const char *self_name(const struct world *world)
{
    const struct settings *settings = world->settings;

    return settings->self == SETTINGS_NO_NODE ? "" : settings->nodes[settings->self].name;
}

static void reload_of(struct table *table, const struct world_reload *reload)
{
    if (reload->attempts == 0)
        table_text(table, "never asked for");
    else
        table_text(table, "%s", reload->last_succeeded ? "done" : "refused");
}

static int connected_processes(const struct world *world)
{
    int count = 0;

    for (int kind = 0; kind < WORLD_PROCESSES; kind++)
        count += world->processes[kind].connected;
    return count;
}

/* Whether this host keeps up with what it shall ask. */
static void probes_late(struct table *table, const struct probe_set *probes)
{
    const struct histogram *late = probes ? probe_set_lateness(probes) : NULL;
    const int64_t span_ns = late ? histogram_quantile_ns(late, 99) : 0;

    if (!late || late->count == 0 || span_ns == INT64_MAX)
        table_none(table);
    else
        table_span(table, span_ns);
}

static void info_counts(struct table *table, const struct world *world)
{
    table_int(table, (int64_t)world->router_count);
    table_int(table, (int64_t)world->registry_count);
    table_int(table, world->probes ? (int64_t)probe_set_count(world->probes) : 0);
    probes_late(table, world->probes);
    table_int(table, (int64_t)world->node_count);
    table_text(table, "%d of %d", connected_processes(world), WORLD_PROCESSES);
    table_int(table, (int64_t)world->event_count);
    table_int(table, (int64_t)world->commands[0]);
    table_int(table, (int64_t)world->commands[1]);
}

static void mode_of(struct table *table, const struct world *world)
{
    const struct operator_state *state = &world->operator;

    table_text(table, "%s", operator_mode_name(state->mode));
    if (state->mode_wall_ns == 0) {
        table_none(table);
        table_none(table);
    } else {
        table_span(table, world->wall_ns - state->mode_wall_ns);
        table_int(table, state->mode_uid);
    }
    if (!operator_is_paused(state, world->wall_ns)) {
        table_none(table);
        table_none(table);
        return;
    }
    if (state->paused_until_wall_ns == OPERATOR_FOR_EVER)
        table_text(table, "resumed");
    else
        table_time(table, state->paused_until_wall_ns);
    table_int(table, state->paused_uid);
}

struct table *show_node_info(const struct show *show)
{
    static const struct table_column columns[] = {
        {"node", "node"},
        {"cluster", "cluster"},
        {"version", "version"},
        {"pid", "pid"},
        {"role", "role"},
        {"health", "health"},
        {"mode", "mode"},
        {"mode_seconds", "said, ago"},
        {"mode_uid", "by uid"},
        {"paused_until", "paused until"},
        {"paused_uid", "paused by uid"},
        {"started", "started"},
        {"uptime_seconds", "running for"},
        {"configuration", "configuration"},
        {"last_reload", "last reload"},
        {"last_reload_time", "at"},
        {"routers", "virtual routers"},
        {"registries", "registries"},
        {"probes", "probes"},
        {"probes_late_p99_seconds", "99 % asked late by"},
        {"nodes", "nodes"},
        {"processes", "processes here"},
        {"events", "events"},
        {"commands_done", "commands done"},
        {"commands_refused", "commands refused"},
        {NULL, NULL},
    };
    static const char *const healths[] = {"well", "degraded", "down"};
    const struct world *world = show->world;
    struct table *table = table_new(columns);

    if (!table)
        return NULL;
    table_text_or_none(table, self_name(world));
    table_text_or_none(table, world->settings->cluster.name);
    table_text(table, "%s", REGHA_VERSION);
    table_int(table, world->processes[WORLD_REGHAD].state.pid);
    table_text(table, "%s", world_role(world));
    table_text(table, "%s", healths[world_health(world, show->now, NULL)]);
    mode_of(table, world);
    table_time(table, world->started_wall_ns);
    table_span(table, monotime_since(world->started, show->now));
    table_text(table, "%s", world->settings_path);
    reload_of(table, &world->reload);
    table_time(table, world->reload.last_wall_ns);
    info_counts(table, world);
    return table;
}

static void add_trouble(void *owner, const struct trouble *trouble)
{
    struct table *table = owner;

    table_text(table, "%s", trouble_level_name(trouble->level));
    table_text(table, "%s", trouble->kind);
    table_text_or_none(table, trouble->object);
    table_text(table, "%s", trouble->what);
    table_text_or_none(table, trouble->look);
}

/* For JSON only; people read the sentences of trouble_write(). */
struct table *show_node_health(const struct show *show)
{
    static const struct table_column columns[] = {
        {"level", "LEVEL"}, {"kind", "KIND"},       {"object", "NAME"},
        {"what", "WHAT"},   {"look_at", "LOOK AT"}, {NULL, NULL},
    };
    struct table *table = table_new(columns);

    if (table)
        trouble_list(show->world, show->now, add_trouble, table);
    return table;
}

static void node_of(struct table *table, const struct show *show, const struct world_node *node)
{
    char address[ADDRESS_TEXT_BYTES];

    table_text(table, "%s", node->settings.name);
    table_text(table, "%s", address_format_host(&node->settings.address, address));
    table_bool(table, node->self);
    table_bool(table, node->settings.witness);
    table_bool(table, node->self || node->reachable);
    if (node->self || node->seen.ns == 0)
        table_none(table);
    else
        table_span(table, monotime_since(node->seen, show->now));
}

struct table *show_node_nodes(const struct show *show)
{
    static const struct table_column columns[] = {
        {"name", "NAME"},       {"address", "ADDRESS"},   {"self", "SELF"},
        {"witness", "WITNESS"}, {"reachable", "REACHED"}, {"seen_seconds", "SEEN, AGO"},
        {"mode", "MODE"},       {"role", "ROLE"},         {"registry", "REGISTRY"},
        {"digest", "RUNS"},     {"version", "VERSION"},   {NULL, NULL},
    };
    struct table *table = table_new(columns);

    for (size_t i = 0; table && i < show->world->node_count; i++) {
        const struct world_node *node = &show->world->nodes[i];

        node_of(table, show, node);
        if (!node->self && node->seen.ns == 0) {
            for (int at = 0; at < 5; at++)
                table_none(table);
            continue;
        }
        table_text(table, "%s%s", operator_mode_name((enum operator_mode)node->news.mode),
                   node->news.is_paused ? ", paused" : "");
        table_text(table, "%s", vrrp_message_state_name((enum vrrp_state)node->role));
        table_text(table, "%s",
                   registry_message_state_name((enum registry_state)node->registry_state));
        table_short(table, node->digest, 12);
        table_text_or_none(table, node->version);
    }
    return table;
}

static void lag_of(struct table *table, const struct process_state *state)
{
    struct histogram lag = {.count = state->lag_count, .sum_ns = state->lag_sum_ns};
    int64_t quantile_ns;

    memcpy(lag.counts, state->lag_counts, sizeof(lag.counts));
    quantile_ns = histogram_quantile_ns(&lag, 99);
    if (lag.count == 0 || quantile_ns == INT64_MAX)
        table_none(table);
    else
        table_span(table, quantile_ns);
}

struct table *show_node_processes(const struct show *show)
{
    static const struct table_column columns[] = {
        {"name", "NAME"},
        {"connected", "CONNECTED"},
        {"pid", "PID"},
        {"run_seconds", "FOR"},
        {"restarts", "RESTARTS"},
        {"cpu_seconds", "CPU"},
        {"resident_kibibytes", "RESIDENT KIB"},
        {"lag_p99_seconds", "LAG 99 %"},
        {"stalls", "STALLS"},
        {"worst_stall_seconds", "WORST"},
        {"worst_stall", "IN"},
        {"version", "VERSION"},
        {NULL, NULL},
    };
    struct table *table = table_new(columns);

    for (int kind = 0; table && kind < WORLD_PROCESSES; kind++) {
        const struct world_process *process = &show->world->processes[kind];
        const struct process_state *state = &process->state;

        table_text(table, "%s", world_process_name((enum world_process_kind)kind));
        table_bool(table, process->connected);
        table_int(table, state->pid);
        table_span(table, monotime_since((struct monotime){state->started_ns}, show->now));
        table_int(table, (int64_t)process->restarts);
        table_span(table, (int64_t)state->cpu_ns);
        table_int(table, (int64_t)(state->resident_bytes / 1024));
        lag_of(table, state);
        table_int(table, (int64_t)state->stalls);
        table_span(table, state->worst_ns);
        table_text_or_none(table, state->worst_name);
        table_text_or_none(table, state->version);
    }
    return table;
}

struct table *show_node_version(const struct show *show)
{
    static const struct table_column columns[] = {
        {"reghad", "reghad"},
        {"regha_vrrp", "regha-vrrp"},
        {"regha_net", "regha-net"},
        {"regha_launcher", "regha-launcher"},
        {"kernel", "kernel"},
        {"compiler", "compiler"},
        {NULL, NULL},
    };
    struct table *table = table_new(columns);
    struct utsname host;

    if (!table)
        return NULL;
    table_text(table, "%s", REGHA_VERSION);
    for (int kind = WORLD_VRRP; kind < WORLD_PROCESSES; kind++)
        table_text_or_none(table, show->world->processes[kind].state.version);
    if (uname(&host) == 0)
        table_text(table, "%s %s", host.sysname, host.release);
    else
        table_none(table);
    table_text(table, "%s", __VERSION__);
    return table;
}

/* A value that may be a secret is not shown, whoever asks. */
static bool is_secret(const char *name, size_t length)
{
    static const char *const parts[] = {"SECRET", "PASS", "TOKEN", "KEY", "CREDENTIAL", "AUTH"};
    char upper[64];
    size_t at = 0;

    for (; at < length && at + 1 < sizeof(upper); at++)
        upper[at] = (char)(name[at] >= 'a' && name[at] <= 'z' ? name[at] - 'a' + 'A' : name[at]);
    upper[at] = '\0';
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strstr(upper, parts[i]))
            return true;
    }
    return false;
}

struct table *show_node_environment(const struct show *show)
{
    static const struct table_column columns[] = {
        {"name", "NAME"},
        {"value", "VALUE"},
        {NULL, NULL},
    };
    struct table *table = table_new(columns);

    (void)show; /* the environment is not of the world */
    for (char **entry = environ; table && entry && *entry; entry++) {
        const size_t length = strcspn(*entry, "=");

        table_text(table, "%.*s", (int)length, *entry);
        if (is_secret(*entry, length))
            table_text(table, "(not shown)");
        else
            table_text(table, "%s", (*entry)[length] == '=' ? *entry + length + 1 : "");
    }
    return table;
}
