/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_service - the tables of probes and registries. NULL: no memory. */
#ifndef SUPERVISORD_SHOW_SERVICE_H
#define SUPERVISORD_SHOW_SERVICE_H

#include "supervisord/console/show.h"

struct table *show_service_probes(const struct show *show);
struct table *show_service_registries(const struct show *show);

/* All there is about one probe, a single row. */
struct table *show_service_probe(const struct show *show, const struct probe_state *probe);

#endif
