/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/command_table.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/edit.h"
#include "supervisord/console/command_bundle.h"
#include "supervisord/console/command_remote.h"
#include "supervisord/console/command_switch.h"
#include "supervisord/console/command_verbs.h"
#include "supervisord/console/show_log.h"
#include "supervisord/console/trouble.h"
#include "supervisord/console/words.h"

/* Longer than reading any configuration takes. */
#define RELOAD_WAIT_NS  (15 * NS_PER_S)
#define RESTART_MORE_NS (5 * NS_PER_S)

static int run_show(struct command_call *call)
{
    const struct show show = {
        .world = call->desk->world,
        .now = call->now,
        .argument = call->count > 0 ? call->arguments[0] : NULL,
        .baseline = call->desk->baseline,
    };
    struct err err;
    const int result = show_write(&show, call->row->what, call->json, call->out, &err);

    if (result < 0) {
        fprintf(call->out, "%s\n", err.text);
        return result == -ENOMEM ? WORLD_FAILED : WORLD_USAGE;
    }
    if (call->json)
        fputc('\n', call->out);
    return WORLD_DONE;
}

static int run_help(struct command_call *call)
{
    for (size_t i = 0; i < command_table_count; i++) {
        const struct command_row *row = &command_table_rows[i];
        char words[64];

        if (row->level > call->caller->level)
            continue;
        snprintf(words, sizeof(words), "%s%s%s", row->words, row->arguments[0] ? " " : "",
                 row->arguments);
        fprintf(call->out, "%-24s  %s\n", words, row->help);
    }
    fprintf(call->out, "Words of show may be cut short; -j after them gives JSON; ';' separates "
                       "commands.\n");
    return WORLD_DONE;
}

static int run_prompt(struct command_call *call)
{
    call->caller->prompt = true;
    return COMMAND_MUTE;
}

static int run_quit(struct command_call *call)
{
    call->caller->quit = true;
    return COMMAND_MUTE;
}

static int run_exit_status(struct command_call *call)
{
    const bool on = strcmp(call->arguments[0], "on") == 0;

    if (!on && strcmp(call->arguments[0], "off") != 0) {
        fprintf(call->out, "usage: set exit-status on|off\n");
        return WORLD_USAGE;
    }
    call->caller->exit_status = on;
    return COMMAND_MUTE;
}

/* Level and object of the worst trouble. */
static void keep_first(void *owner, const struct trouble *trouble)
{
    struct trouble *first = owner;

    if (first->what[0] == '\0' && trouble->level > TROUBLE_NOTE)
        *first = *trouble;
}

static int run_nagios(struct command_call *call)
{
    static const char *const words[] = {"OK", "WARNING", "CRITICAL"};
    const struct world *world = call->desk->world;
    const int health = world_health(world, call->now, NULL);
    struct trouble first = {.what = ""};
    size_t active = 0;

    trouble_list(world, call->now, keep_first, &first);
    for (size_t i = 0; i < world->router_count; i++)
        active += world->routers[i].known && world->routers[i].status.state == VRRP_ACTIVE;
    fprintf(call->out, "REGHA %s - %s%s%s|active=%zu;;;0;%zu\n", words[health], world_role(world),
            first.what[0] ? ": " : "", first.what, active, world->router_count);
    return health;
}

static int run_clear(struct command_call *call)
{
    struct show_baseline *baseline = show_log_baseline(call->desk->world);

    if (!baseline) {
        fprintf(call->out, "out of memory\n");
        return WORLD_FAILED;
    }
    show_log_baseline_free(call->desk->baseline);
    call->desk->baseline = baseline;
    fprintf(call->out, "show errors counts from now on; metrics go on\n");
    return WORLD_DONE;
}

static int run_check(struct command_call *call)
{
    const struct command_core *core = call->desk->core;
    int result;

    if (!core->check) {
        fprintf(call->out, "not in this version\n");
        return WORLD_USAGE;
    }
    result = core->check(core->owner, call->out);
    if (result < 0)
        return WORLD_FAILED;
    fprintf(call->out, "the configuration file is right\n");
    return WORLD_DONE;
}

static int say_reload(struct command_call *call, bool succeeded, const char *sentence)
{
    const char *mistakes = call->desk->world->reload.mistakes;

    if (succeeded) {
        fprintf(call->out, "the configuration has been read and applied\n");
        return WORLD_DONE;
    }
    if (mistakes && mistakes[0])
        fprintf(call->out, "%s", mistakes);
    else if (sentence[0])
        fprintf(call->out, "%s\n", sentence);
    fprintf(call->out, "refused; the former configuration runs on\n");
    return WORLD_FAILED;
}

