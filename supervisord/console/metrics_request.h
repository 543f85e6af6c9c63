/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metrics_request - what the nodes asked each other. */
#ifndef SUPERVISORD_METRICS_REQUEST_H
#define SUPERVISORD_METRICS_REQUEST_H

#include "supervisord/console/metrics.h"

extern const struct metrics_row metrics_request_rows[]; /* ended by one without a name */

#endif
