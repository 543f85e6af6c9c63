/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message - what regha-net is asked for, and what it reports.
 *
 * regha-vrrp sends one kernel_goal per virtual router and family, reghad one kernel_breaker_goal.
 * Everyone gets kernel_link for each interface named in a goal, kernel_status for each goal, and
 * kernel_breaker_status, on connect and after each change.
 */
#ifndef VRRP_KERNEL_MESSAGE_H
#define VRRP_KERNEL_MESSAGE_H

#include <net/if.h>

#include "base/address.h"
#include "base/wire.h"

#define KERNEL_NAME_BYTES 32
#define KERNEL_ADDRESSES  20
#define KERNEL_MAC_BYTES  6

/* The number in IFA_PROTO that says: put there by regha. linux/if_addr.h, kernel 5.18. */
#define KERNEL_ADDRESS_PROTOCOL 0x72

/*
 * regha-vrrp marks its adverts (SO_MARK) with this, the VRID, and for IPv6 the bit; never those of
 * priority 0. That they leave is what keeps guarded addresses audible.
 */
#define KERNEL_GUARD_MARK      0x72000000
#define KERNEL_GUARD_MARK_IPV6 0x00000100
/* Counts as an advert does, and is then dropped: for adverts that may not get out. */
#define KERNEL_GUARD_MARK_PULSE 0x00000200

struct kernel_goal {
    char name[KERNEL_NAME_BYTES];
    char interface[IFNAMSIZ];
    uint8_t vrid;
    uint8_t family;
    bool hold; /* true: the addresses are there and announced; false: they are not */
    uint8_t address_count;
    struct address addresses[KERNEL_ADDRESSES];
    uint8_t announce_repeat;     /* gratuitous ARPs (or NAs) per address in a burst */
    int64_t announce_refresh_ns; /* a single one again and again; 0: never */
    uint32_t announce_serial;    /* another number than before: announce once more */
    int64_t
        guard_ns; /* without a marked advert for so long the addresses are silent; 0: no guard */
};

struct kernel_status {
    char name[KERNEL_NAME_BYTES];
    char interface[IFNAMSIZ];
    uint8_t vrid;
    uint8_t family;
    bool hold; /* as wanted */
    uint8_t address_count;
    struct address addresses[KERNEL_ADDRESSES];
    bool present[KERNEL_ADDRESSES]; /* kernel truth, whoever put it there */
    bool settled;                   /* kernel truth is what is wanted */
    int32_t error;                  /* errno of the last change that failed; 0: none */
    uint64_t announcements;         /* sent */
    uint64_t restored;              /* addresses put back because somebody else removed them */
    uint64_t removed_strays;        /* leftovers removed */
    bool guarded;                   /* the guard is in force */
    uint64_t guard_rebuilt;         /* how often somebody removed its rules */
    int64_t changed_ns;             /* CLOCK_MONOTONIC when it last settled */
};

struct kernel_link {
    char interface[IFNAMSIZ];
    uint32_t index; /* 0: no such device */
    bool up;        /* administratively up and carrier */
    uint8_t mac[KERNEL_MAC_BYTES];
    uint32_t mtu;
    struct address
        ipv4; /* the first address of its own, never one of ours to move; family 0: none */
    struct address ipv6; /* the first link-local one */
};

#define KERNEL_BREAKER_PEERS   64
#define KERNEL_BREAKER_LIFE_NS INT64_C(1000000000)

/* A storage peer, and whether local and forwarded connections to it are to be answered by a reset. */
struct kernel_breaker_peer {
    struct address address;
    uint16_t port;
    bool open;
};

/*
 * All storage peers that are watched. What is open stays so for KERNEL_BREAKER_LIFE_NS after the
 * last goal that said so, whoever dies: reghad sends it again four times as often while any is.
 */
struct kernel_breaker_goal {
    uint8_t peer_count;
    struct kernel_breaker_peer peers[KERNEL_BREAKER_PEERS];
};

/* How the kernel has one of them. */
struct kernel_breaker_seen {
    struct address address;
    uint16_t port;
    bool open;          /* its element is there */
    uint16_t sockets;   /* of this network namespace, connected with it when last looked at */
    bool forwarded;     /* connections of others to it pass through here, as far as is known */
    uint64_t destroyed; /* sockets, ever */
};

struct kernel_breaker_status {
    bool supported; /* rules and sock_diag work here */
    int32_t error;  /* errno of the last change that failed; 0: none */
    uint8_t peer_count;
    struct kernel_breaker_seen peers[KERNEL_BREAKER_PEERS];
};

enum kernel_message_type {
    KERNEL_MESSAGE_GOAL = 32,
    KERNEL_MESSAGE_STATUS,
    KERNEL_MESSAGE_LINK,
    KERNEL_MESSAGE_BREAKER_GOAL,
    KERNEL_MESSAGE_BREAKER_STATUS,
};

extern const struct wire_layout kernel_message_goal;
extern const struct wire_layout kernel_message_status;
extern const struct wire_layout kernel_message_link;
extern const struct wire_layout kernel_message_breaker_goal;
extern const struct wire_layout kernel_message_breaker_status;

#endif
