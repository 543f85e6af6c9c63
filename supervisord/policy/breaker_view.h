/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * breaker_view - the storage peers as this node has them, for those who show it.
 */
#ifndef SUPERVISORD_BREAKER_VIEW_H
#define SUPERVISORD_BREAKER_VIEW_H

#include "supervisord/policy/breaker.h"
#include "vrrp/kernel/message.h"

#define BREAKER_VIEW_LABEL_BYTES (ADDRESS_TEXT_BYTES + 8)
#define BREAKER_VIEW_NODE_BYTES  32

struct breaker_view_peer {
    struct address address;
    uint16_t port;
    char label[BREAKER_VIEW_LABEL_BYTES]; /* "10.0.0.12:9000" */
    char node[BREAKER_VIEW_NODE_BYTES];   /* "": it is on none */
    struct breaker_peer_verdict verdict;
    enum breaker_host host;
    bool is_refusing;      /* said no last: its process is away, and the store sees that itself */
    struct monotime since; /* of the state; 0: from the start */
    struct monotime asked; /* nobody has answered since; 0: somebody has */
    struct monotime answered; /* 0: never */
    uint64_t opened[BREAKER_REASONS];
    bool is_seen;                    /* regha-net has reported it */
    struct kernel_breaker_seen seen; /* by the kernel */
    bool has_connected;              /* a connection was seen once: a store closes idle ones */
};

struct breaker_view {
    bool is_off; /* nothing can be opened, why: */
    char why[96];
    bool is_known;     /* regha-net has reported */
    bool is_supported; /* the kernel can do it */
    int error;         /* errno of regha-net's last change; 0: none */
    unsigned limit;    /* peers that may be cut off or lost */
    size_t open_count;
    bool in_doubt; /* a peer has just fallen silent or been cut: a failing read says little */
    size_t peer_count;
    struct breaker_view_peer peers[BREAKER_PEERS];
};

/* Whether cutting the peer off would change anything here: connections to it are seen. */
bool breaker_view_has_effect(const struct breaker_view *view, const struct breaker_view_peer *peer);

#endif
