/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/show.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/edit.h"
#include "supervisord/console/show_breaker.h"
#include "supervisord/console/show_bundle.h"
#include "supervisord/console/show_log.h"
#include "supervisord/console/show_node.h"
#include "supervisord/console/show_router.h"
#include "supervisord/console/show_service.h"

#define HISTORY_DEFAULT 20
#define EVENTS_DEFAULT  50
#define NOTHING_YET     "nothing has happened yet"

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
    return write_table(table, json ? TABLE_JSON : TABLE_ROWS, NOTHING_YET, out, err);
}

static const struct {
    struct table *(*make)(const struct show *show);
    enum table_form text, json;
    const char *empty;
} tables[SHOW_WHATS] = {
    [SHOW_INFO] = {show_node_info, TABLE_SHEET, TABLE_JSON_SHEET, ""},
    [SHOW_HEALTH] = {show_node_health, TABLE_ROWS, TABLE_JSON, "no troubles"},
    [SHOW_NODES] = {show_node_nodes, TABLE_ROWS, TABLE_JSON, "no nodes"},
    [SHOW_ROUTERS] = {show_router_routers, TABLE_ROWS, TABLE_JSON, "no virtual routers"},
    [SHOW_GUARD] = {show_router_guard, TABLE_ROWS, TABLE_JSON, "no virtual routers"},
    [SHOW_VIPS] = {show_router_vips, TABLE_ROWS, TABLE_JSON, "no virtual addresses"},
    [SHOW_PROBES] = {show_service_probes, TABLE_ROWS, TABLE_JSON, "no probes"},
    [SHOW_REGISTRIES] = {show_service_registries, TABLE_ROWS, TABLE_JSON, "no registries"},
    [SHOW_BUNDLE] = {show_bundle_all, TABLE_ROWS, TABLE_JSON, "no registries"},
    [SHOW_BUNDLE_HISTORY] = {show_bundle_history, TABLE_ROWS, TABLE_JSON, "nothing was published"},
    [SHOW_BREAKERS] = {show_breaker_peers, TABLE_ROWS, TABLE_JSON, "no storage peers are watched"},
    [SHOW_PROCESSES] = {show_node_processes, TABLE_ROWS, TABLE_JSON, ""},
    [SHOW_ERRORS] = {show_log_errors, TABLE_ROWS, TABLE_JSON, "no errors"},
    [SHOW_ENV] = {show_node_environment, TABLE_ROWS, TABLE_JSON, "the environment is empty"},
    [SHOW_VERSION] = {show_node_version, TABLE_SHEET, TABLE_JSON_SHEET, ""},
};

int show_write(const struct show *show, enum show_what what, bool json, FILE *out, struct err *err)
{
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

int show_write_html(const struct show *show, enum show_what what, FILE *out)
{
    struct err err;

    if (what == SHOW_HISTORY)
        return write_table(show_log_history(show, HISTORY_DEFAULT), TABLE_HTML, NOTHING_YET, out,
                           &err);
    assert(tables[what].make);
    return write_table(tables[what].make(show), TABLE_HTML, tables[what].empty, out, &err);
}

int show_write_status(const struct world *world, struct monotime now, FILE *out)
{
    static const struct {
        const char *key;
        enum show_what what;
    } parts[] = {
        {"info", SHOW_INFO},           {"health", SHOW_HEALTH},         {"routers", SHOW_ROUTERS},
        {"vips", SHOW_VIPS},           {"registries", SHOW_REGISTRIES}, {"probes", SHOW_PROBES},
        {"breakers", SHOW_BREAKERS},   {"bundle", SHOW_BUNDLE},         {"nodes", SHOW_NODES},
        {"processes", SHOW_PROCESSES}, {"history", SHOW_HISTORY},
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
