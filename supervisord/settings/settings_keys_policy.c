/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/settings/settings_keys_policy.h"

#include "base/monotime.h"
#include "supervisord/policy/role.h"
#include "supervisord/settings/settings.h"

#define SECOND NS_PER_S
#define MINUTE (60 * NS_PER_S)
#define HOUR   (60 * MINUTE)

static const char *const on_stores[] = {
    [ROLE_ON_STORE_READONLY] = "readonly",
    [ROLE_ON_STORE_KEEP] = "keep",
    [ROLE_ON_STORE_STOP] = "stop",
};

/* Where reads fail, too, there is nothing to be read-only for. */
static const char *const on_downs[] = {
    [SETTINGS_ON_DOWN_KEEP] = "keep",
    [SETTINGS_ON_DOWN_STOP] = "stop",
};

static const char *const on_isolateds[] = {
    [ROLE_ON_ISOLATED_HOLD_IF_GATEWAY] = "hold-if-gateway",
    [ROLE_ON_ISOLATED_RELEASE] = "release",
    [ROLE_ON_ISOLATED_HOLD] = "hold",
};

const struct key settings_keys_policy[] = {
    {"startup_hold", KEY_DURATION(settings_policy, startup_hold_ns), KEY_RANGE(0, MINUTE),
     KEY_DEFAULT("2s"), KEY_HELP("how long the election waits for the first probe results")},
    {"forget", KEY_DURATION(settings_policy, forget_ns), KEY_RANGE(SECOND, 24 * HOUR),
     KEY_DEFAULT("5m"), KEY_HELP("after how long a node may be tried again that failed")},
    {"orphan_grace", KEY_DURATION(settings_policy, orphan_grace_ns), KEY_RANGE(SECOND, 10 * MINUTE),
     KEY_DEFAULT("10s"), KEY_HELP("how long regha-vrrp goes on without reghad before it yields")},
    {"on_store_readonly", KEY_ENUM(settings_policy, on_store_readonly), KEY_CHOICES(on_stores),
     KEY_DEFAULT("readonly"),
     KEY_HELP("what registries do while the storage can be read, but not written")},
    {"on_store_down", KEY_ENUM(settings_policy, on_store_down), KEY_CHOICES(on_downs),
     KEY_DEFAULT("keep"), KEY_HELP("what registries do while the storage cannot be read")},
    {"readonly_hold", KEY_DURATION(settings_policy, readonly_hold_ns), KEY_RANGE(0, 10 * MINUTE),
     KEY_DEFAULT("10s"),
     KEY_HELP("how long the storage is so, or well again, before registries follow")},
    {"on_isolated", KEY_ENUM(settings_policy, on_isolated), KEY_CHOICES(on_isolateds),
     KEY_DEFAULT("hold-if-gateway"),
     KEY_HELP("what a node does with its addresses that hears no other one any more")},
    {"gateway", KEY_HOST(settings_policy, gateway), KEY_RULE("none: taken as there"),
     KEY_HELP("a router that tells a node that is alone whether the network or it is cut off")},
    {.name = NULL},
};