static int run_reload(struct command_call *call)
{
    const struct command_core *core = call->desk->core;
    struct command_caller *caller = call->caller;
    struct err err = {""};
    int result;

    if (!core->reload) {
        fprintf(call->out, "not in this version\n");
        return WORLD_USAGE;
    }
    caller->reload_attempts = call->desk->world->reload.attempts;
    result = core->reload(core->owner, &err);
    if (result == -EINPROGRESS) {
        caller->wait = COMMAND_WAIT_RELOAD;
        caller->wait_since = call->now;
        caller->wait_until = monotime_add(call->now, RELOAD_WAIT_NS);
        return COMMAND_WAITS;
    }
    return say_reload(call, result >= 0, err.text);
}

static int poll_reload(struct command_call *call)
{
    const struct world_reload *reload = &call->desk->world->reload;

    if (reload->attempts != call->caller->reload_attempts)
        return say_reload(call, reload->last_succeeded, "");
    if (!monotime_reached(call->caller->wait_until, call->now))
        return COMMAND_WAITS;
    fprintf(call->out, "no answer after %d s; see show info\n", (int)(RELOAD_WAIT_NS / NS_PER_S));
    return WORLD_TIMEOUT;
}

static const struct world_registry *find_registry(const struct world *world, const char *name)
{
    for (size_t i = 0; i < world->registry_count; i++) {
        if (strcmp(world->registries[i].settings.params.name, name) == 0)
            return &world->registries[i];
    }
    return NULL;
}

static int say_no_registry(struct command_call *call, const char *name)
{
    const struct world *world = call->desk->world;
    const char *near = NULL;
    size_t least = 4;

    for (size_t i = 0; i < world->registry_count; i++) {
        const char *other = world->registries[i].settings.params.name;
        const size_t distance = edit_distance(name, other);

        if (distance < least) {
            least = distance;
            near = other;
        }
    }
    fprintf(call->out, "there is no registry \"%.60s\"%s%s\n", name,
            near ? ", the nearest name is " : "; see show registries", near ? near : "");
    return WORLD_USAGE;
}

static int restart_now(struct command_call *call, const struct world_registry *registry)
{
    const struct command_core *core = call->desk->core;
    struct command_caller *caller = call->caller;
    struct err err = {""};

    caller->registry_started_ns = registry->status.started_ns;
    snprintf(caller->waits_for, sizeof(caller->waits_for), "%s", registry->settings.params.name);
    if (core->restart_registry(core->owner, caller->waits_for, &err) < 0) {
        fprintf(call->out, "%s\n", err.text);
        return WORLD_FAILED;
    }
    caller->wait = COMMAND_WAIT_REGISTRY;
    caller->wait_since = call->now;
    caller->wait_until =
        monotime_add(call->now, registry->settings.params.drain_ns +
                                    registry->settings.start_timeout_ns + RESTART_MORE_NS);
    return COMMAND_WAITS;
}

static int run_registry(struct command_call *call)
{
    const struct world *world = call->desk->world;
    const struct world_registry *registry = find_registry(world, call->arguments[0]);

    if (!registry)
        return say_no_registry(call, call->arguments[0]);
    if (strcmp(call->arguments[1], "restart") != 0)
        return command_verbs_registry(call, registry);
    if (!call->desk->core->restart_registry) {
        fprintf(call->out, "not in this version\n");
        return WORLD_USAGE;
    }
    if (!world->processes[WORLD_LAUNCHER].connected) {
        fprintf(call->out, "regha-launcher is away; see journalctl -u regha-launcher\n");
        return WORLD_PRECONDITION;
    }
    if (!registry->wanted) {
        fprintf(call->out, "registry %s is not to run on this node: %s\n",
                registry->settings.params.name, registry->why);
        return WORLD_PRECONDITION;
    }
    return restart_now(call, registry);
}

/* Running is not serving: with a probe that says so, it must have succeeded since the start. */
static bool is_ready(const struct world *world, const struct world_registry *registry)
{
    const struct probe_state *probe = NULL;

    if (world->probes && registry->settings.ready[0])
        probe = probe_set_find(world->probes, registry->settings.ready);
    if (probe)
        return probe->success_started.ns > registry->status.started_ns;
    return registry->status.state == REGISTRY_RUNNING;
}

