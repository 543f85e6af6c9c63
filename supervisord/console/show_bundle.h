/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show_bundle - show bundle and bundle history: what the nodes agreed on, and what they did before.
 */
#ifndef SUPERVISORD_SHOW_BUNDLE_H
#define SUPERVISORD_SHOW_BUNDLE_H

#include "supervisord/console/show.h"

/* "confirmed", "unconfirmed", "own files", "awaited" */
const char *show_bundle_state(const struct world_bundle *bundle);

struct table *show_bundle_all(const struct show *show);
struct table *show_bundle_history(const struct show *show);

#endif
