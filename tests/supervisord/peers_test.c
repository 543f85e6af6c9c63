/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one node tells another arrives there; drift is found in both directions, and only then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "supervisord/peers.h"

static const struct monotime now = {1000 * NS_PER_S};
static const struct monotime later = {1003 * NS_PER_S};

/* One node's view of a cluster of two. */
struct stage {
    struct core core;
    struct settings settings;
    struct settings_node node_settings[2];
    struct world_router router;
    struct core_router core_router;
    struct world_registry registry;
    struct world_node nodes[2];
    struct world_event events[WORLD_EVENTS];
};

static struct stage *stage_new(int self, const char *digest)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    struct world *world = &stage->core.world;

    for (int at = 0; at < 2; at++) {
        snprintf(stage->node_settings[at].name, SETTINGS_NAME_BYTES, "n%d", at + 1);
        stage->nodes[at].settings = stage->node_settings[at];
        stage->nodes[at].self = at == self;
    }
    stage->settings =
        (struct settings){.self = self, .node_count = 2, .nodes = stage->node_settings};
    stage->router.settings.params.vrid = 51;
    stage->router.settings.params.family = AF_INET;
    snprintf(stage->registry.settings.params.name, REGISTRY_NAME_BYTES, "registry");
    snprintf(stage->registry.status.captured_digest, REGISTRY_DIGEST_BYTES, "%s", digest);
    world->settings = &stage->settings;
    world->events = stage->events;
    world->routers = &stage->router;
    world->registries = &stage->registry;
    world->nodes = stage->nodes;
    world->router_count = world->registry_count = 1;
    world->node_count = 2;
    stage->core.routers = &stage->core_router;
    stage->core.key_count = 1;
    return stage;
}

/* As regha-vrrp would hand `from`'s news to `to`. */
static void exchange(const struct stage *from, struct stage *to, bool reachable)
{
    struct vrrp_cluster_goal goal;
    struct vrrp_peer_state state = {.reachable = reachable, .seen_ns = now.ns};

    assert_true(peers_goal(&from->core, &goal));
    snprintf(state.name, sizeof(state.name), "%s", goal.nodes[goal.self].name);
    state.router_count = 1;
    state.routers[0] = (struct vrrp_peer_router){51, AF_INET, VRRP_ACTIVE, 150};
    state.blob_bytes = goal.blob_bytes;
    memcpy(state.blob, goal.blob, sizeof(state.blob));
    peers_take(&to->core, &state, now);
    peers_compare(&to->core, now);
}

static void what_a_node_tells_arrives(void **unused)
{
    struct stage *n1 = stage_new(0, "aaaa"), *n2 = stage_new(1, "aaaa");

    (void)unused;
    n1->registry.status.state = REGISTRY_RUNNING;
    exchange(n1, n2, true);
    assert_true(n2->nodes[0].reachable);
    assert_int_equal(n2->nodes[0].role, VRRP_ACTIVE);
    assert_int_equal(n2->nodes[0].registry_state, REGISTRY_RUNNING);
    assert_string_equal(n2->nodes[0].digest, "aaaa");
    assert_string_equal(n2->nodes[0].version, REGHA_VERSION);
    assert_true(n2->nodes[1].reachable); /* itself */
    assert_false(n2->registry.drifted);
    assert_int_equal(n2->core.world.event_count, 1); /* n1 is reachable */
    free(n1);
    free(n2);
}

static void another_digest_is_drift_until_it_is_gone(void **unused)
{
    struct stage *n1 = stage_new(0, "aaaa"), *n2 = stage_new(1, "bbbb");

    (void)unused;
    exchange(n1, n2, true);
    assert_false(n2->registry.drifted); /* one of them may have just started */
    assert_int_equal(peers_compare(&n2->core, now).ns, later.ns);
    assert_int_equal(peers_compare(&n2->core, later).ns, MONOTIME_NEVER.ns);
    assert_true(n2->registry.drifted);
    assert_string_equal(n2->registry.drift, "n1 has aaaa, here is bbbb");
    exchange(n1, n2, false); /* who is silent says nothing about now */
    assert_false(n2->registry.drifted);
    snprintf(n2->registry.status.captured_digest, REGISTRY_DIGEST_BYTES, "aaaa");
    exchange(n1, n2, true);
    assert_false(n2->registry.drifted);
    free(n1);
    free(n2);
}

static void files_that_changed_under_a_running_registry_are_drift(void **unused)
{
    struct stage *n1 = stage_new(0, "bbbb");

    (void)unused;
    n1->registry.status.pid = 7;
    peers_compare(&n1->core, now);
    peers_compare(&n1->core, later);
    assert_false(n1->registry.drifted); /* just spawned: it is not known yet with what */
    snprintf(n1->registry.status.digest, REGISTRY_DIGEST_BYTES, "aaaa");
    n1->registry.status.pid = 0;
    peers_compare(&n1->core, now);
    peers_compare(&n1->core, later);
    assert_false(n1->registry.drifted); /* nothing runs */
    n1->registry.status.pid = 7;
    peers_compare(&n1->core, now);
    peers_compare(&n1->core, later);
    assert_string_equal(n1->registry.drift, "its files changed since it was started");
    free(n1);
}

/* An older or newer reghad, or none: the frame still says that the node is there. */
static void news_that_cannot_be_read_change_nothing_else(void **unused)
{
    struct stage *n2 = stage_new(1, "aaaa");
    const struct vrrp_peer_state states[] = {
        {.name = "n1", .reachable = true, .seen_ns = 1},
        {.name = "n1", .reachable = true, .seen_ns = 2, .blob_bytes = 4, .blob = {48, 9, 0, 0}},
        {.name = "nobody", .reachable = true, .seen_ns = 3},
    };

    (void)unused;
    for (size_t at = 0; at < sizeof(states) / sizeof(states[0]); at++)
        peers_take(&n2->core, &states[at], now);
    assert_true(n2->nodes[0].reachable);
    assert_string_equal(n2->nodes[0].version, "");
    assert_int_equal(n2->nodes[0].seen.ns, 2);
    free(n2);
}

static void without_a_key_nothing_is_said(void **unused)
{
    struct stage *n1 = stage_new(0, "aaaa");
    struct vrrp_cluster_goal goal;

    (void)unused;
    n1->core.key_count = 0;
    assert_false(peers_goal(&n1->core, &goal));
    free(n1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_node_tells_arrives),
        cmocka_unit_test(another_digest_is_drift_until_it_is_gone),
        cmocka_unit_test(files_that_changed_under_a_running_registry_are_drift),
        cmocka_unit_test(news_that_cannot_be_read_change_nothing_else),
        cmocka_unit_test(without_a_key_nothing_is_said),
    };

    log_open("peers_test", LOG_LEVEL_ERR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
