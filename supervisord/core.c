/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/confine.h"
#include "supervisord/assemble.h"
#include "supervisord/cluster/bundles.h"
#include "supervisord/cluster/peers.h"
#include "supervisord/commands.h"
#include "supervisord/core_operator.h"
#include "supervisord/journal.h"
#include "supervisord/policy/breakers.h"
#include "supervisord/policy/store_watch.h"
#include "supervisord/reports.h"
#include "supervisord/settings/host.h"
#include "supervisord/steer.h"

#define TICK_NS  (1 * NS_PER_S)
#define HURRY_NS (20 * NS_PER_MS)

static int64_t wall_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Reading, reloading, completing. */

/* All of what fopen_memstream() collected; NULL without memory. */
struct collected {
    char *text;
    size_t length;
    FILE *out;
};

static bool collect(struct collected *collected)
{
    collected->out = open_memstream(&collected->text, &collected->length);
    return collected->out;
}

/* A line each: they hold quotes, and a field must end at its own. */
static void tell_warnings(char *text)
{
    char *rest = text, *line, quoted[1024];

    while ((line = strsep(&rest, "\n")))
        if (line[0] != '\0')
            log_warning("the configuration is allowed but unwise", "text=\"%s\"",
                        log_quote(line, quoted, sizeof(quoted)));
}

static int read_settings(struct core *core, FILE *mistakes, struct settings **ret_settings)
{
    struct collected warnings = {0};

    if (!collect(&warnings))
        return -ENOMEM;
    const int failed = facts_read_settings(&core->facts, core->world.settings_path, mistakes,
                                           warnings.out, ret_settings);
    fclose(warnings.out);
    if (failed == 0 && warnings.length > 0)
        tell_warnings(warnings.text);
    free(warnings.text);
    return failed;
}

static void mark_file(struct core *core)
{
    struct stat status;

    core->file_changed_ns = 0;
    if (stat(core->world.settings_path, &status) == 0)
        core->file_changed_ns = status.st_mtim.tv_sec * NS_PER_S + status.st_mtim.tv_nsec;
}

static int apply(struct core *core, struct settings *settings, struct err *err)
{
    const int failed = assemble_apply(core, settings, err);

    if (failed < 0) {
        settings_free(settings);
        return failed;
    }
    core->postponed[0] = '\0';
    peers_read_key(core);
    breakers_apply(core, monotime_now());
    bundles_apply(core, monotime_now());
    steer_judge(core, monotime_now());
    steer_send_all(core);
    if (core->settings_changed)
        core->settings_changed(core->owner);
    return 0;
}

static void keep_mistakes(struct world_reload *reload, struct collected *mistakes)
{
    free(reload->mistakes);
    reload->mistakes = mistakes->text;
    mistakes->text = NULL;
}

static void record_reload(struct core *core, bool succeeded, struct monotime now)
{
    struct world_reload *reload = &core->world.reload;
    const struct journal_entry entry = {
        WORLD_EVENT_RELOAD, succeeded ? LOG_LEVEL_INFO : LOG_LEVEL_ERR, core->world.settings_path,
        "", succeeded ? "applied" : "refused"};

    reload->attempts++;
    reload->failures += !succeeded;
    reload->last_succeeded = succeeded;
    reload->last_wall_ns = wall_clock_ns();
    journal_add(&core->world, now, &entry, "%s",
                succeeded ? "read again" : "the old configuration goes on");
}

int core_reload(struct core *core, struct monotime now, struct err *err)
{
    struct collected mistakes = {0};
    struct settings *settings;

    if (!collect(&mistakes))
        return err_set(err, ENOMEM, "no memory to read the configuration");
    mark_file(core);
    int failed = read_settings(core, mistakes.out, &settings);
    fclose(mistakes.out);
    if (failed < 0)
        err_set(err, EINVAL, "refused, the old configuration goes on:\n%s", mistakes.text);
    else
        failed = apply(core, settings, err);
    record_reload(core, failed == 0, now);
    keep_mistakes(&core->world.reload, &mistakes);
    free(mistakes.text);
    return failed;
}

int core_check(struct core *core, FILE *out)
{
    struct settings *settings;
    const int failed =
        facts_read_settings(&core->facts, core->world.settings_path, out, out, &settings);

    if (failed == 0)
        settings_free(settings);
    return failed;
}

/* What is tried each second, while the node waits for its address, is told once. */
static void postpone(struct core *core, const char *why, struct monotime now)
{
    const struct journal_entry entry = {WORLD_EVENT_RELOAD, LOG_LEVEL_WARNING,
                                        core->world.settings_path, "", "postponed"};

    if (strncmp(core->postponed, why, sizeof(core->postponed) - 1) == 0)
        return;
    snprintf(core->postponed, sizeof(core->postponed), "%s", why);
    journal_add(&core->world, now, &entry, "%s", why);
}

