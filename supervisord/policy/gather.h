/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gather - what is known of one virtual router, as role judges it, and in words.
 *
 * Reads the core and changes nothing.
 */
#ifndef SUPERVISORD_GATHER_H
#define SUPERVISORD_GATHER_H

#include "supervisord/core.h"

/* The evidence of one router, and what each part of it is called. */
struct gather {
    struct role_evidence evidence;
    size_t registries[ROLE_SERVICES]; /* index in the world, of each service */
    const char *requirements[ROLE_REQUIREMENTS];
    const char *stores[ROLE_STORES];
    size_t node_count, heard_count; /* others, and those that are heard */
};

void gather_evidence(const struct core *core, size_t router, struct monotime now,
                     struct gather *ret_gather);

/* The object that decided, in words; "" if none did. */
const char *gather_which(const struct core *core, const struct gather *gather,
                         const struct role_verdict *verdict);

/* What is not as it should be, each with how long, and who else is there. */
void gather_describe(const struct core *core, const struct gather *gather, struct monotime now,
                     char *text, size_t size_bytes);

/* Whether what this node said of itself is of now. */
bool gather_is_fresh(const struct world_node *node, struct monotime now);

#endif
