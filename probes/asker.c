/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/asker.h"

#include "probes/exec.h"
#include "probes/file.h"
#include "probes/ping.h"
#include "probes/redis.h"
#include "probes/web_asker.h"

typedef int new_asker(const struct probe_asker_context *context, const struct probe_params *params,
                      struct probe_asker *ret_asker);

int probe_asker_new(const struct probe_asker_context *context, const struct probe_params *params,
                    struct probe_asker *ret_asker)
{
    static new_asker *const by_type[PROBE_TYPES] = {
        [PROBE_TYPE_EXEC] = probe_exec_new,        [PROBE_TYPE_FILE] = probe_file_new,
        [PROBE_TYPE_HARBOR] = probe_web_asker_new, [PROBE_TYPE_HTTP] = probe_web_asker_new,
        [PROBE_TYPE_MINIO] = probe_web_asker_new,  [PROBE_TYPE_PING] = probe_ping_new,
        [PROBE_TYPE_REDIS] = probe_redis_new,      [PROBE_TYPE_REGISTRY] = probe_web_asker_new,
        [PROBE_TYPE_S3] = probe_web_asker_new,     [PROBE_TYPE_TCP] = probe_web_asker_new,
    };

    return by_type[params->type](context, params, ret_asker);
}
