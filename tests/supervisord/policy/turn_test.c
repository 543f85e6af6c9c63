/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct step {
    enum vrrp_state state;
    bool is_decided;
    enum registry_hook_state told;
    enum registry_hook_state former;
    int64_t since_ns;
};

/* One after the other; each step is at its place in the list, from 1. */
static const struct step steps[] = {
    {VRRP_INITIALIZE, false, REGISTRY_HOOK_NONE, REGISTRY_HOOK_NONE, 0},
    {VRRP_BACKUP, true, REGISTRY_HOOK_BACKUP, REGISTRY_HOOK_NONE, 2},
    {VRRP_ACTIVE, true, REGISTRY_HOOK_MASTER, REGISTRY_HOOK_BACKUP, 3},
    {VRRP_INITIALIZE, false, REGISTRY_HOOK_MASTER, REGISTRY_HOOK_BACKUP, 3}, /* it was restarted */
    {VRRP_ACTIVE, true, REGISTRY_HOOK_MASTER, REGISTRY_HOOK_BACKUP, 3},      /* and resumes */
    {VRRP_INITIALIZE, true, REGISTRY_HOOK_FAULT, REGISTRY_HOOK_MASTER, 6},   /* its link is gone */
    {VRRP_BACKUP, true, REGISTRY_HOOK_BACKUP, REGISTRY_HOOK_FAULT, 7},
};

static void follows_a_life(void **state)
{
    struct turn turn = {0};

    (void)state;
    for (size_t at = 0; at < sizeof(steps) / sizeof(steps[0]); at++) {
        turn_take(&turn, steps[at].state, (int64_t)at + 1, steps[at].is_decided);
        assert_int_equal(turn.state, steps[at].told);
        assert_int_equal(turn.former, steps[at].former);
        assert_int_equal(turn.since_ns, steps[at].since_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(follows_a_life)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
