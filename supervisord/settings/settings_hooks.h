/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_hooks - programs of the operator's for every virtual router, and who runs them.
 */
#ifndef SUPERVISORD_SETTINGS_HOOKS_H
#define SUPERVISORD_SETTINGS_HOOKS_H

#include <stdint.h>

#define SETTINGS_HOOKS_BYTES 1024 /* paths, one after the other */
#define SETTINGS_HOOKS_MAX   4    /* of one list; a router has its own and these */

struct settings_hooks {
    uint16_t on_transition_bytes;
    char on_transition[SETTINGS_HOOKS_BYTES];
    char user[32]; /* the launcher takes it from the local policy only */
    int64_t timeout_ns;
};

#endif
