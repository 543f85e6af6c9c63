/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state machine is three functions, one per state of RFC 9568 section 6.4. */
#include "vrrp/fsm.h"

#define PRIORITY_SCALE        256
#define DOWN_ADVERTS          3
#define LEARNT_INTERVAL_RATIO 10 /* of our own: nobody may put us to sleep with one advert */
#define ASSERT_EVERY_MIN_NS   (10 * NS_PER_MS)
#define YIELD_PARTS           4 /* of an interval: so long we wait for the kernel */

static const struct address NOBODY;

void vrrp_fsm_init(struct vrrp_fsm *fsm, const struct vrrp_conditions *conditions)
{
    *fsm = (struct vrrp_fsm){
        .conditions = *conditions,
        .state = VRRP_INITIALIZE,
        .active_advert_interval_ns = conditions->advert_interval_ns,
        .deadline = MONOTIME_NEVER,
        .hold_until = MONOTIME_NEVER,
    };
}

int64_t vrrp_fsm_skew_ns(const struct vrrp_fsm *fsm)
{
    return (PRIORITY_SCALE - fsm->conditions.priority) * fsm->active_advert_interval_ns /
           PRIORITY_SCALE;
}

int64_t vrrp_fsm_active_down_ns(const struct vrrp_fsm *fsm)
{
    return DOWN_ADVERTS * fsm->active_advert_interval_ns + vrrp_fsm_skew_ns(fsm);
}

int64_t vrrp_fsm_patience_ns(const struct vrrp_conditions *conditions)
{
    return DOWN_ADVERTS * conditions->advert_interval_ns;
}

static bool is_degraded(uint8_t priority)
{
    return priority <= VRRP_PRIORITY_DEGRADED_MAX;
}

static bool may_take_over(const struct vrrp_fsm *fsm)
{
    return fsm->conditions.candidate && fsm->conditions.kernel_ready;
}

/*
 * Where all reghad die at once the Active is orphaned a moment before its peers: they must not take
 * the addresses to a node on which nobody would start the registry.
 */
static bool may_relieve(const struct vrrp_fsm *fsm)
{
    return may_take_over(fsm) && !fsm->conditions.unattended &&
           !is_degraded(fsm->conditions.priority);
}

static void enter(struct vrrp_fsm *fsm, enum vrrp_state state, enum vrrp_reason reason,
                  struct monotime now)
{
    fsm->state = state;
    fsm->reason = reason;
    fsm->changed = now;
}

static int64_t wait_ns(const struct vrrp_fsm *fsm)
{
    switch (fsm->wait) {
    case VRRP_WAIT_SKEW:
        return vrrp_fsm_skew_ns(fsm);
    case VRRP_WAIT_INTERVAL:
        return fsm->conditions.advert_interval_ns;
    case VRRP_WAIT_DOWN:
        break;
    }
    return vrrp_fsm_active_down_ns(fsm);
}

static void wait_for(struct vrrp_fsm *fsm, enum vrrp_wait wait, enum vrrp_reason reason,
                     struct monotime since)
{
    fsm->wait = wait;
    fsm->wait_reason = reason;
    fsm->wait_since = since;
    fsm->deadline = monotime_add(since, wait_ns(fsm));
}

static void forget_active(struct vrrp_fsm *fsm)
{
    fsm->active = NOBODY;
    fsm->active_priority = 0;
    fsm->active_advert_interval_ns = fsm->conditions.advert_interval_ns;
    fsm->hold_until = MONOTIME_NEVER;
    fsm->yielding = false;
}

static void become_backup(struct vrrp_fsm *fsm, enum vrrp_reason reason, struct monotime now)
{
    enter(fsm, VRRP_BACKUP, reason, now);
    forget_active(fsm);
    wait_for(fsm, VRRP_WAIT_DOWN, VRRP_REASON_TIMEOUT, now);
}

static void note_active(struct vrrp_fsm *fsm, const struct vrrp_advert *advert)
{
    fsm->active = advert->sender;
    fsm->active_priority = advert->priority;
    fsm->last_heard = advert->heard;
}

static int64_t learnt_interval_ns(const struct vrrp_fsm *fsm, int64_t interval_ns)
{
    const int64_t most_ns = LEARNT_INTERVAL_RATIO * fsm->conditions.advert_interval_ns;

    if (interval_ns > most_ns)
        interval_ns = most_ns;
    return interval_ns > VRRP_PARAMS_ADVERT_INTERVAL_MAX_NS ? VRRP_PARAMS_ADVERT_INTERVAL_MAX_NS
                                                            : interval_ns;
}

