/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes to regha-launcher, and when: over a real channel, with a launcher that is a list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "supervisord/reports.h"
#include "supervisord/steer.h"

#define GIVE_UP_NS (20 * NS_PER_S)
#define GOALS_MAX  8

struct stage {
    struct core core;
    struct settings settings;
    struct world_router router;
    struct core_router core_router;
    struct world_registry registry;
    struct core_registry core_registry;
    struct world_event events[WORLD_EVENTS];
    char folder[32];
    char path[48];
    struct loop *loop;
    struct channel_server *server;
    struct loop_timer give_up;
    struct registry_status found; /* what the launcher runs */
    size_t goal_count;
    bool runs[GOALS_MAX]; /* as asked, one after the other */
    bool readonly[GOALS_MAX];
    uint32_t serials[GOALS_MAX];
};

static void handle_connected(void *owner, struct channel_peer *peer)
{
    struct stage *stage = owner;

    assert_int_equal(channel_send(peer, &registry_message_status, &stage->found, -1), 0);
}

static void handle_wanted(void *owner, struct channel_peer *peer, const struct channel_goals *goals,
                          struct monotime now)
{
    struct stage *stage = owner;

    (void)peer;
    (void)now;
    for (size_t at = 0; at < goals->count && stage->goal_count < GOALS_MAX; at++) {
        const struct registry_goal *goal = goals->messages[at].value;
        stage->readonly[stage->goal_count] = goal->readonly;
        stage->serials[stage->goal_count] = goal->restart_serial;
        stage->runs[stage->goal_count++] = goal->run;
    }
    loop_stop(stage->loop, 0);
}

/* As the core does. */
static void handle_ready(void *owner, struct monotime now)
{
    struct stage *stage = owner;

    reports_process(&stage->core, WORLD_LAUNCHER, true, now);
    stage->core.is_new[WORLD_LAUNCHER] = true;
}

static void handle_received(void *owner, struct channel_message *state, struct monotime now)
{
    struct stage *stage = owner;

    reports_take_launcher(&stage->core, state, now);
}

static void handle_pass_end(void *owner, struct monotime now)
{
    struct stage *stage = owner;

    if (stage->core.is_dirty)
        steer_judge(&stage->core, now);
}

static void handle_give_up(struct loop_timer *timer, struct monotime now)
{
    struct stage *stage = timer->owner;

    (void)now;
    loop_stop(stage->loop, 1);
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    (void)timer;
    (void)now;
}

static void open_server(struct stage *stage)
{
    static const struct wire_layout *const goals[] = {&registry_message_goal, NULL};
    const struct channel_server_params params = {
        .path = stage->path,
        .group = (gid_t)-1,
        .goals = goals,
        .owner = stage,
        .connected = handle_connected,
        .wanted = handle_wanted,
    };
    struct err err;

    assert_int_equal(channel_server_open(stage->loop, &params, &stage->server, &err), 0);
}

static void open_client(struct stage *stage, enum world_process_kind kind, const char *path)
{
    const struct channel_client_params params = {
        .path = path,
        .server_user = geteuid(),
        .states = reports_launcher_states,
        .owner = stage,
        .received = handle_received,
        .ready = handle_ready,
    };
    struct err err;

    assert_int_equal(channel_client_open(stage->loop, &params, &stage->core.clients[kind], &err),
                     0);
}

static void set_names(struct stage *stage)
{
    snprintf(stage->router.settings.params.name, VRRP_PARAMS_NAME_BYTES, "registry");
    snprintf(stage->registry.settings.params.name, REGISTRY_NAME_BYTES, "registry");
    snprintf(stage->registry.settings.follows, VRRP_PARAMS_NAME_BYTES, "registry");
    snprintf(stage->found.name, REGISTRY_NAME_BYTES, "registry");
}

