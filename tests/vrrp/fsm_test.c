/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 9568 section 6.4 and what regha adds to it: a row, a rule; then rules that take steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "vrrp/fsm.h"

#define SECOND NS_PER_S
#define SKEW   (156 * SECOND / 256) /* of priority 100 */
#define DOWN   (3 * SECOND + SKEW)

#define NO_CHANGE INT64_C(-1) /* the running timer is left alone */
#define NEVER     INT64_C(-2)

#define PEER                                                                                       \
    {                                                                                              \
        AF_INET, 32,                                                                               \
        {                                                                                          \
            10, 0, 0, 2                                                                            \
        }                                                                                          \
    }
#define STRANGER                                                                                   \
    {                                                                                              \
        AF_INET, 32,                                                                               \
        {                                                                                          \
            10, 0, 0, 3                                                                            \
        }                                                                                          \
    }

static const struct monotime now = {1000 * SECOND};

/* A Backup follows PEER, priority 200; an Active sent its last advert an interval ago. */
static const struct vrrp_conditions usual = {
    .advert_interval_ns = SECOND,
    .priority = 100,
    .preempt = true,
    .candidate = true,
    .kernel_ready = true,
};

enum twist {
    USUAL,
    STICKY,        /* preempt = false */
    NOT_CANDIDATE, /* so are we */
    NO_KERNEL,
    DEGRADED,      /* so are we: priority 5 */
    NAMED,         /* so are we, as successor; preempt = false */
    NAMED_DRAINED, /* the same, and no candidate any more */
    YIELDING,      /* and the kernel is at work */
};

struct row {
    const char *rule;
    enum vrrp_state from;
    enum twist twist;
    struct vrrp_event event;
    enum vrrp_state to;
    unsigned actions;
    int64_t wake_after_ns;
    enum vrrp_reason reason; /* if the state changes */
};

/* Every advert here is heard now, and offers an interval of 2 s. */
#define ADVERT_OF(sender_, priority_, greater)                                                     \
    {                                                                                              \
        .kind = VRRP_EVENT_ADVERT,                                                                 \
        .advert = {sender_, priority_, 2 * SECOND, greater, {1000 * SECOND}},                      \
    }
#define ADVERT(priority_, greater) ADVERT_OF(PEER, priority_, greater)
#define TIMER                                                                                      \
    {                                                                                              \
        .kind = VRRP_EVENT_TIMER                                                                   \
    }
#define STARTUP(resume_)                                                                           \
    {                                                                                              \
        .kind = VRRP_EVENT_STARTUP, .resume = (resume_)                                            \
    }
#define SHUTDOWN(why)                                                                              \
    {                                                                                              \
        .kind = VRRP_EVENT_SHUTDOWN, .reason = (why)                                               \
    }
/* What changes is priority, candidacy, the kernel's side and the interval. */
#define CHANGE(priority_, candidate_, kernel, interval_ns)                                         \
    {                                                                                              \
        .kind = VRRP_EVENT_CONDITIONS,                                                             \
        .conditions = {.advert_interval_ns = interval_ns,                                          \
                       .priority = priority_,                                                      \
                       .preempt = true,                                                            \
                       .candidate = candidate_,                                                    \
                       .kernel_ready = kernel},                                                    \
    }

#define YIELD                                                                                      \
    {                                                                                              \
        .kind = VRRP_EVENT_CONDITIONS, .conditions = {                                             \
            .advert_interval_ns = SECOND,                                                          \
            .priority = 100,                                                                       \
            .preempt = true,                                                                       \
            .kernel_ready = true,                                                                  \
            .yield = true                                                                          \
        }                                                                                          \
    }
#define RELEASED                                                                                   \
    {                                                                                              \
        .kind = VRRP_EVENT_RELEASED                                                                \
    }

