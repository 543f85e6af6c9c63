/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reghad - configuration, policy, probes, control socket, metrics. Needs no capability. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/confine.h"
#include "base/log.h"
#include "base/process.h"
#include "supervisord/cluster/bundle_use.h"
#include "supervisord/cluster/remote.h"
#include "supervisord/console/control.h"
#include "supervisord/console/http_server.h"
#include "supervisord/core.h"
#include "supervisord/core_handover.h"
#include "supervisord/core_operator.h"
#include "supervisord/settings/configtest.h"
#include "supervisord/settings/host.h"

#define DEFAULT_PATH   "/etc/regha/regha.conf"
#define EXIT_USAGE     2
#define EXIT_CONFIG    78 /* sysexits.h: a restart would not help */
#define STALL_NS       (20 * NS_PER_MS)
#define FILES_MAX      65536
#define LARGE_BYTES    (128 * 1024)
#define VERSION_STRING "reghad " REGHA_VERSION

static const char usage[] =
    "usage: reghad [-c FILE] [--log-level LEVEL]\n"
    "       reghad [-c FILE] -t [--dump] | --policy | --describe\n"
    "\n"
    "  -c, --config FILE    the configuration, " DEFAULT_PATH "\n"
    "  -t, --test           check it, print the ports to open; exit 0 or 78\n"
    "      --dump           with -t: print it with all defaults and their origins\n"
    "      --policy         print the launcher's local policy\n"
    "      --describe       print every key of the configuration\n"
    "      --log-level L    err, warning, info or debug\n"
    "  -h, --help           print this\n"
    "  -V, --version        print the version\n";

enum mode {
    MODE_RUN,
    MODE_TEST,
    MODE_POLICY,
    MODE_DESCRIBE,
};

struct options {
    const char *path;
    enum mode mode;
    bool dump;
    enum log_level level;
};

enum long_option {
    OPTION_DUMP = 256,
    OPTION_POLICY,
    OPTION_DESCRIBE,
    OPTION_LOG_LEVEL,
};

static int complain(const char *what, const char *value)
{
    fprintf(stderr, "reghad: %s%s; see reghad --help\n", what, value);
    return EXIT_USAGE;
}

/* Returns 0 to go on, 1 if all is said, or EXIT_USAGE. */
static int take_option(int option, struct options *options)
{
    switch (option) {
    case 'c':
        options->path = optarg;
        return 0;
    case 't':
        options->mode = MODE_TEST;
        return 0;
    case OPTION_DUMP:
        options->dump = true;
        return 0;
    case OPTION_POLICY:
        options->mode = MODE_POLICY;
        return 0;
    case OPTION_DESCRIBE:
        options->mode = MODE_DESCRIBE;
        return 0;
    case OPTION_LOG_LEVEL:
        if (log_level_parse(optarg, &options->level) < 0)
            return complain("no such log level: ", optarg);
        return 0;
    case 'h':
        fputs(usage, stdout);
        return 1;
    case 'V':
        puts(VERSION_STRING);
        return 1;
    default:
        return complain("unknown option", "");
    }
}

static int parse_options(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'},
        {"test", no_argument, NULL, 't'},
        {"dump", no_argument, NULL, OPTION_DUMP},
        {"policy", no_argument, NULL, OPTION_POLICY},
        {"describe", no_argument, NULL, OPTION_DESCRIBE},
        {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:thV", names, NULL)) != -1) {
        const int done = take_option(option, options);
        if (done != 0)
            return done;
    }
    if (optind < argc)
        return complain("what is this: ", argv[optind]);
    if (options->dump && options->mode != MODE_TEST)
        return complain("--dump goes with -t", "");
    return 0;
}

/* The daemon and all that hangs on it. */
struct daemon {
    struct loop *loop;
    struct core core;
    struct command_core commands;
    struct control *control;
    struct http_server *http;
    struct remote *remote;
};

static int reload(void *owner, struct err *err)
{
    struct daemon *daemon = owner;

    return core_reload(&daemon->core, monotime_now(), err);
}

static int check(void *owner, FILE *out)
{
    struct daemon *daemon = owner;

    return core_check(&daemon->core, out);
}

