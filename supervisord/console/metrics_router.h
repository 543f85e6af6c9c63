/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metrics_router - metrics of virtual routers, their adverts and their addresses. */
#ifndef SUPERVISORD_METRICS_ROUTER_H
#define SUPERVISORD_METRICS_ROUTER_H

#include "supervisord/console/metrics.h"

extern const struct metrics_row metrics_router_rows[]; /* ended by a name of NULL */

#endif
