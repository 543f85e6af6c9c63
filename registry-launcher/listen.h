/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listen - the address a registry will bind, as its configuration writes it.
 *
 * Pure. ":5000", "127.0.0.1:5000", "[::1]:5000", "localhost:5000". Other names are not resolved: that
 * may wait, and only the registry knows how.
 */
#ifndef REGISTRY_LAUNCHER_LISTEN_H
#define REGISTRY_LAUNCHER_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "registry-launcher/params.h"

struct registry_listen {
    char host[REGISTRY_LISTEN_BYTES]; /* without brackets; "" for all */
    uint16_t port;
};

/* False: there is no port in it. */
bool registry_listen_parse(const char *text, struct registry_listen *ret_listen);

#endif