/* RFC 9568 section 6.4.2: the interval first, for both timers are computed from it. */
static void follow_active(struct vrrp_fsm *fsm, const struct vrrp_advert *advert)
{
    note_active(fsm, advert);
    fsm->active_advert_interval_ns = learnt_interval_ns(fsm, advert->advert_interval_ns);
    wait_for(fsm, VRRP_WAIT_DOWN, VRRP_REASON_TIMEOUT, advert->heard);
}

/* The Adver_Timer runs on a grid, so that late adverts do not add up; after a long pause it
 * starts anew, never sending several at once. */
static unsigned advertise_on_grid(struct vrrp_fsm *fsm, struct monotime now)
{
    const int64_t interval_ns = fsm->conditions.advert_interval_ns;

    fsm->deadline = monotime_add(fsm->deadline, interval_ns);
    if (monotime_reached(fsm->deadline, now))
        fsm->deadline = monotime_add(now, interval_ns);
    fsm->last_sent = now;
    return VRRP_SEND_ADVERT;
}

static unsigned advertise(struct vrrp_fsm *fsm, struct monotime now)
{
    fsm->deadline = monotime_add(now, fsm->conditions.advert_interval_ns);
    fsm->last_sent = now;
    return VRRP_SEND_ADVERT;
}

static unsigned become_active(struct vrrp_fsm *fsm, enum vrrp_reason reason, struct monotime now)
{
    enter(fsm, VRRP_ACTIVE, reason, now);
    forget_active(fsm);
    return advertise(fsm, now) | VRRP_ADD_ADDRESSES;
}

static void stop(struct vrrp_fsm *fsm, enum vrrp_reason reason, struct monotime now)
{
    enter(fsm, VRRP_INITIALIZE, reason, now);
    forget_active(fsm);
    fsm->deadline = MONOTIME_NEVER;
}

/* RFC 9568 section 6.4.1. Addresses that a former life may have left are removed. */
static unsigned handle_in_initialize(struct vrrp_fsm *fsm, const struct vrrp_event *event,
                                     struct monotime now)
{
    switch (event->kind) {
    case VRRP_EVENT_STARTUP:
        if (event->resume && fsm->conditions.candidate)
            return become_active(fsm, VRRP_REASON_RESUMED, now);
        become_backup(fsm, VRRP_REASON_STARTUP, now);
        return VRRP_REMOVE_ADDRESSES;
    case VRRP_EVENT_CONDITIONS:
        fsm->conditions = event->conditions;
        return 0;
    case VRRP_EVENT_SHUTDOWN:
    case VRRP_EVENT_TIMER:
    case VRRP_EVENT_ADVERT:
    case VRRP_EVENT_RELEASED:
        return 0;
    }
    return 0;
}

/* Preempt_Mode, once preempt_delay is over; before, it counts as false. */
static bool may_preempt(struct vrrp_fsm *fsm, uint8_t priority, struct monotime now)
{
    if (!fsm->conditions.preempt || priority >= fsm->conditions.priority) {
        fsm->hold_until = MONOTIME_NEVER;
        return false;
    }
    if (fsm->hold_until.ns == MONOTIME_NEVER.ns)
        fsm->hold_until = monotime_add(now, fsm->conditions.preempt_delay_ns);
    return monotime_reached(fsm->hold_until, now);
}

static bool is_followed(const struct vrrp_fsm *fsm, const struct vrrp_advert *advert)
{
    return address_is_same(&fsm->active, &advert->sender);
}

/* An Active that would rather not be: a healthy Backup need not wait for it to fall silent. */
static void relieve(struct vrrp_fsm *fsm, const struct vrrp_advert *advert)
{
    const int64_t skew_ns = vrrp_fsm_skew_ns(fsm);

    /* The last words of one that another router has relieved already. */
    if (fsm->active.family != 0 && !is_followed(fsm, advert) && !is_degraded(fsm->active_priority))
        return;
    note_active(fsm, advert);
    if (monotime_add(advert->heard, skew_ns).ns < fsm->deadline.ns)
        wait_for(fsm, VRRP_WAIT_SKEW, VRRP_REASON_PEER_DEGRADED, advert->heard);
}

/*
 * RFC 9568 section 6.4.2, "If the Priority in the ADVERTISEMENT is 0". Who was named by the Active
 * need not wait to learn whether somebody is better: its addresses are gone already.
 */
