/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/router.h"

#include <assert.h>
#include <stdlib.h>

#include "vrrp/remark.h"

#define LOG_EVERY_NS  (60 * NS_PER_S)
#define LATE_FRACTION 10 /* an advert that is later than a tenth of the interval */

static void note_kernel(struct vrrp_router *router)
{
    router->kernel_dirty = router->shared->pending = true;
}

static void note_status(struct vrrp_router *router)
{
    router->status_dirty = router->shared->pending = true;
}

static struct vrrp_conditions conditions_of(const struct vrrp_router *router)
{
    const struct vrrp_params *params = &router->params;

    return (struct vrrp_conditions){
        .advert_interval_ns = params->advert_interval_ns,
        .preempt_delay_ns = params->preempt_delay_ns,
        .priority = router->shared->orphaned ? VRRP_PRIORITY_ORPHANED : router->goal.priority,
        .preempt = params->preempt,
        .candidate = router->goal.candidate,
        .yield = router->goal.yield,
        .successor = router->goal.successor,
        .kernel_ready = router->shared->kernel_ready,
        .unattended = router->shared->unattended,
    };
}

const char *vrrp_router_mistake(const struct vrrp_goal *goal)
{
    const struct vrrp_params *params = &goal->params;

    if (params->name[0] == '\0' || params->interface[0] == '\0' || params->vrid == 0)
        return "it has no name, interface or VRID";
    if (params->family != AF_INET || params->version != 3)
        return "only version 3 over IPv4 is spoken";
    if (params->priority == 0 || goal->priority == 0)
        return "its priority is 0, which means resigning";
    if (params->advert_interval_ns < VRRP_PARAMS_ADVERT_INTERVAL_MIN_NS)
        return "its advert interval is below 10 ms";
    if (params->address_count == 0)
        return "it has no address";
    if (params->transport == VRRP_TRANSPORT_UNICAST && params->peer_count == 0)
        return "it is unicast and has no peers";
    for (size_t at = 0; at < params->address_count; at++)
        if (params->addresses[at].family != params->family)
            return "one of its addresses is of another family";
    return NULL;
}

bool vrrp_router_is_same(const struct vrrp_goal *a, const struct vrrp_goal *b)
{
    return a->params.vrid == b->params.vrid && a->params.family == b->params.family &&
           strcmp(a->params.interface, b->params.interface) == 0;
}

/* Sending. */

/* Whether a guard silences us unless it sees that we go on. It outlives a regha-net that dies. */
static bool is_guarded(const struct vrrp_router *router)
{
    const struct kernel_status *status = vrrp_view_status(&router->shared->view, &router->params);

    return router->kernel_goal.guard_ns > 0 && (!status || status->guarded);
}

static void send_advert(struct vrrp_router *router, uint8_t priority, struct monotime now)
{
    const struct vrrp_params *params = &router->params;
    struct vrrp_packet_advert advert = {
        .priority = priority,
        .checksum = vrrp_packet_form(&router->habit, (enum vrrp_checksum)params->checksum),
    };

    if (router->sender.fd < 0)
        return;
    const struct vrrp_sender_failure failure =
        vrrp_sender_advert(&router->sender, params, &advert, is_guarded(router));
    vrrp_remark_failure(router, &failure, now);
    if (priority == 0) {
        router->counters.resignations_sent++;
        return;
    }
    router->counters.adverts_sent++;
    vrrp_memory_note_advert(&router->memory, now);
}

/* The state machine and its surroundings. */

static void note_transition(struct vrrp_router *router, enum vrrp_state from, struct monotime now)
{
    const struct vrrp_fsm *fsm = &router->fsm;
    struct vrrp_transition *transition =
        &router->transitions[router->transition_count++ % VRRP_ROUTER_TRANSITIONS];
    const bool trouble =
        fsm->reason == VRRP_REASON_INTERFACE_DOWN || fsm->reason == VRRP_REASON_OVERSLEPT;

    *transition = (struct vrrp_transition){
        .vrid = router->params.vrid,
        .family = router->params.family,
        .from = (uint8_t)from,
        .to = (uint8_t)fsm->state,
        .reason = (uint8_t)fsm->reason,
        .at_ns = now.ns,
        .last_advert_ns = fsm->last_heard.ns,
    };
    memcpy(transition->name, router->params.name, sizeof(transition->name));
    note_status(router);
    log_write(trouble ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "virtual router changed its state",
              "vrouter=%s vrid=%u interface=%s from=%s to=%s reason=%s priority=%u",
              router->params.name, router->params.vrid, router->params.interface,
              vrrp_message_state_name(from), vrrp_message_state_name(fsm->state),
              vrrp_message_reason_name(fsm->reason), fsm->conditions.priority);
}

