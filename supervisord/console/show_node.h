/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_node - the tables of this node, its peers and its processes. NULL: no memory. */
#ifndef SUPERVISORD_SHOW_NODE_H
#define SUPERVISORD_SHOW_NODE_H

#include "supervisord/console/show.h"

struct table *show_node_info(const struct show *show);
struct table *show_node_health(const struct show *show); /* for programs and the page */
struct table *show_node_nodes(const struct show *show);
struct table *show_node_processes(const struct show *show);
struct table *show_node_version(const struct show *show);

/* A value that may be a secret is not shown, whoever asks. */
struct table *show_node_environment(const struct show *show);

#endif