/* A reghad whose patience with those who are away is over, on a node that is Active. */
static int setup(void **ret_stage)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct core *core = &stage->core;
    struct err err;

    snprintf(stage->folder, sizeof(stage->folder), "/tmp/regha-steer.XXXXXX");
    assert_non_null(mkdtemp(stage->folder));
    snprintf(stage->path, sizeof(stage->path), "%s/socket", stage->folder);
    assert_int_equal(loop_new(NS_PER_S, &stage->loop, &err), 0);
    set_names(stage);
    stage->settings.self = SETTINGS_NO_NODE; /* no frames */
    core->world.settings = &stage->settings;
    core->world.routers = &stage->router;
    core->world.registries = &stage->registry;
    core->world.router_count = core->world.registry_count = 1;
    core->world.events = stage->events;
    core->routers = &stage->core_router;
    core->registries = &stage->core_registry;
    core->loop = stage->loop;
    core->has_begun = true;
    loop_timer_init(&core->again, "again", handle_timer, core);
    loop_timer_init(&core->hurry, "hurry", handle_timer, core);
    assert_int_equal(
        probe_set_new(stage->loop, reports_take_probe, core, &core->world.probes, &err), 0);
    loop_timer_init(&stage->give_up, "give up", handle_give_up, stage);
    loop_timer_set(stage->loop, &stage->give_up, monotime_add(monotime_now(), GIVE_UP_NS));
    loop_set_pass_end(stage->loop, handle_pass_end, stage);
    stage->router.known = true;
    stage->router.status.state = VRRP_ACTIVE;
    stage->core_router.is_decided = true;
    open_client(stage, WORLD_LAUNCHER, stage->path);
    open_client(stage, WORLD_VRRP, "/nowhere"); /* its states are set by hand */
    *ret_stage = stage;
    return 0;
}

static int teardown(void **slot)
{
    struct stage *stage = *slot;

    loop_timer_cancel(stage->loop, &stage->give_up);
    loop_timer_cancel(stage->loop, &stage->core.again);
    loop_timer_cancel(stage->loop, &stage->core.hurry);
    channel_client_close(stage->core.clients[WORLD_LAUNCHER]);
    channel_client_close(stage->core.clients[WORLD_VRRP]);
    channel_server_close(stage->server);
    probe_set_free(stage->core.world.probes);
    loop_free(stage->loop);
    rmdir(stage->folder);
    free(stage);
    return 0;
}

static void launcher_comes(struct stage *stage)
{
    open_server(stage);
    assert_int_equal(loop_run(stage->loop), 0);
}

/* Its configuration is read anew by a launcher that was restarted, which takes its time. */
static void a_running_registry_is_not_stopped_while_its_configuration_is_read(void **slot)
{
    struct stage *stage = *slot;

    stage->found.run = true;
    stage->found.state = REGISTRY_RUNNING;
    stage->found.pid = 7;
    launcher_comes(stage);
    assert_int_equal(stage->goal_count, 1);
    assert_true(stage->runs[0]);
}

/* What was judged without the launcher's snapshot says nothing of what it found running. */
static void a_late_launcher_is_not_told_what_was_judged_without_it(void **slot)
{
    struct stage *stage = *slot;

    stage->core_router.is_decided = false; /* regha-vrrp is away, too */
    stage->found.run = true;
    stage->found.state = REGISTRY_RUNNING;
    stage->found.pid = 7;
    steer_judge(&stage->core, monotime_now());
    assert_false(stage->registry.wanted);
    launcher_comes(stage);
    assert_int_equal(stage->goal_count, 1);
    assert_true(stage->runs[0]);
}

/* regha-vrrp waits for regha-net before it knows whether it resumes. */
static void a_restarted_router_stops_nothing_before_it_has_decided(void **slot)
{
    struct stage *stage = *slot;
    struct vrrp_status status = {.name = "registry", .family = 0, .state = VRRP_INITIALIZE};
    struct channel_message message = {&vrrp_message_status, &status, -1};
    struct monotime now = monotime_now();

    stage->registry.facts_known = stage->registry.known = stage->registry.wanted = true;
    stage->registry.status.run = true;
    reports_process(&stage->core, WORLD_VRRP, false, now);
    reports_take_vrrp(&stage->core, &message, now);
    now = monotime_add(now, NS_PER_S);
    steer_judge(&stage->core, now);
    assert_true(stage->registry.wanted);
    status.state = VRRP_BACKUP;
    reports_take_vrrp(&stage->core, &message, now);
    steer_judge(&stage->core, now);
    assert_false(stage->registry.wanted);
}