static unsigned hear_resignation(struct vrrp_fsm *fsm, const struct vrrp_advert *advert,
                                 struct monotime now)
{
    if (!is_followed(fsm, advert)) {
        fsm->resignations_ignored++; /* else anybody could start an election */
        return 0;
    }
    fsm->last_heard = advert->heard;
    if (fsm->conditions.successor && may_take_over(fsm))
        return become_active(fsm, VRRP_REASON_HANDED_OVER, now) | VRRP_ANNOUNCE;
    fsm->hold_until = MONOTIME_NEVER;
    wait_for(fsm, VRRP_WAIT_SKEW, VRRP_REASON_PEER_RESIGNED, advert->heard);
    return 0;
}

/* RFC 9568 section 6.4.2, "If an ADVERTISEMENT is received". */
static void hear_in_backup(struct vrrp_fsm *fsm, const struct vrrp_advert *advert,
                           struct monotime now)
{
    if (may_relieve(fsm) && is_degraded(advert->priority)) {
        relieve(fsm, advert);
        return;
    }
    if (fsm->conditions.unattended || !may_preempt(fsm, advert->priority, now) ||
        !may_take_over(fsm)) {
        follow_active(fsm, advert);
        return;
    }
    /* "discard": the timer runs on, and so we preempt */
    if (fsm->active.family == 0 || is_followed(fsm, advert))
        note_active(fsm, advert);
    if (fsm->wait == VRRP_WAIT_DOWN)
        fsm->wait_reason = VRRP_REASON_PREEMPT;
}

/* Who may not take over goes on listening; once he may, it is known that nobody is Active. */
static unsigned expire_in_backup(struct vrrp_fsm *fsm, struct monotime now)
{
    if (may_take_over(fsm))
        return become_active(fsm, fsm->wait_reason, now) | VRRP_ANNOUNCE;
    forget_active(fsm);
    fsm->deadline = MONOTIME_NEVER;
    return 0;
}

static void change_in_backup(struct vrrp_fsm *fsm, const struct vrrp_conditions *conditions,
                             struct monotime now)
{
    fsm->conditions = *conditions;
    if (fsm->active.family == 0)
        fsm->active_advert_interval_ns = conditions->advert_interval_ns;
    if (fsm->deadline.ns != MONOTIME_NEVER.ns)
        wait_for(fsm, fsm->wait, fsm->wait_reason, fsm->wait_since);
    else if (may_take_over(fsm))
        wait_for(fsm, VRRP_WAIT_SKEW, VRRP_REASON_TIMEOUT, now);
}

/* RFC 9568 section 6.4.2 */
static unsigned handle_in_backup(struct vrrp_fsm *fsm, const struct vrrp_event *event,
                                 struct monotime now)
{
    switch (event->kind) {
    case VRRP_EVENT_STARTUP:
        return 0;
    case VRRP_EVENT_SHUTDOWN:
        stop(fsm, event->reason, now);
        return VRRP_REMOVE_ADDRESSES;
    case VRRP_EVENT_TIMER:
        return expire_in_backup(fsm, now);
    case VRRP_EVENT_ADVERT:
        if (event->advert.priority == 0)
            return hear_resignation(fsm, &event->advert, now);
        hear_in_backup(fsm, &event->advert, now);
        return 0;
    case VRRP_EVENT_CONDITIONS:
        change_in_backup(fsm, &event->conditions, now);
        return 0;
    case VRRP_EVENT_RELEASED:
        return 0;
    }
    return 0;
}

static bool outranks_us(const struct vrrp_fsm *fsm, const struct vrrp_advert *advert)
{
    if (advert->priority != fsm->conditions.priority)
        return advert->priority > fsm->conditions.priority;
    return advert->sender_is_greater;
}

/* Whether to answer somebody else's advert: one answer per half interval, for whoever is on the
 * wire could make us send as much as he does. */
static bool may_answer(struct vrrp_fsm *fsm, struct monotime now)
{
    const int64_t half_ns = fsm->conditions.advert_interval_ns / 2;

    if (!monotime_reached(fsm->next_assert, now))
        return false;
    fsm->next_assert =
        monotime_add(now, half_ns > ASSERT_EVERY_MIN_NS ? half_ns : ASSERT_EVERY_MIN_NS);
    return true;
}

/* RFC 9568 section 6.4.3, "If an ADVERTISEMENT is received". Two routers were Active, so caches
 * may hold the other one's address: whoever stays announces again. */
static unsigned hear_in_active(struct vrrp_fsm *fsm, const struct vrrp_advert *advert,
                               struct monotime now)
{
    if (advert->priority == 0)
        return may_answer(fsm, now) ? advertise(fsm, now) | VRRP_ANNOUNCE : 0;
    if (outranks_us(fsm, advert)) {
        become_backup(fsm, VRRP_REASON_PREEMPTED, now);
        follow_active(fsm, advert);
        return VRRP_REMOVE_ADDRESSES;
    }
    if (!may_answer(fsm, now))
        return 0;
    fsm->asserted++;
    fsm->last_sent = now; /* assert our role; the Adver_Timer runs on */
    return VRRP_SEND_ADVERT | VRRP_ANNOUNCE;
}

