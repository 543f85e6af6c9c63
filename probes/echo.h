/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * echo - the ICMP echo of a ping probe, IPv4 and IPv6.
 *
 * Pure. Identifier and checksum are the kernel's on the sockets that are used. What answers must
 * carry the token of its request: it is a random number that only whoever got the request knows.
 * Sources: RFC 792, RFC 4443 section 4.
 */
#ifndef PROBES_ECHO_H
#define PROBES_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_ECHO_BYTES 64

struct probe_echo {
    bool is_ipv6;
    uint16_t sequence;
    uint64_t token;
};

void probe_echo_encode(const struct probe_echo *echo, uint8_t ret_request[PROBE_ECHO_BYTES]);

/* Is it the answer to that request? Anything else is no news of the target. */
bool probe_echo_is_answer(const struct probe_echo *echo, const uint8_t *bytes, size_t size);

#endif
