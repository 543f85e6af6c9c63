/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fsm - the election of one virtual router, on one node.
 *
 * Pure. The caller says what happened and when; the machine answers what to do, and when to wake
 * it. To the RFC it adds: a candidacy that can be taken back, a band of degraded priorities that
 * yields even without preemption, a resumption after a restart, and care after standing still.
 *
 * Source: RFC 9568 section 6; what is added is told in vrrp/params.h and where it is done.
 */
#ifndef VRRP_FSM_H
#define VRRP_FSM_H

#include "vrrp/message.h"

/* All that bears on the election besides adverts and time. */
struct vrrp_conditions {
    int64_t advert_interval_ns;
    int64_t preempt_delay_ns;
    uint8_t priority; /* the effective one */
    bool preempt;
    bool candidate;
    bool yield;        /* of no candidate: resign only once the addresses are gone */
    bool successor;    /* named by the Active: take over at once when it resigns */
    bool kernel_ready; /* somebody is there to move the addresses */
    bool unattended;   /* nobody tells us what to do, or not for long enough: no healthy router */
};

/* What the machine needs of an ADVERTISEMENT that passed every check. */
struct vrrp_advert {
    struct address sender;
    uint8_t priority;           /* 0: the sender gives up the Active role */
    int64_t advert_interval_ns; /* Max Advertise Interval field, converted */
    bool sender_is_greater;     /* sender address > ours, network byte order */
    struct monotime heard;      /* when it arrived; at most now */
};

enum vrrp_event_kind {
    VRRP_EVENT_STARTUP,  /* the interface can be used */
    VRRP_EVENT_SHUTDOWN, /* it cannot, or must not, any longer; for `reason` */
    VRRP_EVENT_TIMER,
    VRRP_EVENT_ADVERT,
    VRRP_EVENT_CONDITIONS,
    VRRP_EVENT_RELEASED, /* the kernel says that the addresses are gone */
};

struct vrrp_event {
    enum vrrp_event_kind kind;
    bool resume; /* of STARTUP: we were Active a moment ago and still have the addresses */
    enum vrrp_reason reason;           /* of SHUTDOWN */
    struct vrrp_advert advert;         /* of ADVERT */
    struct vrrp_conditions conditions; /* of CONDITIONS */
};

/* Work for the caller in the order of the bits; RFC 9568 section 6.4.2: the advert first. */
enum vrrp_action {
    VRRP_SEND_ADVERT = 1 << 0,
    VRRP_SEND_RESIGNATION = 1 << 1, /* an ADVERTISEMENT with priority 0 */
    VRRP_ADD_ADDRESSES = 1 << 2,
    VRRP_REMOVE_ADDRESSES = 1 << 3,
    VRRP_ANNOUNCE = 1 << 4, /* gratuitous ARP or unsolicited NA */
};

/* What a Backup waits for. */
enum vrrp_wait {
    VRRP_WAIT_DOWN,     /* Active_Down_Interval without an advert */
    VRRP_WAIT_SKEW,     /* Skew_Time: the Active is gone, or wants to be */
    VRRP_WAIT_INTERVAL, /* one advert interval: what did others do while we stood still? */
};

struct vrrp_fsm {
    struct vrrp_conditions conditions;
    enum vrrp_state state;
    enum vrrp_reason reason;           /* of the last change of state */
    struct monotime changed;           /* when that was */
    int64_t active_advert_interval_ns; /* the Active router's, learnt from it */
    struct monotime deadline;          /* when VRRP_EVENT_TIMER is due */
    enum vrrp_wait wait;
    enum vrrp_reason wait_reason; /* with which the wait ends, if it does */
    struct monotime wait_since;
    struct monotime hold_until;  /* preempt_delay; MONOTIME_NEVER: nobody to preempt yet */
    bool yielding;               /* Active still, while the kernel removes the addresses */
    struct monotime next_assert; /* when we may answer another lesser router */
    struct monotime last_sent;
    struct monotime last_heard; /* the Active we follow or followed; 0: never */
    struct address active;      /* whom we follow; family 0: nobody heard */
    uint8_t active_priority;
    uint64_t asserted;             /* lesser routers answered */
    uint64_t resignations_ignored; /* of somebody else than the Active we follow */
};

void vrrp_fsm_init(struct vrrp_fsm *fsm, const struct vrrp_conditions *conditions);

/*
 * Handle one event that happened at `now`; return the set of enum vrrp_action.
 * A VRRP_EVENT_TIMER before the deadline does nothing, so a stale or early timer is harmless.
 */
unsigned vrrp_fsm_handle(struct vrrp_fsm *fsm, const struct vrrp_event *event, struct monotime now);

/* Skew_Time, RFC 9568 section 6.1: higher priority, shorter wait. */
int64_t vrrp_fsm_skew_ns(const struct vrrp_fsm *fsm);

/* Active_Down_Interval, RFC 9568 section 6.1. */
int64_t vrrp_fsm_active_down_ns(const struct vrrp_fsm *fsm);

/* The shortest time any peer waits for an advert of ours. */
int64_t vrrp_fsm_patience_ns(const struct vrrp_conditions *conditions);

#endif
