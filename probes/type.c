/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/message.h"

const char *probe_type_name(enum probe_type type)
{
    static const char *const names[PROBE_TYPES] = {
        [PROBE_TYPE_EXEC] = "exec",     [PROBE_TYPE_FILE] = "file",
        [PROBE_TYPE_HARBOR] = "harbor", [PROBE_TYPE_HTTP] = "http",
        [PROBE_TYPE_MINIO] = "minio",   [PROBE_TYPE_PING] = "ping",
        [PROBE_TYPE_REDIS] = "redis",   [PROBE_TYPE_REGISTRY] = "registry",
        [PROBE_TYPE_S3] = "s3",         [PROBE_TYPE_TCP] = "tcp",
    };

    return (unsigned)type < PROBE_TYPES ? names[type] : "unknown";
}

bool probe_type_is_storage(enum probe_type type)
{
    return type == PROBE_TYPE_MINIO || type == PROBE_TYPE_S3;
}
