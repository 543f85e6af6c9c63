/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the other processes report, and what becomes of it: counters, events, histograms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "supervisord/reports.h"

#define S NS_PER_S

static const struct monotime now = {1000 * S};

struct stage {
    struct core core;
    struct world_router router;
    struct core_router core_router;
    struct world_registry registry;
    struct core_registry core_registry;
    struct world_event events[WORLD_EVENTS];
};

static int setup(void **ret_stage)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct world *world = &stage->core.world;

    snprintf(stage->router.settings.params.name, VRRP_PARAMS_NAME_BYTES, "registry");
    stage->router.settings.params.family = AF_INET;
    snprintf(stage->registry.settings.params.name, REGISTRY_NAME_BYTES, "registry");
    snprintf(stage->registry.settings.follows, VRRP_PARAMS_NAME_BYTES, "registry");
    snprintf(stage->registry.settings.ready, PROBE_NAME_BYTES, "registry-read");
    world->routers = &stage->router;
    world->registries = &stage->registry;
    world->router_count = world->registry_count = 1;
    world->events = stage->events;
    stage->core.routers = &stage->core_router;
    stage->core.registries = &stage->core_registry;
    *ret_stage = stage;
    return 0;
}

static int teardown(void **slot)
{
    free(*slot);
    return 0;
}

static void tell_vrrp(struct stage *stage, const struct wire_layout *layout, const void *value)
{
    struct channel_message message = {layout, value, -1};

    reports_take_vrrp(&stage->core, &message, now);
}

static void tell_launcher(struct stage *stage, const struct wire_layout *layout, const void *value)
{
    struct channel_message message = {layout, value, -1};

    reports_take_launcher(&stage->core, &message, now);
}

static const struct world_event *last_event(const struct stage *stage)
{
    return world_event(&stage->core.world, stage->core.world.event_count);
}

static struct vrrp_transition became_active(int64_t at_ns, int64_t heard_ns)
{
    return (struct vrrp_transition){
        .name = "registry",
        .family = AF_INET,
        .from = VRRP_BACKUP,
        .to = VRRP_ACTIVE,
        .reason = VRRP_REASON_TIMEOUT,
        .at_ns = at_ns,
        .last_advert_ns = heard_ns,
    };
}

/* A new connection tells the last ones again. */
static void a_transition_counts_once(void **slot)
{
    struct stage *stage = *slot;
    const struct vrrp_transition first = became_active(5 * S, 0);
    const struct vrrp_transition second = became_active(6 * S, 0);

    tell_vrrp(stage, &vrrp_message_transition, &first);
    tell_vrrp(stage, &vrrp_message_transition, &first);
    tell_vrrp(stage, &vrrp_message_transition, &second);
    tell_vrrp(stage, &vrrp_message_transition, &first);
    assert_int_equal(stage->router.transitions[VRRP_BACKUP][VRRP_ACTIVE][VRRP_REASON_TIMEOUT], 2);
    assert_int_equal(stage->core.world.event_count, 2);
    assert_string_equal(last_event(stage)->to, "active");
    assert_string_equal(last_event(stage)->text, "timeout");
}

static void what_is_not_ours_is_not_taken(void **slot)
{
    struct stage *stage = *slot;
    struct vrrp_transition foreign = became_active(5 * S, 0);
    struct vrrp_transition broken = became_active(5 * S, 0);

    foreign.family = AF_INET6;
    broken.to = VRRP_STATES;
    tell_vrrp(stage, &vrrp_message_transition, &foreign);
    tell_vrrp(stage, &vrrp_message_transition, &broken);
    assert_int_equal(stage->core.world.event_count, 0);
}

static void leaving_active_is_remembered(void **slot)
{
    struct stage *stage = *slot;
    struct vrrp_status status = {.name = "registry", .family = AF_INET, .state = VRRP_BACKUP};

    tell_vrrp(stage, &vrrp_message_status, &status);
    assert_int_equal(stage->core_router.left_active.ns, 0);
    status.state = VRRP_ACTIVE;
    tell_vrrp(stage, &vrrp_message_status, &status);
    assert_int_equal(stage->core_router.left_active.ns, 0);
    status.state = VRRP_BACKUP;
    tell_vrrp(stage, &vrrp_message_status, &status);
    assert_int_equal(stage->core_router.left_active.ns, now.ns);
    assert_true(stage->core.is_dirty);
}

static void a_process_that_is_another_one_was_restarted(void **slot)
{
    struct stage *stage = *slot;
    struct process_state state = {.pid = 10, .started_ns = 1};

    tell_vrrp(stage, &process_state_layout, &state);
    tell_vrrp(stage, &process_state_layout, &state);
    assert_int_equal(stage->core.world.processes[WORLD_VRRP].restarts, 0);
    state.started_ns = 2; /* the same number may come again */
    tell_vrrp(stage, &process_state_layout, &state);
    assert_int_equal(stage->core.world.processes[WORLD_VRRP].restarts, 1);
    assert_string_equal(last_event(stage)->object, "regha-vrrp");
}

static struct probe_state success_at(int64_t started_ns, int64_t ended_ns)
{
    return (struct probe_state){
        .params = {.name = "registry-read"},
        .health = PROBE_UP,
        .outcome = PROBE_OUTCOME_SUCCESS,
        .started = {started_ns},
        .ended = {ended_ns},
    };
}

