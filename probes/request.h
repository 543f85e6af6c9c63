/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request - what a probe asks: one URL, or for a registry or a store several, one after the other.
 *
 * Pure. probe_request_mistake() is in message.h, for the configuration's check. Sources: MinIO's
 * health endpoints; the distribution specification, "Determining Support" and "Pulling manifests".
 */
#ifndef PROBES_REQUEST_H
#define PROBES_REQUEST_H

#include <stdbool.h>

#include "probes/challenge.h"
#include "probes/params.h"

#define PROBE_REQUEST_BYTES 1408 /* of a token's URL: a realm, and a service and a scope in %XX */

/* Read by a registry probe that names nothing: that it does not exist asks the storage as well. */
#define PROBE_REQUEST_DEFAULT_READ "regha/probe:latest"

/* The steps of an attempt; the first one is 0 of every type, and most have only that. */
enum probe_request_step {
    PROBE_REQUEST_PING,   /* of a registry: /v2/: is it one? Of s3: the read */
    PROBE_REQUEST_READ,   /* of a registry: a manifest or a blob: does its storage answer? */
    PROBE_REQUEST_TOKEN,  /* of a registry: a token from who gives tokens for it */
    PROBE_REQUEST_HEALTH, /* of a registry: its debug server's word */
    PROBE_REQUEST_WRITE,  /* of s3 */
    PROBE_REQUEST_STEPS,
};

/* A read that names a digest asks for a blob, without its content. */
bool probe_request_is_blob(const struct probe_params *params);

/* "NAME:PORT:HOST:PORT" where the server has another name than its url says, else "". */
void probe_request_connect_to(const struct probe_params *params, char text[PROBE_REQUEST_BYTES]);

/* Where to ask for a token to read with, for a challenge without mistake. False: it is too long. */
bool probe_request_token_url(const struct probe_params *params,
                             const struct probe_challenge *challenge,
                             char url[PROBE_REQUEST_BYTES]);

/*
 * The URL of another step, for parameters without mistake. A tcp probe's is only connected to. The
 * host is server_name, if there is one.
 */
void probe_request_url(const struct probe_params *params, unsigned step,
                       char url[PROBE_REQUEST_BYTES]);

#endif
