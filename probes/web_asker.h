/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * web_asker - how HTTP is asked: which step with which method and proof, and what its body shows.
 *
 * It holds the credentials that the parameters name, and a registry's token as long as that is good.
 * Both are wiped when they are not needed any more.
 */
#ifndef PROBES_WEB_ASKER_H
#define PROBES_WEB_ASKER_H

#include "probes/asker.h"

int probe_web_asker_new(const struct probe_asker_context *context,
                        const struct probe_params *params, struct probe_asker *ret_asker);

#endif
