/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet - the VRRP version 3 ADVERTISEMENT on the wire, over IPv4.
 *
 * Pure. Decoding trusts nothing: each check has a reason of enum vrrp_drop, which is also its
 * label in regha_vrrp_packets_discarded_total. The order is cheap ones first, addresses last.
 * Both forms of the IPv4 checksum are accepted: no packet can satisfy both.
 *
 * Source: RFC 9568 sections 5.2 (format) and 7.1 (receive checks), errata 8298, 8299 and 8301;
 * RFC 5798 section 5.2.8 (checksum with a pseudo-header, as most routers send it).
 */
#ifndef VRRP_PACKET_H
#define VRRP_PACKET_H

#include "vrrp/message.h"

#define VRRP_PACKET_PROTOCOL 112
#define VRRP_PACKET_TTL      255
/* The greatest one we send: a header and all addresses. */
#define VRRP_PACKET_BYTES (8 + VRRP_PARAMS_ADDRESSES * ADDRESS_IPV6_BYTES)

/* A packet that is out of its IP header; what the checks need of that is beside it. */
struct vrrp_datagram {
    struct address source;
    struct address destination;
    uint8_t ttl;
    const uint8_t *bytes;
    size_t length_bytes;
};

/* An ADVERTISEMENT that passed every check of one virtual router. */
struct vrrp_packet {
    uint8_t priority;
    int64_t advert_interval_ns;
    enum vrrp_checksum checksum; /* the form its sender uses */
    bool sender_is_greater;      /* its address is above ours: RFC 9568 section 6.4.3 */
    bool interval_differs;       /* from ours: worth a line, no reason to drop */
    bool addresses_differ;
};

/* 224.0.0.18, RFC 9568 section 5.1.1.2. */
struct address vrrp_packet_group(void);

/* Take `bytes`, as a raw socket gives them, out of the IPv4 header. */
enum vrrp_drop vrrp_packet_unwrap(const uint8_t *bytes, size_t length_bytes,
                                  struct vrrp_datagram *ret_datagram);

/* The checks that need no configuration; then the VRID, to find whose the packet is. */
enum vrrp_drop vrrp_packet_peek(const struct vrrp_datagram *datagram, uint8_t *ret_vrid);

/*
 * All other checks, on behalf of the virtual router of that VRID; call vrrp_packet_peek() before.
 * Where neither peers nor foreign routers are known, any source is welcome to a multicast one.
 * Returns VRRP_ACCEPTED, or why to drop it; `ret_packet` is then untouched.
 */
enum vrrp_drop vrrp_packet_decode(const struct vrrp_datagram *datagram,
                                  const struct vrrp_params *params, struct vrrp_packet *ret_packet);

/* What an ADVERTISEMENT of `params` to one destination differs in. */
struct vrrp_packet_advert {
    uint8_t priority; /* 0: resign */
    enum vrrp_checksum checksum;
    struct address destination;
};

/* Returns the length; `bytes` holds VRRP_PACKET_BYTES. The source is that of `params`. */
size_t vrrp_packet_encode(const struct vrrp_params *params, const struct vrrp_packet_advert *advert,
                          uint8_t bytes[VRRP_PACKET_BYTES]);

/* Which form of the checksum peers have been heard to use of late. */
struct vrrp_packet_habit {
    uint8_t rfc9568_in_a_row;
};

void vrrp_packet_heard(struct vrrp_packet_habit *habit, enum vrrp_checksum form);

/* The form to send: the configured one; for VRRP_CHECKSUM_AUTO RFC 5798's until only the other
 * one is heard. */
enum vrrp_checksum vrrp_packet_form(const struct vrrp_packet_habit *habit,
                                    enum vrrp_checksum configured);

#endif
