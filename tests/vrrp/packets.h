/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packets - IPv4 packets of protocol 112, good ones and every way to spoil one, with what must
 * become of them. Shared by the tests of the decoder and of those who count and log.
 */
#ifndef TESTS_VRRP_PACKETS_H
#define TESTS_VRRP_PACKETS_H

#include <stdio.h>
#include <string.h>

#include "vrrp/packet.h"

#define PACKETS_BYTES   512
#define PACKETS_VRRP_AT 20

/* 192.0.2.2 to 224.0.0.18, VRID 1, priority 100, 100 cs, 192.0.2.1; checksum of RFC 5798. */
#define PACKETS_GOOD "45c0002000000000ff701899c0000202e00000123101640100640606c0000201"
#define PACKETS_V2                                                                                 \
    "45c0002800000000ff701891c0000202e0000012210164010001b8fac00002010000000000000000"
#define PACKETS_CARP                                                                               \
    "45c0003800000000ff701881c0000202e00000122101000700010000"                                     \
    "000000000000000000000000000000000000000000000000000000000000"

struct packets_row {
    const char *what;
    const char *hex;
    const char *edits; /* "OFFSET:BYTE ..." into the IP packet, BYTE in hex */
    int grow_bytes;    /* zeros at the end, or so much less; IP's total length follows */
    bool sum;          /* put a right checksum of RFC 5798 into it afterwards */
    enum vrrp_drop want;
};

/* The router they are sent to. */
static inline struct vrrp_params packets_params(void)
{
    return (struct vrrp_params){
        .name = "registry",
        .interface = "test0",
        .vrid = 1,
        .family = AF_INET,
        .version = 3,
        .priority = 150,
        .transport = VRRP_TRANSPORT_MULTICAST,
        .address_count = 1,
        .addresses = {{AF_INET, 32, {192, 0, 2, 1}}},
        .source = {AF_INET, 32, {192, 0, 2, 9}},
        .peer_count = 2,
        .peers = {{AF_INET, 32, {192, 0, 2, 2}}, {AF_INET, 32, {192, 0, 2, 3}}},
        .foreign_count = 1,
        .foreign = {{AF_INET, 32, {192, 0, 2, 4}}},
        .advert_interval_ns = NS_PER_S,
        .announce_repeat = 5,
    };
}