static const struct row rows[] = {
    {"6.4.1 startup: listen, without addresses", VRRP_INITIALIZE, USUAL, STARTUP(false),
     VRRP_BACKUP, VRRP_REMOVE_ADDRESSES, DOWN, VRRP_REASON_STARTUP},
    {"restart within the rule: go on, advert first", VRRP_INITIALIZE, USUAL, STARTUP(true),
     VRRP_ACTIVE, VRRP_SEND_ADVERT | VRRP_ADD_ADDRESSES, SECOND, VRRP_REASON_RESUMED},
    {"restart, no candidate any more: listen", VRRP_INITIALIZE, NOT_CANDIDATE, STARTUP(true),
     VRRP_BACKUP, VRRP_REMOVE_ADDRESSES, DOWN, VRRP_REASON_STARTUP},
    {"6.4.1 advert: nothing", VRRP_INITIALIZE, USUAL, ADVERT(0, false), VRRP_INITIALIZE, 0,
     NO_CHANGE, 0},
    {"6.4.1 shutdown: nothing", VRRP_INITIALIZE, USUAL, SHUTDOWN(VRRP_REASON_SHUTDOWN),
     VRRP_INITIALIZE, 0, NO_CHANGE, 0},
    {"6.4.1 timer: nothing", VRRP_INITIALIZE, USUAL, TIMER, VRRP_INITIALIZE, 0, NO_CHANGE, 0},

    {"6.4.2 timer: take over", VRRP_BACKUP, USUAL, TIMER, VRRP_ACTIVE,
     VRRP_SEND_ADVERT | VRRP_ADD_ADDRESSES | VRRP_ANNOUNCE, SECOND, VRRP_REASON_TIMEOUT},
    {"no candidate: never", VRRP_BACKUP, NOT_CANDIDATE, TIMER, VRRP_BACKUP, 0, NEVER, 0},
    {"nobody to move the addresses: never", VRRP_BACKUP, NO_KERNEL, TIMER, VRRP_BACKUP, 0, NEVER,
     0},
    {"degraded, but nobody else is there: take over", VRRP_BACKUP, DEGRADED, TIMER, VRRP_ACTIVE,
     VRRP_SEND_ADVERT | VRRP_ADD_ADDRESSES | VRRP_ANNOUNCE, SECOND, VRRP_REASON_TIMEOUT},
    {"6.4.2 shutdown: no advert", VRRP_BACKUP, USUAL, SHUTDOWN(VRRP_REASON_REMOVED),
     VRRP_INITIALIZE, VRRP_REMOVE_ADDRESSES, NEVER, VRRP_REASON_REMOVED},
    {"6.4.2 priority 0: wait Skew_Time", VRRP_BACKUP, USUAL, ADVERT(0, false), VRRP_BACKUP, 0, SKEW,
     0},
    {"priority 0 of a stranger: ignored", VRRP_BACKUP, USUAL, ADVERT_OF(STRANGER, 0, false),
     VRRP_BACKUP, 0, NO_CHANGE, 0},
    {"6.4.2 higher: follow, learn interval", VRRP_BACKUP, USUAL, ADVERT(200, false), VRRP_BACKUP, 0,
     2 * DOWN, 0},
    {"6.4.2 equal: follow, learn interval", VRRP_BACKUP, USUAL, ADVERT(100, false), VRRP_BACKUP, 0,
     2 * DOWN, 0},
    {"6.4.2 lower and preempt: discard", VRRP_BACKUP, USUAL, ADVERT(99, false), VRRP_BACKUP, 0,
     NO_CHANGE, 0},
    {"6.4.2 lower, no preempt: follow", VRRP_BACKUP, STICKY, ADVERT(99, false), VRRP_BACKUP, 0,
     2 * DOWN, 0},
    {"6.4.2 lower, but we are no candidate: follow", VRRP_BACKUP, NOT_CANDIDATE, ADVERT(99, false),
     VRRP_BACKUP, 0, 6 * SECOND + 2 * SKEW, 0},
    {"two degraded ones, no preempt of us: follow", VRRP_BACKUP, DEGRADED, ADVERT(6, false),
     VRRP_BACKUP, 0, 6 * SECOND + 2 * (251 * SECOND / 256), 0},

    {"6.4.3 timer: advertise", VRRP_ACTIVE, USUAL, TIMER, VRRP_ACTIVE, VRRP_SEND_ADVERT, SECOND, 0},
    {"6.4.3 timer, regha-net away: go on", VRRP_ACTIVE, NO_KERNEL, TIMER, VRRP_ACTIVE,
     VRRP_SEND_ADVERT, SECOND, 0},
    {"6.4.3 priority 0: advertise, restart timer", VRRP_ACTIVE, USUAL, ADVERT(0, false),
     VRRP_ACTIVE, VRRP_SEND_ADVERT | VRRP_ANNOUNCE, SECOND, 0},
    {"6.4.3 higher: yield", VRRP_ACTIVE, USUAL, ADVERT(101, false), VRRP_BACKUP,
     VRRP_REMOVE_ADDRESSES, 2 * DOWN, VRRP_REASON_PREEMPTED},
    {"6.4.3 Preempt_Mode is not considered", VRRP_ACTIVE, STICKY, ADVERT(101, false), VRRP_BACKUP,
     VRRP_REMOVE_ADDRESSES, 2 * DOWN, VRRP_REASON_PREEMPTED},
    {"6.4.3 equal, greater address: yield", VRRP_ACTIVE, USUAL, ADVERT(100, true), VRRP_BACKUP,
     VRRP_REMOVE_ADDRESSES, 2 * DOWN, VRRP_REASON_PREEMPTED},
    {"6.4.3 equal, lesser address: assert", VRRP_ACTIVE, USUAL, ADVERT(100, false), VRRP_ACTIVE,
     VRRP_SEND_ADVERT | VRRP_ANNOUNCE, NO_CHANGE, 0},
    {"6.4.3 lower, greater address: assert", VRRP_ACTIVE, USUAL, ADVERT(99, true), VRRP_ACTIVE,
     VRRP_SEND_ADVERT | VRRP_ANNOUNCE, NO_CHANGE, 0},
    {"erratum 8298: an owner is heard: yield", VRRP_ACTIVE, USUAL, ADVERT(255, false), VRRP_BACKUP,
     VRRP_REMOVE_ADDRESSES, 2 * DOWN, VRRP_REASON_PREEMPTED},
    {"6.4.3 shutdown: resign", VRRP_ACTIVE, USUAL, SHUTDOWN(VRRP_REASON_SHUTDOWN), VRRP_INITIALIZE,
     VRRP_SEND_RESIGNATION | VRRP_REMOVE_ADDRESSES, NEVER, VRRP_REASON_SHUTDOWN},
    {"6.4.3 startup: nothing", VRRP_ACTIVE, USUAL, STARTUP(false), VRRP_ACTIVE, 0, NO_CHANGE, 0},

    {"candidacy taken back: resign, listen", VRRP_ACTIVE, USUAL, CHANGE(100, false, true, SECOND),
     VRRP_BACKUP, VRRP_SEND_RESIGNATION | VRRP_REMOVE_ADDRESSES, DOWN, VRRP_REASON_NOT_CANDIDATE},
    {"degraded: say so at once, on the same grid", VRRP_ACTIVE, USUAL,
     CHANGE(1, true, true, SECOND), VRRP_ACTIVE, VRRP_SEND_ADVERT, NO_CHANGE, 0},
    {"regha-net lost: go on", VRRP_ACTIVE, USUAL, CHANGE(100, true, false, SECOND), VRRP_ACTIVE, 0,
     NO_CHANGE, 0},
    {"another interval: say so at once, on a new grid", VRRP_ACTIVE, USUAL,
     CHANGE(100, true, true, 3 * SECOND), VRRP_ACTIVE, VRRP_SEND_ADVERT, 3 * SECOND, 0},

    {"hand-over: the addresses go first", VRRP_ACTIVE, USUAL, YIELD, VRRP_ACTIVE,
     VRRP_REMOVE_ADDRESSES, SECOND / 4, 0},
    {"hand-over: told again, no more time", VRRP_ACTIVE, YIELDING, YIELD, VRRP_ACTIVE,
     VRRP_REMOVE_ADDRESSES, NO_CHANGE, 0},
    {"hand-over: they are gone: resign", VRRP_ACTIVE, YIELDING, RELEASED, VRRP_BACKUP,
     VRRP_SEND_RESIGNATION | VRRP_REMOVE_ADDRESSES, DOWN, VRRP_REASON_NOT_CANDIDATE},
    {"hand-over: the kernel does not answer: resign", VRRP_ACTIVE, YIELDING, TIMER, VRRP_BACKUP,
     VRRP_SEND_RESIGNATION | VRRP_REMOVE_ADDRESSES, DOWN, VRRP_REASON_NOT_CANDIDATE},
    {"hand-over: called off: take them back", VRRP_ACTIVE, YIELDING,
     CHANGE(100, true, true, SECOND), VRRP_ACTIVE,
     VRRP_SEND_ADVERT | VRRP_ADD_ADDRESSES | VRRP_ANNOUNCE, SECOND, 0},
    {"hand-over: a better router meanwhile: leave it to him", VRRP_ACTIVE, YIELDING,
     ADVERT(200, false), VRRP_BACKUP, VRRP_REMOVE_ADDRESSES, 2 * DOWN, VRRP_REASON_PREEMPTED},
    {"nobody yields: what is gone is not asked for", VRRP_ACTIVE, USUAL, RELEASED, VRRP_ACTIVE, 0,
     NO_CHANGE, 0},
    {"named: the Active resigned: at once", VRRP_BACKUP, NAMED, ADVERT(0, false), VRRP_ACTIVE,
     VRRP_SEND_ADVERT | VRRP_ADD_ADDRESSES | VRRP_ANNOUNCE, SECOND, VRRP_REASON_HANDED_OVER},
    {"named: somebody else resigned: nothing", VRRP_BACKUP, NAMED, ADVERT_OF(STRANGER, 0, false),
     VRRP_BACKUP, 0, NO_CHANGE, 0},
    {"named: the Active advertises: follow", VRRP_BACKUP, NAMED, ADVERT(50, false), VRRP_BACKUP, 0,
     2 * DOWN, 0},
    {"named, no candidate any more: listen", VRRP_BACKUP, NAMED_DRAINED, ADVERT(0, false),
     VRRP_BACKUP, 0, SKEW, 0},
};

