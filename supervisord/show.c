/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/edit.h"
#include "supervisord/show_log.h"
#include "supervisord/show_router.h"
#include "supervisord/show_service.h"
#include "supervisord/trouble.h"

#define HISTORY_DEFAULT 20
#define EVENTS_DEFAULT  50

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

static void info_counts(struct table *table, const struct world *world)
{
    table_int(table, (int64_t)world->router_count);
    table_int(table, (int64_t)world->registry_count);
    table_int(table, world->probes ? (int64_t)probe_set_count(world->probes) : 0);
    table_int(table, (int64_t)world->node_count);
    table_text(table, "%d of %d", connected_processes(world), WORLD_PROCESSES);
    table_int(table, (int64_t)world->event_count);
    table_int(table, (int64_t)world->commands[0]);
    table_int(table, (int64_t)world->commands[1]);
}

static struct table *info(const struct show *show)
{
    static const struct table_column columns[] = {
        {"node", "node"},
        {"cluster", "cluster"},
        {"version", "version"},
        {"pid", "pid"},
        {"role", "role"},
        {"health", "health"},
        {"started", "started"},
        {"uptime_seconds", "running for"},
        {"configuration", "configuration"},
        {"last_reload", "last reload"},
        {"last_reload_time", "at"},
        {"routers", "virtual routers"},
        {"registries", "registries"},
        {"probes", "probes"},
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
static struct table *health(const struct show *show)
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

static struct table *nodes(const struct show *show)
{
    static const struct table_column columns[] = {
        {"name", "NAME"},
        {"address", "ADDRESS"},
        {"self", "SELF"},
        {"witness", "WITNESS"},
        {"reachable", "REACHED"},
        {"seen_seconds", "SEEN, AGO"},
        {"role", "ROLE"},
        {"registry", "REGISTRY"},
        {"digest", "RUNS"},
        {"version", "VERSION"},
        {NULL, NULL},
    };
    struct table *table = table_new(columns);

    for (size_t i = 0; table && i < show->world->node_count; i++) {
        const struct world_node *node = &show->world->nodes[i];

        node_of(table, show, node);
        if (!node->self && node->seen.ns == 0) {
            for (int at = 0; at < 4; at++)
                table_none(table);
            continue;
        }
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

static struct table *processes(const struct show *show)
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

static struct table *version(const struct show *show)
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

static struct table *environment(const struct show *show)
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

static int no_memory(struct err *err)
{
    return err_set(err, ENOMEM, "out of memory");
}

static int write_config(const struct show *show, bool json, FILE *out, struct err *err)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *dump;

    if (!json) {
        settings_dump(show->world->settings, out);
        return 0;
    }
    dump = open_memstream(&text, &bytes);
    if (!dump)
        return no_memory(err);
    settings_dump(show->world->settings, dump);
    if (fclose(dump) != 0) {
        free(text);
        return no_memory(err);
    }
    fputs("{\"config\":[", out);
    for (char *at = text, *end; *at != '\0'; at = end) {
        end = strchrnul(at, '\n');
        if (*end != '\0')
            *end++ = '\0';
        fputs(at == text ? "" : ",\n ", out);
        table_write_json_text(at, out);
    }
    fputs("]}", out);
    free(text);
    return 0;
}

static void write_health(const struct show *show, FILE *out)
{
    static const char *const verdicts[] = {
        "well: this node does what it is for\n",
        "degraded: this node serves, or could, with the troubles above\n",
        "down: what this node ought to serve is not served\n",
    };
    const int worst = world_health(show->world, show->now, out);

    fputs(verdicts[worst], out);
}

static int unknown_probe(const struct show *show, struct err *err)
{
    const struct probe_set *probes = show->world->probes;
    const char *nearest = NULL;
    size_t least = 4;

    for (size_t i = 0; probes && i < probe_set_count(probes); i++) {
        const char *name = probe_set_state(probes, i)->params.name;
        const size_t distance = edit_distance(show->argument, name);

        if (distance < least) {
            least = distance;
            nearest = name;
        }
    }
    if (nearest)
        return err_set(err, ENOENT, "there is no probe \"%.60s\", the nearest name is %s",
                       show->argument, nearest);
    return err_set(err, ENOENT, "there is no probe \"%.60s\"; see show probes", show->argument);
}

static int number_of(const char *text, uint64_t missing, uint64_t *ret_number, struct err *err)
{
    char *end = NULL;
    unsigned long number;

    if (!text) {
        *ret_number = missing;
        return 0;
    }
    errno = 0;
    number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno || number == 0 ||
        number > WORLD_EVENTS)
        return err_set(err, EINVAL, "\"%.60s\" is no number of lines, must be 1 to %d", text,
                       WORLD_EVENTS);
    *ret_number = number;
    return 0;
}

/* Takes the table over. */
static int write_table(struct table *table, enum table_form form, const char *empty, FILE *out,
                       struct err *err)
{
    const int result = table_write(table, form, empty, out);

    table_free(table);
    return result < 0 ? no_memory(err) : 0;
}

static int write_probe(const struct show *show, bool json, FILE *out, struct err *err)
{
    const struct probe_set *probes = show->world->probes;
    const struct probe_state *probe = probes ? probe_set_find(probes, show->argument) : NULL;

    if (!probe)
        return unknown_probe(show, err);
    return write_table(show_service_probe(show, probe), json ? TABLE_JSON_SHEET : TABLE_SHEET, "",
                       out, err);
}

static int write_log(const struct show *show, enum show_what what, bool json, FILE *out,
                     struct err *err)
{
    const bool history = what == SHOW_HISTORY;
    struct table *table;
    uint64_t most = 0;
    int result;

    result = number_of(show->argument, history ? HISTORY_DEFAULT : EVENTS_DEFAULT, &most, err);
    if (result < 0)
        return result;
    table = history ? show_log_history(show, most) : show_log_events(show, most);
    return write_table(table, json ? TABLE_JSON : TABLE_ROWS, "nothing has happened yet", out, err);
}

int show_write(const struct show *show, enum show_what what, bool json, FILE *out, struct err *err)
{
    static const struct {
        struct table *(*make)(const struct show *show);
        enum table_form text, json;
        const char *empty;
    } tables[SHOW_WHATS] = {
        [SHOW_INFO] = {info, TABLE_SHEET, TABLE_JSON_SHEET, ""},
        [SHOW_HEALTH] = {health, TABLE_ROWS, TABLE_JSON, ""},
        [SHOW_NODES] = {nodes, TABLE_ROWS, TABLE_JSON, "no nodes"},
        [SHOW_ROUTERS] = {show_router_routers, TABLE_ROWS, TABLE_JSON, "no virtual routers"},
        [SHOW_VIPS] = {show_router_vips, TABLE_ROWS, TABLE_JSON, "no virtual addresses"},
        [SHOW_PROBES] = {show_service_probes, TABLE_ROWS, TABLE_JSON, "no probes"},
        [SHOW_REGISTRIES] = {show_service_registries, TABLE_ROWS, TABLE_JSON, "no registries"},
        [SHOW_PROCESSES] = {processes, TABLE_ROWS, TABLE_JSON, ""},
        [SHOW_ERRORS] = {show_log_errors, TABLE_ROWS, TABLE_JSON, "no errors"},
        [SHOW_ENV] = {environment, TABLE_ROWS, TABLE_JSON, "the environment is empty"},
        [SHOW_VERSION] = {version, TABLE_SHEET, TABLE_JSON_SHEET, ""},
    };

    if (what == SHOW_CONFIG)
        return write_config(show, json, out, err);
    if (what == SHOW_HISTORY || what == SHOW_EVENTS)
        return write_log(show, what, json, out, err);
    if (what == SHOW_PROBES && show->argument)
        return write_probe(show, json, out, err);
    if (what == SHOW_HEALTH && !json) {
        write_health(show, out);
        return 0;
    }
    return write_table(tables[what].make(show), json ? tables[what].json : tables[what].text,
                       tables[what].empty, out, err);
}

int show_write_status(const struct world *world, struct monotime now, FILE *out)
{
    static const struct {
        const char *key;
        enum show_what what;
    } parts[] = {
        {"info", SHOW_INFO},   {"health", SHOW_HEALTH},         {"routers", SHOW_ROUTERS},
        {"vips", SHOW_VIPS},   {"registries", SHOW_REGISTRIES}, {"probes", SHOW_PROBES},
        {"nodes", SHOW_NODES}, {"processes", SHOW_PROCESSES},   {"history", SHOW_HISTORY},
    };
    const struct show show = {.world = world, .now = now};
    struct err err;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        fprintf(out, "%s\"%s\":", i == 0 ? "{" : ",\n", parts[i].key);
        if (show_write(&show, parts[i].what, true, out, &err) < 0)
            return -ENOMEM;
    }
    fputs("}\n", out);
    return 0;
}
