/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * same - whether two probes are described alike.
 *
 * Pure. Not by memcmp() of the whole: what lies between the fields and behind a text does not count.
 */
#ifndef PROBES_SAME_H
#define PROBES_SAME_H

#include <stdbool.h>

#include "probes/params.h"

bool probe_same_params(const struct probe_params *a, const struct probe_params *b);

#endif
