/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/event_id.h"

#include <stddef.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 uint128;

/* The IETF draft "The FNV Non-Cryptographic Hash Algorithm", constants of 128 bits. */
#define FNV_OFFSET (((uint128)0x6c62272e07bb0142 << 64) | 0x62b821756295c58d)
#define FNV_PRIME  (((uint128)1 << 88) | 0x13b)

const char *event_id_format(const char *sentence, char text[EVENT_ID_BYTES])
{
    uint128 hash = FNV_OFFSET;

    for (; *sentence != '\0'; sentence++) {
        hash ^= (unsigned char)*sentence;
        hash *= FNV_PRIME;
    }
    for (size_t at = EVENT_ID_BYTES - 1; at-- > 0; hash >>= 4)
        text[at] = "0123456789abcdef"[hash & 0xf];
    text[EVENT_ID_BYTES - 1] = '\0';
    return text;
}
