/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/echo.h"

#include <string.h>

#define IPV4_REPLY   0
#define IPV4_REQUEST 8
#define IPV6_REQUEST 128
#define IPV6_REPLY   129

/* Type, code, checksum, identifier, sequence number; then data of ours. */
#define SEQUENCE_AT  6
#define HEADER_BYTES 8
#define TOKEN_BYTES  8

static void put_token(const struct probe_echo *echo, uint8_t token[TOKEN_BYTES])
{
    for (int at = 0; at < TOKEN_BYTES; at++)
        token[at] = (uint8_t)(echo->token >> (8 * (TOKEN_BYTES - 1 - at)));
}

void probe_echo_encode(const struct probe_echo *echo, uint8_t ret_request[PROBE_ECHO_BYTES])
{
    memset(ret_request, 0, PROBE_ECHO_BYTES);
    ret_request[0] = echo->is_ipv6 ? IPV6_REQUEST : IPV4_REQUEST;
    ret_request[SEQUENCE_AT] = (uint8_t)(echo->sequence >> 8);
    ret_request[SEQUENCE_AT + 1] = (uint8_t)echo->sequence;
    put_token(echo, ret_request + HEADER_BYTES);
}

bool probe_echo_is_answer(const struct probe_echo *echo, const uint8_t *bytes, size_t size)
{
    uint8_t token[TOKEN_BYTES];

    put_token(echo, token);
    return size >= HEADER_BYTES + TOKEN_BYTES &&
           bytes[0] == (echo->is_ipv6 ? IPV6_REPLY : IPV4_REPLY) && bytes[1] == 0 &&
           bytes[SEQUENCE_AT] == (uint8_t)(echo->sequence >> 8) &&
           bytes[SEQUENCE_AT + 1] == (uint8_t)echo->sequence &&
           memcmp(bytes + HEADER_BYTES, token, TOKEN_BYTES) == 0;
}
