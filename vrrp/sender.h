/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sender - the socket a virtual router speaks through, and who hears it.
 *
 * Adverts are marked for the guard (vrrp/kernel/message.h), resignations never: that adverts leave
 * is what keeps the addresses audible. Unicast adverts do not leave while nobody answers ARP for
 * their destination, so that with the last peer the only Active would fall silent; beside them goes
 * a pulse, which the guard counts and drops.
 */
#ifndef VRRP_SENDER_H
#define VRRP_SENDER_H

#include "base/err.h"
#include "vrrp/packet.h"

struct vrrp_sender {
    int fd;                /* -1: not open */
    unsigned index;        /* of the interface it is bound to */
    struct address source; /* it is bound to; family 0: none */
    bool can_mark;         /* the kernel lets us */
};

/* What could not be sent. */
struct vrrp_sender_failure {
    unsigned count;
    int error; /* errno of the last one */
};

void vrrp_sender_init(struct vrrp_sender *sender);
void vrrp_sender_close(struct vrrp_sender *sender); /* may be closed already */

/*
 * Open it, or open it anew if it does not fit any more. Returns 1 if it is another one now, 0 if
 * it is as it was, or a negative errno and closed.
 */
int vrrp_sender_fit(struct vrrp_sender *sender, const char *interface, unsigned index,
                    const struct address *source, struct err *err);

/* To everyone who is to hear it; `pulse`: a guard is in force that would miss it. */
struct vrrp_sender_failure vrrp_sender_advert(const struct vrrp_sender *sender,
                                              const struct vrrp_params *params,
                                              struct vrrp_packet_advert *advert, bool pulse);

#endif
