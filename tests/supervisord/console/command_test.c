/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "supervisord/console/command.h"
#include "supervisord/console/show_log.h"
#include "tests/supervisord/world_fixture.h"

/* A core that remembers what it was asked for, and answers as told. */
struct core {
    int reloads, checks, restarts;
    int result;
    char name[32];
    int modes, successor;
    unsigned flags;
    enum operator_run run;
    enum operator_write write;
};

static struct world_fixture fixture;
static struct core asked;

static int reload(void *owner, struct err *err)
{
    struct core *core = owner;

    core->reloads++;
    return core->result < 0 ? err_set(err, -core->result, "the file has a mistake") : 0;
}

static int check(void *owner, FILE *out)
{
    struct core *core = owner;

    core->checks++;
    if (core->result < 0)
        fprintf(out, "regha.conf:3: metrics.prot: unknown, the nearest key is port\n");
    return core->result;
}

static int restart(void *owner, const char *name, struct err *err)
{
    struct core *core = owner;

    core->restarts++;
    snprintf(core->name, sizeof(core->name), "%s", name);
    return core->result < 0 ? err_set(err, -core->result, "cannot") : 0;
}

static void set_mode(void *owner, enum operator_mode mode, uid_t uid, unsigned flags)
{
    struct core *core = owner;

    core->modes++;
    core->flags = flags;
    fixture.world.operator.mode = mode;
    fixture.world.operator.mode_uid = uid;
    fixture.world.operator_unsaved = true;
    fixture.world.operator_forced = flags & COMMAND_MODE_FORCED;
}

static void pause_policy(void *owner, int64_t until_wall_ns, uid_t uid)
{
    (void)owner;
    fixture.world.operator.paused_until_wall_ns = until_wall_ns;
    fixture.world.operator.paused_uid = uid;
    fixture.world.operator_unsaved = true;
}

static int set_run(void *owner, const char *name, enum operator_run run, uid_t uid, struct err *err)
{
    struct core *core = owner;

    (void)uid;
    (void)err;
    snprintf(core->name, sizeof(core->name), "%s", name);
    core->run = run;
    return 0;
}

static int set_write(void *owner, const char *name, enum operator_write write, uid_t uid,
                     struct err *err)
{
    struct core *core = owner;

    (void)uid;
    (void)err;
    snprintf(core->name, sizeof(core->name), "%s", name);
    core->write = write;
    return 0;
}

static int find_successor(void *owner, size_t at, struct monotime now)
{
    const struct core *core = owner;

    (void)at;
    (void)now;
    return core->successor;
}

static void ask_maintenance(void *owner, struct monotime now)
{
    (void)owner;
    (void)now;
    fixture.world.maint.kind = MAINT_ANSWER_PENDING;
}

static const struct command_core core = {
    .owner = &asked,
    .reload = reload,
    .check = check,
    .restart_registry = restart,
    .set_mode = set_mode,
    .pause = pause_policy,
    .set_registry_run = set_run,
    .set_registry_write = set_write,
    .find_successor = find_successor,
    .ask_maintenance = ask_maintenance,
};
static const struct command_core no_core = {0};

static struct command_desk desk;
static struct command_caller caller;

static int set_up(void **state)
{
    (void)state;
    world_fixture_init(&fixture);
    memset(fixture.world.commands, 0, sizeof(fixture.world.commands));
    memset(fixture.world.command_results, 0, sizeof(fixture.world.command_results));
    asked = (struct core){0};
    desk = (struct command_desk){.world = &fixture.world, .core = &core};
    caller = (struct command_caller){.uid = 1000, .level = COMMAND_ADMIN};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    show_log_baseline_free(desk.baseline);
    return 0;
}

