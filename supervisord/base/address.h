/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * address - an IP address with its prefix length, as configuration and messages carry it.
 *
 * Plain bytes in network order, so that it can be compared, hashed and sent as it is.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define ADDRESS_IPV4_BYTES 4
#define ADDRESS_IPV6_BYTES 16
/* "ffff:...:ffff/128" */
#define ADDRESS_TEXT_BYTES (INET6_ADDRSTRLEN + 4)

struct address {
    uint8_t family;      /* AF_INET or AF_INET6; 0: none */
    uint8_t prefix_bits; /* 32 and 128 by default */
    uint8_t bytes[ADDRESS_IPV6_BYTES];
};

/* "10.0.0.1", "10.0.0.1/24" or "fd00::1/64". Returns 0, or -EINVAL if `text` is none of these. */
int address_parse(const char *text, struct address *ret_address);

/* With "/len" only when it is shorter than the whole address. */
const char *address_format(const struct address *address, char text[ADDRESS_TEXT_BYTES]);

/* Never with a prefix: for sockets and URLs. */
const char *address_format_host(const struct address *address, char text[ADDRESS_TEXT_BYTES]);

struct address address_from_ipv4(struct in_addr ipv4);

static inline size_t address_bytes(const struct address *address)
{
    return address->family == AF_INET6 ? ADDRESS_IPV6_BYTES : ADDRESS_IPV4_BYTES;
}

static inline struct in_addr address_ipv4(const struct address *address)
{
    struct in_addr ipv4;

    memcpy(&ipv4, address->bytes, sizeof(ipv4));
    return ipv4;
}

/* The same host; prefix lengths do not count. */
static inline bool address_is_same(const struct address *a, const struct address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, address_bytes(a)) == 0;
}

#endif
