/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics_breaker - metrics of the storage peers and the circuit breaker.
 */
#ifndef SUPERVISORD_METRICS_BREAKER_H
#define SUPERVISORD_METRICS_BREAKER_H

#include "supervisord/console/metrics.h"

extern const struct metrics_row metrics_breaker_rows[];

#endif