static struct vrrp_fsm fsm_in(enum vrrp_state state, enum twist twist)
{
    struct vrrp_conditions conditions = usual;
    struct vrrp_fsm fsm;

    conditions.preempt = twist != STICKY && twist != DEGRADED && twist != NAMED;
    conditions.candidate = twist != NOT_CANDIDATE && twist != NAMED_DRAINED && twist != YIELDING;
    conditions.kernel_ready = twist != NO_KERNEL;
    conditions.successor = twist == NAMED || twist == NAMED_DRAINED;
    conditions.yield = twist == YIELDING;
    if (twist == DEGRADED)
        conditions.priority = 5;
    vrrp_fsm_init(&fsm, &conditions);
    fsm.state = state;
    if (state != VRRP_INITIALIZE)
        fsm.deadline = now;
    if (state == VRRP_BACKUP) {
        fsm.active = (struct address)PEER;
        fsm.active_priority = 200;
        fsm.wait_reason = VRRP_REASON_TIMEOUT;
        fsm.wait_since = monotime_add(now, -vrrp_fsm_active_down_ns(&fsm));
    }
    fsm.yielding = twist == YIELDING;
    fsm.last_sent = monotime_add(now, -SECOND);
    return fsm;
}

static void check_row(const struct row *row)
{
    struct vrrp_fsm fsm = fsm_in(row->from, row->twist);
    const struct monotime running = fsm.deadline;
    const unsigned actions = vrrp_fsm_handle(&fsm, &row->event, now);
    struct monotime want = {now.ns + row->wake_after_ns};

    if (row->wake_after_ns == NO_CHANGE)
        want = running;
    if (row->wake_after_ns == NEVER)
        want = MONOTIME_NEVER;
    if (actions != row->actions || fsm.state != row->to || fsm.deadline.ns != want.ns)
        fail_msg("%s: actions %#x, want %#x; state %s, want %s; wakes in %lld ns, want %lld",
                 row->rule, actions, row->actions, vrrp_message_state_name(fsm.state),
                 vrrp_message_state_name(row->to), (long long)(fsm.deadline.ns - now.ns),
                 (long long)(want.ns - now.ns));
    if (row->from != row->to && (fsm.reason != row->reason || fsm.changed.ns != now.ns))
        fail_msg("%s: reason %s, want %s", row->rule, vrrp_message_reason_name(fsm.reason),
                 vrrp_message_reason_name(row->reason));
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++)
        check_row(&rows[at]);
}

