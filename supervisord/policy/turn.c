/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/turn.h"

static enum registry_hook_state word_of(enum vrrp_state state)
{
    switch (state) {
    case VRRP_ACTIVE:
        return REGISTRY_HOOK_MASTER;
    case VRRP_BACKUP:
        return REGISTRY_HOOK_BACKUP;
    case VRRP_INITIALIZE: /* it has been more: no link, no address */
    case VRRP_STATES:
        return REGISTRY_HOOK_FAULT;
    }
    return REGISTRY_HOOK_FAULT;
}

void turn_take(struct turn *turn, enum vrrp_state state, int64_t since_ns, bool is_decided)
{
    const enum registry_hook_state word = word_of(state);

    if (!is_decided || word == turn->state)
        return;
    turn->former = turn->state;
    turn->state = (uint8_t)word;
    turn->since_ns = since_ns;
}
