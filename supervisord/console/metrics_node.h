/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metrics_node - metrics of this node: its processes, its peers, its commands. */
#ifndef SUPERVISORD_METRICS_NODE_H
#define SUPERVISORD_METRICS_NODE_H

#include "supervisord/console/metrics.h"

extern const struct metrics_row metrics_node_rows[]; /* ended by a name of NULL */

#endif
