/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metrics_service - metrics of probes, storage and registries. */
#ifndef SUPERVISORD_METRICS_SERVICE_H
#define SUPERVISORD_METRICS_SERVICE_H

#include "supervisord/console/metrics.h"

extern const struct metrics_row metrics_service_rows[]; /* ended by a name of NULL */

#endif
