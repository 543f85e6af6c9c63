/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * holder - who listens on a port: socket, user, unit, process.
 *
 * Reads much and may take long: only for a helper's child. Says what it may see; a process of
 * another user shows itself by the cgroup of its socket only. Source: sock_diag(7), cgroups(7).
 */
#ifndef REGISTRY_LAUNCHER_HOLDER_H
#define REGISTRY_LAUNCHER_HOLDER_H

#include <stddef.h>

#include "registry-launcher/listen.h"

/* "port 5000 is taken by docker-registry (pid 123, docker-registry.service)", and less. */
void registry_holder_find(const struct registry_listen *listen, char *ret_words, size_t size_bytes);

#endif