/* Actions are done in the order of their bits: peers hear of us before hosts do. */
static void test_order(void **state)
{
    (void)state;
    assert_true(VRRP_SEND_ADVERT < VRRP_ADD_ADDRESSES);
    assert_true(VRRP_SEND_RESIGNATION < VRRP_REMOVE_ADDRESSES);
    assert_true(VRRP_ADD_ADDRESSES < VRRP_ANNOUNCE);
}

static unsigned timer(struct vrrp_fsm *fsm, struct monotime at)
{
    const struct vrrp_event event = TIMER;

    return vrrp_fsm_handle(fsm, &event, at);
}

static unsigned advert(struct vrrp_fsm *fsm, struct address sender, uint8_t priority,
                       struct monotime at)
{
    const struct vrrp_event event = {
        .kind = VRRP_EVENT_ADVERT,
        .advert = {sender, priority, SECOND, false, at},
    };

    return vrrp_fsm_handle(fsm, &event, at);
}

static const struct address peer = PEER, stranger = STRANGER;

static struct monotime after(int64_t span_ns)
{
    return monotime_add(now, span_ns);
}

/* A timer that fires early, or late after a state change, must do nothing. */
static void test_early_timer(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, USUAL);

    (void)state;
    assert_int_equal(timer(&fsm, after(-1)), 0);
    assert_int_equal(fsm.state, VRRP_BACKUP);
}

