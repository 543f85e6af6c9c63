/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_log - what happened: changes with their causes, every event, and what went wrong. */
#ifndef SUPERVISORD_SHOW_LOG_H
#define SUPERVISORD_SHOW_LOG_H

#include "supervisord/console/show.h"

/* Changes of routers and registries, oldest first; how long the former state had lasted. */
struct table *show_log_history(const struct show *show, uint64_t most);

struct table *show_log_events(const struct show *show, uint64_t most);

/* Counters of what should not happen that are above zero, less those of the baseline. */
struct table *show_log_errors(const struct show *show);

/*
 * The counters as they are now, for `clear counters`: metrics never go back, show errors counts
 * from here. NULL without memory.
 */
struct show_baseline *show_log_baseline(const struct world *world);
void show_log_baseline_free(struct show_baseline *baseline);

#endif