/* `poll`: not run but polled. */
static int answer(const char *line, char **ret_text)
{
    char copy[LINE_BYTES + 1];
    struct line_command command = {0};
    size_t at = 0, bytes = 0;
    FILE *out = open_memstream(ret_text, &bytes);
    int result;

    if (line) {
        snprintf(copy, sizeof(copy), "%s", line);
        assert_int_equal(line_next(copy, strlen(copy), &at, &command), LINE_GOOD);
        result = command_run(&desk, &caller, &command, fixture.now, out);
    } else {
        result = command_poll(&desk, &caller, fixture.now, out);
    }
    fclose(out);
    return result;
}

static void expect(const char *line, int result, const char *text)
{
    char *got = NULL;
    const int code = answer(line, &got);

    print_message("%s\n", line ? line : "(poll)");
    assert_string_equal(got, text);
    assert_int_equal(code, result);
    free(got);
}

static void expect_same(const char *short_line, const char *line)
{
    char *shorted = NULL, *full = NULL;

    assert_int_equal(answer(short_line, &shorted), WORLD_DONE);
    assert_int_equal(answer(line, &full), WORLD_DONE);
    assert_string_equal(shorted, full);
    free(shorted);
    free(full);
}

static void test_words(void **state)
{
    (void)state;
    expect_same("show ro", "show routers");
    expect_same("sh rout", "show routers");
    expect_same("show reg", "show registries");
    expect_same("show probes minio-write", "\"show\" probes minio-write");
    expect_same("-j show routers", "show routers -j");
    expect("show r", WORLD_USAGE, "ambiguous, may be: show routers, show registries\n");
    expect("relo", WORLD_USAGE, "write it out, for it changes something: reload\n");
    expect("regi registry restart", WORLD_USAGE,
           "write it out, for it changes something: registry\n");
    expect(
        "show", WORLD_USAGE,
        "incomplete; it goes on with: info, health, nodes, routers, vips, guard, probes, breakers, bundle, registries, "
        "processes, history, events, errors, config, env, version\n");
    expect("show rooters", WORLD_USAGE,
           "unknown command \"show rooters\", the nearest one is: show routers\n");
    expect("shwo info", WORLD_USAGE,
           "unknown command \"shwo info\", the nearest one is: show info\n");
    expect("relaod", WORLD_USAGE, "unknown command \"relaod\", the nearest one is: reload\n");
    expect("make coffee", WORLD_USAGE, "unknown command \"make coffee\"; try: help\n");
    expect("\"\xff\"", WORLD_USAGE, "unknown command \"?\"; try: help\n");
    expect("\"\"", WORLD_USAGE, "unknown command \"\"; try: help\n");
    expect("switchover registry to n1", WORLD_USAGE, "not in this version\n");
    expect("show timers", WORLD_USAGE, "not in this version\n");
    expect("show info more", WORLD_USAGE, "usage: show info\n");
    expect("registry registry", WORLD_USAGE,
           "usage: registry NAME start|stop|restart|readonly|readwrite\n");
    expect("-j reload", WORLD_USAGE, "-j goes with show only\n");
    assert_int_equal(asked.reloads, 0);
    expect("show probes minio-reed", WORLD_USAGE,
           "there is no probe \"minio-reed\", the nearest name is minio-read\n");
}

static void test_levels(void **state)
{
    (void)state;
    caller.level = COMMAND_NOBODY;
    expect("show info", WORLD_DENIED,
           "permission denied: \"show info\" is for members of group "
           "regha, uid 1000 is none of them\n");
    caller.level = COMMAND_USER;
    expect("show env", WORLD_DENIED,
           "permission denied: \"show env\" is for members of group "
           "regha-operator, uid 1000 is at level user\n");
    expect("registry registry restart", WORLD_DENIED,
           "permission denied: \"registry\" is for members of group regha-operator, uid 1000 is "
           "at level user\n");
    caller.level = COMMAND_OPERATOR;
    expect("reload", WORLD_DENIED,
           "permission denied: \"reload\" is for root, uid 1000 is at level operator\n");
    assert_int_equal(asked.reloads + asked.restarts, 0);
}