static int poll_registry(struct command_call *call)
{
    const struct command_caller *caller = call->caller;
    const struct world_registry *registry = find_registry(call->desk->world, caller->waits_for);
    const bool fresh = registry && registry->status.started_ns != caller->registry_started_ns;
    char span[WORDS_SPAN_BYTES];

    if (!registry || !registry->wanted) {
        fprintf(call->out, "registry %s is no longer to run on this node\n", caller->waits_for);
        return WORLD_PRECONDITION;
    }
    if (registry->status.state == REGISTRY_FAILED) {
        fprintf(call->out, "registry %s failed: %s\n", caller->waits_for, registry->status.detail);
        return WORLD_FAILED;
    }
    if (fresh && registry->status.pid != 0 && is_ready(call->desk->world, registry)) {
        fprintf(call->out, "registry %s runs again as process %lld, ready after %s\n",
                caller->waits_for, (long long)registry->status.pid,
                words_span(monotime_since(caller->wait_since, call->now), span));
        return WORLD_DONE;
    }
    if (!monotime_reached(caller->wait_until, call->now))
        return COMMAND_WAITS;
    fprintf(call->out, "registry %s is %s and not ready after %s; see show registries\n",
            caller->waits_for,
            registry_message_state_name((enum registry_state)registry->status.state),
            words_span(monotime_since(caller->wait_since, call->now), span));
    return WORLD_TIMEOUT;
}

int command_table_poll(struct command_call *call)
{
    int result = WORLD_FAILED;

    switch (call->caller->wait) {
    case COMMAND_WAIT_NONE:
        break;
    case COMMAND_WAIT_RELOAD:
        result = poll_reload(call);
        break;
    case COMMAND_WAIT_REGISTRY:
        result = poll_registry(call);
        break;
    case COMMAND_WAIT_BUNDLE:
        result = command_bundle_poll(call);
        break;
    case COMMAND_WAIT_SAVED:
    case COMMAND_WAIT_ASKED:
    case COMMAND_WAIT_EMPTY:
    case COMMAND_WAIT_TURNED:
        result = command_verbs_poll(call);
        break;
    case COMMAND_WAIT_NODE:
        result = command_remote_poll(call);
        break;
    case COMMAND_WAIT_HANDOVER:
        result = command_switch_poll(call);
        break;
    }
    if (result != COMMAND_WAITS) {
        call->caller->wait = COMMAND_WAIT_NONE;
        call->caller->doing[0] = '\0';
    }
    return result;
}

#define SHOW(what, arguments, most, level, help)                                                   \
    arguments, 0, most, level, false, true, run_show, what, help
#define VERB(arguments, count, level, changes, run, help)                                          \
    arguments, count, count, level, changes, false, run, SHOW_INFO, help
#define FLAGS(arguments, most, run, help)                                                          \
    arguments, 0, most, COMMAND_OPERATOR, true, false, run, SHOW_INFO, help

#define MOVE(arguments, least, most, run, help)                                                    \
    arguments, least, most, COMMAND_OPERATOR, true, false, run, SHOW_INFO, help

