/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings_keys_policy - the keys of the group policy; a part of settings_keys. */
#ifndef SUPERVISORD_SETTINGS_KEYS_POLICY_H
#define SUPERVISORD_SETTINGS_KEYS_POLICY_H

#include "supervisord/settings/key.h"

/* Of struct settings_policy; ended by a key without name. */
extern const struct key settings_keys_policy[];

#endif