/* What each row needs, for everyone: the table cannot give more by a slip. */
static void test_every_level(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_entries(); i++) {
        const struct command_entry entry = command_entry(i);

        if (entry.level == COMMAND_NOBODY)
            continue;
        caller.level = (enum command_level)(entry.level - 1);
        char *text = NULL;
        assert_int_equal(answer(entry.words, &text), WORLD_DENIED);
        free(text);
        assert_non_null(strstr(
            "show info show health show nodes show routers show vips show guard "
            "show probes show breakers show bundle bundle show bundle history show registries show processes show history "
            "show events show errors show config show version nagios "
            "show env configcheck registry switchover failover drain maint ready pause resume "
            "clear counters reload bundle diff bundle publish bundle rollback",
            entry.words));
    }
}

static void test_session(void **state)
{
    (void)state;
    caller.level = COMMAND_NOBODY;
    expect("prompt", COMMAND_MUTE, "");
    assert_true(caller.prompt);
    expect("set exit-status on", COMMAND_MUTE, "");
    assert_true(caller.exit_status);
    expect("set exit-status off", COMMAND_MUTE, "");
    assert_false(caller.exit_status);
    expect("set exit-status maybe", WORLD_USAGE, "usage: set exit-status on|off\n");
    expect("quit", COMMAND_MUTE, "");
    assert_true(caller.quit);
}

static void test_help(void **state)
{
    char *text = NULL;

    (void)state;
    assert_int_equal(answer("help", &text), WORLD_DONE);
    golden_check("help.txt", text);
    free(text);
    caller.level = COMMAND_USER;
    assert_int_equal(answer("help", &text), WORLD_DONE);
    assert_null(strstr(text, "reload"));
    free(text);
}

static void test_reload(void **state)
{
    char mistakes[] = "regha.conf:3: metrics.prot: unknown, the nearest key is port\n";

    (void)state;
    expect("reload", WORLD_DONE, "the configuration has been read and applied\n");
    asked.result = -EINVAL;
    expect("reload", WORLD_FAILED,
           "the file has a mistake\nrefused; the former configuration runs on\n");
    fixture.world.reload.mistakes = mistakes;
    expect("reload", WORLD_FAILED,
           "regha.conf:3: metrics.prot: unknown, the nearest key is port\n"
           "refused; the former configuration runs on\n");
    asked.result = -EINPROGRESS;
    expect("reload", COMMAND_WAITS, "");
    expect(NULL, COMMAND_WAITS, "");
    fixture.world.reload.attempts++;
    fixture.world.reload.last_succeeded = true;
    expect(NULL, WORLD_DONE, "the configuration has been read and applied\n");
    expect("reload", COMMAND_WAITS, "");
    fixture.now = monotime_add(fixture.now, 20 * NS_PER_S);
    expect(NULL, WORLD_TIMEOUT, "no answer after 15 s; see show info\n");
}

static void test_configcheck(void **state)
{
    (void)state;
    expect("configcheck", WORLD_DONE, "the configuration file is right\n");
    asked.result = -EINVAL;
    expect("configcheck", WORLD_FAILED,
           "regha.conf:3: metrics.prot: unknown, the nearest key is port\n");
    desk.core = &no_core;
    expect("configcheck", WORLD_USAGE, "not in this version\n");
    expect("reload", WORLD_USAGE, "not in this version\n");
}

static void test_registry_refused(void **state)
{
    struct world_registry *registry = &fixture.registries[0];

    (void)state;
    expect("registry registri restart", WORLD_USAGE,
           "there is no registry \"registri\", the nearest name is registry\n");
    expect("registry other restart", WORLD_USAGE,
           "there is no registry \"other\"; see show registries\n");
    expect("registry registry freeze", WORLD_USAGE,
           "\"freeze\" is none of start, stop, restart, readonly, readwrite\n");
    registry->wanted = false;
    snprintf(registry->why, sizeof(registry->why), "registry is Backup here");
    expect("registry registry restart", WORLD_PRECONDITION,
           "registry registry is not to run on this node: registry is Backup here\n");
    fixture.world.processes[WORLD_LAUNCHER].connected = false;
    expect("registry registry restart", WORLD_PRECONDITION,
           "regha-launcher is away; see journalctl -u regha-launcher\n");
    assert_int_equal(asked.restarts, 0);
}

