/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message - what regha-vrrp is asked for, and what it reports.
 *
 * reghad sends one vrrp_goal per virtual router and family. regha-vrrp answers with a vrrp_status
 * on connect and after each change, with a vrrp_transition for each change of state (the last
 * ones on connect, too), and with vrrp_counters each second. With a vrrp_cluster_goal it exchanges
 * peer frames, and tells a vrrp_peer_state per node, on connect, after changes and each second.
 */
#ifndef VRRP_MESSAGE_H
#define VRRP_MESSAGE_H

#include "base/wire.h"
#include "vrrp/params.h"

/* RFC 9568 section 6.3. */
enum vrrp_state {
    VRRP_INITIALIZE,
    VRRP_BACKUP,
    VRRP_ACTIVE,
    VRRP_STATES,
};

/* Why a state changed; the label `reason` of regha_vrrp_transitions_total. */
enum vrrp_reason {
    VRRP_REASON_STARTUP,        /* first goal; Backup listens */
    VRRP_REASON_RESUMED,        /* restarted within the rules and still Active */
    VRRP_REASON_TIMEOUT,        /* Active_Down_Timer */
    VRRP_REASON_PEER_RESIGNED,  /* priority 0 was heard */
    VRRP_REASON_PEER_DEGRADED,  /* a degraded Active was heard */
    VRRP_REASON_PREEMPTED,      /* a better router was heard */
    VRRP_REASON_PREEMPT,        /* we are better, and may */
    VRRP_REASON_NOT_CANDIDATE,  /* reghad took the candidacy back */
    VRRP_REASON_INTERFACE_DOWN, /* no link, no device, or no address to send from */
    VRRP_REASON_NO_KERNEL,      /* regha-net is away: a Backup does not become Active */
    VRRP_REASON_OVERSLEPT,      /* we stood still for longer than a peer waits */
    VRRP_REASON_REMOVED,        /* no longer in the configuration */
    VRRP_REASON_SHUTDOWN,
    VRRP_REASON_HANDED_OVER, /* the Active resigned, and named us */
    VRRP_REASONS,
};

/* What is discarded, and why; labels of regha_vrrp_packets_discarded_total. reference: RFC 9568 7.1. */
enum vrrp_drop {
    VRRP_ACCEPTED,
    VRRP_DROP_IP_HEADER,        /* no complete IPv4 header, or lengths that disagree */
    VRRP_DROP_TTL,              /* not 255: it crossed a router */
    VRRP_DROP_TRUNCATED,        /* shorter than the fixed part */
    VRRP_DROP_VERSION,          /* neither 2 nor 3 */
    VRRP_DROP_TYPE,             /* not ADVERTISEMENT */
    VRRP_DROP_CARP,             /* the other protocol of this number */
    VRRP_DROP_VRID,             /* not configured on this interface */
    VRRP_DROP_VERSION_MISMATCH, /* not the version of our virtual router */
    VRRP_DROP_ADDRESS_COUNT,    /* none (erratum 8299) */
    VRRP_DROP_LENGTH,           /* not exactly what the count says */
    VRRP_DROP_CHECKSUM,
    VRRP_DROP_INTERVAL,       /* 0 (erratum 8301) */
    VRRP_DROP_DESTINATION,    /* multicast in unicast mode or the other way round */
    VRRP_DROP_OWN_SOURCE,     /* our own address: looped, or used twice */
    VRRP_DROP_FOREIGN_SOURCE, /* no node, not listed as foreign */
    VRRP_DROP_REASONS,
};

struct vrrp_goal {
    struct vrrp_params params; /* params.priority: the configured one */
    uint8_t priority;          /* the effective one: params.priority, or in the degraded band */
    bool candidate;            /* false: resign, listen, never become Active */
    bool yield;     /* of no candidate: the addresses go first, then it resigns; one is named */
    bool successor; /* the named one: Active at once when the Active resigns */
    int64_t orphan_grace_ns;
};

struct vrrp_status {
    char name[VRRP_PARAMS_NAME_BYTES];
    char interface[IFNAMSIZ];
    uint8_t vrid;
    uint8_t family;
    uint8_t state;    /* enum vrrp_state */
    uint8_t priority; /* advertised; VRRP_PRIORITY_ORPHANED while orphaned */
    bool candidate;
    bool orphaned;
    bool kernel_ready;     /* regha-net is there */
    int64_t since_ns;      /* CLOCK_MONOTONIC of the last change */
    struct address active; /* who is Active as far as we know; family 0: nobody heard */
    uint8_t active_priority;
    int64_t advert_interval_ns; /* in force: ours, or learnt */
    int64_t down_interval_ns;
};

