/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/message.h"

#include <assert.h>

#define LAYOUT_OF(message, owner, type_, fields_)                                                  \
    const struct wire_layout vrrp_message_##message = {                                            \
        .type = type_,                                                                             \
        .version = 1,                                                                              \
        .struct_bytes = sizeof(struct owner),                                                      \
        .fields = fields_,                                                                         \
        .name = #owner,                                                                            \
    }
#define LAYOUT(message, type_, fields_) LAYOUT_OF(message, vrrp_##message, type_, fields_)

#define ADDRESS(owner, name)                                                                       \
    WIRE_UPTO(owner, name.family, AF_INET6), WIRE_UPTO(owner, name.prefix_bits, 128),              \
        WIRE_BYTES(owner, name.bytes)

/* An array without a count is its members, one by one. */
#define FOUR(owner, array, at)                                                                     \
    WIRE_INT(owner, array[at]), WIRE_INT(owner, array[at + 1]), WIRE_INT(owner, array[at + 2]),    \
        WIRE_INT(owner, array[at + 3])
#define DISCARDED(owner)                                                                           \
    FOUR(owner, discarded, 0), FOUR(owner, discarded, 4), FOUR(owner, discarded, 8),               \
        FOUR(owner, discarded, 12)
static_assert(VRRP_DROP_REASONS == 16, "DISCARDED() lists each reason");

static const struct wire_field goal_fields[] = {
    WIRE_TEXT(vrrp_goal, params.name),
    WIRE_TEXT(vrrp_goal, params.interface),
    WIRE_INT(vrrp_goal, params.vrid),
    WIRE_UPTO(vrrp_goal, params.family, AF_INET6),
    WIRE_UPTO(vrrp_goal, params.version, 3),
    WIRE_UPTO(vrrp_goal, params.priority, VRRP_PRIORITY_MAX),
    WIRE_UPTO(vrrp_goal, params.transport, VRRP_TRANSPORT_UNICAST),
    WIRE_UPTO(vrrp_goal, params.checksum, VRRP_CHECKSUM_RFC9568),
    WIRE_BOOL(vrrp_goal, params.preempt),
    WIRE_ARRAY(vrrp_goal, params.addresses, params.address_count, wire_address_fields),
    ADDRESS(vrrp_goal, params.source),
    WIRE_ARRAY(vrrp_goal, params.peers, params.peer_count, wire_address_fields),
    WIRE_ARRAY(vrrp_goal, params.foreign, params.foreign_count, wire_address_fields),
    WIRE_UPTO(vrrp_goal, params.advert_interval_ns, VRRP_PARAMS_ADVERT_INTERVAL_MAX_NS),
    WIRE_UPTO(vrrp_goal, params.preempt_delay_ns, INT64_MAX),
    WIRE_UPTO(vrrp_goal, params.guard_ns, INT64_MAX),
    WIRE_INT(vrrp_goal, params.announce_repeat),
    WIRE_UPTO(vrrp_goal, params.announce_refresh_ns, INT64_MAX),
    WIRE_UPTO(vrrp_goal, priority, VRRP_PRIORITY_MAX),
    WIRE_BOOL(vrrp_goal, candidate),
    WIRE_BOOL(vrrp_goal, yield),
    WIRE_BOOL(vrrp_goal, successor),
    WIRE_UPTO(vrrp_goal, orphan_grace_ns, INT64_MAX),
    WIRE_END,
};
LAYOUT(goal, VRRP_MESSAGE_GOAL, goal_fields);

static const struct wire_field status_fields[] = {
    WIRE_TEXT(vrrp_status, name),
    WIRE_TEXT(vrrp_status, interface),
    WIRE_INT(vrrp_status, vrid),
    WIRE_UPTO(vrrp_status, family, AF_INET6),
    WIRE_UPTO(vrrp_status, state, VRRP_STATES - 1),
    WIRE_INT(vrrp_status, priority),
    WIRE_BOOL(vrrp_status, candidate),
    WIRE_BOOL(vrrp_status, orphaned),
    WIRE_BOOL(vrrp_status, kernel_ready),
    WIRE_INT(vrrp_status, since_ns),
    ADDRESS(vrrp_status, active),
    WIRE_INT(vrrp_status, active_priority),
    WIRE_INT(vrrp_status, advert_interval_ns),
    WIRE_INT(vrrp_status, down_interval_ns),
    WIRE_END,
};
LAYOUT(status, VRRP_MESSAGE_STATUS, status_fields);