static void test_registry_restarted(void **state)
{
    struct world_registry *registry = &fixture.registries[0];

    (void)state;
    expect("registry registry restart", COMMAND_WAITS, "");
    assert_string_equal(asked.name, "registry");
    expect(NULL, COMMAND_WAITS, "");
    registry->status.started_ns = fixture.now.ns;
    registry->status.pid = 4300;
    fixture.now = monotime_add(fixture.now, 44 * NS_PER_MS);
    expect(NULL, COMMAND_WAITS, ""); /* the probe succeeded before the start */
    fixture.probes.states[3].success_started = fixture.now;
    expect(NULL, WORLD_DONE, "registry registry runs again as process 4300, ready after 44 ms\n");
}

static void test_registry_not_ready(void **state)
{
    struct world_registry *registry = &fixture.registries[0];

    (void)state;
    asked.result = -EIO;
    expect("registry registry restart", WORLD_FAILED, "cannot\n");
    asked.result = 0;
    expect("registry registry restart", COMMAND_WAITS, "");
    registry->status.state = REGISTRY_FAILED;
    snprintf(registry->status.detail, sizeof(registry->status.detail), "exec: no such file");
    expect(NULL, WORLD_FAILED, "registry registry failed: exec: no such file\n");
    registry->status.state = REGISTRY_STOPPING;
    expect("registry registry restart", COMMAND_WAITS, "");
    fixture.now = monotime_add(fixture.now, 45 * NS_PER_S);
    expect(NULL, WORLD_TIMEOUT,
           "registry registry is stopping and not ready after 45 s; see show registries\n");
    expect("registry registry restart", COMMAND_WAITS, "");
    registry->wanted = false;
    expect(NULL, WORLD_PRECONDITION, "registry registry is no longer to run on this node\n");
}

static void test_nagios(void **state)
{
    (void)state;
    expect("nagios", 1,
           "REGHA WARNING - mixed: probe minio-write (minio, shared) is down for 1 m 0 s: 503 in "
           "2 ms|active=1;;;0;2\n");
    world_fixture_init_well(&fixture);
    expect("nagios", 0, "REGHA OK - mixed|active=1;;;0;2\n");
    fixture.world.processes[WORLD_VRRP].connected = false;
    expect("nagios", 2,
           "REGHA CRITICAL - mixed: regha-vrrp is away for 15 m 0 s: nobody here can take or keep "
           "a virtual address|active=1;;;0;2\n");
}

static void test_clear(void **state)
{
    (void)state;
    expect("clear counters", WORLD_DONE, "show errors counts from now on; metrics go on\n");
    expect("show errors", WORLD_DONE, "no errors\n");
    expect("clear counters", WORLD_DONE, "show errors counts from now on; metrics go on\n");
}

static void test_counted(void **state)
{
    const struct world *world = &fixture.world;
    size_t reload_at = 0;

    (void)state;
    while (strcmp(command_entry(reload_at).words, "reload") != 0)
        reload_at++;
    expect("reload", WORLD_DONE, "the configuration has been read and applied\n");
    assert_int_equal(world->command_results[reload_at][WORLD_DONE], 1);
    asked.result = -EINPROGRESS;
    expect("reload", COMMAND_WAITS, "");
    assert_int_equal(world->commands[0], 1);
    fixture.world.reload.attempts++;
    fixture.world.reload.last_succeeded = false;
    expect(NULL, WORLD_FAILED, "refused; the former configuration runs on\n");
    assert_int_equal(world->command_results[reload_at][WORLD_FAILED], 1);
    expect("what", WORLD_USAGE, "unknown command \"what\"; try: help\n");
    assert_int_equal(world->command_results[WORLD_COMMANDS_MAX - 1][WORLD_USAGE], 1);
    assert_int_equal(world->commands[0], 1);
    assert_int_equal(world->commands[1], 2);
}