/* RFC 9568 section 6.1 with the numbers of a table computed by hand: prio, interval, skew, down. */
static void test_timers(void **state)
{
    static const struct {
        uint8_t priority;
        int64_t interval_ns, skew_ns, down_ns;
    } timers[] = {
        {254, 100 * NS_PER_CS, 7812500, 3007812500},
        {200, 100 * NS_PER_CS, 218750000, 3218750000},
        {1, 100 * NS_PER_CS, 996093750, 3996093750},
        {254, 1 * NS_PER_CS, 78125, 30078125},
        {150, 1 * NS_PER_CS, 4140625, 34140625},
        {1, 4095 * NS_PER_CS, 40790039062, 163640039062},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(timers) / sizeof(timers[0]); at++) {
        struct vrrp_conditions conditions = usual;
        struct vrrp_fsm fsm;

        conditions.priority = timers[at].priority;
        conditions.advert_interval_ns = timers[at].interval_ns;
        vrrp_fsm_init(&fsm, &conditions);
        assert_int_equal(vrrp_fsm_skew_ns(&fsm), timers[at].skew_ns);
        assert_int_equal(vrrp_fsm_active_down_ns(&fsm), timers[at].down_ns);
    }
}

/* Adverts keep to their grid though each is sent a little late; a long pause starts a new one. */
static void test_grid(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_ACTIVE, USUAL);

    (void)state;
    assert_int_equal(timer(&fsm, after(SECOND / 4)), VRRP_SEND_ADVERT);
    assert_int_equal(fsm.deadline.ns, now.ns + SECOND);
    assert_int_equal(timer(&fsm, after(SECOND + SECOND / 3)), VRRP_SEND_ADVERT);
    assert_int_equal(fsm.deadline.ns, now.ns + 2 * SECOND);
    assert_int_equal(timer(&fsm, after(3 * SECOND + SECOND / 3)), VRRP_SEND_ADVERT);
    assert_int_equal(fsm.deadline.ns, now.ns + 4 * SECOND + SECOND / 3);
}

