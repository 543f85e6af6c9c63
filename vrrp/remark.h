/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remark - what a virtual router meets that changes nothing and is worth a word: counted each time,
 * logged once a minute.
 */
#ifndef VRRP_REMARK_H
#define VRRP_REMARK_H

#include "vrrp/router.h"

/* Some of an advert could not be sent; or all of it could, and nothing is said. */
void vrrp_remark_failure(struct vrrp_router *router, const struct vrrp_sender_failure *failure,
                         struct monotime now);

/* An advert of `sender` that was accepted, and differs from ours. */
void vrrp_remark_packet(struct vrrp_router *router, const struct vrrp_packet *packet,
                        const struct address *sender, struct monotime now);

/* A lesser router advertises while we are Active. */
void vrrp_remark_rival(struct vrrp_router *router, const struct vrrp_advert *advert,
                       struct monotime now);

#endif
