/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * turn - what hooks are told of a virtual router's state, in keepalived's words.
 *
 * Pure. A regha-vrrp that is away, or back and not decided yet, is no change; one that resumes what
 * it was is none either.
 */
#ifndef SUPERVISORD_TURN_H
#define SUPERVISORD_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "registry-launcher/message.h"
#include "vrrp/message.h"

/* All zero: nothing is known yet. */
struct turn {
    uint8_t state; /* enum registry_hook_state */
    uint8_t former;
    int64_t since_ns; /* with the state what names the change */
};

/* Take in how the router stands. `is_decided`: its state counts. */
void turn_take(struct turn *turn, enum vrrp_state state, int64_t since_ns, bool is_decided);

#endif
