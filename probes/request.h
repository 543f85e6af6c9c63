/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request - what a probe asks: one URL, or for a registry two, one after the other.
 *
 * Pure. probe_request_mistake() is in message.h, for the configuration's check. Sources: MinIO's
 * health endpoints; the distribution specification, "Determining Support" and "Pulling manifests".
 */
#ifndef PROBES_REQUEST_H
#define PROBES_REQUEST_H

#include <stdbool.h>

#include "probes/params.h"

#define PROBE_REQUEST_BYTES (PROBE_URL_BYTES + PROBE_READ_BYTES + 64)

/* Read by a registry probe that names nothing: that it does not exist asks the storage as well. */
#define PROBE_REQUEST_DEFAULT_READ "regha/probe:latest"

/* The steps of a registry probe; others have only step 0. */
enum probe_request_step {
    PROBE_REQUEST_PING, /* /v2/: is it a registry? */
    PROBE_REQUEST_READ, /* a manifest: does its storage answer? */
};

/* The URL of a step, for parameters without mistake. A tcp probe's is only connected to. */
void probe_request_url(const struct probe_params *params, unsigned step,
                       char url[PROBE_REQUEST_BYTES]);

#endif
