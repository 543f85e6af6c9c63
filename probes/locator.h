/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * locator - the urls of probes that ask without HTTP: ping://ADDRESS and file:///PATH.
 *
 * Pure. A ping asks an address, not a name: that a name cannot be resolved says nothing of a way.
 */
#ifndef PROBES_LOCATOR_H
#define PROBES_LOCATOR_H

#include "probes/message.h"

#define PROBE_LOCATOR_HOST_BYTES 64 /* an IPv6 address with the name of an interface */

/* Half a sentence, or NULL. Whether a host is an address is seen where it is used. */
const char *probe_locator_mistake(const struct probe_params *params);

/* The address of a ping probe without brackets, as in "10.0.0.1" and "fe80::1%eth0". */
void probe_locator_host(const struct probe_params *params, char ret_host[PROBE_LOCATOR_HOST_BYTES]);

/* The path of a file probe. */
const char *probe_locator_path(const struct probe_params *params);

#endif
