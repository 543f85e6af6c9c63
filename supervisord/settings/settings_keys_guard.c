/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_keys_guard.h"

#include "base/monotime.h"
#include "supervisord/settings/settings.h"

static const char *const switches[] = {"false", "true"};

const struct key settings_keys_guard[] = {
    {"enabled", KEY_BOOL(settings_guard, enabled), KEY_CHOICES(switches), KEY_DEFAULT("true"),
     KEY_HELP("whether the kernel silences addresses whose holder stops advertising")},
    {"timeout", KEY_DURATION(settings_guard, timeout_ns),
     KEY_RANGE(SETTINGS_GUARD_MIN_NS, 180 * NS_PER_S),
     KEY_RULE("3 advert intervals of the virtual router, at least 50ms"),
     KEY_HELP("how long after its last advert")},
    {.name = NULL},
};
