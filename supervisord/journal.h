/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal - what happened, kept for `show events` and told to the log, once each.
 */
#ifndef SUPERVISORD_JOURNAL_H
#define SUPERVISORD_JOURNAL_H

#include "base/log.h"
#include "supervisord/world.h"

/* One thing that happened; texts may be "" where they say nothing. */
struct journal_entry {
    enum world_event_kind kind;
    enum log_level level;
    const char *object;
    const char *from;
    const char *to;
};

/* It happened `at`, now or a while ago: keep it and log it. `format` is the cause in words. */
__attribute__((format(printf, 4, 5))) void journal_add(struct world *world, struct monotime at,
                                                       const struct journal_entry *entry,
                                                       const char *format, ...);

#endif
