/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings_keys_probe.h"

#include "base/monotime.h"
#include "probes/params.h"

#define MS     NS_PER_MS
#define MINUTE (60 * NS_PER_S)
#define HOUR   (60 * MINUTE)

/* The most characters that a text field holds. */
#define ROOM(owner, field) (int64_t)(sizeof(KEY_OF(owner, field)) - 1)

static const char *const switches[] = {"false", "true"};

static const char *const probe_types[PROBE_TYPES] = {
    [PROBE_TYPE_HTTP] = "http",
    [PROBE_TYPE_MINIO] = "minio",
    [PROBE_TYPE_REGISTRY] = "registry",
    [PROBE_TYPE_TCP] = "tcp",
};

static const char *const probe_scopes[] = {
    [PROBE_SCOPE_LOCAL] = "local",
    [PROBE_SCOPE_SHARED] = "shared",
};

static const char *const probe_checks[] = {
    [PROBE_CHECK_LIVE] = "live",
    [PROBE_CHECK_READY] = "ready",
    [PROBE_CHECK_CLUSTER] = "cluster",
    [PROBE_CHECK_CLUSTER_READ] = "cluster-read",
    [PROBE_CHECK_MAINTENANCE] = "maintenance",
};

static const char *const later_types[] = {"s3", "harbor", "redis", "ping", "exec", "file", NULL};

const struct key settings_keys_probe[] = {
    {"name", KEY_NAME(probe_params, name), KEY_RANGE(1, ROOM(probe_params, name)), KEY_REQUIRED,
     KEY_HELP("what people, metrics and other keys call it")},
    {"type", KEY_ENUM(probe_params, type), KEY_CHOICES(probe_types), KEY_REQUIRED,
     KEY_LATER_VALUES(later_types), KEY_HELP("what is asked")},
    {"url", KEY_TEXT(probe_params, url), KEY_RANGE(1, ROOM(probe_params, url)), KEY_REQUIRED,
     KEY_HELP("http://host:port or https://host:port; of a tcp probe tcp://host:port")},
    {"check", KEY_ENUM(probe_params, check), KEY_CHOICES(probe_checks),
     KEY_RULE("live, of a minio probe"),
     KEY_HELP("what MinIO is asked for, of a minio probe only")},
    {"read", KEY_TEXT(probe_params, read), KEY_RANGE(3, ROOM(probe_params, read)),
     KEY_RULE("regha/any:latest, of a registry probe"),
     KEY_HELP("repository:tag of the manifest to read, of a registry probe only")},
    {"status_min", KEY_INT(probe_params, status_min), KEY_RANGE(100, 599),
     KEY_RULE("200, of an http probe"),
     KEY_HELP("the least status that is up, of an http probe only")},
    {"status_max", KEY_INT(probe_params, status_max), KEY_RANGE(100, 599),
     KEY_RULE("399, of an http probe"),
     KEY_HELP("the greatest status that is up, of an http probe only")},
    {"scope", KEY_ENUM(probe_params, scope), KEY_CHOICES(probe_scopes),
     KEY_RULE("shared for the cluster checks of MinIO, else local"),
     KEY_HELP("who is to blame for a failure: this node, or something that all nodes share")},
    {"ca_file", KEY_PATH(probe_params, ca_file), KEY_RANGE(2, ROOM(probe_params, ca_file)),
     KEY_RULE("the system's"), KEY_HELP("certificates to trust")},
    {"tls_verify", KEY_BOOL(probe_params, tls_verify), KEY_CHOICES(switches), KEY_DEFAULT("true"),
     KEY_HELP("whether a certificate must be right")},
    {"depends", KEY_NAME(probe_params, depends), KEY_RANGE(1, ROOM(probe_params, depends)),
     KEY_RULE("none"), KEY_HELP("the probe of the storage behind it, which may be to blame")},
    {"interval", KEY_DURATION(probe_params, interval_ns), KEY_RANGE(100 * MS, HOUR),
     KEY_RULE("1s; 15s for the cluster checks of MinIO"),
     KEY_HELP("time from one attempt to the next")},
    {"timeout", KEY_DURATION(probe_params, timeout_ns), KEY_RANGE(10 * MS, 5 * MINUTE),
     KEY_RULE("500ms; 2s for a registry; 12s for the cluster checks of MinIO"),
     KEY_HELP("how long one attempt may take")},
    {"rise", KEY_INT(probe_params, rise), KEY_RANGE(1, 100), KEY_DEFAULT("2"),
     KEY_HELP("successes in a row until it is up")},
    {"fall", KEY_INT(probe_params, fall), KEY_RANGE(1, 100), KEY_DEFAULT("3"),
     KEY_HELP("failures in a row until it is down")},
    {"bucket", KEY_LATER},
    {"read_key", KEY_LATER},
    {"write_key", KEY_LATER},
    {"credentials", KEY_LATER},
    {"command", KEY_LATER},
    {.name = NULL},
};
