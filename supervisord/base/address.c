/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define IPV4_BITS 32
#define IPV6_BITS 128

static int whole_bits(int family)
{
    return family == AF_INET6 ? IPV6_BITS : IPV4_BITS;
}

/* "0" to "128", digits only; -1 if it is anything else. */
static int parse_bits(const char *text, int most)
{
    int bits = 0;

    if (*text == '\0')
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        bits = bits * 10 + (*text - '0');
        if (bits > most)
            return -1;
    }
    return bits;
}

int address_parse(const char *text, struct address *ret_address)
{
    struct address address = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};
    const char *slash = strchr(text, '/');
    const size_t host_bytes = slash ? (size_t)(slash - text) : strlen(text);
    char host[INET6_ADDRSTRLEN];
    int bits = whole_bits(address.family);

    if (host_bytes >= sizeof(host))
        return -EINVAL;
    memcpy(host, text, host_bytes);
    host[host_bytes] = '\0';
    if (slash)
        bits = parse_bits(slash + 1, bits);
    if (bits < 0 || inet_pton(address.family, host, address.bytes) != 1)
        return -EINVAL;
    address.prefix_bits = (uint8_t)bits;
    *ret_address = address;
    return 0;
}

const char *address_format_host(const struct address *address, char text[ADDRESS_TEXT_BYTES])
{
    if (address->family == 0 ||
        !inet_ntop(address->family, address->bytes, text, ADDRESS_TEXT_BYTES))
        memcpy(text, "none", sizeof("none"));
    return text;
}

const char *address_format(const struct address *address, char text[ADDRESS_TEXT_BYTES])
{
    address_format_host(address, text);
    if (address->family != 0 && address->prefix_bits != whole_bits(address->family)) {
        const size_t used = strlen(text);
        snprintf(text + used, ADDRESS_TEXT_BYTES - used, "/%u", address->prefix_bits);
    }
    return text;
}

struct address address_from_ipv4(struct in_addr ipv4)
{
    struct address address = {.family = AF_INET, .prefix_bits = IPV4_BITS};

    memcpy(address.bytes, &ipv4, sizeof(ipv4));
    return address;
}
