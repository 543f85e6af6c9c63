/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show - what `show ...` answers, for people and as JSON.
 *
 * Reads the world and changes nothing. The HTTP status page and /api/v1/status are made of the
 * same tables.
 */
#ifndef SUPERVISORD_SHOW_H
#define SUPERVISORD_SHOW_H

#include "supervisord/console/table.h"
#include "supervisord/world.h"

enum show_what {
    SHOW_INFO,
    SHOW_HEALTH,
    SHOW_NODES,
    SHOW_ROUTERS,
    SHOW_VIPS,
    SHOW_GUARD,
    SHOW_PROBES,
    SHOW_BREAKERS,
    SHOW_BUNDLE,
    SHOW_BUNDLE_HISTORY,
    SHOW_REGISTRIES,
    SHOW_PROCESSES,
    SHOW_HISTORY,
    SHOW_EVENTS,
    SHOW_CONFIG,
    SHOW_ERRORS,
    SHOW_ENV,
    SHOW_VERSION,
    SHOW_WHATS,
};

struct show_baseline;

struct show {
    const struct world *world;
    struct monotime now;
    const char *argument;                 /* the word after the command, or NULL */
    const struct show_baseline *baseline; /* of SHOW_ERRORS; NULL: from the start */
};

/*
 * Returns 0; -ENOENT: `argument` names nothing there is, -EINVAL: it is no number; -ENOMEM. The
 * sentence is in `err`, and then nothing is written. JSON ends without a newline.
 */
int show_write(const struct show *show, enum show_what what, bool json, FILE *out, struct err *err);

/* One of the tables in rows as HTML, for the status page. Returns 0 or -ENOMEM. */
int show_write_html(const struct show *show, enum show_what what, FILE *out);

/* Everything at once, one JSON object: /api/v1/status. Returns 0 or -ENOMEM. */
int show_write_status(const struct world *world, struct monotime now, FILE *out);

#endif