/* In the order of the bits: peers first, then the kernel. */
static void perform(struct vrrp_router *router, unsigned actions, struct monotime now)
{
    if (actions & VRRP_SEND_ADVERT)
        send_advert(router, router->fsm.conditions.priority, now);
    if (actions & VRRP_SEND_RESIGNATION)
        send_advert(router, 0, now);
    if (actions & (VRRP_ADD_ADDRESSES | VRRP_REMOVE_ADDRESSES)) {
        router->kernel_goal.hold = (actions & VRRP_ADD_ADDRESSES) != 0;
        note_kernel(router);
    }
    if (actions & VRRP_ANNOUNCE) {
        router->kernel_goal.announce_serial++;
        note_kernel(router);
    }
}

static void handle(struct vrrp_router *router, const struct vrrp_event *event, struct monotime now)
{
    struct vrrp_fsm *fsm = &router->fsm;
    const enum vrrp_state state = fsm->state;
    const struct address active = fsm->active;
    const uint8_t active_priority = fsm->active_priority;
    const int64_t down_ns = vrrp_fsm_active_down_ns(fsm);

    perform(router, vrrp_fsm_handle(fsm, event, now), now);
    if (state == VRRP_ACTIVE && fsm->state != VRRP_ACTIVE)
        vrrp_memory_note_end(&router->memory);
    if (fsm->state != state)
        note_transition(router, state, now);
    if (!address_is_same(&fsm->active, &active) || fsm->active_priority != active_priority ||
        vrrp_fsm_active_down_ns(fsm) != down_ns)
        note_status(router);
    if (fsm->deadline.ns == MONOTIME_NEVER.ns)
        loop_timer_cancel(router->shared->loop, &router->timer);
    else
        (void)loop_timer_set(router->shared->loop, &router->timer, fsm->deadline);
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    struct vrrp_router *router = timer->owner;
    const struct vrrp_event event = {.kind = VRRP_EVENT_TIMER};
    const int64_t late_ns = monotime_since(router->fsm.deadline, now);

    if (router->fsm.state == VRRP_ACTIVE &&
        late_ns > router->params.advert_interval_ns / LATE_FRACTION)
        router->counters.adverts_late++;
    handle(router, &event, now);
}

static bool is_same_conditions(const struct vrrp_conditions *a, const struct vrrp_conditions *b)
{
    return a->advert_interval_ns == b->advert_interval_ns &&
           a->preempt_delay_ns == b->preempt_delay_ns && a->priority == b->priority &&
           a->preempt == b->preempt && a->candidate == b->candidate && a->yield == b->yield &&
           a->successor == b->successor && a->kernel_ready == b->kernel_ready &&
           a->unattended == b->unattended;
}

static void change(struct vrrp_router *router, struct monotime now)
{
    const struct vrrp_event event = {
        .kind = VRRP_EVENT_CONDITIONS,
        .conditions = conditions_of(router),
    };

    if (is_same_conditions(&event.conditions, &router->fsm.conditions))
        return;
    handle(router, &event, now);
    note_status(router);
}

/* Life. */

static void write_kernel_goal(struct vrrp_router *router)
{
    const struct vrrp_params *params = &router->params;
    struct kernel_goal *goal = &router->kernel_goal;
    static_assert(sizeof(goal->name) == sizeof(params->name), "names of one length");
    static_assert(sizeof(goal->addresses) == sizeof(params->addresses), "as many addresses");

    memcpy(goal->name, params->name, sizeof(goal->name));
    memcpy(goal->interface, params->interface, sizeof(goal->interface));
    memcpy(goal->addresses, params->addresses, sizeof(goal->addresses));
    goal->vrid = params->vrid;
    goal->family = params->family;
    goal->address_count = params->address_count;
    goal->announce_repeat = params->announce_repeat;
    goal->announce_refresh_ns = params->announce_refresh_ns;
    goal->guard_ns = router->sender.can_mark ? params->guard_ns : 0;
    note_kernel(router);
}

/* The source in use is the configured one, or else the interface's own. */
static void take_goal(struct vrrp_router *router, const struct vrrp_goal *goal)
{
    memcpy(&router->goal, goal, sizeof(*goal)); /* holes too: it is compared as bytes */
    router->params = goal->params;
    if (router->params.source.family == 0)
        router->params.source = router->sender.source;
    memcpy(router->counters.name, goal->params.name, sizeof(router->counters.name));
    router->counters.vrid = goal->params.vrid;
    router->counters.family = goal->params.family;
    write_kernel_goal(router);
    note_status(router);
}

