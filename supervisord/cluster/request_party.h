/* SPDX-License-Identifier: GPL-2.0-or-later */
/* request_party - the nodes that may ask each other, and what both sides of requests share. */
#ifndef SUPERVISORD_REQUEST_PARTY_H
#define SUPERVISORD_REQUEST_PARTY_H

#include "supervisord/cluster/request_link.h"
#include "supervisord/cluster/requests.h"

struct request_party {
    struct loop *loop;
    struct request_link_keys keys; /* count 0: nobody asks */
    struct requests_counters counters;
    uint16_t port;
    size_t self;
    size_t node_count;
    struct address nodes[SETTINGS_NODES_MAX];
};

/* The index of the node with this address; node_count: none. */
size_t request_party_find(const struct request_party *party, const struct address *address);

socklen_t request_party_sockaddr(const struct address *address, uint16_t port,
                                 struct sockaddr_storage *ret_storage);
struct address request_party_address(const struct sockaddr_storage *storage);

/* `type` as an index of counters. */
size_t request_party_type(uint8_t type);

#endif