static const struct packets_row packets_rows[] = {
    {"good", PACKETS_GOOD, "", 0, false, VRRP_ACCEPTED},
    {"checksum without pseudo-header (RFC 9568)", PACKETS_GOOD, "26:a8 27:97", 0, false,
     VRRP_ACCEPTED},
    {"reserved bits are ignored", PACKETS_GOOD, "24:f0", 0, true, VRRP_ACCEPTED},
    {"IP options are skipped",
     "46c0002400000000ff700000c0000202e0000012010101013101640100640606c0000201", "", 0, false,
     VRRP_ACCEPTED},
    {"priority 255 of somebody else is his word", PACKETS_GOOD, "22:ff", 0, true, VRRP_ACCEPTED},
    {"a listed foreign router is welcome", PACKETS_GOOD, "15:04", 0, true, VRRP_ACCEPTED},
    {"padding of a short frame is no part of it", PACKETS_GOOD "0000000000000000", "", 0, false,
     VRRP_ACCEPTED},

    {"no byte at all", "", "", 0, false, VRRP_DROP_IP_HEADER},
    {"IP header cut", "45c0002000000000ff701899c0000202e00000", "", 0, false, VRRP_DROP_IP_HEADER},
    {"IP version 6", PACKETS_GOOD, "0:65", 0, false, VRRP_DROP_IP_HEADER},
    {"header length below 5 words", PACKETS_GOOD, "0:44", 0, false, VRRP_DROP_IP_HEADER},
    {"header longer than the packet", PACKETS_GOOD, "0:4f", 0, false, VRRP_DROP_IP_HEADER},
    {"total length above what arrived", PACKETS_GOOD, "3:21", 0, false, VRRP_DROP_IP_HEADER},
    {"total length below the header", PACKETS_GOOD, "3:13", 0, false, VRRP_DROP_IP_HEADER},
    {"another protocol", PACKETS_GOOD, "9:11", 0, false, VRRP_DROP_IP_HEADER},
    {"7.1 TTL 64", PACKETS_GOOD, "8:40", 0, false, VRRP_DROP_TTL},
    {"7.1 TTL 254", PACKETS_GOOD, "8:fe", 0, false, VRRP_DROP_TTL},
    {"no VRRP byte", PACKETS_GOOD, "", -12, false, VRRP_DROP_TRUNCATED},
    {"7 bytes", PACKETS_GOOD, "", -5, false, VRRP_DROP_TRUNCATED},
    {"7.1 version 1", PACKETS_GOOD, "20:11", 0, true, VRRP_DROP_VERSION},
    {"7.1 version 4", PACKETS_GOOD, "20:41", 0, true, VRRP_DROP_VERSION},
    {"7.1 type 2", PACKETS_GOOD, "20:32", 0, true, VRRP_DROP_TYPE},
    {"CARP", PACKETS_CARP, "", 0, false, VRRP_DROP_CARP},
    {"7.1 VRID of nobody here", PACKETS_GOOD, "21:02", 0, true, VRRP_DROP_VRID},
    {"version 2 for a version 3 router", PACKETS_V2, "", 0, false, VRRP_DROP_VERSION_MISMATCH},
    {"erratum 8299: no address", PACKETS_GOOD, "23:00", -4, true, VRRP_DROP_ADDRESS_COUNT},
    {"count + 1", PACKETS_GOOD, "23:02", 0, true, VRRP_DROP_LENGTH},
    {"count 255", PACKETS_GOOD, "23:ff", 0, true, VRRP_DROP_LENGTH},
    {"one byte less", PACKETS_GOOD, "", -1, false, VRRP_DROP_LENGTH},
    {"one byte more", PACKETS_GOOD, "", 1, false, VRRP_DROP_LENGTH},
    {"8 zeros more, which the checksum does not see", PACKETS_GOOD, "", 8, true, VRRP_DROP_LENGTH},
    {"28 bytes more, an authentication trailer", PACKETS_GOOD, "", 28, true, VRRP_DROP_LENGTH},
    {"checksum 0", PACKETS_GOOD, "26:00 27:00", 0, false, VRRP_DROP_CHECKSUM},
    {"checksum flipped", PACKETS_GOOD, "26:f9 27:f9", 0, false, VRRP_DROP_CHECKSUM},
    {"checksum one off", PACKETS_GOOD, "27:07", 0, false, VRRP_DROP_CHECKSUM},
    {"priority changed on the way", PACKETS_GOOD, "22:65", 0, false, VRRP_DROP_CHECKSUM},
    {"erratum 8301: interval 0", PACKETS_GOOD, "24:00 25:00", 0, true, VRRP_DROP_INTERVAL},
    {"interval 0 beside reserved bits", PACKETS_GOOD, "24:f0 25:00", 0, true, VRRP_DROP_INTERVAL},
    {"unicast to a multicast router", PACKETS_GOOD, "16:c0 17:00 18:02 19:09", 0, true,
     VRRP_DROP_DESTINATION},
    {"another group", PACKETS_GOOD, "19:13", 0, true, VRRP_DROP_DESTINATION},
    {"our own address", PACKETS_GOOD, "15:09", 0, true, VRRP_DROP_OWN_SOURCE},
    {"a stray router", PACKETS_GOOD, "15:05", 0, true, VRRP_DROP_FOREIGN_SOURCE},
};

#define PACKETS_ROWS (sizeof(packets_rows) / sizeof(packets_rows[0]))

static inline size_t packets_from_hex(const char *hex, uint8_t *bytes)
{
    size_t length = 0;

    for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        bytes[length++] = (uint8_t)byte;
    return length;
}

static inline void packets_put_sum(uint8_t *bytes, size_t length)
{
    uint32_t sum = VRRP_PACKET_PROTOCOL + (uint32_t)(length - PACKETS_VRRP_AT);

    bytes[26] = bytes[27] = 0;
    for (size_t at = 12; at + 1 < length; at += 2)
        sum += (uint32_t)(bytes[at] << 8 | bytes[at + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    bytes[26] = (uint8_t)(~sum >> 8);
    bytes[27] = (uint8_t)~sum;
}

/* The row's packet; returns its length. `bytes` holds PACKETS_BYTES. */
static inline size_t packets_build(const struct packets_row *row, uint8_t *bytes)
{
    size_t length;
    unsigned at, value;
    int used;

    memset(bytes, 0, PACKETS_BYTES);
    length = packets_from_hex(row->hex, bytes);
    length = (size_t)((int)length + row->grow_bytes);
    if (row->grow_bytes != 0)
        bytes[3] = (uint8_t)length;
    for (const char *edits = row->edits; sscanf(edits, "%u:%x%n", &at, &value, &used) == 2;
         edits += used)
        bytes[at] = (uint8_t)value;
    if (row->sum)
        packets_put_sum(bytes, length);
    return length;
}

#endif