struct vrrp_transition {
    char name[VRRP_PARAMS_NAME_BYTES];
    uint8_t vrid;
    uint8_t family;
    uint8_t from;
    uint8_t to;
    uint8_t reason;
    int64_t at_ns;          /* CLOCK_MONOTONIC */
    int64_t last_advert_ns; /* when the former Active was last heard; 0: never */
};

struct vrrp_counters {
    char name[VRRP_PARAMS_NAME_BYTES];
    uint8_t vrid;
    uint8_t family;
    uint64_t adverts_sent;
    uint64_t adverts_received;
    uint64_t adverts_late; /* sent more than a tenth of the interval after their time */
    uint64_t resignations_sent;
    uint64_t resignations_received;
    uint64_t resignations_ignored; /* of somebody else than the Active we follow */
    uint64_t asserted;             /* adverts sent at once because a lesser router advertised */
    uint64_t checksums_rfc9568;    /* adverts whose checksum leaves the pseudo-header out */
    uint64_t interval_mismatches;  /* adverts with another interval than ours, accepted */
    uint64_t address_mismatches;   /* adverts for other addresses than ours, accepted */
    uint64_t send_errors;
    uint64_t discarded[VRRP_DROP_REASONS]; /* only of packets with this VRID */
};

/* Packets that belong to no virtual router of ours, per interface. */
struct vrrp_strays {
    char interface[IFNAMSIZ];
    uint64_t discarded[VRRP_DROP_REASONS];
};

#define VRRP_PEER_ROUTERS 64

/* Why a peer frame did not count. */
enum vrrp_frame_drop {
    VRRP_FRAME_ACCEPTED,
    VRRP_FRAME_STRANGER,    /* from an address that is no node's */
    VRRP_FRAME_LENGTH,      /* too short or too long for any frame */
    VRRP_FRAME_SEAL,        /* of another key, or forged */
    VRRP_FRAME_MALFORMED,   /* sealed rightly, and yet not one we can read: another version */
    VRRP_FRAME_RECEIVER,    /* to a former life of ours, or before they knew us */
    VRRP_FRAME_INCARNATION, /* of a life we have not challenged yet */
    VRRP_FRAME_REPLAY,      /* as old as one that was accepted, or older */
    VRRP_FRAME_DROPS,
};

/* A virtual router as another node has it. */
struct vrrp_peer_router {
    uint8_t vrid;
    uint8_t family;
    uint8_t state;
    uint8_t priority;
};

struct vrrp_peer_state {
    char name[VRRP_PARAMS_NAME_BYTES];
    uint8_t node;      /* index in the goal; our own: only `rejected` means something */
    bool reachable;    /* fewer than three frames missed */
    bool leaving;      /* it said so; its silence is none */
    int64_t seen_ns;   /* CLOCK_MONOTONIC of its last frame that counted; 0: never */
    int64_t since_ns;  /* of the last change of `reachable` */
    int64_t missed_ns; /* when the first frame or advert was due that is missing; 0: none is */
    bool silent;       /* not reachable, or its adverts ended with no frame since; see presence.h */
    uint64_t incarnation; /* of its regha-vrrp; 0: not known */
    uint64_t received;    /* that counted */
    uint64_t rejected[VRRP_FRAME_DROPS];
    uint8_t router_count;
    struct vrrp_peer_router routers[VRRP_PEER_ROUTERS];
    uint16_t blob_bytes;
    uint8_t blob[VRRP_PEER_BLOB_BYTES];
};

enum vrrp_message_type {
    VRRP_MESSAGE_GOAL = 32,
    VRRP_MESSAGE_STATUS,
    VRRP_MESSAGE_TRANSITION,
    VRRP_MESSAGE_COUNTERS,
    VRRP_MESSAGE_STRAYS,
    VRRP_MESSAGE_CLUSTER,
    VRRP_MESSAGE_PEER,
};

extern const struct wire_layout vrrp_message_goal;
extern const struct wire_layout vrrp_message_status;
extern const struct wire_layout vrrp_message_transition;
extern const struct wire_layout vrrp_message_counters;
extern const struct wire_layout vrrp_message_strays;
extern const struct wire_layout vrrp_message_cluster;
extern const struct wire_layout vrrp_message_peer;

const char *vrrp_message_state_name(enum vrrp_state state);    /* "initialize" "backup" "active" */
const char *vrrp_message_reason_name(enum vrrp_reason reason); /* "peer-resigned" */
const char *vrrp_message_drop_name(enum vrrp_drop drop);       /* "foreign-source" */
const char *vrrp_message_frame_drop_name(enum vrrp_frame_drop drop); /* "replay" */

#endif