struct vrrp_router *vrrp_router_new(struct vrrp_shared *shared, const struct vrrp_goal *goal)
{
    struct vrrp_router *router = calloc(1, sizeof(*router));
    struct err err;

    if (!router)
        return NULL;
    router->shared = shared;
    vrrp_sender_init(&router->sender);
    loop_timer_init(&router->timer, "virtual router", handle_timer, router);
    take_goal(router, goal);
    const struct vrrp_conditions conditions = conditions_of(router);
    vrrp_fsm_init(&router->fsm, &conditions);
    if (vrrp_memory_open(&router->memory, shared->folder, &goal->params, &err) < 0)
        log_warning("a restart of regha-vrrp will not resume this virtual router",
                    "vrouter=%s reason=\"%s\"", goal->params.name, err.text);
    return router;
}

void vrrp_router_free(struct vrrp_router *router, bool forget)
{
    if (!router)
        return;
    loop_timer_cancel(router->shared->loop, &router->timer);
    vrrp_sender_close(&router->sender);
    vrrp_memory_close(&router->memory, forget);
    free(router);
}

void vrrp_router_want(struct vrrp_router *router, const struct vrrp_goal *goal, struct monotime now)
{
    if (memcmp(goal, &router->goal, sizeof(*goal)) == 0)
        return;
    take_goal(router, goal);
    change(router, now);
}

/* A guard counts marked adverts: without marks it would silence whom it is to protect. */
static void want_guard(struct vrrp_router *router)
{
    const int64_t guard_ns = router->sender.can_mark ? router->params.guard_ns : 0;

    if (router->sender.fd >= 0 && guard_ns == 0 && router->params.guard_ns > 0)
        log_warning("adverts cannot be marked, so addresses are not guarded",
                    "vrouter=%s vrid=%u needs=\"Linux 5.17\"", router->params.name,
                    router->params.vrid);
    if (router->kernel_goal.guard_ns == guard_ns)
        return;
    router->kernel_goal.guard_ns = guard_ns;
    note_kernel(router);
}

/* The socket fits the link as it is now. Returns false if there can be none. */
static bool open_send(struct vrrp_router *router, const struct kernel_link *link,
                      struct monotime now)
{
    const struct address *wanted =
        router->goal.params.source.family != 0 ? &router->goal.params.source : &link->ipv4;
    struct err err;
    uint64_t suppressed;

    if (wanted->family != AF_INET) {
        vrrp_sender_close(&router->sender);
        return false;
    }
    const int fit =
        vrrp_sender_fit(&router->sender, router->params.interface, link->index, wanted, &err);
    if (fit < 0) {
        if (log_limit_pass(&router->limits.start, LOG_EVERY_NS, now, &suppressed))
            log_warning("virtual router cannot send", "vrouter=%s vrid=%u reason=\"%s\"",
                        router->params.name, router->params.vrid, err.text);
        return false;
    }
    router->params.source = *wanted;
    if (fit > 0)
        want_guard(router);
    return true;
}

/*
 * ha-model: resume only while no peer's patience is at an end and, where a guard is in force, while
 * it has not silenced us; and with the addresses in place, of which a regha-net that was restarted,
 * too, knows nothing yet: it keeps what it found until it is told.
 */
static bool may_resume(const struct vrrp_router *router, struct monotime now)
{
    const struct vrrp_conditions conditions = conditions_of(router);
    const struct kernel_status *status = vrrp_view_status(&router->shared->view, &router->params);
    int64_t within_ns = vrrp_fsm_patience_ns(&conditions);

    if ((!status || status->guarded) && router->params.guard_ns > 0 &&
        router->params.guard_ns < within_ns)
        within_ns = router->params.guard_ns;
    return (!status || vrrp_view_holds(&router->shared->view, &router->params)) &&
           vrrp_memory_is_fresh(&router->memory, within_ns, now);
}

/* The first goal asks to keep the addresses for as long as that is open, for it brings the link. */
static void begin(struct vrrp_router *router, struct monotime now)
{
    router->begun = true;
    router->resumes = may_resume(router, now);
    router->kernel_goal.hold = router->resumes;
    note_kernel(router);
}