/* An advert that lay in the queue counts from when it arrived. */
static void test_follow_from_arrival(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, USUAL);
    struct vrrp_event event = ADVERT(200, false);

    (void)state;
    event.advert.heard = after(-SECOND / 2);
    vrrp_fsm_handle(&fsm, &event, now);
    assert_int_equal(fsm.deadline.ns, now.ns - SECOND / 2 + 2 * DOWN);
}

/* Nobody puts us to sleep with one advert of 40 s. */
static void test_learnt_interval_is_capped(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, USUAL);
    struct vrrp_event event = ADVERT(200, false);

    (void)state;
    event.advert.advert_interval_ns = VRRP_PARAMS_ADVERT_INTERVAL_MAX_NS;
    vrrp_fsm_handle(&fsm, &event, now);
    assert_int_equal(fsm.active_advert_interval_ns, 10 * SECOND);
    fsm.conditions.advert_interval_ns = VRRP_PARAMS_ADVERT_INTERVAL_MAX_NS;
    event.advert.advert_interval_ns = 2 * VRRP_PARAMS_ADVERT_INTERVAL_MAX_NS;
    vrrp_fsm_handle(&fsm, &event, now);
    assert_int_equal(fsm.active_advert_interval_ns, VRRP_PARAMS_ADVERT_INTERVAL_MAX_NS);
}

/* Health outranks stickiness: a degraded Active is relieved after Skew_Time, and its further
 * adverts do not put that off. */
static void test_degraded_active_is_relieved(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, STICKY);

    (void)state;
    advert(&fsm, peer, 200, now);
    advert(&fsm, peer, VRRP_PRIORITY_DEGRADED_MAX, after(SECOND));
    assert_int_equal(fsm.deadline.ns, now.ns + SECOND + SKEW);
    advert(&fsm, peer, VRRP_PRIORITY_ORPHANED, after(SECOND + SKEW / 2));
    assert_int_equal(fsm.deadline.ns, now.ns + SECOND + SKEW);
    assert_int_equal(timer(&fsm, after(SECOND + SKEW)),
                     VRRP_SEND_ADVERT | VRRP_ADD_ADDRESSES | VRRP_ANNOUNCE);
    assert_int_equal(fsm.reason, VRRP_REASON_PEER_DEGRADED);
}

static void test_above_the_band_is_not_degraded(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, STICKY);

    (void)state;
    advert(&fsm, peer, VRRP_PRIORITY_MIN, now);
    assert_int_equal(fsm.deadline.ns, now.ns + DOWN);
}

/* A second Backup has heard the new Active; the old one's last words must not start it. */
static void test_last_words_of_a_relieved_one(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, STICKY);

    (void)state;
    advert(&fsm, stranger, 150, now);
    advert(&fsm, peer, 1, after(SECOND / 10));
    assert_int_equal(fsm.deadline.ns, now.ns + DOWN);
    assert_true(address_is_same(&fsm.active, &stranger));
}

/* Who may not take over follows a degraded one like any other. */
static void test_degraded_active_without_candidate(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, NOT_CANDIDATE);

    (void)state;
    advert(&fsm, peer, 1, now);
    assert_int_equal(fsm.deadline.ns, now.ns + DOWN);
}

/* All reghad of a cluster died, the Active's a moment earlier than ours: it keeps the addresses. */
static void test_degraded_active_of_the_unattended(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, USUAL); /* with preempt, too */

    (void)state;
    fsm.conditions.unattended = true;
    advert(&fsm, peer, VRRP_PRIORITY_ORPHANED, now);
    assert_int_equal(fsm.deadline.ns, now.ns + DOWN);
    fsm.conditions.unattended = false;
    advert(&fsm, peer, VRRP_PRIORITY_ORPHANED, after(SECOND));
    assert_int_equal(fsm.deadline.ns, now.ns + SECOND + SKEW);
}

