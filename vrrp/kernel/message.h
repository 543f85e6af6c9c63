/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message - what regha-net is asked for, and what it reports.
 *
 * regha-vrrp sends one kernel_goal per virtual router and family; reghad only listens (until it
 * steers the circuit breaker). Everyone gets kernel_link for each interface named in a goal,
 * kernel_status for each goal, on connect and after each change.
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

enum kernel_message_type {
    KERNEL_MESSAGE_GOAL = 32,
    KERNEL_MESSAGE_STATUS,
    KERNEL_MESSAGE_LINK,
};

extern const struct wire_layout kernel_message_goal;
extern const struct wire_layout kernel_message_status;
extern const struct wire_layout kernel_message_link;

#endif