const struct command_row command_table_rows[] = {
    {"show info", SHOW(SHOW_INFO, "", 0, COMMAND_USER, "this node at a glance")},
    {"show health", SHOW(SHOW_HEALTH, "", 0, COMMAND_USER, "what is not as it should be")},
    {"show nodes", SHOW(SHOW_NODES, "", 0, COMMAND_USER, "the nodes, and when they were heard")},
    {"show routers", SHOW(SHOW_ROUTERS, "", 0, COMMAND_USER, "virtual routers and their states")},
    {"show vips", SHOW(SHOW_VIPS, "", 0, COMMAND_USER, "virtual addresses in the kernel")},
    {"show guard", SHOW(SHOW_GUARD, "", 0, COMMAND_USER, "who is silenced if he stops")},
    {"show probes", SHOW(SHOW_PROBES, "[NAME]", 1, COMMAND_USER, "probes, or all about one")},
    {"show breakers",
     SHOW(SHOW_BREAKERS, "", 0, COMMAND_USER, "storage peers, and who is cut off")},
    {"show bundle", SHOW(SHOW_BUNDLE, "", 0, COMMAND_USER, "what the nodes agreed to run")},
    {"bundle show", SHOW(SHOW_BUNDLE, "", 0, COMMAND_USER, "the same as show bundle")},
    {"bundle history",
     SHOW(SHOW_BUNDLE_HISTORY, "", 0, COMMAND_USER, "the last generations, to roll back to")},
    {"bundle diff", "[NAME]", 0, 1, COMMAND_OPERATOR, false, false, command_bundle_diff, SHOW_INFO,
     "what differs between the files here and what is current"},
    {"bundle publish", "[NAME]", 0, 1, COMMAND_ADMIN, true, false, command_bundle_publish,
     SHOW_INFO, "have the nodes agree on the files of this one"},
    {"bundle rollback", VERB("NAME GENERATION", 2, COMMAND_ADMIN, true, command_bundle_rollback,
                             "have them agree on a former generation again")},
    {"show registries", SHOW(SHOW_REGISTRIES, "", 0, COMMAND_USER, "registries, why they run")},
    {"show processes", SHOW(SHOW_PROCESSES, "", 0, COMMAND_USER, "the processes of regha here")},
    {"show history", SHOW(SHOW_HISTORY, "[N]", 1, COMMAND_USER, "the last changes and causes")},
    {"show events", SHOW(SHOW_EVENTS, "[N]", 1, COMMAND_USER, "the last events of every kind")},
    {"show errors", SHOW(SHOW_ERRORS, "", 0, COMMAND_USER, "counters of what should not be")},
    {"show config", SHOW(SHOW_CONFIG, "", 0, COMMAND_USER, "the configuration in force")},
    {"show env", SHOW(SHOW_ENV, "", 0, COMMAND_OPERATOR, "the environment, without secrets")},
    {"show version", SHOW(SHOW_VERSION, "", 0, COMMAND_USER, "versions of the programs")},
    {"reload", VERB("", 0, COMMAND_ADMIN, true, run_reload, "read the configuration again")},
    {"configcheck",
     VERB("", 0, COMMAND_OPERATOR, false, run_check, "judge the file, change nothing")},
    {"registry", VERB("NAME start|stop|restart|readonly|readwrite", 2, COMMAND_OPERATOR, true,
                      run_registry, "what one registry does here, whatever the policy says")},
    {"switchover", MOVE("VROUTER [to NODE] [--dry-run]", 1, 4, command_switch_run,
                        "hand a virtual router over to a node that was made ready")},
    {"failover", MOVE("VROUTER [to NODE] --force REASON", 3, LINE_WORDS, command_switch_force,
                      "the same at once, whether or not that node is well")},
    {"drain", FLAGS("[NODE] [--force] [--once]", 2, command_verbs_drain,
                    "hand over what this node holds, and hold nothing")},
    {"maint", FLAGS("[NODE] [--force]", 1, command_verbs_maint,
                    "ask MinIO whether this node may leave, then drain it")},
    {"ready", FLAGS("[NODE]", 0, command_verbs_ready, "take part again after drain or maint")},
    {"pause",
     FLAGS("[NODE] [FOR]", 1, command_verbs_pause, "let nothing change by itself, for a while")},
    {"resume", FLAGS("[NODE]", 0, command_verbs_resume, "end a pause")},
    {"clear counters", VERB("", 0, COMMAND_OPERATOR, true, run_clear, "count errors from now on")},
    {"nagios", VERB("", 0, COMMAND_USER, false, run_nagios, "one line, and 0, 1 or 2 as result")},
    {"help", VERB("", 0, COMMAND_NOBODY, false, run_help, "these commands")},
    {"prompt", VERB("", 0, COMMAND_NOBODY, false, run_prompt, "more than one line, with a prompt")},
    {"quit", VERB("", 0, COMMAND_NOBODY, false, run_quit, "end the connection")},
    {"set exit-status", VERB("on|off", 1, COMMAND_NOBODY, false, run_exit_status,
                             "end each answer with a line # rc=N")},
};

const size_t command_table_count = sizeof(command_table_rows) / sizeof(command_table_rows[0]);

_Static_assert(sizeof(command_table_rows) / sizeof(command_table_rows[0]) < WORLD_COMMANDS_MAX,
               "each command has its counters in the world, and one is for none of them");

const char *const command_table_later[] = {
    "show quorum", "show balancers", "show timers", "enable",  "disable",
    "set weight",  "set priority",   "gc",          "upgrade", "wait",
    "dump",        "clear failures", NULL,
};
