/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_keys_registry - the table of the keys of a registry.
 */
#ifndef SUPERVISORD_SETTINGS_KEYS_REGISTRY_H
#define SUPERVISORD_SETTINGS_KEYS_REGISTRY_H

#include "supervisord/settings/key.h"

/* Of struct settings_registry; ended by a key without name. */
extern const struct key settings_keys_registry[];

#endif
