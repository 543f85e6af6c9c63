/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/discards.h"

#include <net/if.h>

#define LOG_EVERY_NS (30 * NS_PER_S)
#define VRID_AT      1

static bool is_free(const struct vrrp_discards_source *slot, struct monotime now)
{
    return slot->drop == VRRP_ACCEPTED || monotime_reached(slot->limit.next, now);
}

/* The slot of this source and reason, or one whose line is so long ago that it may go; or NULL. */
static struct vrrp_discards_source *find(struct vrrp_discards *discards,
                                         const struct address *source, enum vrrp_drop drop,
                                         struct monotime now)
{
    struct vrrp_discards_source *unused = NULL;

    for (size_t at = 0; at < VRRP_DISCARDS_SOURCES; at++) {
        struct vrrp_discards_source *slot = &discards->sources[at];
        if (slot->drop == drop && address_is_same(&slot->source, source))
            return slot;
        if (!unused && is_free(slot, now))
            unused = slot;
    }
    if (unused)
        *unused = (struct vrrp_discards_source){.source = *source, .drop = drop};
    return unused;
}

/* Routers of others on the same wire are no trouble of ours. */
static enum log_level level_of(enum vrrp_drop drop)
{
    return drop == VRRP_DROP_VRID ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
}

void vrrp_discards_log(struct vrrp_discards *discards, const char *interface, enum vrrp_drop drop,
                       const struct vrrp_datagram *datagram, struct monotime now)
{
    static const struct vrrp_datagram nothing;
    const struct vrrp_datagram *seen = datagram ? datagram : &nothing;
    struct vrrp_discards_source *slot = find(discards, &seen->source, drop, now);
    char source[ADDRESS_TEXT_BYTES];
    char name[4 * IFNAMSIZ];
    uint64_t suppressed;

    if (!slot) {
        discards->unheard++;
        return;
    }
    if (!log_limit_pass(&slot->limit, LOG_EVERY_NS, now, &suppressed))
        return;
    log_write(level_of(drop), "packet discarded",
              "reason=%s interface=%s source=%s vrid=%u ttl=%u length=%zu suppressed=%llu "
              "unheard=%llu",
              vrrp_message_drop_name(drop), log_quote(interface, name, sizeof(name)),
              address_format_host(&seen->source, source),
              seen->length_bytes > VRID_AT ? seen->bytes[VRID_AT] : 0, seen->ttl,
              seen->length_bytes, (unsigned long long)suppressed,
              (unsigned long long)discards->unheard);
    discards->unheard = 0;
}
