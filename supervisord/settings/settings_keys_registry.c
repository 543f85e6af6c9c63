/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_keys_registry.h"

#include "base/monotime.h"
#include "supervisord/settings/settings.h"

#define MS     NS_PER_MS
#define SECOND NS_PER_S
#define MINUTE (60 * NS_PER_S)
#define HOUR   (60 * MINUTE)

/* The most characters that a text field holds. */
#define ROOM(owner, field) (int64_t)(sizeof(KEY_OF(owner, field)) - 1)

#define PROBE_SUFFIX    5 /* -read, of the name of a registry's probe */
#define COMMAND_MAX     32
#define FILES_MAX       32
#define ENVIRONMENT_MAX 32

static const char *const switches[] = {"false", "true"};

static const char *const publishes[] = {"when-all-agree", "manual"};

static const char *const modes[] = {
    [SETTINGS_MODE_ACTIVE_STANDBY] = "active-standby",
    [SETTINGS_MODE_ACTIVE_ACTIVE] = "active-active",
};

static const char *const backends[] = {
    [REGISTRY_BACKEND_AUTO] = "auto",
    [REGISTRY_BACKEND_EXEC] = "exec",
    [REGISTRY_BACKEND_SYSTEMD] = "systemd",
};

static const char *const later_files[] = {"a group", NULL};

static const struct key restart_keys[] = {
    {"budget", KEY_INT(registry_restart, budget), KEY_RANGE(1, 1000), KEY_DEFAULT("5"),
     KEY_HELP("how many restarts after crashes are tried")},
    {"window", KEY_DURATION(registry_restart, window_ns), KEY_RANGE(SECOND, 24 * HOUR),
     KEY_DEFAULT("60s"),
     KEY_HELP("the time they are counted in; then it has failed and the node gives way")},
    {"first", KEY_DURATION(registry_restart, first_ns), KEY_RANGE(MS, MINUTE), KEY_DEFAULT("100ms"),
     KEY_HELP("wait before the second restart, then twice as long; the first one is at once")},
    {"max", KEY_DURATION(registry_restart, max_ns), KEY_RANGE(MS, 10 * MINUTE), KEY_DEFAULT("10s"),
     KEY_HELP("the longest wait")},
    {.name = NULL},
};

const struct key settings_keys_registry[] = {
    {"name", KEY_NAME(settings_registry, params.name),
     KEY_RANGE(1, ROOM(settings_registry, params.name) - PROBE_SUFFIX),
     KEY_RULE("registry; registry2, registry3, ... by position in the list"),
     KEY_HELP("what people and metrics call it")},
    {"config", KEY_PATH(settings_registry, params.config),
     KEY_RANGE(2, ROOM(settings_registry, params.config)), KEY_REQUIRED,
     KEY_HELP("the registry's own configuration, the same on every node")},
    {"follows", KEY_NAME(settings_registry, follows),
     KEY_RANGE(1, ROOM(settings_registry, follows)), KEY_RULE("the only virtual router"),
     KEY_HELP("the virtual router on whose Active node it runs")},
    {"mode", KEY_ENUM(settings_registry, mode), KEY_CHOICES(modes), KEY_DEFAULT("active-standby"),
     KEY_HELP("where it runs: on the Active node, or on every node")},
    {"command", KEY_PACKED(KEY_KIND_TEXT, settings_registry, params.argv, params.argv_bytes),
     KEY_COUNT(1, COMMAND_MAX), KEY_RANGE(1, REGISTRY_PATH_BYTES - 1),
     KEY_RULE("/usr/bin/docker-registry or /usr/bin/registry, serve, and {bundle}/registry.yml"),
     KEY_HELP("how it is started, an absolute path and its arguments")},
    {"files", KEY_PACKED(KEY_KIND_PATH, settings_registry, params.files, params.files_bytes),
     KEY_COUNT(0, FILES_MAX), KEY_RANGE(2, REGISTRY_PATH_BYTES - 1), KEY_LATER_VALUES(later_files),
     KEY_RULE("those named in its own configuration"),
     KEY_HELP("files that must be the same on every node")},
    {"environment", KEY_PACKED(KEY_KIND_TEXT, settings_registry, environment, environment_bytes),
     KEY_COUNT(0, ENVIRONMENT_MAX), KEY_RANGE(2, REGISTRY_LIST_BYTES - 1), KEY_RULE("none"),
     KEY_HELP("NAME=value that it finds in its environment, which is empty otherwise")},
    {"environment_file", KEY_PATH(settings_registry, params.environment_file),
     KEY_RANGE(2, ROOM(settings_registry, params.environment_file)), KEY_RULE("none"),
     KEY_HELP(
         "lines of NAME=value, for secrets; its user's alone to read, the same on every node")},
    {"user", KEY_NAME(settings_registry, user), KEY_RANGE(1, ROOM(settings_registry, user)),
     KEY_RULE("docker-registry or registry, whichever exists"),
     KEY_HELP("who runs it; never root")},
    {"backend", KEY_ENUM(settings_registry, params.backend), KEY_CHOICES(backends),
     KEY_DEFAULT("auto"),
     KEY_HELP("by whom it is started; auto: systemd where it runs, else exec")},
    {"ready", KEY_NAME(settings_registry, ready), KEY_RANGE(1, ROOM(settings_registry, ready)),
     KEY_RULE("its derived read probe"), KEY_HELP("the probe that says that it serves")},
    {"credentials", KEY_NAME(settings_registry, credentials),
     KEY_RANGE(1, ROOM(settings_registry, credentials)), KEY_RULE("none"), KEY_QUIET,
     KEY_HELP("name of the secret file with which its derived read probe reads")},
    {"start_timeout", KEY_DURATION(settings_registry, start_timeout_ns),
     KEY_RANGE(SECOND, 10 * MINUTE), KEY_DEFAULT("10s"),
     KEY_HELP("from when on a failing probe counts against it")},
    {"drain_timeout", KEY_DURATION(settings_registry, params.drain_ns), KEY_RANGE(SECOND, HOUR),
     KEY_RULE("its http.draintimeout and 5s, else 30s"),
     KEY_HELP("how long requests may go on when it is stopped")},
    {"handover", KEY_BOOL(settings_registry, params.handover), KEY_CHOICES(switches),
     KEY_RULE("whether its http.draintimeout is set, and command is not"),
     KEY_HELP(
         "whether a restart starts the next one as soon as the port is free, while it drains")},
    {"restart", KEY_GROUP(settings_registry, params.restart, registry_restart, restart_keys),
     KEY_HELP("after a crash")},
    {"publish", KEY_ENUM(settings_registry, publish), KEY_CHOICES(publishes),
     KEY_DEFAULT("when-all-agree"),
     KEY_HELP("when changed files become the current bundle: by themselves once all nodes have "
              "them, or by reghactl bundle publish")},
    {"bundle_wait", KEY_DURATION(settings_registry, bundle_wait_ns), KEY_RANGE(0, 10 * MINUTE),
     KEY_DEFAULT("5s"),
     KEY_HELP("how long a start of reghad waits for a majority to say which bundle is current")},
    {"local_files", KEY_PACKED(KEY_KIND_PATH, settings_registry, local_files, local_files_bytes),
     KEY_COUNT(0, FILES_MAX), KEY_RANGE(2, REGISTRY_PATH_BYTES - 1), KEY_RULE("none"),
     KEY_HELP("files of this node alone, as its certificate: neither compared nor replicated")},
    {"on_transition", KEY_LATER},
    {.name = NULL},
};
