/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two processes of one registry never share a cgroup: the end of one ends all in its own. */
#include "registry-launcher/slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void the_next_one_has_a_cgroup_of_its_own(void **unused)
{
    static const struct {
        const char *rule, *own, *others, *suffix;
    } rows[] = {
        {"there is none yet", "", "", ""},
        {"the other one is in the first", "", "/c/r", "+2"},
        {"the other one was adopted from the second", "", "/c/r+2", ""},
        {"it is started again beside the other one", "/c/r", "/c/r+2", ""},
        {"it is started again in the second", "/c/r+2", "", "+2"},
        {"both are in the second: one is enough", "/c/r+2", "/c/r+2", ""},
        {"a registry may be called so", "", "/c/r-2", "+2"},
    };

    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++)
        for (int current = 0; current < 2; current++) {
            struct registry_slots slots;

            registry_slots_init(&slots, NULL, NULL, NULL, NULL);
            slots.current = &slots.execs[current];
            snprintf(slots.execs[current].cgroup, REGISTRY_CGROUP_BYTES, "%s", rows[at].own);
            snprintf(slots.execs[1 - current].cgroup, REGISTRY_CGROUP_BYTES, "%s", rows[at].others);
            assert_string_equal(registry_slots_suffix(&slots), rows[at].suffix);
        }
}

/* Handed over, adopted by the next launcher, handed over again: the old one still ends alone. */
static void after_an_adoption_too(void **unused)
{
    struct registry_slots slots;

    (void)unused;
    registry_slots_init(&slots, NULL, NULL, NULL, NULL);
    snprintf(slots.current->cgroup, REGISTRY_CGROUP_BYTES, "/c/r+2");
    registry_slots_hand_over(&slots);
    assert_string_equal(registry_slots_suffix(&slots), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_one_has_a_cgroup_of_its_own),
        cmocka_unit_test(after_an_adoption_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
