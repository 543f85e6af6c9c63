/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_keys_guard - the table of the keys of the guard.
 */
#ifndef SUPERVISORD_SETTINGS_KEYS_GUARD_H
#define SUPERVISORD_SETTINGS_KEYS_GUARD_H

#include "supervisord/settings/key.h"

/* Of struct settings_guard; ended by a key without name. */
extern const struct key settings_keys_guard[];

#endif
