/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * output - where a registry's output goes, so that it survives the launcher.
 *
 * To a journal stream of its own where our stderr is one; else to our own stderr: its read end
 * belongs to whoever started us (regha-init passes its own stderr on, and makes no pipe), so it
 * outlives us. A registry whose log pipe lost its reader would die of SIGPIPE at the next request.
 */
#ifndef REGISTRY_LAUNCHER_OUTPUT_H
#define REGISTRY_LAUNCHER_OUTPUT_H

#include "base/err.h"

/*
 * In the child, as the registry's user, whom the journal then notes: /dev/null on 0, the stream on 1
 * and 2, under "regha-registry-NAME". A journal that cannot be reached leaves our own stderr.
 */
int registry_output_open(const char *name, struct err *err);

#endif
