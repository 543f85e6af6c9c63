/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ping - the asker of ping probes: one ICMP echo for each attempt, over a socket that needs no
 * capability.
 *
 * The kernel opens such sockets to the groups of net.ipv4.ping_group_range only, for IPv6 as well;
 * to others the probe says so. Source: icmp(7).
 */
#ifndef PROBES_PING_H
#define PROBES_PING_H

#include "probes/asker.h"

int probe_ping_new(const struct probe_asker_context *context, const struct probe_params *params,
                   struct probe_asker *ret_asker);

#endif
