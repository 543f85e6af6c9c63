/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * breaker_rules - the circuit breaker as text for nft: connections to a cut peer are reset.
 *
 * One inet table. A set per family of what is cut, each element with the lifetime it has left; what
 * this host sends there and what it forwards there is answered by a TCP reset, by destination port
 * only: rejecting what comes from the port as well would leave a peer hanging that was cut
 * wrongly. Resets pass, and reghad's sockets do: its probe finds out when the peer is back. A
 * second set remembers for ten minutes which peers others are talking to through this host.
 * Writes and reads text only. Source: nft(8); one statement a line for nft 1.0.6.
 */
#ifndef VRRP_KERNEL_BREAKER_RULES_H
#define VRRP_KERNEL_BREAKER_RULES_H

#include <sys/types.h>

#include "base/monotime.h"
#include "vrrp/kernel/message.h"

#define KERNEL_BREAKER_RULES_TABLE "regha_breaker"

/*
 * Whether the kernel may be asked to cut this peer: a port, and an address that is one other
 * host's. Never loopback; an IPv6 link-local one is not unique without its interface.
 */
bool kernel_breaker_rules_may_cut(const struct kernel_breaker_peer *peer);

/* The table for these peers, nothing cut, in place of what is there. NULL: no memory. */
char *kernel_breaker_rules_table(const struct kernel_breaker_goal *goal, uid_t exempt);

/*
 * What is cut, in place of what was: each peer of the goal until `until[]` of it, if that is after
 * `now`. NULL: no memory.
 */
char *kernel_breaker_rules_elements(const struct kernel_breaker_goal *goal,
                                    const struct monotime *until, struct monotime now);

/*
 * Ask for the peers of a family (AF_*) that others talked to through this host. nft 1.0.6 answers
 * one such question at a time.
 */
const char *kernel_breaker_rules_question(uint8_t of);

/* Whether `answer` names it. */
bool kernel_breaker_rules_names(const char *answer, const struct kernel_breaker_peer *peer);

/* No table. */
const char *kernel_breaker_rules_removal(void);

#endif