/* From the last advert of the former Active, and from the start, to the first answer; once each. */
static void a_failover_is_measured_to_its_first_answer(void **slot)
{
    struct stage *stage = *slot;
    const struct vrrp_transition transition = became_active(100 * S, 99 * S);
    const struct registry_status status = {
        .name = "registry", .state = REGISTRY_RUNNING, .pid = 7, .started_ns = 101 * S};
    struct probe_state state = success_at(100 * S, 102 * S);

    tell_vrrp(stage, &vrrp_message_transition, &transition);
    tell_launcher(stage, &registry_message_status, &status);
    reports_take_probe(&stage->core, &state, false, now); /* asked before the start: not of it */
    assert_int_equal(stage->registry.ready.count, 0);
    state = success_at(101 * S, 102 * S);
    reports_take_probe(&stage->core, &state, true, now);
    state = success_at(103 * S, 104 * S);
    reports_take_probe(&stage->core, &state, false, now);
    assert_int_equal(stage->registry.ready.count, 1);
    assert_int_equal(stage->registry.ready.sum_ns, 1 * S);
    assert_int_equal(stage->router.failovers.count, 1);
    assert_int_equal(stage->router.failovers.sum_ns, 3 * S);
}

/* A reghad that was restarted sees a success, but not the first one; nor is a later start its end. */
static void a_start_before_our_time_is_not_measured(void **slot)
{
    struct stage *stage = *slot;
    const struct vrrp_transition transition = became_active(100 * S, 99 * S);
    struct registry_status status = {
        .name = "registry", .state = REGISTRY_RUNNING, .pid = 7, .started_ns = 101 * S};
    struct probe_state state = success_at(901 * S, 902 * S);

    stage->core.world.started.ns = 900 * S;
    tell_vrrp(stage, &vrrp_message_transition, &transition);
    tell_launcher(stage, &registry_message_status, &status);
    reports_take_probe(&stage->core, &state, true, now);
    assert_int_equal(stage->registry.ready.count, 0);
    assert_int_equal(stage->router.failovers.count, 0);
    assert_int_equal(stage->core_registry.ready_pid, 7);
    status.pid = 8;
    status.started_ns = 910 * S;
    tell_launcher(stage, &registry_message_status, &status);
    state = success_at(911 * S, 912 * S);
    reports_take_probe(&stage->core, &state, true, now);
    assert_int_equal(stage->registry.ready.sum_ns, 2 * S);
    assert_int_equal(stage->router.failovers.count, 0);
}

/* A registry that cannot be run here is judged at once, not with the next event. */
static void a_configuration_that_makes_no_sense_is_judged(void **slot)
{
    struct stage *stage = *slot;
    const struct registry_capture capture = {.name = "registry", .bundle_bytes = 0};

    tell_launcher(stage, &registry_message_capture, &capture);
    assert_true(stage->registry.facts_error[0] != '\0');
    assert_true(stage->core.is_dirty);
}

/* It died while the launcher was away, and that is still told. */
static void a_death_in_the_launchers_absence_is_told(void **slot)
{
    struct stage *stage = *slot;
    struct registry_status status = {.name = "registry", .state = REGISTRY_RUNNING, .pid = 7};

    tell_launcher(stage, &registry_message_status, &status);
    reports_process(&stage->core, WORLD_LAUNCHER, false, now);
    assert_false(stage->registry.known);
    status.state = REGISTRY_BACKOFF;
    status.pid = 0;
    snprintf(status.detail, sizeof(status.detail), "killed by signal 9");
    tell_launcher(stage, &registry_message_status, &status);
    assert_string_equal(last_event(stage)->from, "running");
    assert_string_equal(last_event(stage)->to, registry_message_state_name(REGISTRY_BACKOFF));
    assert_string_equal(last_event(stage)->text, "killed by signal 9");
    assert_true(stage->registry.known);
}

static void tell_net(struct stage *stage, const struct kernel_status *status)
{
    struct channel_message message = {&kernel_message_status, status, -1};

    reports_take_net(&stage->core, &message, now);
}

static void an_address_put_back_is_told(void **slot)
{
    struct stage *stage = *slot;
    struct kernel_status status = {
        .name = "registry", .interface = "eth0", .family = AF_INET, .restored = 3};

    tell_net(stage, &status); /* history of before we came */
    assert_int_equal(stage->core.world.event_count, 0);
    status.restored = 4;
    tell_net(stage, &status);
    assert_int_equal(stage->core.world.event_count, 1);
    assert_non_null(strstr(last_event(stage)->text, "is back"));
}

static void the_ring_keeps_the_newest_events(void **slot)
{
    struct stage *stage = *slot;

    for (int64_t at = 1; at <= WORLD_EVENTS + 10; at++) {
        const struct vrrp_transition transition = became_active(at, 0);
        tell_vrrp(stage, &vrrp_message_transition, &transition);
    }
    assert_null(world_event(&stage->core.world, 10));
    assert_int_equal(world_event(&stage->core.world, 11)->number, 11);
    assert_int_equal(last_event(stage)->number, WORLD_EVENTS + 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_transition_counts_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_ours_is_not_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(leaving_active_is_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_process_that_is_another_one_was_restarted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_failover_is_measured_to_its_first_answer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_start_before_our_time_is_not_measured, setup, teardown),
        cmocka_unit_test_setup_teardown(a_configuration_that_makes_no_sense_is_judged, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_death_in_the_launchers_absence_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_put_back_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ring_keeps_the_newest_events, setup, teardown),
    };

    log_open("reports_test", LOG_LEVEL_ERR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
