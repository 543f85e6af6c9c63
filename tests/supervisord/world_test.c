/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/supervisord/world_fixture.h"

static struct world_fixture fixture;

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < WORLD_PROCESSES; i++)
        assert_non_null(world_process_name((enum world_process_kind)i));
    for (int i = 0; i < WORLD_EVENT_KINDS; i++)
        assert_non_null(world_event_kind_name((enum world_event_kind)i));
    for (int i = 0; i < WORLD_RESULTS; i++)
        assert_non_null(world_result_name((enum world_result)i));
}

static void test_event_ring(void **state)
{
    struct world *world = &fixture.world;

    (void)state;
    world_fixture_init(&fixture);
    world->event_count = 0;
    assert_null(world_event(world, 0));
    assert_null(world_event(world, 1));
    for (int i = 0; i < WORLD_EVENTS + 10; i++)
        (void)world_fixture_event(&fixture, WORLD_EVENT_PROBE, "p", "t");
    assert_null(world_event(world, 0));
    assert_null(world_event(world, 10)); /* overwritten */
    assert_int_equal(world_event(world, 11)->number, 11);
    assert_int_equal(world_event(world, WORLD_EVENTS + 10)->number, WORLD_EVENTS + 10);
    assert_int_equal(world_event(world, UINT64_MAX)->number, WORLD_EVENTS + 10);
}

static void test_role(void **state)
{
    static const struct {
        bool known[2];
        enum vrrp_state states[2];
        const char *want;
    } rows[] = {
        {{false, false}, {VRRP_ACTIVE, VRRP_ACTIVE}, "initialize"},
        {{true, false}, {VRRP_ACTIVE, VRRP_BACKUP}, "active"},
        {{true, true}, {VRRP_ACTIVE, VRRP_BACKUP}, "mixed"},
        {{true, true}, {VRRP_BACKUP, VRRP_BACKUP}, "backup"},
        {{true, true}, {VRRP_ACTIVE, VRRP_INITIALIZE}, "active"},
        {{true, true}, {VRRP_INITIALIZE, VRRP_INITIALIZE}, "initialize"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_fixture_init(&fixture);
        for (int at = 0; at < 2; at++) {
            fixture.routers[at].known = rows[i].known[at];
            fixture.routers[at].status.state = (uint8_t)rows[i].states[at];
        }
        assert_string_equal(world_role(&fixture.world), rows[i].want);
    }
}

static void check_health(const char *golden, int want)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    assert_int_equal(world_health(&fixture.world, fixture.now, out), want);
    fclose(out);
    golden_check(golden, text);
    free(text);
    assert_int_equal(world_health(&fixture.world, fixture.now, NULL), want);
}

static void test_health(void **state)
{
    (void)state;
    world_fixture_init_well(&fixture);
    check_health("health_well.txt", 0);
    world_fixture_init(&fixture);
    check_health("health_degraded.txt", 1);
    world_fixture_init_down(&fixture);
    check_health("health_down.txt", 2);
}

/* What one change makes of a world that is well; and the line that tells of it. */
static void expect_trouble(int want, const char *line)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    assert_int_equal(world_health(&fixture.world, fixture.now, out), want);
    fclose(out);
    if (line)
        assert_non_null(strstr(text, line));
    free(text);
}

static void test_registry_starts(void **state)
{
    struct world_registry *registry = &fixture.registries[0];

    (void)state;
    world_fixture_init_well(&fixture);
    registry->status.state = REGISTRY_STARTING; /* and its probe succeeded since */
    expect_trouble(0, NULL);
    fixture.probes.states[3].success_started = (struct monotime){registry->status.started_ns - 1};
    expect_trouble(2, "registry registry is to run here and is starting");
    registry->status.started_ns = fixture.now.ns - 50 * NS_PER_MS;
    expect_trouble(1, "registry registry has been started and does not serve yet");
    registry->settings.ready[0] = '\0';
    expect_trouble(1, "does not serve yet");
    registry->status.state = REGISTRY_RUNNING;
    expect_trouble(0, NULL);
}

static void test_peers(void **state)
{
    (void)state;
    world_fixture_init_well(&fixture);
    fixture.peers[3].reachable = false;
    fixture.peers[3].seen.ns = 0;
    expect_trouble(1, "node n4 (10.0.0.14) is silent since reghad started");
    fixture.world.started = fixture.now; /* too early to say */
    expect_trouble(0, NULL);
    world_fixture_init_well(&fixture);
    for (int i = 0; i < 4; i++) {
        fixture.peers[i].reachable = false;
        fixture.peers[i].seen.ns = 0;
    }
    expect_trouble(0, "no other node has been heard");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_event_ring),
        cmocka_unit_test(test_role),
        cmocka_unit_test(test_health),
        cmocka_unit_test(test_registry_starts),
        cmocka_unit_test(test_peers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
