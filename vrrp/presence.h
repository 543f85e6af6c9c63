/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * presence - what another node lets hear, and when that ceased.
 *
 * Pure. A node sends peer frames, and adverts while it is Active; the first of either that does not
 * come is told at once, long before the node counts as silent, so that others may look for
 * themselves meanwhile. An orderly end is not silence.
 */
#ifndef VRRP_PRESENCE_H
#define VRRP_PRESENCE_H

#include "base/monotime.h"

/* All zero: never heard. */
struct vrrp_presence {
    struct monotime frame, advert; /* the last ones; 0: none is due */
    int64_t frame_every_ns, advert_every_ns;
};

struct vrrp_presence_view {
    struct monotime missed; /* when the first one was due that did not come; 0: none is missing */
    bool silent;            /* three frames are missing; or three adverts, and no frame has come */
};

/* A frame that counts, of a node that sends one in `every_ns`; `leaving`: no further one is due. */
void vrrp_presence_frame(struct vrrp_presence *presence, int64_t every_ns, bool leaving,
                         struct monotime now);

/* An advert that was accepted; `every_ns` 0: it resigned, and no further one is due. */
void vrrp_presence_advert(struct vrrp_presence *presence, int64_t every_ns, struct monotime heard);

struct vrrp_presence_view vrrp_presence_judge(const struct vrrp_presence *presence,
                                              struct monotime now);

/* When the view changes if nothing comes; MONOTIME_NEVER: it stays. */
struct monotime vrrp_presence_deadline(const struct vrrp_presence *presence, struct monotime now);

#endif