static void end_resumption(struct vrrp_router *router)
{
    if (router->resumes && router->fsm.state != VRRP_ACTIVE) {
        router->kernel_goal.hold = false;
        note_kernel(router);
    }
    router->resumes = false;
}

static bool start(struct vrrp_router *router, struct monotime now)
{
    const struct kernel_link *link =
        vrrp_view_link(&router->shared->view, router->params.interface);
    const bool usable = link && link->index != 0 && link->up;
    const bool ready = usable && open_send(router, link, now);

    if (ready && router->fsm.state == VRRP_INITIALIZE) {
        const struct vrrp_event event = {
            .kind = VRRP_EVENT_STARTUP,
            .resume = router->resumes && may_resume(router, now),
        };
        handle(router, &event, now);
    }
    if (!ready && router->fsm.state != VRRP_INITIALIZE)
        vrrp_router_stop(router, VRRP_REASON_INTERFACE_DOWN, now);
    if (link)
        end_resumption(router);
    return ready || !usable; /* a link that is down tells us when it is back */
}

/* It yields, and regha-net has done its part. */
static void release(struct vrrp_router *router, struct monotime now)
{
    const struct vrrp_event event = {.kind = VRRP_EVENT_RELEASED};

    if (router->fsm.yielding && !router->kernel_dirty &&
        vrrp_view_status(&router->shared->view, &router->params) &&
        vrrp_view_has_removed(&router->shared->view, &router->params))
        handle(router, &event, now);
}

bool vrrp_router_consider(struct vrrp_router *router, struct monotime now)
{
    /* Before regha-net has spoken nothing is known; after it is gone, what it said last. */
    if (router->shared->stopping || (!router->begun && !router->shared->kernel_ready))
        return true;
    change(router, now);
    release(router, now);
    if (!router->begun)
        begin(router, now);
    return start(router, now);
}

void vrrp_router_stop(struct vrrp_router *router, enum vrrp_reason reason, struct monotime now)
{
    const struct vrrp_event event = {.kind = VRRP_EVENT_SHUTDOWN, .reason = reason};

    handle(router, &event, now);
}

enum vrrp_drop vrrp_router_receive(struct vrrp_router *router, const struct vrrp_datagram *datagram,
                                   struct monotime heard, struct monotime now)
{
    struct vrrp_packet packet;
    const enum vrrp_drop drop = vrrp_packet_decode(datagram, &router->params, &packet);

    if (drop != VRRP_ACCEPTED) {
        router->counters.discarded[drop]++;
        return drop;
    }
    const struct vrrp_event event = {
        .kind = VRRP_EVENT_ADVERT,
        .advert = {datagram->source, packet.priority, packet.advert_interval_ns,
                   packet.sender_is_greater, heard},
    };
    const uint64_t asserted = router->fsm.asserted;

    router->counters.adverts_received++;
    router->counters.resignations_received += packet.priority == 0;
    vrrp_packet_heard(&router->habit, packet.checksum);
    vrrp_remark_packet(router, &packet, &datagram->source, now);
    if (router->shared->heard)
        router->shared->heard(router->shared->heard_owner, &datagram->source,
                              packet.priority == 0 ? 0 : packet.advert_interval_ns, heard);
    handle(router, &event, now);
    if (router->fsm.asserted != asserted)
        vrrp_remark_rival(router, &event.advert, now);
    router->counters.asserted = router->fsm.asserted;
    router->counters.resignations_ignored = router->fsm.resignations_ignored;
    return VRRP_ACCEPTED;
}

void vrrp_router_status(const struct vrrp_router *router, struct vrrp_status *ret_status)
{
    const struct vrrp_fsm *fsm = &router->fsm;
    const bool active = fsm->state == VRRP_ACTIVE;

    *ret_status = (struct vrrp_status){
        .vrid = router->params.vrid,
        .family = router->params.family,
        .state = (uint8_t)fsm->state,
        .priority = fsm->conditions.priority,
        .candidate = fsm->conditions.candidate,
        .orphaned = router->shared->orphaned,
        .kernel_ready = router->shared->kernel_ready,
        .since_ns = fsm->changed.ns,
        .active = active ? router->params.source : fsm->active,
        .active_priority = active ? fsm->conditions.priority : fsm->active_priority,
        .advert_interval_ns =
            active ? router->params.advert_interval_ns : fsm->active_advert_interval_ns,
        .down_interval_ns = vrrp_fsm_active_down_ns(fsm),
    };
    memcpy(ret_status->name, router->params.name, sizeof(ret_status->name));
    memcpy(ret_status->interface, router->params.interface, sizeof(ret_status->interface));
}
