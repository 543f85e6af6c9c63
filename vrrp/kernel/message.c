/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/message.h"

/* One element of an array of truths. */
static const struct wire_field truth_fields[] = {
    {WIRE_KIND_BOOL, 0, sizeof(bool), 1, 0, NULL},
    WIRE_END,
};

static const struct wire_field goal_fields[] = {
    WIRE_TEXT(kernel_goal, name),
    WIRE_TEXT(kernel_goal, interface),
    WIRE_INT(kernel_goal, vrid),
    WIRE_UPTO(kernel_goal, family, AF_INET6),
    WIRE_BOOL(kernel_goal, hold),
    WIRE_ARRAY(kernel_goal, addresses, address_count, wire_address_fields),
    WIRE_INT(kernel_goal, announce_repeat),
    WIRE_UPTO(kernel_goal, announce_refresh_ns, INT64_MAX),
    WIRE_INT(kernel_goal, announce_serial),
    WIRE_UPTO(kernel_goal, guard_ns, INT64_MAX),
    WIRE_END,
};

/* `present` is as long as `addresses`, so they share their count. */
static const struct wire_field status_fields[] = {
    WIRE_TEXT(kernel_status, name),
    WIRE_TEXT(kernel_status, interface),
    WIRE_INT(kernel_status, vrid),
    WIRE_UPTO(kernel_status, family, AF_INET6),
    WIRE_BOOL(kernel_status, hold),
    WIRE_ARRAY(kernel_status, addresses, address_count, wire_address_fields),
    WIRE_ARRAY(kernel_status, present, address_count, truth_fields),
    WIRE_BOOL(kernel_status, settled),
    WIRE_INT(kernel_status, error),
    WIRE_INT(kernel_status, announcements),
    WIRE_INT(kernel_status, restored),
    WIRE_INT(kernel_status, removed_strays),
    WIRE_BOOL(kernel_status, guarded),
    WIRE_INT(kernel_status, guard_rebuilt),
    WIRE_UPTO(kernel_status, changed_ns, INT64_MAX),
    WIRE_END,
};

static const struct wire_field link_fields[] = {
    WIRE_TEXT(kernel_link, interface),
    WIRE_INT(kernel_link, index),
    WIRE_BOOL(kernel_link, up),
    WIRE_BYTES(kernel_link, mac),
    WIRE_INT(kernel_link, mtu),
    WIRE_UPTO(kernel_link, ipv4.family, AF_INET6),
    WIRE_UPTO(kernel_link, ipv4.prefix_bits, 32),
    WIRE_BYTES(kernel_link, ipv4.bytes),
    WIRE_UPTO(kernel_link, ipv6.family, AF_INET6),
    WIRE_UPTO(kernel_link, ipv6.prefix_bits, 128),
    WIRE_BYTES(kernel_link, ipv6.bytes),
    WIRE_END,
};

static const struct wire_field breaker_peer_fields[] = {
    WIRE_UPTO(kernel_breaker_peer, address.family, AF_INET6),
    WIRE_UPTO(kernel_breaker_peer, address.prefix_bits, 128),
    WIRE_BYTES(kernel_breaker_peer, address.bytes),
    WIRE_INT(kernel_breaker_peer, port),
    WIRE_BOOL(kernel_breaker_peer, open),
    WIRE_END,
};

static const struct wire_field breaker_goal_fields[] = {
    WIRE_ARRAY(kernel_breaker_goal, peers, peer_count, breaker_peer_fields),
    WIRE_END,
};

static const struct wire_field breaker_seen_fields[] = {
    WIRE_UPTO(kernel_breaker_seen, address.family, AF_INET6),
    WIRE_UPTO(kernel_breaker_seen, address.prefix_bits, 128),
    WIRE_BYTES(kernel_breaker_seen, address.bytes),
    WIRE_INT(kernel_breaker_seen, port),
    WIRE_BOOL(kernel_breaker_seen, open),
    WIRE_INT(kernel_breaker_seen, sockets),
    WIRE_BOOL(kernel_breaker_seen, forwarded),
    WIRE_INT(kernel_breaker_seen, destroyed),
    WIRE_END,
};

static const struct wire_field breaker_status_fields[] = {
    WIRE_BOOL(kernel_breaker_status, supported),
    WIRE_INT(kernel_breaker_status, error),
    WIRE_ARRAY(kernel_breaker_status, peers, peer_count, breaker_seen_fields),
    WIRE_END,
};

const struct wire_layout kernel_message_goal = {
    KERNEL_MESSAGE_GOAL, 2, sizeof(struct kernel_goal), goal_fields, "kernel_goal",
};
const struct wire_layout kernel_message_status = {
    KERNEL_MESSAGE_STATUS, 2, sizeof(struct kernel_status), status_fields, "kernel_status",
};
const struct wire_layout kernel_message_link = {
    KERNEL_MESSAGE_LINK, 1, sizeof(struct kernel_link), link_fields, "kernel_link",
};
const struct wire_layout kernel_message_breaker_goal = {
    KERNEL_MESSAGE_BREAKER_GOAL, 1, sizeof(struct kernel_breaker_goal), breaker_goal_fields,
    "kernel_breaker_goal",
};
const struct wire_layout kernel_message_breaker_status = {
    KERNEL_MESSAGE_BREAKER_STATUS, 1, sizeof(struct kernel_breaker_status), breaker_status_fields,
    "kernel_breaker_status",
};
