/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * params - one virtual router, and the nodes, as the configuration describes them on this node.
 *
 * A virtual router with addresses of both families is two of these (RFC 9568 section 1.2).
 *
 * Source: RFC 9568 sections 5.2 and 6.1.
 */
#ifndef VRRP_PARAMS_H
#define VRRP_PARAMS_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/monotime.h"

#define VRRP_PARAMS_NAME_BYTES 32
#define VRRP_PARAMS_ADDRESSES  20
#define VRRP_PARAMS_PEERS      32
#define VRRP_PARAMS_FOREIGN    8

/* Max Advertise Interval is 12 bits of centiseconds. */
#define VRRP_PARAMS_ADVERT_INTERVAL_MIN_NS (1 * NS_PER_CS)
#define VRRP_PARAMS_ADVERT_INTERVAL_MAX_NS (4095 * NS_PER_CS)

/*
 * Priorities 1 to 8 are the degraded band: their sender would rather not be Active, and a healthy
 * Backup takes over from it even without preemption. Configured ones are above it.
 */
#define VRRP_PRIORITY_ORPHANED     1
#define VRRP_PRIORITY_DEGRADED_MAX 8
#define VRRP_PRIORITY_MIN          9
#define VRRP_PRIORITY_MAX          254

enum vrrp_transport {
    VRRP_TRANSPORT_MULTICAST,
    VRRP_TRANSPORT_UNICAST,
};

enum vrrp_checksum {
    VRRP_CHECKSUM_AUTO, /* send as RFC 5798, accept both, mirror a peer that only speaks the other */
    VRRP_CHECKSUM_RFC5798, /* IPv4 with pseudo-header, as deployed */
    VRRP_CHECKSUM_RFC9568, /* IPv4 without */
};

struct vrrp_params {
    char name[VRRP_PARAMS_NAME_BYTES];
    char interface[IFNAMSIZ];
    uint8_t vrid;     /* 1..255 */
    uint8_t family;   /* AF_INET or AF_INET6 */
    uint8_t version;  /* 2 or 3 */
    uint8_t priority; /* 1..254 */
    uint8_t transport;
    uint8_t checksum;
    bool preempt;
    uint8_t address_count;
    struct address addresses[VRRP_PARAMS_ADDRESSES];
    struct address
        source; /* this node's own address: where unicast is sent from, and the tie-break */
    uint8_t peer_count;
    struct address peers[VRRP_PARAMS_PEERS]; /* the other nodes; adverts of others are refused */
    uint8_t foreign_count;
    struct address foreign[VRRP_PARAMS_FOREIGN]; /* routers that are no nodes, and welcome */
    int64_t advert_interval_ns;
    int64_t preempt_delay_ns;
    int64_t guard_ns; /* without an advert of ours for so long our addresses are silent; 0: never */
    uint8_t announce_repeat;
    int64_t announce_refresh_ns;
};

#define VRRP_CLUSTER_NODES     32
#define VRRP_CLUSTER_KEY_BYTES 32

struct vrrp_cluster_key {
    uint8_t bytes[VRRP_CLUSTER_KEY_BYTES];
};

struct vrrp_cluster_node {
    char name[VRRP_PARAMS_NAME_BYTES];
    struct address address;
};

#define VRRP_PEER_BLOB_BYTES 1024

/* One per set, or none. The keys are subkeys for frames alone; the first is the one to send with. */
struct vrrp_cluster_goal {
    uint8_t self; /* index of this node */
    uint16_t port;
    int64_t heartbeat_ns;
    uint8_t key_count;
    struct vrrp_cluster_key keys[2];
    uint8_t node_count;
    struct vrrp_cluster_node nodes[VRRP_CLUSTER_NODES];
    uint16_t blob_bytes; /* what reghad tells the other ones */
    uint8_t blob[VRRP_PEER_BLOB_BYTES];
};

#endif