static void derive_again(struct core *core, struct monotime now)
{
    struct collected mistakes = {0};
    struct settings *settings;
    struct err err;

    if (!collect(&mistakes))
        return;
    const int failed = read_settings(core, mistakes.out, &settings);
    fclose(mistakes.out);
    if (failed < 0) {
        postpone(core, mistakes.text, now);
        keep_mistakes(&core->world.reload, &mistakes);
    } else if (apply(core, settings, &err) < 0) {
        postpone(core, err.text, now);
    }
    free(mistakes.text);
}

/*
 * A registry's own configuration became known, or changed, or this node's address came: what is
 * derived from it is derived again. Not from a regha.conf that somebody is just writing: that waits
 * for the reload.
 */
static void complete_settings(struct core *core, struct monotime now)
{
    const int64_t changed_ns = core->file_changed_ns;

    core->is_stale = false;
    mark_file(core);
    if (changed_ns == core->file_changed_ns) {
        derive_again(core, now);
        return;
    }
    core->file_changed_ns = changed_ns;
    postpone(core, "what it is completed with changed, and so did the file: reload to apply", now);
}

/* Has one of the nodes' addresses come? Cheaper than to read everything again each second. */
static bool has_address(const struct core *core)
{
    const struct settings *settings = core->world.settings;
    char interface[IFNAMSIZ];
    struct host *host;
    struct err err;
    bool found = false;

    if (host_new(&host, &err) < 0)
        return false;
    const struct settings_host answers = host_settings(host);
    for (size_t at = 0; at < settings->node_count && !found; at++)
        found = answers.find_address(answers.owner, &settings->nodes[at].address, interface) == 0;
    host_free(host);
    return found;
}

/* Deadlines. */

static void handle_again(struct loop_timer *timer, struct monotime now)
{
    struct core *core = timer->owner;

    (void)now;
    core->is_dirty = true;
}

static void handle_hurry(struct loop_timer *timer, struct monotime now)
{
    struct core *core = timer->owner;
    bool waits = false;

    for (size_t at = 0; at < core->world.registry_count; at++) {
        const struct world_registry *registry = &core->world.registries[at];
        const struct monotime end = {registry->status.started_ns +
                                     registry->settings.start_timeout_ns};

        if (registry->status.pid == 0 || registry->settings.ready[0] == '\0' ||
            core->registries[at].ready_pid == registry->status.pid || monotime_reached(end, now))
            continue;
        probe_set_hurry(core->world.probes, registry->settings.ready, now);
        waits = true;
    }
    if (waits)
        (void)loop_timer_set(core->loop, timer, monotime_add(now, HURRY_NS));
}

static void tell_status(struct core *core)
{
    const struct world *world = &core->world;
    size_t running = 0;

    for (size_t at = 0; at < world->registry_count; at++)
        running += world->registries[at].status.state == REGISTRY_RUNNING;
    if (world->waiting_for_address)
        service_status(&core->service, "waits: none of the nodes' addresses is on this host");
    else
        service_status(&core->service, "%s, %zu of %zu registries running", world_role(world),
                       running, world->registry_count);
}

static void handle_tick(struct loop_timer *timer, struct monotime now)
{
    struct core *core = timer->owner;
    struct process_state state;

    core->world.wall_ns = wall_clock_ns();
    process_state_read(core->loop, &state);
    core->world.processes[WORLD_REGHAD].state = state;
    core->is_stale |= core->world.waiting_for_address && has_address(core);
    store_watch_tick(core, now);
    core->is_dirty = true; /* what the other nodes are told grows old */
    tell_status(core);
    (void)loop_timer_set(core->loop, timer, monotime_add(now, TICK_NS));
}

static void handle_pass_end(void *owner, struct monotime now)
{
    struct core *core = owner;

    if (core->is_stale)
        complete_settings(core, now);
    if (core->is_dirty)
        steer_judge(core, now);
}

/* Channels. */

static void handle_ready(struct core *core, enum world_process_kind kind, struct monotime now)
{
    reports_process(core, kind, true, now);
    core->is_new[kind] = true;
}

static void handle_vrrp_ready(void *owner, struct monotime now)
{
    handle_ready(owner, WORLD_VRRP, now);
}

static void handle_net_ready(void *owner, struct monotime now)
{
    handle_ready(owner, WORLD_NET, now);
}

static void handle_launcher_ready(void *owner, struct monotime now)
{
    handle_ready(owner, WORLD_LAUNCHER, now);
}

static void handle_vrrp_lost(void *owner, struct monotime now)
{
    reports_process(owner, WORLD_VRRP, false, now);
}

static void handle_net_lost(void *owner, struct monotime now)
{
    reports_process(owner, WORLD_NET, false, now);
}

static void handle_launcher_lost(void *owner, struct monotime now)
{
    reports_process(owner, WORLD_LAUNCHER, false, now);
}