/* What comes of its configuration, its secret too, is missing yet. */
static void a_stopped_registry_waits_for_its_configuration(void **slot)
{
    struct stage *stage = *slot;

    launcher_comes(stage);
    assert_int_equal(stage->goal_count, 1);
    assert_false(stage->runs[0]);
    stage->registry.facts_known = true;
    stage->core.is_dirty = true;
    assert_int_equal(loop_run(stage->loop), 0);
    assert_int_equal(stage->goal_count, 2);
    assert_true(stage->runs[1]);
}

static void found_running(struct stage *stage, bool readonly)
{
    stage->found.run = true;
    stage->found.state = REGISTRY_RUNNING;
    stage->found.pid = 7;
    stage->found.readonly = readonly;
}

/* Another start, and one only: the launcher takes its time until it reports another process. */
static void a_registry_turns_read_only_by_one_restart(void **slot)
{
    struct stage *stage = *slot;

    stage->core_router.memory.readonly = true; /* as judged: writes fail */
    found_running(stage, false);
    launcher_comes(stage);
    assert_int_equal(stage->goal_count, 1);
    assert_true(stage->runs[0] && stage->readonly[0]);
    assert_int_equal(stage->serials[0], 0); /* the first set of a connection restarts nothing */
    stage->core.is_dirty = true;
    assert_int_equal(loop_run(stage->loop), 0);
    assert_int_equal(stage->goal_count, 2);
    assert_int_equal(stage->serials[1], 1);
    assert_int_equal(stage->core_registry.restart_serial, 1);
    stage->registry.status.readonly = true;
    stage->registry.status.pid = 8;
    steer_judge(&stage->core, monotime_now());
    assert_int_equal(stage->core_registry.restart_serial, 1);
    stage->core_router.memory.readonly = false;
    steer_judge(&stage->core, monotime_now());
    assert_int_equal(stage->core_registry.restart_serial, 2); /* and back */
}

/* A reghad that was restarted has not seen the store yet. */
static void what_is_found_read_only_stays_so(void **slot)
{
    struct stage *stage = *slot;

    found_running(stage, true);
    launcher_comes(stage);
    assert_true(stage->readonly[0]);
    assert_int_equal(stage->serials[0], 0);
    assert_true(stage->core_router.memory.readonly);
}

/* People's word goes before what is judged, either way. */
static void an_operator_decides_what_a_registry_does(void **slot)
{
    struct stage *stage = *slot;
    struct operator_registry *word = operator_add_registry(&stage->core.world.operator, "registry");

    found_running(stage, false);
    word->write = OPERATOR_WRITE_READONLY;
    launcher_comes(stage);
    assert_true(stage->runs[0] && stage->readonly[0]);
    word->write = OPERATOR_WRITE_READWRITE;
    stage->core_router.memory.readonly = true;
    steer_judge(&stage->core, monotime_now());
    assert_false(stage->registry.readonly);
    word->run = OPERATOR_RUN_STOP;
    steer_judge(&stage->core, monotime_now());
    assert_false(stage->registry.wanted);
    stage->core_router.memory.readonly =
        false; /* the store is well: that word has had its effect */
    steer_judge(&stage->core, monotime_now());
    assert_int_equal(word->write, OPERATOR_WRITE_AUTO);
    assert_int_equal(word->run, OPERATOR_RUN_STOP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_running_registry_is_not_stopped_while_its_configuration_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_registry_turns_read_only_by_one_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_found_read_only_stays_so, setup, teardown),
        cmocka_unit_test_setup_teardown(an_operator_decides_what_a_registry_does, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_launcher_is_not_told_what_was_judged_without_it,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_restarted_router_stops_nothing_before_it_has_decided,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_stopped_registry_waits_for_its_configuration, setup,
                                        teardown),
    };

    log_open("steer_test", LOG_LEVEL_ERR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