static const struct wire_field transition_fields[] = {
    WIRE_TEXT(vrrp_transition, name),
    WIRE_INT(vrrp_transition, vrid),
    WIRE_UPTO(vrrp_transition, family, AF_INET6),
    WIRE_UPTO(vrrp_transition, from, VRRP_STATES - 1),
    WIRE_UPTO(vrrp_transition, to, VRRP_STATES - 1),
    WIRE_UPTO(vrrp_transition, reason, VRRP_REASONS - 1),
    WIRE_INT(vrrp_transition, at_ns),
    WIRE_INT(vrrp_transition, last_advert_ns),
    WIRE_END,
};
LAYOUT(transition, VRRP_MESSAGE_TRANSITION, transition_fields);

static const struct wire_field counters_fields[] = {
    WIRE_TEXT(vrrp_counters, name),
    WIRE_INT(vrrp_counters, vrid),
    WIRE_UPTO(vrrp_counters, family, AF_INET6),
    WIRE_INT(vrrp_counters, adverts_sent),
    WIRE_INT(vrrp_counters, adverts_received),
    WIRE_INT(vrrp_counters, adverts_late),
    WIRE_INT(vrrp_counters, resignations_sent),
    WIRE_INT(vrrp_counters, resignations_received),
    WIRE_INT(vrrp_counters, resignations_ignored),
    WIRE_INT(vrrp_counters, asserted),
    WIRE_INT(vrrp_counters, checksums_rfc9568),
    WIRE_INT(vrrp_counters, interval_mismatches),
    WIRE_INT(vrrp_counters, address_mismatches),
    WIRE_INT(vrrp_counters, send_errors),
    DISCARDED(vrrp_counters),
    WIRE_END,
};
LAYOUT(counters, VRRP_MESSAGE_COUNTERS, counters_fields);

static const struct wire_field strays_fields[] = {
    WIRE_TEXT(vrrp_strays, interface),
    DISCARDED(vrrp_strays),
    WIRE_END,
};
LAYOUT(strays, VRRP_MESSAGE_STRAYS, strays_fields);

static const struct wire_field key_fields[] = {
    WIRE_BYTES(vrrp_cluster_key, bytes),
    WIRE_END,
};

static const struct wire_field node_fields[] = {
    WIRE_TEXT(vrrp_cluster_node, name),
    ADDRESS(vrrp_cluster_node, address),
    WIRE_END,
};

static const struct wire_field cluster_fields[] = {
    WIRE_UPTO(vrrp_cluster_goal, self, VRRP_CLUSTER_NODES - 1),
    WIRE_INT(vrrp_cluster_goal, port),
    WIRE_UPTO(vrrp_cluster_goal, heartbeat_ns, INT64_MAX),
    WIRE_ARRAY(vrrp_cluster_goal, keys, key_count, key_fields),
    WIRE_ARRAY(vrrp_cluster_goal, nodes, node_count, node_fields),
    WIRE_BLOCK(vrrp_cluster_goal, blob, blob_bytes),
    WIRE_END,
};
LAYOUT_OF(cluster, vrrp_cluster_goal, VRRP_MESSAGE_CLUSTER, cluster_fields);

static const struct wire_field router_fields[] = {
    WIRE_INT(vrrp_peer_router, vrid),
    WIRE_UPTO(vrrp_peer_router, family, AF_INET6),
    WIRE_UPTO(vrrp_peer_router, state, VRRP_STATES - 1),
    WIRE_INT(vrrp_peer_router, priority),
    WIRE_END,
};

