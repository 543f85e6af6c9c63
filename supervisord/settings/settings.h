/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings - the configuration as checked, typed values: what this node does.
 *
 * Text becomes values only behind this header; whoever holds a struct settings need not check it
 * again. All memory is in one arena and dies whole. The name is not config, for config_* is
 * libconfig's.
 */
#ifndef SUPERVISORD_SETTINGS_H
#define SUPERVISORD_SETTINGS_H

#include <stdio.h>

#include "base/err.h"
#include "probes/params.h"
#include "registry-launcher/params.h"
#include "supervisord/settings/settings_breaker.h"
#include "supervisord/settings/settings_hooks.h"
#include "vrrp/params.h"

#define SETTINGS_NAME_BYTES     32
#define SETTINGS_PATH_BYTES     256
#define SETTINGS_NODES_MAX      32
#define SETTINGS_ROUTERS_MAX    255
#define SETTINGS_REQUIRES_MAX   8
#define SETTINGS_PROBES_MAX     1024 /* configured ones; derived ones come on top */
#define SETTINGS_REGISTRIES_MAX 16
#define SETTINGS_NO_NODE        (-1)

struct settings_cluster {
    char name[SETTINGS_NAME_BYTES];
    char key_file[SETTINGS_PATH_BYTES];     /* key_files: the first one is for sending */
    char old_key_file[SETTINGS_PATH_BYTES]; /* "": none; right behind the first one */
    size_t key_file_count;
    int port;
    int64_t heartbeat_ns;
};

struct settings_node {
    char name[SETTINGS_NAME_BYTES];
    struct address address;
    int priority;             /* in force: as written, or by position */
    char interface[IFNAMSIZ]; /* "": the one whose prefix holds the virtual address */
    bool witness;
};

struct settings_router {
    struct vrrp_params params; /* of this node; on a witness it is never a candidate */
    size_t require_count;
    char requires[SETTINGS_REQUIRES_MAX][PROBE_NAME_BYTES]; /* names of probes */
    uint16_t on_transition_bytes;
    char on_transition[SETTINGS_HOOKS_BYTES]; /* paths of programs, one after the other */
};

enum settings_mode {
    SETTINGS_MODE_ACTIVE_STANDBY,
    SETTINGS_MODE_ACTIVE_ACTIVE,
};

enum settings_publish {
    SETTINGS_PUBLISH_WHEN_ALL_AGREE,
    SETTINGS_PUBLISH_MANUAL,
};

struct settings_registry {
    struct registry_params params;
    char user
        [SETTINGS_NAME_BYTES]; /* for the local policy; the launcher never takes it from a goal */
    char follows[VRRP_PARAMS_NAME_BYTES];
    unsigned mode;
    uint16_t environment_bytes;
    char environment[REGISTRY_LIST_BYTES]; /* as written; the params' has what is derived, too */
    char ready[PROBE_NAME_BYTES];          /* the probe that says it serves; "" only without one */
    char credentials[PROBE_NAME_BYTES];    /* with which its derived read probe reads; "": none */
    int64_t start_timeout_ns;
    unsigned publish;
    int64_t bundle_wait_ns;
    uint16_t local_files_bytes;
    char local_files[REGISTRY_LIST_BYTES]; /* of this node alone: not in the bundle */
    bool facts_known;    /* its own configuration has been read; else what comes of it is missing */
    bool secret_derived; /* its configuration has none; the cluster key's is in the environment */
};

enum settings_on_down {
    SETTINGS_ON_DOWN_KEEP,
    SETTINGS_ON_DOWN_STOP,
};

struct settings_policy {
    int64_t startup_hold_ns;
    int64_t forget_ns;
    int64_t orphan_grace_ns;
    unsigned on_store_readonly; /* enum role_on_store */
    unsigned on_store_down;     /* enum settings_on_down */
    int64_t readonly_hold_ns;
    unsigned on_isolated;   /* enum role_on_isolated */
    struct address gateway; /* family 0: none */
};