static unsigned resign(struct vrrp_fsm *fsm, struct monotime now)
{
    become_backup(fsm, VRRP_REASON_NOT_CANDIDATE, now);
    return VRRP_SEND_RESIGNATION | VRRP_REMOVE_ADDRESSES;
}

/*
 * The successor adds the addresses as soon as it hears that we resign, so they go first. Nobody
 * waits long for a kernel that does not answer.
 */
static unsigned begin_to_yield(struct vrrp_fsm *fsm, struct monotime now)
{
    if (!fsm->yielding)
        fsm->deadline = monotime_add(now, fsm->conditions.advert_interval_ns / YIELD_PARTS);
    fsm->yielding = true;
    return VRRP_REMOVE_ADDRESSES;
}

static unsigned change_in_active(struct vrrp_fsm *fsm, const struct vrrp_conditions *conditions,
                                 struct monotime now)
{
    const struct vrrp_conditions former = fsm->conditions;

    fsm->conditions = *conditions;
    fsm->active_advert_interval_ns = conditions->advert_interval_ns;
    if (!conditions->candidate)
        return conditions->yield ? begin_to_yield(fsm, now) : resign(fsm, now);
    if (fsm->yielding) {
        fsm->yielding = false;
        return advertise(fsm, now) | VRRP_ADD_ADDRESSES | VRRP_ANNOUNCE;
    }
    /* Peers learn the interval from us, and relieve us when we are degraded: both at once. */
    if (conditions->advert_interval_ns != former.advert_interval_ns)
        return advertise(fsm, now);
    if (conditions->priority == former.priority)
        return 0;
    fsm->last_sent = now;
    return VRRP_SEND_ADVERT;
}

/* Whether we stood still for so long that a peer may have taken over. */
static bool has_overslept(const struct vrrp_fsm *fsm, struct monotime now)
{
    return monotime_since(fsm->last_sent, now) >= vrrp_fsm_patience_ns(&fsm->conditions);
}

/* Not a word before we have listened for as long as an Active is silent between two adverts. */
static unsigned wake_up(struct vrrp_fsm *fsm, const struct vrrp_event *event, struct monotime now)
{
    become_backup(fsm, VRRP_REASON_OVERSLEPT, now);
    wait_for(fsm, VRRP_WAIT_INTERVAL, VRRP_REASON_TIMEOUT, now);
    if (event->kind != VRRP_EVENT_TIMER)
        (void)handle_in_backup(fsm, event, now); /* it listens: nothing to do but to remove */
    return VRRP_REMOVE_ADDRESSES;
}

/* RFC 9568 section 6.4.3 */
static unsigned handle_in_active(struct vrrp_fsm *fsm, const struct vrrp_event *event,
                                 struct monotime now)
{
    if (has_overslept(fsm, now) && event->kind != VRRP_EVENT_SHUTDOWN)
        return wake_up(fsm, event, now);

    switch (event->kind) {
    case VRRP_EVENT_STARTUP:
        return 0;
    case VRRP_EVENT_SHUTDOWN:
        stop(fsm, event->reason, now);
        return VRRP_SEND_RESIGNATION | VRRP_REMOVE_ADDRESSES;
    case VRRP_EVENT_TIMER:
        return fsm->yielding ? resign(fsm, now) : advertise_on_grid(fsm, now);
    case VRRP_EVENT_ADVERT:
        return hear_in_active(fsm, &event->advert, now);
    case VRRP_EVENT_CONDITIONS:
        return change_in_active(fsm, &event->conditions, now);
    case VRRP_EVENT_RELEASED:
        return fsm->yielding ? resign(fsm, now) : 0;
    }
    return 0;
}

unsigned vrrp_fsm_handle(struct vrrp_fsm *fsm, const struct vrrp_event *event, struct monotime now)
{
    if (event->kind == VRRP_EVENT_TIMER && !monotime_reached(fsm->deadline, now))
        return 0;

    switch (fsm->state) {
    case VRRP_INITIALIZE:
        return handle_in_initialize(fsm, event, now);
    case VRRP_BACKUP:
        return handle_in_backup(fsm, event, now);
    case VRRP_ACTIVE:
        return handle_in_active(fsm, event, now);
    case VRRP_STATES:
        break;
    }
    return 0;
}