static const struct wire_field peer_fields[] = {
    WIRE_TEXT(vrrp_peer_state, name),
    WIRE_UPTO(vrrp_peer_state, node, VRRP_CLUSTER_NODES - 1),
    WIRE_BOOL(vrrp_peer_state, reachable),
    WIRE_BOOL(vrrp_peer_state, leaving),
    WIRE_INT(vrrp_peer_state, seen_ns),
    WIRE_INT(vrrp_peer_state, since_ns),
    WIRE_INT(vrrp_peer_state, missed_ns),
    WIRE_BOOL(vrrp_peer_state, silent),
    WIRE_INT(vrrp_peer_state, incarnation),
    WIRE_INT(vrrp_peer_state, received),
    FOUR(vrrp_peer_state, rejected, 0),
    FOUR(vrrp_peer_state, rejected, 4),
    WIRE_ARRAY(vrrp_peer_state, routers, router_count, router_fields),
    WIRE_BLOCK(vrrp_peer_state, blob, blob_bytes),
    WIRE_END,
};
static_assert(VRRP_FRAME_DROPS == 8, "peer_fields lists each reason");
LAYOUT_OF(peer, vrrp_peer_state, VRRP_MESSAGE_PEER, peer_fields);

const char *vrrp_message_state_name(enum vrrp_state state)
{
    static const char *const names[] = {
        [VRRP_INITIALIZE] = "initialize",
        [VRRP_BACKUP] = "backup",
        [VRRP_ACTIVE] = "active",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == VRRP_STATES, "a name each");

    return state < VRRP_STATES ? names[state] : "unknown";
}

const char *vrrp_message_reason_name(enum vrrp_reason reason)
{
    static const char *const names[] = {
        [VRRP_REASON_STARTUP] = "startup",
        [VRRP_REASON_RESUMED] = "resumed",
        [VRRP_REASON_TIMEOUT] = "timeout",
        [VRRP_REASON_PEER_RESIGNED] = "peer-resigned",
        [VRRP_REASON_PEER_DEGRADED] = "peer-degraded",
        [VRRP_REASON_PREEMPTED] = "preempted",
        [VRRP_REASON_PREEMPT] = "preempt",
        [VRRP_REASON_NOT_CANDIDATE] = "not-candidate",
        [VRRP_REASON_INTERFACE_DOWN] = "interface-down",
        [VRRP_REASON_NO_KERNEL] = "no-kernel",
        [VRRP_REASON_OVERSLEPT] = "overslept",
        [VRRP_REASON_REMOVED] = "removed",
        [VRRP_REASON_SHUTDOWN] = "shutdown",
        [VRRP_REASON_HANDED_OVER] = "handed-over",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == VRRP_REASONS, "a name each");

    return reason < VRRP_REASONS ? names[reason] : "unknown";
}

const char *vrrp_message_drop_name(enum vrrp_drop drop)
{
    static const char *const names[] = {
        [VRRP_ACCEPTED] = "accepted",
        [VRRP_DROP_IP_HEADER] = "ip-header",
        [VRRP_DROP_TTL] = "ttl",
        [VRRP_DROP_TRUNCATED] = "truncated",
        [VRRP_DROP_VERSION] = "version",
        [VRRP_DROP_TYPE] = "type",
        [VRRP_DROP_CARP] = "carp",
        [VRRP_DROP_VRID] = "vrid",
        [VRRP_DROP_VERSION_MISMATCH] = "version-mismatch",
        [VRRP_DROP_ADDRESS_COUNT] = "address-count",
        [VRRP_DROP_LENGTH] = "length",
        [VRRP_DROP_CHECKSUM] = "checksum",
        [VRRP_DROP_INTERVAL] = "interval",
        [VRRP_DROP_DESTINATION] = "destination",
        [VRRP_DROP_OWN_SOURCE] = "own-source",
        [VRRP_DROP_FOREIGN_SOURCE] = "foreign-source",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == VRRP_DROP_REASONS, "a name each");

    return drop < VRRP_DROP_REASONS ? names[drop] : "unknown";
}

const char *vrrp_message_frame_drop_name(enum vrrp_frame_drop drop)
{
    static const char *const names[] = {
        [VRRP_FRAME_ACCEPTED] = "accepted",       [VRRP_FRAME_STRANGER] = "stranger",
        [VRRP_FRAME_LENGTH] = "length",           [VRRP_FRAME_SEAL] = "seal",
        [VRRP_FRAME_MALFORMED] = "malformed",     [VRRP_FRAME_RECEIVER] = "receiver",
        [VRRP_FRAME_INCARNATION] = "incarnation", [VRRP_FRAME_REPLAY] = "replay",
    };
    static_assert(sizeof(names) / sizeof(names[0]) == VRRP_FRAME_DROPS, "a name each");

    return drop < VRRP_FRAME_DROPS ? names[drop] : "unknown";
}
