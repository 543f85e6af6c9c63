/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics_compat - the names and values of the common keepalived exporter, so that dashboards and
 * alerts made for it go on working.
 */
#ifndef SUPERVISORD_METRICS_COMPAT_H
#define SUPERVISORD_METRICS_COMPAT_H

#include "supervisord/console/metrics.h"

extern const struct metrics_row metrics_compat_rows[]; /* ended by a name of NULL */

#endif
