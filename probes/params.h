/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * params - one probe as the configuration describes it.
 */
#ifndef PROBES_PARAMS_H
#define PROBES_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_NAME_BYTES 32
#define PROBE_URL_BYTES  256
#define PROBE_PATH_BYTES 256
#define PROBE_READ_BYTES 128
#define PROBE_WORD_BYTES 128 /* what is wanted of an answer */
#define PROBE_HOST_BYTES 128
#define PROBE_SPANS      8

enum probe_type {
    PROBE_TYPE_EXEC,
    PROBE_TYPE_FILE,
    PROBE_TYPE_HARBOR,
    PROBE_TYPE_HTTP,
    PROBE_TYPE_MINIO,
    PROBE_TYPE_PING,
    PROBE_TYPE_REDIS,
    PROBE_TYPE_REGISTRY,
    PROBE_TYPE_S3,
    PROBE_TYPE_TCP,
    PROBE_TYPES,
};

/* Who is to blame: this node, or something all nodes share. ha-model section 4. */
enum probe_scope {
    PROBE_SCOPE_LOCAL,
    PROBE_SCOPE_SHARED,
};

enum probe_check {
    PROBE_CHECK_LIVE,
    PROBE_CHECK_READY,
    PROBE_CHECK_CLUSTER,
    PROBE_CHECK_CLUSTER_READ,
    PROBE_CHECK_MAINTENANCE,
};

enum probe_method {
    PROBE_METHOD_GET,
    PROBE_METHOD_HEAD,
};

/* Status codes, both ends included. */
struct probe_span {
    uint16_t least, most;
};

/* What an http probe wants of an answer besides; "": nothing. */
struct probe_wanted {
    char header[PROBE_WORD_BYTES]; /* "Name", or "Name: value" */
    char body[PROBE_WORD_BYTES];   /* an extended regular expression */
    char json[PROBE_WORD_BYTES];   /* where in a JSON body, as in RFC 6901 */
    char json_value[PROBE_WORD_BYTES];
};

/* What an s3 probe reads and, unless its key is "", writes. */
struct probe_bucket {
    char name[64];
    char region[32];
    char read_key[PROBE_WORD_BYTES];
    char write_key[PROBE_WORD_BYTES];
};

/* What a file probe wants besides that its path is there. */
struct probe_file_params {
    int64_t max_age_ns; /* since its content changed; 0: any */
    bool mount;         /* something is mounted there */
};

struct probe_params {
    char name[PROBE_NAME_BYTES];
    uint8_t type;
    uint8_t scope;
    uint8_t check;             /* of a minio probe */
    char url[PROBE_URL_BYTES]; /* "http://127.0.0.1:9000", "tcp://host:port", "file:///path" */
    uint8_t method;            /* of an http or s3 probe */
    /* Of a registry probe: "repository:tag", whose manifest, or "repository@digest", which blob. */
    char read[PROBE_READ_BYTES];
    char debug_url[PROBE_URL_BYTES]; /* of a registry probe: its debug server; "": not asked */
    uint8_t status_count;            /* of an http probe: what is UP; 0: 200 to 399 */
    struct probe_span status[PROBE_SPANS];
    struct probe_wanted wanted;
    char host[PROBE_HOST_BYTES]; /* of an http probe: Host in place of the url's; "": that */
    struct probe_bucket bucket;
    size_t components_bytes;            /* of a harbor probe; 0: all of them */
    char components[PROBE_PATH_BYTES];  /* names one after the other, each with its NUL */
    char credentials[PROBE_NAME_BYTES]; /* the name of a secret file; "": none */
    char ca_file[PROBE_PATH_BYTES];     /* "": the system's */
    char cert_file[PROBE_PATH_BYTES];   /* what we show a TLS server; "": nothing */
    char key_file[PROBE_PATH_BYTES];    /* "": it is in cert_file */
    char server_name[PROBE_HOST_BYTES]; /* to ask for in TLS, in place of the url's; "": that */
    bool tls_verify;
    char depends[PROBE_NAME_BYTES]; /* the storage read behind it; "": none */
    int64_t interval_ns;
    int64_t timeout_ns;
    uint16_t rise, fall;
    struct probe_file_params file;
    size_t arguments_bytes;           /* of an exec probe, behind the program in its url */
    char arguments[PROBE_PATH_BYTES]; /* one after the other, each with its NUL */
};

#endif