static int restart_registry(void *owner, const char *name, struct err *err)
{
    struct daemon *daemon = owner;

    return core_restart_registry(&daemon->core, name, err);
}

static void set_mode(void *owner, enum operator_mode mode, uid_t uid, unsigned flags)
{
    struct daemon *daemon = owner;

    core_operator_set_mode(&daemon->core, mode, uid, flags, monotime_now());
}

static void pause_policy(void *owner, int64_t until_wall_ns, uid_t uid)
{
    struct daemon *daemon = owner;

    core_operator_pause(&daemon->core, until_wall_ns, uid, monotime_now());
}

static int set_registry_run(void *owner, const char *name, enum operator_run run, uid_t uid,
                            struct err *err)
{
    struct daemon *daemon = owner;

    return core_operator_set_run(&daemon->core, name, run, uid, err);
}

static int set_registry_write(void *owner, const char *name, enum operator_write write, uid_t uid,
                              struct err *err)
{
    struct daemon *daemon = owner;

    return core_operator_set_write(&daemon->core, name, write, uid, err);
}

static int publish_bundle(void *owner, const char *name, uint64_t generation, uid_t uid,
                          struct err *err)
{
    struct daemon *daemon = owner;

    return bundle_use_publish(&daemon->core, name, generation, uid, err);
}

static int diff_bundle(void *owner, const char *name, FILE *out, struct err *err)
{
    struct daemon *daemon = owner;

    return bundle_use_diff(&daemon->core, name, out, err);
}

static int find_successor(void *owner, size_t at, struct monotime now)
{
    const struct daemon *daemon = owner;

    return core_handover_choose(&daemon->core, at, HANDOVER_ANYBODY, now);
}

static void ask_maintenance(void *owner, struct monotime now)
{
    struct daemon *daemon = owner;

    maint_ask_start(&daemon->core.maint_ask, daemon->core.world.settings, now);
}

static int begin_handover(void *owner, size_t at, int node, bool is_forced, struct err *err)
{
    const struct core_handover_order order = {node, is_forced};
    struct daemon *daemon = owner;

    return core_handover_begin(&daemon->core, at, &order, monotime_now(), err);
}

static int ask_node(void *owner, size_t node, const struct command_order *order,
                    uint64_t *ret_ticket)
{
    struct daemon *daemon = owner;

    return remote_ask(daemon->remote, node, order, ret_ticket);
}

static int take_answer(void *owner, uint64_t ticket, FILE *out)
{
    struct daemon *daemon = owner;

    return remote_take(daemon->remote, ticket, out);
}

static void handle_signal(void *owner, int number, struct monotime now)
{
    struct daemon *daemon = owner;
    char quoted[2 * ERR_TEXT_BYTES];
    struct err err;

    if (number == SIGHUP) {
        service_reloading(&daemon->core.service, now);
        if (core_reload(&daemon->core, now, &err) < 0)
            log_err("reload refused", "mistakes=\"%s\"",
                    log_quote(err.text, quoted, sizeof(quoted)));
        service_ready(&daemon->core.service);
        return;
    }
    daemon->core.world.stopping = true;
    service_stopping(&daemon->core.service);
    loop_stop(daemon->loop, 0);
}

/* A taken port must not keep the addresses from being held: it is told, and tried at reload. */
static void open_http(struct daemon *daemon)
{
    const struct world *world = &daemon->core.world;
    struct err err;
    const int failed =
        daemon->http ? http_server_apply(daemon->http, world->settings, &err)
                     : http_server_open(daemon->loop, world, world->settings, &daemon->http, &err);

    if (failed < 0)
        log_err("metrics are not served as configured", "reason=\"%s\"", err.text);
}

/* The doors may be elsewhere now. */
static void handle_settings(void *owner)
{
    struct daemon *daemon = owner;
    const struct settings *settings = daemon->core.world.settings;
    struct err err;

    if (control_apply(daemon->control, settings->control.socket, &err) < 0)
        log_err("the control socket stays where it was", "reason=\"%s\"", err.text);
    open_http(daemon);
}

