/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/cluster/request_party.h"

size_t request_party_find(const struct request_party *party, const struct address *address)
{
    size_t at = 0;

    while (at < party->node_count && !address_is_same(&party->nodes[at], address))
        at++;
    return at;
}

socklen_t request_party_sockaddr(const struct address *address, uint16_t port,
                                 struct sockaddr_storage *ret_storage)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    memset(ret_storage, 0, sizeof(*ret_storage));
    if (address->family == AF_INET6) {
        memcpy(&ipv6.sin6_addr, address->bytes, sizeof(ipv6.sin6_addr));
        memcpy(ret_storage, &ipv6, sizeof(ipv6));
        return sizeof(ipv6);
    }
    ipv4.sin_addr = address_ipv4(address);
    memcpy(ret_storage, &ipv4, sizeof(ipv4));
    return sizeof(ipv4);
}

struct address request_party_address(const struct sockaddr_storage *storage)
{
    struct sockaddr_in6 ipv6;
    struct sockaddr_in ipv4;
    struct address address = {.family = AF_INET6, .prefix_bits = 128};

    if (storage->ss_family == AF_INET6) {
        memcpy(&ipv6, storage, sizeof(ipv6));
        memcpy(address.bytes, &ipv6.sin6_addr, sizeof(ipv6.sin6_addr));
        return address;
    }
    memcpy(&ipv4, storage, sizeof(ipv4));
    return address_from_ipv4(ipv4.sin_addr);
}

size_t request_party_type(uint8_t type)
{
    return type < REQUESTS_TYPES ? type : REQUESTS_TYPES;
}
