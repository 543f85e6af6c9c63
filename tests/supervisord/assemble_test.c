/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes on across a reload, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "supervisord/assemble.h"

#define REGISTRIES_MAX 4
#define NODES_MAX      4

struct stage {
    struct core core;
    struct loop *loop;
    struct settings settings[2]; /* of two readings */
    struct settings_router router;
    struct settings_registry registries[2][REGISTRIES_MAX];
    struct settings_node nodes[2][NODES_MAX];
    const char *node_names; /* of the next reading: a letter for each */
};

static int setup(void **ret_stage)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct err err;

    assert_int_equal(loop_new(NS_PER_S, &stage->loop, &err), 0);
    assert_int_equal(probe_set_new(stage->loop, NULL, NULL, &stage->core.world.probes, &err), 0);
    snprintf(stage->router.params.name, VRRP_PARAMS_NAME_BYTES, "vip");
    *ret_stage = stage;
    return 0;
}

static int teardown(void **slot)
{
    struct stage *stage = *slot;

    assemble_free(&stage->core);
    probe_set_free(stage->core.world.probes);
    loop_free(stage->loop);
    free(stage);
    return 0;
}

/* `names`: a letter for each registry. */
static void apply(struct stage *stage, int reading, const char *names)
{
    struct settings *settings = &stage->settings[reading];
    struct err err;

    *settings = (struct settings){.self = SETTINGS_NO_NODE, .router_count = 1};
    settings->routers = &stage->router;
    settings->registries = stage->registries[reading];
    for (; names[settings->registry_count] != '\0'; settings->registry_count++) {
        struct settings_registry *registry = &settings->registries[settings->registry_count];
        snprintf(registry->params.name, REGISTRY_NAME_BYTES, "%c", names[settings->registry_count]);
        snprintf(registry->follows, VRRP_PARAMS_NAME_BYTES, "vip");
    }
    settings->nodes = stage->nodes[reading];
    for (const char *name = stage->node_names; name && *name != '\0'; name++)
        snprintf(settings->nodes[settings->node_count++].name, sizeof(settings->nodes->name), "%c",
                 *name);
    assert_int_equal(assemble_apply(&stage->core, settings, &err), 0);
}

static void what_is_remembered_of_a_service_goes_with_it(void **slot)
{
    static const struct {
        const char *rule, *before, *after;
        int was, is; /* -1: it is gone */
    } rows[] = {
        {"nothing changed", "ab", "ab", 1, 1},
        {"the one before it is gone", "ab", "b", 1, 0},
        {"another one stands before it now", "ab", "cab", 1, 2},
        {"it is gone itself", "ab", "a", 1, -1},
        {"it has another name", "ab", "ac", 1, -1},
    };
    struct stage *stage = *slot;

    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct role_memory *memory;

        apply(stage, 0, rows[at].before);
        memory = &stage->core.routers[0].memory;
        *memory = (struct role_memory){.hold_is_over = true, .failed_until = {9}};
        memory->failed_service = (size_t)rows[at].was;
        memory->restarted[rows[at].was].ns = 7;
        memory->retried[rows[at].was].ns = 8;
        apply(stage, 1, rows[at].after);
        memory = &stage->core.routers[0].memory;
        assert_true(memory->hold_is_over);
        for (int service = 0; service < REGISTRIES_MAX; service++) {
            assert_int_equal(memory->restarted[service].ns, service == rows[at].is ? 7 : 0);
            assert_int_equal(memory->retried[service].ns, service == rows[at].is ? 8 : 0);
        }
        assert_int_equal(memory->failed_until.ns, rows[at].is >= 0 ? 9 : 0);
        if (rows[at].is >= 0)
            assert_int_equal(memory->failed_service, rows[at].is);
    }
}

/* As often as the file moves, there is room for what it says. */
static void the_facts_of_a_file_that_is_gone_are_forgotten(void **slot)
{
    struct stage *stage = *slot;
    struct facts *facts = &stage->core.facts;

    for (int at = 0; at < 2; at++)
        snprintf(facts->entries[at].path, REGISTRY_PATH_BYTES, "/%d.yml", at);
    snprintf(stage->registries[0][0].params.config, REGISTRY_PATH_BYTES, "/1.yml");
    apply(stage, 0, "a");
    assert_null(facts_find(facts, "/0.yml"));
    assert_non_null(facts_find(facts, "/1.yml"));
}

/* It knows nodes by their place, so that it goes to nobody it was not meant for. */
static void a_hand_over_ends_when_the_nodes_are_others(void **slot)
{
    static const struct {
        const char *rule, *before, *after;
        enum handover_phase is;
    } rows[] = {
        {"nothing changed", "ab", "ab", HANDOVER_PREPARES},
        {"one is gone", "ab", "a", HANDOVER_NONE},
        {"they stand in another order", "ab", "ba", HANDOVER_NONE},
        {"one has another name", "ab", "ac", HANDOVER_NONE},
    };
    struct stage *stage = *slot;

    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        stage->node_names = rows[at].before;
        apply(stage, 0, "");
        stage->core.world.routers[0].handover = (struct handover){.phase = HANDOVER_PREPARES};
        stage->node_names = rows[at].after;
        apply(stage, 1, "");
        assert_int_equal(stage->core.world.routers[0].handover.phase, rows[at].is);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_remembered_of_a_service_goes_with_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_hand_over_ends_when_the_nodes_are_others, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_facts_of_a_file_that_is_gone_are_forgotten, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
