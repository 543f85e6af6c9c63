/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trouble - what is not as it should be, in plain language: what, since when, what to look at.
 *
 * Judges only what reghad knows; it asks nobody. A note is worth knowing and lowers nothing.
 */
#ifndef SUPERVISORD_TROUBLE_H
#define SUPERVISORD_TROUBLE_H

#include "supervisord/world.h"

/* Its numbers are the results of world_health(). */
enum trouble_level {
    TROUBLE_NOTE,     /* well */
    TROUBLE_DEGRADED, /* serves, but the next fault may hurt; or cannot take over */
    TROUBLE_DOWN,     /* what this node ought to serve is not served */
};

#define TROUBLE_TEXT_BYTES 512

struct trouble {
    enum trouble_level level;
    const char *kind;              /* "router", "registry": of which sort the object is */
    char object[64];               /* its name; "" for the node */
    char what[TROUBLE_TEXT_BYTES]; /* a sentence */
    char look[TROUBLE_TEXT_BYTES]; /* what to look at; "" if there is nothing */
};

/* `tell` is called for each, worst first, in the order of the path from address to registry. */
void trouble_list(const struct world *world, struct monotime now,
                  void (*tell)(void *owner, const struct trouble *trouble), void *owner);

/* A line each; see world_health(). */
int trouble_write(const struct world *world, struct monotime now, FILE *out);

const char *trouble_level_name(enum trouble_level level); /* "note" "degraded" "down" */

#endif
