/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * params - one probe as the configuration describes it.
 */
#ifndef PROBES_PARAMS_H
#define PROBES_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#define PROBE_NAME_BYTES 32
#define PROBE_URL_BYTES  256
#define PROBE_PATH_BYTES 256
#define PROBE_READ_BYTES 128

enum probe_type {
    PROBE_TYPE_HTTP,
    PROBE_TYPE_MINIO,
    PROBE_TYPE_REGISTRY,
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

struct probe_params {
    char name[PROBE_NAME_BYTES];
    uint8_t type;
    uint8_t scope;
    uint8_t check;               /* of a minio probe */
    char url[PROBE_URL_BYTES];   /* "http://127.0.0.1:9000"; of a tcp probe "tcp://host:port" */
    char read[PROBE_READ_BYTES]; /* of a registry probe: "repository:tag" to ask the manifest of */
    uint16_t status_min, status_max; /* of an http probe: what is UP */
    char ca_file[PROBE_PATH_BYTES];  /* "": the system's */
    bool tls_verify;
    char depends[PROBE_NAME_BYTES]; /* the storage read behind it; "": none */
    int64_t interval_ns;
    int64_t timeout_ns;
    uint16_t rise, fall;
};

#endif
