/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page - the status page: what show says, for a browser.
 *
 * One HTML document without scripts, images or anything else to fetch; it loads itself again every
 * few seconds. All text in it is escaped.
 */
#ifndef SUPERVISORD_PAGE_H
#define SUPERVISORD_PAGE_H

#include "supervisord/world.h"

/* Returns 0 or -ENOMEM. `wall_ns`: CLOCK_REALTIME, to say how old the page is. */
int page_write(const struct world *world, struct monotime now, int64_t wall_ns, FILE *out);

#endif