static int open_doors(struct daemon *daemon, struct err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, 0};
    struct world *world = &daemon->core.world;
    int failed = loop_signals(daemon->loop, signals, handle_signal, daemon);

    if (failed < 0)
        return err_set(err, -failed, "cannot take signals");
    daemon->commands = (struct command_core){
        .owner = daemon,
        .reload = reload,
        .check = check,
        .restart_registry = restart_registry,
        .begin_handover = begin_handover,
        .ask_node = ask_node,
        .take_answer = take_answer,
        .set_mode = set_mode,
        .pause = pause_policy,
        .set_registry_run = set_registry_run,
        .set_registry_write = set_registry_write,
        .find_successor = find_successor,
        .ask_maintenance = ask_maintenance,
        .publish_bundle = publish_bundle,
        .diff_bundle = diff_bundle,
    };
    const struct control_params params = {
        .world = world,
        .core = &daemon->commands,
        .path = world->settings->control.socket,
    };
    failed = remote_new(&daemon->core, &daemon->commands, &daemon->remote, err);
    if (failed == 0)
        failed = control_open(daemon->loop, &params, &daemon->control, err);
    if (failed < 0)
        return failed;
    daemon->core.settings_changed = handle_settings;
    daemon->core.owner = daemon;
    open_http(daemon);
    return 0;
}

/* Each probe keeps a connection, and what is usual to begin with is 1,024 of all. */
static void raise_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
    (void)setrlimit(RLIMIT_NOFILE, &files); /* with fewer, some probes say that they cannot ask */
}

static int run_daemon(const struct options *options)
{
    const struct confine_params confinement = {.user = PROCESS_REGHAD_USER, .group = PROCESS_GROUP};
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    struct err err = {{0}};
    int status = EXIT_FAILURE;

    if (!daemon)
        return EXIT_FAILURE;
    if (confine_self(&confinement, &err) < 0 || loop_new(STALL_NS, &daemon->loop, &err) < 0) {
        log_err("cannot start", "reason=\"%s\"", err.text);
        free(daemon);
        return EXIT_FAILURE;
    }
    raise_files();
    /* Pages of metrics and texts of configurations are large and short-lived: they go back at once. */
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
    const int opened = core_open(&daemon->core, daemon->loop, options->path, stderr);
    if (opened < 0) {
        log_err("cannot start with this configuration", "file=%s", options->path);
        status = opened == -EINVAL ? EXIT_CONFIG : EXIT_FAILURE; /* the rest may pass */
    } else if (open_doors(daemon, &err) < 0) {
        log_err("cannot start", "reason=\"%s\"", err.text);
    } else {
        log_info("started", "version=%s configuration=%s", REGHA_VERSION, options->path);
        service_ready(&daemon->core.service);
        status = loop_run(daemon->loop);
        log_info("stopped", "status=%d", status);
    }
    http_server_close(daemon->http);
    control_close(daemon->control);
    core_close(&daemon->core); /* whoever waits for another node is told, too */
    remote_free(daemon->remote);
    loop_free(daemon->loop);
    free(daemon);
    return status;
}

static int print_policy(const char *path)
{
    struct settings_host answers;
    struct settings *settings;
    struct host *host;
    struct err err;

    if (host_new(&host, &err) < 0) {
        fprintf(stderr, "reghad: %s\n", err.text);
        return EXIT_FAILURE;
    }
    answers = host_settings(host);
    answers.find_facts = host_no_facts; /* a broken one must not keep the programs from starting */
    const int failed = settings_read(path, &answers, stderr, stderr, &settings);
    host_free(host);
    if (failed < 0)
        return EXIT_CONFIG;
    settings_write_policy(settings, stdout);
    settings_free(settings);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct options options = {.path = DEFAULT_PATH, .level = LOG_LEVEL_INFO};
    const int done = parse_options(argc, argv, &options);

    if (done != 0)
        return done == 1 ? EXIT_SUCCESS : done;
    log_open("reghad", options.level);
    switch (options.mode) {
    case MODE_TEST:
        return configtest_run(options.path, options.dump, stdout, stderr);
    case MODE_POLICY:
        return print_policy(options.path);
    case MODE_DESCRIBE:
        settings_describe(stdout);
        return EXIT_SUCCESS;
    case MODE_RUN:
        return run_daemon(&options);
    }
    return EXIT_FAILURE;
}
