/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port - whether a registry's port is free, and who holds it if not.
 *
 * Taken is what bind(2) says, so it is exact in this network namespace. The holder is looked for by
 * a child running as the registry's user: by sock_diag(7) its socket and user, by the socket's
 * cgroup its unit, in /proc what that user may see.
 */
#ifndef REGISTRY_LAUNCHER_PORT_H
#define REGISTRY_LAUNCHER_PORT_H

#include <stdbool.h>

#include "registry-launcher/helper.h"
#include "registry-launcher/listen.h"

#define REGISTRY_PORT_WORDS_BYTES 192

/* A host that is a name, or no address of ours, counts as free: the registry will say so itself. */
bool registry_port_is_taken(const struct registry_listen *listen);

/*
 * Start looking. The answer is a sentence: "port 5000 is taken by docker-registry (pid 123,
 * docker-registry.service)". `listen` lives during the call.
 */
int registry_port_look(struct registry_helper *helper, const char *user,
                       const struct registry_listen *listen, struct monotime now, struct err *err);

/* The sentence of an answer; without an answer what is known without it. */
void registry_port_words(const struct registry_helper_answer *answer,
                         const struct registry_listen *listen,
                         char ret_words[REGISTRY_PORT_WORDS_BYTES]);

#endif
