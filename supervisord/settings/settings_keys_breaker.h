/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_keys_breaker - the table of the keys of the circuit breaker.
 */
#ifndef SUPERVISORD_SETTINGS_KEYS_BREAKER_H
#define SUPERVISORD_SETTINGS_KEYS_BREAKER_H

#include "supervisord/settings/key.h"

/* Of struct settings_breaker; ended by a key without name. */
extern const struct key settings_keys_breaker[];

#endif
