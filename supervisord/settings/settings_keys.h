/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_keys - the table of all keys of the configuration; everything else follows from it.
 */
#ifndef SUPERVISORD_SETTINGS_KEYS_H
#define SUPERVISORD_SETTINGS_KEYS_H

#include "supervisord/settings/key.h"

/* Of struct settings; ended by a key without name. */
const struct key *settings_keys_root(void);

#endif
