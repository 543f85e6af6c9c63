/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one program sends is what the other reads, whole; and every value has a name of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vrrp/message.h"

static const struct wire_layout *const layouts[] = {
    &vrrp_message_goal,   &vrrp_message_status,  &vrrp_message_transition, &vrrp_message_counters,
    &vrrp_message_strays, &vrrp_message_cluster, &vrrp_message_peer,
};

static void check_round_trip(const struct wire_layout *layout, const void *value)
{
    uint8_t bytes[WIRE_MESSAGE_BYTES];
    void *read = calloc(1, layout->struct_bytes);
    const int length = wire_encode(layout, value, bytes, sizeof(bytes));

    assert_non_null(read);
    assert_true(length > 0);
    assert_int_equal(wire_decode(layout, bytes, (size_t)length, read, layout->struct_bytes), 0);
    assert_memory_equal(read, value, layout->struct_bytes);
    free(read);
}

static void fill_addresses(struct address *addresses, size_t count)
{
    for (size_t at = 0; at < count; at++)
        addresses[at] = (struct address){AF_INET6, 64, {(uint8_t)(at + 1), 7, 9}};
}

/* The greatest goal there can be must fit into one message. */
static void test_goal_full(void **state)
{
    struct vrrp_goal goal;
    struct vrrp_params *params = &goal.params;

    (void)state;
    memset(&goal, 0, sizeof(goal)); /* holes between members are compared, too */
    memset(params->name, 'n', sizeof(params->name) - 1);
    memset(params->interface, 'i', sizeof(params->interface) - 1);
    params->vrid = 255;
    params->family = AF_INET;
    params->version = 3;
    params->priority = VRRP_PRIORITY_MAX;
    params->transport = VRRP_TRANSPORT_UNICAST;
    params->checksum = VRRP_CHECKSUM_RFC9568;
    params->preempt = true;
    params->address_count = VRRP_PARAMS_ADDRESSES;
    fill_addresses(params->addresses, VRRP_PARAMS_ADDRESSES);
    params->source = (struct address){AF_INET, 32, {10, 0, 0, 1}};
    params->peer_count = VRRP_PARAMS_PEERS;
    fill_addresses(params->peers, VRRP_PARAMS_PEERS);
    params->foreign_count = VRRP_PARAMS_FOREIGN;
    fill_addresses(params->foreign, VRRP_PARAMS_FOREIGN);
    params->advert_interval_ns = VRRP_PARAMS_ADVERT_INTERVAL_MAX_NS;
    params->preempt_delay_ns = 3 * NS_PER_S;
    params->guard_ns = 300 * NS_PER_MS;
    params->announce_repeat = 5;
    params->announce_refresh_ns = 60 * NS_PER_S;
    goal.priority = VRRP_PRIORITY_ORPHANED;
    goal.candidate = true;
    goal.orphan_grace_ns = 10 * NS_PER_S;
    check_round_trip(&vrrp_message_goal, &goal);
}

static void test_counters_full(void **state)
{
    struct vrrp_counters counters;
    struct vrrp_strays strays;

    (void)state;
    memset(&counters, 0, sizeof(counters));
    memset(&strays, 0, sizeof(strays));
    counters.vrid = 51;
    counters.family = AF_INET;
    counters.adverts_sent = UINT64_MAX;
    counters.send_errors = 3;
    for (size_t at = 0; at < VRRP_DROP_REASONS; at++) {
        counters.discarded[at] = at + 1;
        strays.discarded[at] = at + 100;
    }
    check_round_trip(&vrrp_message_counters, &counters);
    check_round_trip(&vrrp_message_strays, &strays);
}

