/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/frame.h"

#include <string.h>

#define ETHERNET_BYTES 14
#define IPV6_BYTES     40
#define NA_BYTES       32 /* with a Target Link-Layer Address option */

static uint8_t *put(uint8_t *at, const void *bytes, size_t length_bytes)
{
    memcpy(at, bytes, length_bytes);
    return at + length_bytes;
}

static size_t encode_arp(const struct address *address, const uint8_t mac[KERNEL_MAC_BYTES],
                         uint8_t *frame)
{
    static const uint8_t everybody[KERNEL_MAC_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    /* Type ARP; hardware Ethernet, protocol IPv4, 6 and 4 bytes of address, a request. */
    static const uint8_t fixed[] = {0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1};
    uint8_t *at = frame;

    at = put(at, everybody, sizeof(everybody));
    at = put(at, mac, KERNEL_MAC_BYTES);
    at = put(at, fixed, sizeof(fixed));
    at = put(at, mac, KERNEL_MAC_BYTES);
    at = put(at, address->bytes, ADDRESS_IPV4_BYTES);
    at = put(at, mac, KERNEL_MAC_BYTES);
    at = put(at, address->bytes, ADDRESS_IPV4_BYTES);
    return (size_t)(at - frame);
}

/* RFC 1071 over an even number of bytes. */
static uint32_t sum(uint32_t before, const uint8_t *bytes, size_t length_bytes)
{
    for (size_t at = 0; at + 1 < length_bytes; at += 2)
        before += (uint32_t)(bytes[at] << 8 | bytes[at + 1]);
    return before;
}

static uint16_t fold(uint32_t total)
{
    while (total > UINT16_MAX)
        total = (total & UINT16_MAX) + (total >> 16);
    return (uint16_t)~total;
}

/* RFC 4861 section 4.4: Override, not Solicited, to all nodes; Router is the kernel's to say. */
static size_t encode_na(const struct address *address, const uint8_t mac[KERNEL_MAC_BYTES],
                        uint8_t *frame)
{
    static const uint8_t all_nodes_mac[KERNEL_MAC_BYTES] = {0x33, 0x33, 0, 0, 0, 1};
    static const uint8_t all_nodes[ADDRESS_IPV6_BYTES] = {0xff, 0x02, [15] = 1};
    static const uint8_t ether_type[] = {0x86, 0xdd};
    static const uint8_t ipv6[] = {0x60, 0, 0, 0, 0, NA_BYTES, 58, 255};
    static const uint8_t na[] = {136, 0, 0, 0, 0x20, 0, 0, 0};
    static const uint8_t option[] = {2, 1};
    uint8_t *at = frame;

    at = put(at, all_nodes_mac, sizeof(all_nodes_mac));
    at = put(at, mac, KERNEL_MAC_BYTES);
    at = put(at, ether_type, sizeof(ether_type));
    at = put(at, ipv6, sizeof(ipv6));
    at = put(at, address->bytes, ADDRESS_IPV6_BYTES);
    at = put(at, all_nodes, sizeof(all_nodes));
    at = put(at, na, sizeof(na));
    at = put(at, address->bytes, ADDRESS_IPV6_BYTES);
    at = put(at, option, sizeof(option));
    at = put(at, mac, KERNEL_MAC_BYTES);

    /* RFC 8200 section 8.1: both addresses, length, next header; then the message itself. */
    const uint16_t checksum =
        fold(sum(NA_BYTES + 58, frame + ETHERNET_BYTES + 8, 2 * ADDRESS_IPV6_BYTES + NA_BYTES));
    frame[ETHERNET_BYTES + IPV6_BYTES + 2] = (uint8_t)(checksum >> 8);
    frame[ETHERNET_BYTES + IPV6_BYTES + 3] = (uint8_t)checksum;
    return (size_t)(at - frame);
}

size_t kernel_frame_encode(const struct address *address, const uint8_t mac[KERNEL_MAC_BYTES],
                           uint8_t frame[KERNEL_FRAME_BYTES])
{
    if (address->family == AF_INET6)
        return encode_na(address, mac, frame);
    return encode_arp(address, mac, frame);
}
