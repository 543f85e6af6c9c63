/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_keys_probe.h"

#include "base/monotime.h"
#include "probes/params.h"

#define MS     NS_PER_MS
#define SECOND NS_PER_S
#define MINUTE (60 * NS_PER_S)
#define HOUR   (60 * MINUTE)

/* The most characters that a text field holds. */
#define ROOM(owner, field) (int64_t)(sizeof(KEY_OF(owner, field)) - 1)

static const char *const switches[] = {"false", "true"};

static const char *const probe_types[PROBE_TYPES] = {
    [PROBE_TYPE_EXEC] = "exec",     [PROBE_TYPE_FILE] = "file",
    [PROBE_TYPE_HARBOR] = "harbor", [PROBE_TYPE_HTTP] = "http",
    [PROBE_TYPE_MINIO] = "minio",   [PROBE_TYPE_PING] = "ping",
    [PROBE_TYPE_REDIS] = "redis",   [PROBE_TYPE_REGISTRY] = "registry",
    [PROBE_TYPE_S3] = "s3",         [PROBE_TYPE_TCP] = "tcp",
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

static const char *const methods[] = {
    [PROBE_METHOD_GET] = "GET",
    [PROBE_METHOD_HEAD] = "HEAD",
};

const struct key settings_keys_probe[] = {
    {"name", KEY_NAME(probe_params, name), KEY_RANGE(1, ROOM(probe_params, name)), KEY_REQUIRED,
     KEY_HELP("what people, metrics and other keys call it")},
    {"type", KEY_ENUM(probe_params, type), KEY_CHOICES(probe_types), KEY_REQUIRED,
     KEY_HELP("what is asked")},
    {"url", KEY_TEXT(probe_params, url), KEY_RANGE(1, ROOM(probe_params, url)), KEY_REQUIRED,
     KEY_HELP("http://host:port or https://host:port; of other types tcp://host:port, "
              "redis://host:port, ping://address, file:///path, exec:///program")},
    {"check", KEY_ENUM(probe_params, check), KEY_CHOICES(probe_checks),
     KEY_RULE("live, of a minio probe"),
     KEY_HELP("what MinIO is asked for, of a minio probe only")},
    {"read", KEY_TEXT(probe_params, read), KEY_RANGE(3, ROOM(probe_params, read)),
     KEY_RULE("regha/any:latest, of a registry probe"),
     KEY_HELP("repository:tag of the manifest or repository@digest of the blob to ask for, of a "
              "registry probe only")},
    {"debug_url", KEY_TEXT(probe_params, debug_url), KEY_RANGE(1, ROOM(probe_params, debug_url)),
     KEY_RULE("none"), KEY_QUIET,
     KEY_HELP("the registry's debug server, whose /debug/health must be well, too, of a registry "
              "probe only")},
    {"status", KEY_ARRAY(KEY_KIND_SPAN, probe_params, status, status_count),
     KEY_COUNT(1, PROBE_SPANS), KEY_RANGE(100, 599), KEY_RULE("200-399, of an http probe"),
     KEY_QUIET, KEY_HELP("the status codes that are up, of an http probe only")},
    {"method", KEY_ENUM(probe_params, method), KEY_CHOICES(methods),
     KEY_RULE("GET, of an http or s3 probe"), KEY_QUIET,
     KEY_HELP("how to ask, of an http or s3 probe only")},
    {"host", KEY_TEXT(probe_params, host), KEY_RANGE(1, ROOM(probe_params, host)),
     KEY_RULE("the url's"), KEY_QUIET, KEY_HELP("the Host header, of an http probe only")},
    {"header", KEY_TEXT(probe_params, wanted.header),
     KEY_RANGE(1, ROOM(probe_params, wanted.header)), KEY_RULE("none"), KEY_QUIET,
     KEY_HELP("a header that the answer must have, as \"Name\" or \"Name: value\", of an http "
              "probe only")},
    {"body", KEY_PATTERN(probe_params, wanted.body), KEY_RANGE(1, ROOM(probe_params, wanted.body)),
     KEY_RULE("none"), KEY_QUIET,
     KEY_HELP("what must be found in the first 16 KB of the body, of an http probe only")},
    {"json", KEY_TEXT(probe_params, wanted.json), KEY_RANGE(1, ROOM(probe_params, wanted.json)),
     KEY_RULE("none"), KEY_QUIET,
     KEY_HELP("a JSON pointer to what must be in the body, as in \"/status\", of an http probe "
              "only")},
    {"json_value", KEY_TEXT(probe_params, wanted.json_value),
     KEY_RANGE(1, ROOM(probe_params, wanted.json_value)), KEY_RULE("anything"), KEY_QUIET,
     KEY_HELP("what is there, of an http probe only")},
    {"components", KEY_PACKED(KEY_KIND_NAME, probe_params, components, components_bytes),
     KEY_COUNT(1, 16), KEY_RANGE(1, PROBE_NAME_BYTES - 1), KEY_RULE("all that Harbor names"),
     KEY_QUIET, KEY_HELP("the components that must be healthy, of a harbor probe only")},
    {"bucket", KEY_TEXT(probe_params, bucket.name), KEY_RANGE(3, ROOM(probe_params, bucket.name)),
     KEY_RULE("none; an s3 probe needs one"), KEY_QUIET,
     KEY_HELP("the bucket to ask for, of an s3 probe only")},
    {"region", KEY_NAME(probe_params, bucket.region),
     KEY_RANGE(1, ROOM(probe_params, bucket.region)), KEY_RULE("us-east-1, of an s3 probe"),
     KEY_QUIET, KEY_HELP("the region to sign for, of an s3 probe only")},
    {"read_key", KEY_TEXT(probe_params, bucket.read_key),
     KEY_RANGE(1, ROOM(probe_params, bucket.read_key)), KEY_RULE("none; an s3 probe needs one"),
     KEY_QUIET, KEY_HELP("the object to read, which need not be there, of an s3 probe only")},
    {"write_key", KEY_TEXT(probe_params, bucket.write_key),
     KEY_RANGE(1, ROOM(probe_params, bucket.write_key)), KEY_RULE("none: nothing is written"),
     KEY_QUIET,
     KEY_HELP("the object to write at each attempt, another one than read_key, of an s3 probe "
              "only")},
    {"credentials", KEY_NAME(probe_params, credentials),
     KEY_RANGE(1, ROOM(probe_params, credentials)), KEY_RULE("none"), KEY_QUIET,
     KEY_HELP(
         "name of the secret file with user:password, of an http, redis, registry or s3 probe")},
    {"arguments", KEY_PACKED(KEY_KIND_TEXT, probe_params, arguments, arguments_bytes),
     KEY_COUNT(1, 16), KEY_RANGE(1, PROBE_PATH_BYTES - 1), KEY_RULE("none"), KEY_QUIET,
     KEY_HELP("what the program is given, of an exec probe only")},
    {"max_age", KEY_DURATION(probe_params, file.max_age_ns), KEY_RANGE(SECOND, 365 * 24 * HOUR),
     KEY_RULE("any, of a file probe"), KEY_QUIET,
     KEY_HELP("how long ago its content may have changed, of a file probe only")},
    {"mount", KEY_BOOL(probe_params, file.mount), KEY_CHOICES(switches),
     KEY_RULE("false, of a file probe"), KEY_QUIET,
     KEY_HELP("whether something must be mounted there, of a file probe only")},
    {"scope", KEY_ENUM(probe_params, scope), KEY_CHOICES(probe_scopes),
     KEY_RULE("shared for s3 and the cluster checks of MinIO, else local"),
     KEY_HELP("who is to blame for a failure: this node, or something that all nodes share")},
    {"ca_file", KEY_PATH(probe_params, ca_file), KEY_RANGE(2, ROOM(probe_params, ca_file)),
     KEY_RULE("the system's"), KEY_HELP("certificates to trust")},
    {"cert_file", KEY_PATH(probe_params, cert_file), KEY_RANGE(2, ROOM(probe_params, cert_file)),
     KEY_RULE("none"), KEY_QUIET, KEY_HELP("the certificate to show, and those that sign it")},
    {"key_file", KEY_PATH(probe_params, key_file), KEY_RANGE(2, ROOM(probe_params, key_file)),
     KEY_RULE("in cert_file"), KEY_QUIET, KEY_HELP("its private key")},
    {"server_name", KEY_NAME(probe_params, server_name),
     KEY_RANGE(1, ROOM(probe_params, server_name)), KEY_RULE("the host of the url"), KEY_QUIET,
     KEY_HELP("the name to ask for in TLS, which the certificate must have")},
    {"tls_verify", KEY_BOOL(probe_params, tls_verify), KEY_CHOICES(switches), KEY_DEFAULT("true"),
     KEY_HELP("whether a certificate must be right")},
    {"depends", KEY_NAME(probe_params, depends), KEY_RANGE(1, ROOM(probe_params, depends)),
     KEY_RULE("none"), KEY_HELP("the probe of the storage behind it, which may be to blame")},
    {"interval", KEY_DURATION(probe_params, interval_ns), KEY_RANGE(100 * MS, HOUR),
     KEY_RULE("1s; 5s for harbor; 10s for s3; 15s for the cluster checks of MinIO"),
     KEY_HELP("time from one attempt to the next")},
    {"timeout", KEY_DURATION(probe_params, timeout_ns), KEY_RANGE(10 * MS, 5 * MINUTE),
     KEY_RULE("500ms; 2s for a registry and harbor; 5s for s3; 12s for the cluster checks of "
              "MinIO"),
     KEY_HELP("how long one attempt may take")},
    {"rise", KEY_INT(probe_params, rise), KEY_RANGE(1, 100), KEY_DEFAULT("2"),
     KEY_HELP("successes in a row until it is up")},
    {"fall", KEY_INT(probe_params, fall), KEY_RANGE(1, 100), KEY_DEFAULT("3"),
     KEY_HELP("failures in a row until it is down")},
    {.name = NULL},
};