/* As if somebody else had taken it over, and what served here had ended. */
static void become_empty(void)
{
    for (size_t at = 0; at < fixture.world.router_count; at++)
        fixture.routers[at].status.state = VRRP_BACKUP;
    for (size_t at = 0; at < fixture.world.registry_count; at++)
        fixture.registries[at].status.pid = 0;
    fixture.world.operator_unsaved = false;
}

static void test_drain(void **state)
{
    char *text = NULL;

    (void)state;
    expect("drain --hard", WORLD_USAGE,
           "\"--hard\" is no option; usage: drain [NODE] [--force] [--once]\n");
    asked.successor = -1;
    expect("drain", WORLD_PRECONDITION,
           "no other node could take virtual router registry over; see show nodes, or --force\n");
    assert_int_equal(asked.modes, 0);
    asked.successor = 0;
    expect("drain", COMMAND_WAITS, "");
    assert_int_equal(fixture.world.operator.mode, OPERATOR_DRAINED);
    fixture.routers[0].handover.phase = HANDOVER_PREPARES;
    expect(NULL, COMMAND_WAITS, "");
    assert_string_equal(caller.doing, "registry prepares");
    become_empty();
    fixture.routers[0].handover.phase = HANDOVER_DONE;
    fixture.registries[0].status.pid = 7;
    expect(NULL, COMMAND_WAITS, "");
    assert_string_equal(caller.doing, "registry drains");
    fixture.registries[0].status.pid = 0;
    assert_int_equal(answer(NULL, &text), WORLD_DONE);
    assert_non_null(strstr(text, "drained after 0 s; reghactl ready ends it\n"));
    free(text);
    assert_int_equal(caller.wait, COMMAND_WAIT_NONE);
}

static void test_drain_that_fails_is_taken_back(void **state)
{
    (void)state;
    expect("drain --force", COMMAND_WAITS, ""); /* forced: nothing to fail */
    assert_int_equal(asked.flags, COMMAND_MODE_FORCED);
    asked = (struct core){0};
    caller.wait = COMMAND_WAIT_NONE;
    expect("drain", COMMAND_WAITS, "");
    fixture.routers[0].status.state = VRRP_ACTIVE;
    fixture.routers[0].handover =
        (struct handover){.phase = HANDOVER_FAILED, .since = fixture.now, .why = "it went away"};
    expect(NULL, WORLD_FAILED, "it went away; this node stays as it was\n");
    assert_int_equal(fixture.world.operator.mode, OPERATOR_READY);
    /* Before a shutdown, in maintenance already: the stronger word stays. */
    fixture.world.operator.mode = OPERATOR_MAINTENANCE;
    expect("drain --once", WORLD_DONE, "this node is maintenance already\n");
}

static void test_maint_asks_first(void **state)
{
    struct maint_answer *answer_of = &fixture.world.maint;
    char *text = NULL;

    (void)state;
    expect("maint", COMMAND_WAITS, "");
    expect(NULL, COMMAND_WAITS, "");
    assert_int_equal(asked.modes, 0);
    *answer_of = (struct maint_answer){MAINT_ANSWER_NEEDED, "m: 412"};
    expect(NULL, WORLD_PRECONDITION,
           "MinIO needs this node for its quorum (m: 412); --force goes on\n");
    expect("maint", COMMAND_WAITS, "");
    *answer_of = (struct maint_answer){MAINT_ANSWER_UNKNOWN, "m: timeout"};
    expect(NULL, WORLD_PRECONDITION,
           "MinIO did not say whether it may do without this node (m: timeout); --force goes on\n");
    expect("maint", COMMAND_WAITS, "");
    caller.wait_until = fixture.now;
    expect(NULL, WORLD_PRECONDITION,
           "MinIO did not say whether it may do without this node (m: timeout); --force goes on\n");
    assert_int_equal(asked.modes, 0);
    expect("maint", COMMAND_WAITS, "");
    *answer_of = (struct maint_answer){MAINT_ANSWER_MAY, "m: 200"};
    expect(NULL, COMMAND_WAITS, "");
    assert_int_equal(fixture.world.operator.mode, OPERATOR_MAINTENANCE);
    become_empty();
    assert_int_equal(answer(NULL, &text), WORLD_DONE);
    assert_non_null(strstr(text, "MinIO may do without this node (m: 200)\n"));
    free(text);
    *answer_of = (struct maint_answer){MAINT_ANSWER_NONE, ""};
    expect("maint --force", COMMAND_WAITS, ""); /* whatever MinIO says: it is not asked */
    assert_int_equal(answer_of->kind, MAINT_ANSWER_NONE);
}