/* An Active that is silent is no question of health: who is left takes over. */
static void test_silent_active_of_the_unattended(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, STICKY);

    (void)state;
    fsm.conditions.unattended = true;
    advert(&fsm, peer, 200, now);
    assert_int_equal(timer(&fsm, after(DOWN)),
                     VRRP_SEND_ADVERT | VRRP_ADD_ADDRESSES | VRRP_ANNOUNCE);
}

/* While we hold back, we follow; then the timer runs out under the lesser one's adverts. */
static void test_preempt_delay(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, USUAL);

    (void)state;
    fsm.conditions.preempt_delay_ns = 5 * SECOND;
    for (int at = 0; at < 5; at++) {
        advert(&fsm, peer, 50, after(at * SECOND));
        assert_int_equal(fsm.deadline.ns, now.ns + at * SECOND + DOWN);
    }
    advert(&fsm, peer, 50, after(5 * SECOND));
    assert_int_equal(fsm.deadline.ns, now.ns + 4 * SECOND + DOWN);
    assert_true(timer(&fsm, fsm.deadline) & VRRP_ADD_ADDRESSES);
    assert_int_equal(fsm.reason, VRRP_REASON_PREEMPT);
}

/* A better router in between starts the delay anew. */
static void test_preempt_delay_starts_anew(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, USUAL);

    (void)state;
    fsm.conditions.preempt_delay_ns = 5 * SECOND;
    advert(&fsm, peer, 50, now);
    advert(&fsm, stranger, 200, after(4 * SECOND));
    advert(&fsm, peer, 50, after(6 * SECOND));
    assert_int_equal(fsm.deadline.ns, now.ns + 6 * SECOND + DOWN);
}

/* Whoever is on the wire cannot make us send as much as he does. */
static void test_answers_are_limited(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_ACTIVE, USUAL);
    int answers = 0;

    (void)state;
    fsm.deadline = after(SECOND);
    for (int at = 0; at < 999; at++)
        answers += advert(&fsm, peer, at % 2 ? 0 : 50, after(at * NS_PER_MS)) != 0;
    assert_int_equal(answers, 2);

    fsm = fsm_in(VRRP_ACTIVE, USUAL);
    fsm.conditions.advert_interval_ns = NS_PER_CS;
    fsm.last_sent = now;
    answers = 0;
    for (int at = 0; at < 30; at++)
        answers += advert(&fsm, peer, 50, after(at * NS_PER_MS)) != 0;
    assert_int_equal(answers, 3);
    assert_int_equal(fsm.asserted, 3);
}

/* We stood still for as long as the keenest peer waits: it may be Active now. */
static void test_overslept(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_ACTIVE, USUAL);

    (void)state;
    fsm.last_sent = after(-3 * SECOND + 1);
    assert_int_equal(timer(&fsm, now), VRRP_SEND_ADVERT);
    fsm = fsm_in(VRRP_ACTIVE, USUAL);
    fsm.last_sent = after(-3 * SECOND);
    assert_int_equal(timer(&fsm, now), VRRP_REMOVE_ADDRESSES);
    assert_int_equal(fsm.state, VRRP_BACKUP);
    assert_int_equal(fsm.reason, VRRP_REASON_OVERSLEPT);
    assert_int_equal(fsm.deadline.ns, now.ns + SECOND);
    assert_true(timer(&fsm, after(SECOND)) & VRRP_SEND_ADVERT);
    assert_int_equal(fsm.state, VRRP_ACTIVE);
}

/* Its advert is in the queue that is read before any timer: no quarrel with it. */
static void test_overslept_and_relieved(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_ACTIVE, STICKY);

    (void)state;
    fsm.last_sent = after(-4 * SECOND);
    assert_int_equal(advert(&fsm, peer, 50, now), VRRP_REMOVE_ADDRESSES);
    assert_int_equal(fsm.state, VRRP_BACKUP);
    assert_int_equal(fsm.deadline.ns, now.ns + DOWN);
    assert_true(address_is_same(&fsm.active, &peer));
}

