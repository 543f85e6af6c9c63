/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * redis - the asker of redis probes: connects, proves who asks if it has credentials, and sends PING.
 *
 * A connection for each attempt, for that new ones are taken is part of the question. libcurl makes
 * it, so names are resolved as for every other probe. A user without a name of their own is "default"
 * since Redis 6. Source: Redis commands AUTH and PING.
 */
#ifndef PROBES_REDIS_H
#define PROBES_REDIS_H

#include "probes/asker.h"

int probe_redis_new(const struct probe_asker_context *context, const struct probe_params *params,
                    struct probe_asker *ret_asker);

#endif
