/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file - the asker of file probes: a helper process looks, we wait for its answer as for any other.
 *
 * One helper for each probe, made at its first attempt. While it is stuck no second question and no
 * second helper is sent after it; the attempts end at their deadlines. A probe that is removed leaves
 * its helper to the kernel.
 */
#ifndef PROBES_FILE_H
#define PROBES_FILE_H

#include "probes/asker.h"

int probe_file_new(const struct probe_asker_context *context, const struct probe_params *params,
                   struct probe_asker *ret_asker);

#endif