static void test_overslept_and_changed(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_ACTIVE, STICKY);
    const struct vrrp_event change = CHANGE(1, true, true, SECOND);

    (void)state;
    fsm.last_sent = after(-4 * SECOND);
    assert_int_equal(vrrp_fsm_handle(&fsm, &change, now), VRRP_REMOVE_ADDRESSES);
    assert_int_equal(fsm.state, VRRP_BACKUP);
    assert_int_equal(fsm.conditions.priority, 1);
}

/* Nobody was heard while we could not; now we can, and the best of us is first. */
static void test_take_over_when_it_becomes_possible(void **state)
{
    static const struct vrrp_event changes[] = {
        CHANGE(100, true, false, SECOND), /* a candidate, but no regha-net */
        CHANGE(100, false, true, SECOND), /* and the other way round */
        CHANGE(100, true, true, SECOND),
    };
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, NOT_CANDIDATE);

    (void)state;
    assert_int_equal(timer(&fsm, now), 0);
    assert_int_equal(fsm.active.family, 0);
    for (int at = 0; at < 3; at++) {
        assert_int_equal(fsm.deadline.ns, MONOTIME_NEVER.ns);
        vrrp_fsm_handle(&fsm, &changes[at], after(at * SECOND));
    }
    assert_int_equal(fsm.deadline.ns, now.ns + 2 * SECOND + SKEW);
    assert_true(timer(&fsm, fsm.deadline) & VRRP_ADD_ADDRESSES);
}

/* A running timer is as if it had been started with the new priority. */
static void test_priority_of_a_waiting_backup(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, USUAL);
    const struct vrrp_event degraded = CHANGE(1, true, true, SECOND);

    (void)state;
    advert(&fsm, peer, 200, now);
    vrrp_fsm_handle(&fsm, &degraded, after(2 * SECOND));
    assert_int_equal(fsm.deadline.ns, now.ns + 3 * SECOND + 255 * SECOND / 256);
}

static void test_reasons_of_a_takeover(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, USUAL);

    (void)state;
    advert(&fsm, peer, 200, now);
    advert(&fsm, peer, 0, after(SECOND));
    assert_true(timer(&fsm, after(SECOND + SKEW)) & VRRP_SEND_ADVERT);
    assert_int_equal(fsm.reason, VRRP_REASON_PEER_RESIGNED);
    assert_int_equal(fsm.last_heard.ns, now.ns + SECOND);
}

static void test_ignored_resignations_are_counted(void **state)
{
    struct vrrp_fsm fsm = fsm_in(VRRP_BACKUP, USUAL);

    (void)state;
    advert(&fsm, stranger, 0, now);
    assert_int_equal(fsm.resignations_ignored, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_early_timer),
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_follow_from_arrival),
        cmocka_unit_test(test_learnt_interval_is_capped),
        cmocka_unit_test(test_degraded_active_is_relieved),
        cmocka_unit_test(test_above_the_band_is_not_degraded),
        cmocka_unit_test(test_last_words_of_a_relieved_one),
        cmocka_unit_test(test_degraded_active_without_candidate),
        cmocka_unit_test(test_degraded_active_of_the_unattended),
        cmocka_unit_test(test_silent_active_of_the_unattended),
        cmocka_unit_test(test_preempt_delay),
        cmocka_unit_test(test_preempt_delay_starts_anew),
        cmocka_unit_test(test_answers_are_limited),
        cmocka_unit_test(test_overslept),
        cmocka_unit_test(test_overslept_and_relieved),
        cmocka_unit_test(test_overslept_and_changed),
        cmocka_unit_test(test_take_over_when_it_becomes_possible),
        cmocka_unit_test(test_priority_of_a_waiting_backup),
        cmocka_unit_test(test_reasons_of_a_takeover),
        cmocka_unit_test(test_ignored_resignations_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
