/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transfer - what an error of a socket says of the other side.
 *
 * Pure.
 */
#ifndef PROBES_TRANSFER_H
#define PROBES_TRANSFER_H

#include "probes/verdict.h"

/* Of an errno; what says nothing of the other side is PROBE_TRANSFER_OTHER. */
enum probe_transfer probe_transfer_of_error(int error);

#endif