static void test_ready_and_pause(void **state)
{
    (void)state;
    fixture.world.operator.mode = OPERATOR_DRAINED;
    expect("ready", COMMAND_WAITS, "");
    expect(NULL, COMMAND_WAITS, ""); /* not on the disk yet */
    fixture.world.operator_unsaved = false;
    expect(NULL, WORLD_DONE, "this node takes part again\n");
    assert_int_equal(fixture.world.operator.mode, OPERATOR_READY);
    expect("pause soon", WORLD_USAGE, "\"soon\" is no span; write it as in 30m\n");
    expect("pause 30m", COMMAND_WAITS, "");
    assert_int_equal(fixture.world.operator.paused_until_wall_ns,
                     fixture.world.wall_ns + 1800 * NS_PER_S);
    caller.wait = COMMAND_WAIT_NONE;
    expect("pause", COMMAND_WAITS, "");
    assert_int_equal(fixture.world.operator.paused_until_wall_ns, OPERATOR_FOR_EVER);
    caller.wait_until = fixture.now;
    expect(NULL, WORLD_FAILED,
           "paused until it is resumed: nothing changes by itself\n"
           "it is not on the disk, and would be forgotten at a restart\n");
    caller.wait = COMMAND_WAIT_NONE;
    fixture.world.wall_ns = INT64_MAX - NS_PER_S; /* no clock goes that far */
    expect("pause 30m", COMMAND_WAITS, "");
    assert_int_equal(fixture.world.operator.paused_until_wall_ns, OPERATOR_FOR_EVER);
    expect("resume", COMMAND_WAITS, "");
    assert_int_equal(fixture.world.operator.paused_until_wall_ns, 0);
}

static void test_what_a_registry_is_told(void **state)
{
    struct world_registry *registry = &fixture.registries[0];

    (void)state;
    snprintf(registry->why, sizeof(registry->why), "because");
    expect("registry registry stop", COMMAND_WAITS, "");
    assert_int_equal(asked.run, OPERATOR_RUN_STOP);
    registry->wanted = false;
    expect(NULL, COMMAND_WAITS, "");
    registry->status.pid = 0;
    expect(NULL, WORLD_DONE, "registry registry is stopped after 0 s (because)\n");
    expect("registry registry readonly", COMMAND_WAITS, "");
    assert_int_equal(asked.write, OPERATOR_WRITE_READONLY);
    registry->wanted = registry->readonly = true;
    registry->status.state = REGISTRY_RUNNING;
    expect(NULL, COMMAND_WAITS, ""); /* it runs, but as before */
    registry->status.readonly = true;
    registry->status.started_ns = 1;
    expect(NULL, WORLD_DONE, "registry registry is running, read-only after 0 s (because)\n");
    expect("registry registry readwrite", COMMAND_WAITS, "");
    registry->readonly = false;
    caller.wait_until = fixture.now;
    expect(NULL, WORLD_TIMEOUT, "registry registry is running after 0 s; see show registries\n");
}

