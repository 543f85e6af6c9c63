/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show_breaker - the table of `show breakers`.
 */
#ifndef SUPERVISORD_SHOW_BREAKER_H
#define SUPERVISORD_SHOW_BREAKER_H

#include "supervisord/console/show.h"
#include "supervisord/console/table.h"

struct table *show_breaker_peers(const struct show *show);

#endif
