/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show_router - the tables of virtual routers and of their addresses. NULL: no memory. */
#ifndef SUPERVISORD_SHOW_ROUTER_H
#define SUPERVISORD_SHOW_ROUTER_H

#include "supervisord/console/show.h"

struct table *show_router_routers(const struct show *show);
struct table *show_router_vips(const struct show *show);
struct table *show_router_guard(const struct show *show);

#endif