/* So that the kernel's timers, which tick each 4 ms, have room. */
#define SETTINGS_GUARD_MIN_NS (50 * NS_PER_MS)
/* guard >= 3 * advert_interval: two adverts may be lost. */
#define SETTINGS_GUARD_INTERVALS 3

struct settings_guard {
    bool enabled;
    int64_t timeout_ns; /* 0: by the advert interval of each virtual router */
};

struct settings_control {
    char socket[SETTINGS_PATH_BYTES];
};

struct settings_metrics {
    int port;        /* 0: off */
    unsigned compat; /* 0: "none", 1: "keepalived" */
};

struct settings {
    struct settings_cluster cluster;
    struct settings_policy policy;
    struct settings_breaker breaker;
    struct settings_guard guard;
    struct settings_hooks hooks;
    struct settings_control control;
    struct settings_metrics metrics;
    int self; /* index of this node, SETTINGS_NO_NODE while none of the addresses is local */
    size_t node_count;
    struct settings_node *nodes;
    size_t router_count;
    struct settings_router *routers;
    size_t probe_count;
    struct probe_params *probes; /* configured and derived */
    size_t registry_count;
    struct settings_registry *registries;
    struct origins *origins; /* where each value comes from, for the dump */
    struct arena *arena;
};

/* What the configuration of a registry says about itself; see registry_yaml.h. */
struct registry_facts;

/*
 * Where facts about this host come from: tests answer for the kernel and the disk. Functions
 * return 0 or a negative errno.
 */
struct settings_host {
    void *owner;
    /* Is `address` one of this host's, and on which interface? */
    int (*find_address)(void *owner, const struct address *address, char interface[IFNAMSIZ]);
    /* Which interface has an on-link prefix that holds `address`? */
    int (*find_prefix)(void *owner, const struct address *address, char interface[IFNAMSIZ]);
    /* The facts of registry `at` (config path `path`), or -EAGAIN if they are not known yet. */
    int (*find_facts)(void *owner, const char *path, const struct registry_facts **ret_facts);
    /* Why find_facts() failed otherwise, in words; NULL: only its number is known. */
    const char *(*facts_error)(void *owner, const char *path);
    /*
     * The cluster key, for the derived http.secret; -ENOENT if there is none, -EACCES if it is not
     * for us, -EPERM if others than its owner may read it, -EINVAL if it is no key.
     */
    int (*read_key)(void *owner, const char *path, uint8_t key[32]);
    /*
     * Whether there is a secret file for a probe's `credentials`; the sentence in `err` if not:
     * -EPERM if others may read it, -EINVAL if it is none. NULL: not looked for.
     */
    int (*find_credential)(void *owner, const char *name, struct err *err);
    /* Whether there is such a user, and one that is not root (-EPERM); an executable. */
    int (*find_user)(void *owner, const char *name);
    int (*find_binary)(void *owner, const char *path);
};

/*
 * Read the file at `path`, judge it, and complete it with defaults and what is derived. Returns 0,
 * or -EINVAL once every mistake is written to `mistakes`, a line each: where, what it is, what it
 * must be. A syntax error comes alone. `warnings` gets what is allowed but unwise. No memory is
 * kept on failure.
 */
int settings_read(const char *path, const struct settings_host *host, FILE *mistakes,
                  FILE *warnings, struct settings **ret_settings);
void settings_free(struct settings *settings); /* NULL is fine */

/* The whole effective configuration as a configuration file, each value with its origin. */
void settings_dump(const struct settings *settings, FILE *out);

/* Write every key: what it is for, what it may be, its default. The manual's table. */
void settings_describe(FILE *out);

/* The local policy of REGISTRY_POLICY_PATH: "NAME USER BINARY", a line each. */
void settings_write_policy(const struct settings *settings, FILE *out);

/* The ports to open between the nodes and towards the scraper, a line each. */
void settings_write_ports(const struct settings *settings, FILE *out);

#endif
