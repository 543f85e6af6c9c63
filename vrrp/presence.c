/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/presence.h"

/* In quarters of an interval: from when on it is late, and silent. */
#define LATE_QUARTERS          5
#define FRAMES_SILENT_QUARTERS 14 /* as vrrp/peer_frame has it */
#define ADVERTS_GONE_QUARTERS  13 /* no sooner than the Active_Down_Interval ends without skew */

static struct monotime after(struct monotime last, int64_t every_ns, int64_t quarters)
{
    return last.ns == 0 ? MONOTIME_NEVER : monotime_add(last, every_ns * quarters / 4);
}

/* What was due when, if it is late by now. */
static struct monotime missing(struct monotime last, int64_t every_ns, struct monotime now)
{
    return monotime_reached(after(last, every_ns, LATE_QUARTERS), now) ? after(last, every_ns, 4)
                                                                       : MONOTIME_NEVER;
}

void vrrp_presence_frame(struct vrrp_presence *presence, int64_t every_ns, bool leaving,
                         struct monotime now)
{
    const struct monotime late = after(presence->advert, presence->advert_every_ns, 8);

    if (leaving) {
        *presence = (struct vrrp_presence){0};
        return;
    }
    presence->frame = now;
    presence->frame_every_ns = every_ns;
    if (monotime_reached(late, now))
        presence->advert.ns = 0; /* it is alive, and no longer Active */
}

void vrrp_presence_advert(struct vrrp_presence *presence, int64_t every_ns, struct monotime heard)
{
    presence->advert = every_ns > 0 ? heard : (struct monotime){0};
    presence->advert_every_ns = every_ns;
}

/* Frames and adverts come of one process: a frame after the missing advert says that it lives. */
static bool has_fallen_silent(const struct vrrp_presence *presence, struct monotime now)
{
    const struct monotime gone =
        after(presence->advert, presence->advert_every_ns, ADVERTS_GONE_QUARTERS);

    if (monotime_reached(after(presence->frame, presence->frame_every_ns, FRAMES_SILENT_QUARTERS),
                         now))
        return true;
    return monotime_reached(gone, now) &&
           presence->frame.ns < after(presence->advert, presence->advert_every_ns, 4).ns;
}

struct vrrp_presence_view vrrp_presence_judge(const struct vrrp_presence *presence,
                                              struct monotime now)
{
    const struct monotime missed =
        monotime_earlier(missing(presence->frame, presence->frame_every_ns, now),
                         missing(presence->advert, presence->advert_every_ns, now));

    return (struct vrrp_presence_view){
        .missed.ns = missed.ns == MONOTIME_NEVER.ns ? 0 : missed.ns,
        .silent = has_fallen_silent(presence, now),
    };
}

static struct monotime later(struct monotime a, struct monotime at, struct monotime now)
{
    return monotime_reached(at, now) ? a : monotime_earlier(a, at);
}

struct monotime vrrp_presence_deadline(const struct vrrp_presence *presence, struct monotime now)
{
    const int64_t frames_ns = presence->frame_every_ns, adverts_ns = presence->advert_every_ns;
    struct monotime next = MONOTIME_NEVER;

    next = later(next, after(presence->frame, frames_ns, LATE_QUARTERS), now);
    next = later(next, after(presence->frame, frames_ns, FRAMES_SILENT_QUARTERS), now);
    next = later(next, after(presence->advert, adverts_ns, LATE_QUARTERS), now);
    return later(next, after(presence->advert, adverts_ns, ADVERTS_GONE_QUARTERS), now);
}