static int open_channels(struct core *core, struct err *err)
{
    const struct {
        enum world_process_kind kind;
        const char *user;
        struct channel_client_params params;
    } rows[] = {
        {WORLD_VRRP,
         PROCESS_VRRP_USER,
         {.path = PROCESS_VRRP_SOCKET,
          .states = reports_vrrp_states,
          .received = reports_take_vrrp,
          .ready = handle_vrrp_ready,
          .lost = handle_vrrp_lost}},
        {WORLD_NET,
         PROCESS_NET_USER,
         {.path = PROCESS_NET_SOCKET,
          .states = reports_net_states,
          .received = reports_take_net,
          .ready = handle_net_ready,
          .lost = handle_net_lost}},
        {WORLD_LAUNCHER,
         PROCESS_LAUNCHER_USER,
         {.path = PROCESS_LAUNCHER_SOCKET,
          .states = reports_launcher_states,
          .received = reports_take_launcher,
          .ready = handle_launcher_ready,
          .lost = handle_launcher_lost}},
    };

    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct channel_client_params params = rows[at].params;
        gid_t group;
        int failed = confine_user(rows[at].user, &params.server_user, &group, err);

        params.owner = core;
        if (failed == 0)
            failed = channel_client_open(core->loop, &params, &core->clients[rows[at].kind], err);
        if (failed < 0)
            return failed;
    }
    return 0;
}

/* Start and end. */

static void init_world(struct core *core, const char *path)
{
    core->asked = monotime_now();
    core->world.settings_path = path;
    core->world.started = core->asked;
    core->world.started_wall_ns = core->world.wall_ns = wall_clock_ns();
    core->world.reload.last_succeeded = true;
    core->world.processes[WORLD_REGHAD].connected = true;
    core->world.processes[WORLD_REGHAD].changed = core->asked;
}

static void handle_request(void *owner, const struct requests_call *call, struct monotime now)
{
    struct core *core = owner;
    const struct core_request_handler *handler = &core->request_handlers[call->type];

    if (handler->handle)
        handler->handle(handler->owner, call, now);
    else
        requests_answer(core->requests, call->call, -EOPNOTSUPP, NULL, 0);
}

static int open_requests(struct core *core, struct err *err)
{
    const int failed = requests_new(core->loop, handle_request, core, &core->requests, err);

    if (failed == 0)
        core->world.requests = requests_counters(core->requests);
    return failed;
}

static int open_parts(struct core *core, struct err *err)
{
    core->world.events = calloc(WORLD_EVENTS, sizeof(*core->world.events));
    if (!core->world.events)
        return err_set(err, ENOMEM, "no memory for the events");
    int failed = probe_set_new(core->loop, reports_take_probe, core, &core->world.probes, err);
    if (failed == 0)
        commands_open(core);
    if (failed == 0)
        failed = open_requests(core, err);
    if (failed == 0)
        failed = breakers_new(core, err);
    if (failed == 0)
        failed = bundles_new(core, err);
    return failed < 0 ? failed : open_channels(core, err);
}

int core_open(struct core *core, struct loop *loop, const char *path, FILE *mistakes)
{
    struct settings *settings;
    struct err err;

    *core = (struct core){.loop = loop};
    init_world(core, path);
    loop_timer_init(&core->again, "judge again", handle_again, core);
    loop_timer_init(&core->tick, "tick", handle_tick, core);
    loop_timer_init(&core->hurry, "ready probe", handle_hurry, core);
    mark_file(core);
    int failed = read_settings(core, mistakes, &settings);
    if (failed < 0)
        return failed;
    failed = open_parts(core, &err);
    if (failed == 0)
        failed = assemble_apply(core, settings, &err);
    if (failed < 0) {
        fprintf(mistakes, "%s\n", err.text);
        settings_free(settings);
        return failed;
    }
    maint_ask_init(&core->maint_ask, loop, &core->world.maint);
    core_operator_open(core, PROCESS_STATE_FOLDER "/operator");
    peers_read_key(core);
    breakers_apply(core, core->asked);
    bundles_apply(core, core->asked);
    core->is_dirty = true;
    loop_set_pass_end(loop, handle_pass_end, core);
    service_start(&core->service, loop);
    (void)loop_timer_set(loop, &core->tick, core->asked);
    return 0;
}

void core_close(struct core *core)
{
    for (int at = 0; at < WORLD_PROCESSES; at++)
        channel_client_close(core->clients[at]);
    core->world.requests = NULL;
    requests_free(core->requests);
    loop_timer_cancel(core->loop, &core->again);
    loop_timer_cancel(core->loop, &core->tick);
    loop_timer_cancel(core->loop, &core->hurry);
    loop_set_pass_end(core->loop, NULL, NULL);
    bundles_free(core);
    breakers_free(core);
    if (core->world.probes)
        probe_set_free(core->world.probes);
    core_operator_close(core);
    maint_ask_fini(&core->maint_ask);
    assemble_free(core);
    explicit_bzero(core->keys, sizeof(core->keys));
    explicit_bzero(&core->cluster_sent, sizeof(core->cluster_sent));
    free(core->world.reload.mistakes);
    free(core->world.events);
}

int core_restart_registry(struct core *core, const char *name, struct err *err)
{
    for (size_t at = 0; at < core->world.registry_count; at++)
        if (strcmp(core->world.registries[at].settings.params.name, name) == 0) {
            core->registries[at].restart_serial++;
            core->is_dirty = true;
            return 0;
        }
    return err_set(err, ENOENT, "there is no registry \"%s\"", name);
}
