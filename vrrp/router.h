/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * router - one virtual router: its goal, its election, what it sends, counts and reports.
 *
 * It does what the state machine says, adverts at once and the rest by notes that others send on
 * at the end of the pass: `kernel_dirty` to regha-net, `status_dirty` and new transitions to reghad.
 */
#ifndef VRRP_ROUTER_H
#define VRRP_ROUTER_H

#include "base/log.h"
#include "base/loop.h"
#include "vrrp/fsm.h"
#include "vrrp/memory.h"
#include "vrrp/sender.h"
#include "vrrp/view.h"

#define VRRP_ROUTER_TRANSITIONS 8

/* What all virtual routers of the process have in common. */
struct vrrp_shared {
    struct loop *loop;
    const char *folder; /* of the memories */
    struct vrrp_view view;
    bool kernel_ready; /* regha-net is there and has said all */
    bool orphaned;     /* nobody has told us anything for orphan_grace */
    bool unattended;   /* nobody tells us; after having been orphaned, for as long again */
    bool stopping;     /* nothing starts any more */
    bool pending;      /* there is something to send at the end of the pass */
    /* An advert was accepted of `source`, who sends one in `every_ns`, or resigns: 0. NULL: nobody asks. */
    void (*heard)(void *owner, const struct address *source, int64_t every_ns, struct monotime at);
    void *heard_owner;
};

/* One line per kind and span. */
struct vrrp_router_limits {
    struct log_limit interval, addresses, checksum, rival, send, start;
};

struct vrrp_router {
    struct vrrp_shared *shared;
    struct vrrp_goal goal;     /* as reghad wants it */
    struct vrrp_params params; /* in force: with the source that is used */
    struct vrrp_fsm fsm;
    struct vrrp_packet_habit habit;
    struct vrrp_memory memory;
    struct vrrp_counters counters;
    struct vrrp_router_limits limits;
    struct loop_timer timer;
    struct kernel_goal kernel_goal;
    struct vrrp_transition transitions[VRRP_ROUTER_TRANSITIONS]; /* number n is at n % size */
    uint64_t transition_count;
    uint64_t transition_reported;
    struct vrrp_sender sender;
    bool begun;   /* regha-net may be told what we want */
    bool resumes; /* once the link is known, if nothing is in the way then */
    bool kernel_dirty;
    bool status_dirty;
    struct vrrp_router *next;
};

/* What is wrong with a goal, as half a sentence, or NULL. Others are never given to a router. */
const char *vrrp_router_mistake(const struct vrrp_goal *goal);

/* Whether two goals are for the same virtual router. */
bool vrrp_router_is_same(const struct vrrp_goal *a, const struct vrrp_goal *b);

/* Returns NULL without memory. */
struct vrrp_router *vrrp_router_new(struct vrrp_shared *shared, const struct vrrp_goal *goal);

/* It is silent by then: vrrp_router_stop(). `forget`: it is no longer in the configuration. */
void vrrp_router_free(struct vrrp_router *router, bool forget);

/* Another goal for the same virtual router. Nothing moves that need not. */
void vrrp_router_want(struct vrrp_router *router, const struct vrrp_goal *goal,
                      struct monotime now);

/*
 * Something changed in `shared` or on the link: start, stop, or go on accordingly. Returns false
 * if it should run and cannot yet: ask again.
 */
bool vrrp_router_consider(struct vrrp_router *router, struct monotime now);

/* A packet with its VRID, that passed vrrp_packet_peek() and arrived at `heard`. */
enum vrrp_drop vrrp_router_receive(struct vrrp_router *router, const struct vrrp_datagram *datagram,
                                   struct monotime heard, struct monotime now);

/* Resign if Active, and do nothing more. */
void vrrp_router_stop(struct vrrp_router *router, enum vrrp_reason reason, struct monotime now);

void vrrp_router_status(const struct vrrp_router *router, struct vrrp_status *ret_status);

#endif
