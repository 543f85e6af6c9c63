/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_breaker - which storage peers are watched, and what it takes to cut one off.
 */
#ifndef SUPERVISORD_SETTINGS_BREAKER_H
#define SUPERVISORD_SETTINGS_BREAKER_H

#include <stddef.h>

#include "base/address.h"

#define SETTINGS_BREAKER_PEERS      64
#define SETTINGS_BREAKER_PEER_BYTES 64
/* Instead of addresses: the nodes, at the port of the registries' regionendpoint. */
#define SETTINGS_BREAKER_STORAGE "storage"

struct settings_breaker_peer {
    struct address address;
    uint16_t port;
};

struct settings_breaker {
    size_t peer_count;
    char peers[SETTINGS_BREAKER_PEERS][SETTINGS_BREAKER_PEER_BYTES]; /* as written */
    int64_t connect_timeout_ns;
    int64_t answer_timeout_ns;
    int64_t silence_ns;
    int max_open;
    int drives_per_node, drives_per_set; /* 0: not known */
    size_t watch_count;                  /* derived: never this host's own addresses */
    struct settings_breaker_peer watch[SETTINGS_BREAKER_PEERS];
};

#endif
