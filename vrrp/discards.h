/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * discards - a line about packets that were dropped, once in a while per source and reason.
 *
 * A fixed table: whoever invents sources to fill the log fills this table instead.
 */
#ifndef VRRP_DISCARDS_H
#define VRRP_DISCARDS_H

#include "base/log.h"
#include "vrrp/packet.h"

#define VRRP_DISCARDS_SOURCES 16

struct vrrp_discards_source {
    struct address source;
    enum vrrp_drop drop; /* VRRP_ACCEPTED: unused */
    struct log_limit limit;
};

struct vrrp_discards {
    struct vrrp_discards_source sources[VRRP_DISCARDS_SOURCES];
    uint64_t unheard; /* without a line, for the table was full */
};

/* `datagram` is NULL if there was no IP header to read. */
void vrrp_discards_log(struct vrrp_discards *discards, const char *interface, enum vrrp_drop drop,
                       const struct vrrp_datagram *datagram, struct monotime now);

#endif
