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
#include "supervisord/cluster/peers.h"

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
    struct core_registry core_registry;
    struct world_node nodes[2];
    struct world_event events[WORLD_EVENTS];
};

/* 64 digits, all the same. */
static void set_digest(char digest[REGISTRY_DIGEST_BYTES], char digit)
{
    memset(digest, digit, REGISTRY_DIGEST_BYTES - 1);
    digest[REGISTRY_DIGEST_BYTES - 1] = '\0';
}

static struct stage *stage_new(int self, char digest)
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
    set_digest(stage->registry.status.captured_digest, digest);
    world->settings = &stage->settings;
    world->events = stage->events;
    world->routers = &stage->router;
    world->registries = &stage->registry;
    world->nodes = stage->nodes;
    world->router_count = world->registry_count = 1;
    world->node_count = 2;
    stage->core.routers = &stage->core_router;
    stage->core.registries = &stage->core_registry;
    stage->core.key_count = 1;
    return stage;
}

/* As regha-vrrp would hand `from`'s news to `to`. */
static void exchange(struct stage *from, struct stage *to, bool reachable)
{
    struct vrrp_cluster_goal goal;
    struct vrrp_peer_state state = {.reachable = reachable, .seen_ns = now.ns};

    assert_true(peers_goal(&from->core, &goal, now));
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
    struct stage *n1 = stage_new(0, 'a'), *n2 = stage_new(1, 'a');

    (void)unused;
    n1->registry.status.state = REGISTRY_RUNNING;
    exchange(n1, n2, true);
    assert_true(n2->nodes[0].reachable);
    assert_int_equal(n2->nodes[0].role, VRRP_ACTIVE);
    assert_int_equal(n2->nodes[0].registry_state, REGISTRY_RUNNING);
    assert_string_equal(n2->nodes[0].digest, n1->registry.status.captured_digest);
    assert_string_equal(n2->nodes[0].version, REGHA_VERSION);
    assert_true(n2->nodes[1].reachable); /* itself */
    assert_false(n2->registry.drifted);
    assert_int_equal(n2->core.world.event_count, 1); /* n1 is reachable */
    free(n1);
    free(n2);
}

static void another_digest_is_drift_until_it_is_gone(void **unused)
{
    struct stage *n1 = stage_new(0, 'a'), *n2 = stage_new(1, 'b');

    (void)unused;
    exchange(n1, n2, true);
    assert_false(n2->registry.drifted); /* one of them may have just started */
    assert_int_equal(peers_compare(&n2->core, now).ns, later.ns);
    assert_int_equal(peers_compare(&n2->core, later).ns, MONOTIME_NEVER.ns);
    assert_true(n2->registry.drifted);
    assert_string_equal(n2->registry.drift, "n1 has aaaaaaaaaaaa, here is bbbbbbbbbbbb");
    exchange(n1, n2, false); /* who is silent says nothing about now */
    assert_false(n2->registry.drifted);
    set_digest(n2->registry.status.captured_digest, 'a');
    exchange(n1, n2, true);
    assert_false(n2->registry.drifted);
    free(n1);
    free(n2);
}

static void files_that_changed_under_a_running_registry_are_drift(void **unused)
{
    struct stage *n1 = stage_new(0, 'b');

    (void)unused;
    n1->registry.status.pid = 7;
    peers_compare(&n1->core, now);
    peers_compare(&n1->core, later);
    assert_false(n1->registry.drifted); /* just spawned: it is not known yet with what */
    set_digest(n1->registry.status.digest, 'a');
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
    struct stage *n2 = stage_new(1, 'a');
    const struct vrrp_peer_state states[] = {
        {.name = "n1", .reachable = true, .seen_ns = 1},
        {.name = "n1", .reachable = true, .seen_ns = 2, .blob_bytes = 4, .blob = {48, 1, 0, 0}},
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

/* What a node says of itself beside its registries, and when that was. */
static void what_people_said_of_a_node_arrives(void **unused)
{
    struct stage *n1 = stage_new(0, 'a'), *n2 = stage_new(1, 'a');

    (void)unused;
    n1->core.world.operator.mode = OPERATOR_DRAINED;
    n1->router.eligible = true;
    n1->core_registry.failed.ns = now.ns - 7 * NS_PER_S;
    exchange(n1, n2, true);
    const struct peers_news *news = &n2->nodes[0].news;
    assert_int_equal(news->mode, OPERATOR_DRAINED);
    assert_int_equal(peers_news_router(news, 51, AF_INET)->flags, PEERS_NEWS_ELIGIBLE);
    assert_int_equal(peers_news_registry(news, "registry")->failed_age_ns, 7 * NS_PER_S);
    assert_int_equal(n2->nodes[0].news_at.ns, now.ns);
    assert_int_equal(n2->nodes[1].news.mode, OPERATOR_READY); /* itself, in the same words */
    free(n1);
    free(n2);
}

/* Ages alone go out once a second, a change at once; and the serial tells which is which. */
static void news_are_told_when_they_are(void **unused)
{
    struct stage *n1 = stage_new(0, 'a');
    struct vrrp_cluster_goal first, goal;

    (void)unused;
    n1->core_registry.failed.ns = now.ns - NS_PER_S;
    assert_true(peers_goal(&n1->core, &first, now));
    assert_true(peers_goal(&n1->core, &goal, monotime_add(now, NS_PER_S / 2)));
    assert_memory_equal(&goal, &first, sizeof(goal));
    assert_true(peers_goal(&n1->core, &goal, monotime_add(now, NS_PER_S)));
    assert_memory_not_equal(goal.blob, first.blob, sizeof(goal.blob));
    first = goal;
    n1->core.world.operator.mode = OPERATOR_MAINTENANCE;
    assert_true(peers_goal(&n1->core, &goal, monotime_add(now, NS_PER_S + 1)));
    assert_memory_not_equal(goal.blob, first.blob, sizeof(goal.blob));
    free(n1);
}

static void without_a_key_nothing_is_said(void **unused)
{
    struct stage *n1 = stage_new(0, 'a');
    struct vrrp_cluster_goal goal;

    (void)unused;
    n1->core.key_count = 0;
    assert_false(peers_goal(&n1->core, &goal, now));
    free(n1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_node_tells_arrives),
        cmocka_unit_test(another_digest_is_drift_until_it_is_gone),
        cmocka_unit_test(files_that_changed_under_a_running_registry_are_drift),
        cmocka_unit_test(news_that_cannot_be_read_change_nothing_else),
        cmocka_unit_test(what_people_said_of_a_node_arrives),
        cmocka_unit_test(news_are_told_when_they_are),
        cmocka_unit_test(without_a_key_nothing_is_said),
    };

    log_open("peers_test", LOG_LEVEL_ERR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
