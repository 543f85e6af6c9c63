/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/transfer.h"

#include <errno.h>

enum probe_transfer probe_transfer_of_error(int error)
{
    switch (error) {
    case ECONNREFUSED:
        return PROBE_TRANSFER_REFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
    case EPERM: /* a packet filter of this host */
    case EACCES:
        return PROBE_TRANSFER_UNREACHABLE;
    case ETIMEDOUT:
        return PROBE_TRANSFER_TIMEOUT;
    case ECONNRESET:
    case EPIPE:
        return PROBE_TRANSFER_RESET;
    default:
        return PROBE_TRANSFER_OTHER;
    }
}