static void test_status_and_transition(void **state)
{
    struct vrrp_status status;
    struct vrrp_transition transition;

    (void)state;
    memset(&status, 0, sizeof(status));
    memset(&transition, 0, sizeof(transition));
    status.state = VRRP_ACTIVE;
    status.priority = 255;
    status.orphaned = true;
    status.active = (struct address){AF_INET, 32, {10, 0, 0, 2}};
    status.down_interval_ns = 361 * NS_PER_MS;
    transition.from = VRRP_BACKUP;
    transition.to = VRRP_ACTIVE;
    transition.reason = VRRP_REASON_SHUTDOWN;
    transition.last_advert_ns = 17;
    check_round_trip(&vrrp_message_status, &status);
    check_round_trip(&vrrp_message_transition, &transition);
}

/* Full ones fit into a message as well. */
static void test_cluster_and_peer(void **state)
{
    struct vrrp_cluster_goal cluster;
    struct vrrp_peer_state peer;

    (void)state;
    memset(&cluster, 0, sizeof(cluster));
    memset(&peer, 0, sizeof(peer));
    cluster.self = 31;
    cluster.port = 9652;
    cluster.heartbeat_ns = 200 * NS_PER_MS;
    cluster.key_count = 2;
    memset(cluster.keys, 0xa5, sizeof(cluster.keys));
    cluster.node_count = VRRP_CLUSTER_NODES;
    for (size_t at = 0; at < VRRP_CLUSTER_NODES; at++) {
        memset(cluster.nodes[at].name, 'n', sizeof(cluster.nodes[at].name) - 1);
        cluster.nodes[at].address = (struct address){AF_INET, 32, {10, 0, 0, (uint8_t)at}};
    }
    cluster.blob_bytes = VRRP_PEER_BLOB_BYTES;
    memset(cluster.blob, 0x5a, sizeof(cluster.blob));
    check_round_trip(&vrrp_message_cluster, &cluster);

    memset(peer.name, 'p', sizeof(peer.name) - 1);
    peer.reachable = true;
    peer.incarnation = UINT64_MAX;
    for (size_t at = 0; at < VRRP_FRAME_DROPS; at++)
        peer.rejected[at] = at + 1;
    peer.router_count = VRRP_PEER_ROUTERS;
    for (size_t at = 0; at < VRRP_PEER_ROUTERS; at++)
        peer.routers[at] = (struct vrrp_peer_router){(uint8_t)at, AF_INET, VRRP_ACTIVE, 150};
    peer.blob_bytes = VRRP_PEER_BLOB_BYTES;
    check_round_trip(&vrrp_message_peer, &peer);
}

static void test_types_differ(void **state)
{
    (void)state;
    for (size_t a = 0; a < sizeof(layouts) / sizeof(layouts[0]); a++)
        for (size_t b = 0; b < a; b++)
            assert_int_not_equal(layouts[a]->type, layouts[b]->type);
}

/* A name that is missing or stands for two values would merge two series of a metric. */
static void check_names(const char *(*name)(int value), int count)
{
    for (int a = 0; a < count; a++) {
        assert_non_null(name(a));
        assert_string_not_equal(name(a), "unknown");
        for (int b = 0; b < a; b++)
            assert_string_not_equal(name(a), name(b));
    }
    assert_string_equal(name(count), "unknown");
}

static const char *state_name(int value)
{
    return vrrp_message_state_name((enum vrrp_state)value);
}

static const char *reason_name(int value)
{
    return vrrp_message_reason_name((enum vrrp_reason)value);
}

static const char *drop_name(int value)
{
    return vrrp_message_drop_name((enum vrrp_drop)value);
}

static const char *frame_drop_name(int value)
{
    return vrrp_message_frame_drop_name((enum vrrp_frame_drop)value);
}

static void test_names(void **state)
{
    (void)state;
    check_names(state_name, VRRP_STATES);
    check_names(reason_name, VRRP_REASONS);
    check_names(drop_name, VRRP_DROP_REASONS);
    check_names(frame_drop_name, VRRP_FRAME_DROPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goal_full),
        cmocka_unit_test(test_counters_full),
        cmocka_unit_test(test_status_and_transition),
        cmocka_unit_test(test_cluster_and_peer),
        cmocka_unit_test(test_types_differ),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