/* How the manual writes the arguments. */
static const char *in_manual(const char *arguments)
{
    static const struct {
        const char *arguments, *manual;
    } rows[] = {
        {"", ""},
        {"[NAME]", " Op Ar NAME"},
        {"[N]", " Op Ar N"},
        {"NAME start|stop|restart|readonly|readwrite",
         " Ar NAME Cm start | stop | restart | readonly | readwrite"},
        {"[NODE] [--force] [--once]", " Op Ar NODE Op Fl -force Op Fl -once"},
        {"[NODE]", " Op Ar NODE"},
        {"VROUTER [to NODE] [--dry-run]", " Ar VROUTER Oo Cm to Ar NODE Oc Op Fl -dry-run"},
        {"VROUTER [to NODE] --force REASON", " Ar VROUTER Oo Cm to Ar NODE Oc Fl -force Ar REASON"},
        {"[NODE] [--force]", " Op Ar NODE Op Fl -force"},
        {"[NODE] [FOR]", " Op Ar NODE Op Ar FOR"},
        {"on|off", " Cm on | off"},
        {"NAME GENERATION", " Ar NAME GENERATION"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].arguments, arguments) == 0)
            return rows[i].manual;
    }
    fail_msg("%s is unknown to the manual's test", arguments);
    return NULL;
}

/* The chapter, the line and the first words of an entry, as the manual has to have them. */
static void manual_lines(const struct command_entry *entry, char lines[2][256])
{
    snprintf(lines[0], 256, ".It Ic %s%s\n", entry->words, in_manual(entry->arguments));
    snprintf(lines[1], 256, "%c%s.\n", entry->help[0] - 'a' + 'A', entry->help + 1);
}

static size_t find_entry(const char *line, const char *next)
{
    for (size_t i = 0; i < command_entries(); i++) {
        const struct command_entry entry = command_entry(i);
        char lines[2][256];

        manual_lines(&entry, lines);
        if (strcmp(line, lines[0]) == 0 && strcmp(next, lines[1]) == 0)
            return i;
    }
    return command_entries();
}

static enum command_level level_of(const char *title, enum command_level before)
{
    static const char *const titles[] = {".Ss Every level\n", ".Ss Level user\n",
                                         ".Ss Level operator\n", ".Ss Level admin\n"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(title, titles[i]) == 0)
            return (enum command_level)i;
    }
    return before;
}

/* Every command is in reghactl(1), at its level, with its help; and no other is. */
static void test_manual(void **state)
{
    FILE *manual = fopen("../../../man/reghactl.1", "re");
    char line[256] = "", next[256] = "";
    enum command_level level = COMMAND_NOBODY;
    bool seen[WORLD_COMMANDS_MAX] = {false}, within = false;

    (void)state;
    assert_non_null(manual);
    while (fgets(next, sizeof(next), manual)) {
        within = (within || strcmp(next, ".Sh COMMANDS\n") == 0) &&
                 strcmp(next, ".Ss Without reghad\n") != 0;
        level = level_of(next, level);
        if (within && strncmp(line, ".It Ic ", 7) == 0) {
            const size_t at = find_entry(line, next);

            if (at == command_entries())
                fail_msg("in the manual, but not in the table: %s%s", line, next);
            assert_int_equal(command_entry(at).level, level);
            seen[at] = true;
        }
        memcpy(line, next, sizeof(line));
    }
    fclose(manual);
    for (size_t i = 0; i < command_entries(); i++) {
        if (!seen[i])
            fail_msg("not in the manual: %s", command_entry(i).words);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words),
        TEST(test_levels),
        TEST(test_every_level),
        TEST(test_session),
        TEST(test_help),
        TEST(test_reload),
        TEST(test_configcheck),
        TEST(test_registry_refused),
        TEST(test_registry_restarted),
        TEST(test_registry_not_ready),
        TEST(test_nagios),
        TEST(test_clear),
        TEST(test_counted),
        TEST(test_drain),
        TEST(test_drain_that_fails_is_taken_back),
        TEST(test_maint_asks_first),
        TEST(test_ready_and_pause),
        TEST(test_what_a_registry_is_told),
        cmocka_unit_test(test_manual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
