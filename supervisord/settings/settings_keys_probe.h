/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_keys_probe - the table of the keys of a probe.
 */
#ifndef SUPERVISORD_SETTINGS_KEYS_PROBE_H
#define SUPERVISORD_SETTINGS_KEYS_PROBE_H

#include "supervisord/settings/key.h"

/* Of struct probe_params; ended by a key without name. */
extern const struct key settings_keys_probe[];

#endif
