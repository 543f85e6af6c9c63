/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/policy/role.h"

#include "supervisord/policy/role_store.h"

/*
 * The degraded band, best first. Within three of its steps the best nodes still come first, so that
 * a cold cluster with nobody eligible elects the one with the highest priority.
 */
#define BAND_WORKS   6 /* to 8: something here is down, the store is not */
#define BAND_STORAGE 3 /* to 5: the store cannot be reached from here */
#define BAND_FAILED  2 /* a service failed here: last of all */
#define BAND_STEPS   ((size_t)3)

/* Where no node can run it, it is tried again this often: somebody may be repairing it. */
#define RETRY_NS (30 * NS_PER_S)

static uint8_t in_band(uint8_t lowest, size_t betters)
{
    const size_t step = betters < BAND_STEPS ? BAND_STEPS - 1 - betters : 0;

    return (uint8_t)(lowest + step);
}

static bool is_running(const struct role_service *service)
{
    return service->state == REGISTRY_STARTING || service->state == REGISTRY_RUNNING;
}

/* A probe of a service counts only from its start_timeout on, and not while it is being stopped. */
static bool counts(const struct role_evidence *evidence, const struct role_requirement *requirement,
                   struct monotime now)
{
    if (requirement->health == PROBE_UNKNOWN || requirement->health == PROBE_NOT_APPLICABLE)
        return false;
    if (requirement->service == ROLE_NO_SERVICE)
        return true;
    const struct role_service *service = &evidence->services[requirement->service];
    return service->known && is_running(service) &&
           monotime_reached(monotime_add(service->started, service->start_timeout_ns), now);
}

static bool awaits_first_results(const struct role_evidence *evidence)
{
    for (size_t at = 0; at < evidence->requirement_count; at++)
        if (evidence->requirements[at].health == PROBE_UNKNOWN &&
            evidence->requirements[at].service == ROLE_NO_SERVICE)
            return true;
    for (size_t at = 0; at < evidence->service_count; at++)
        if (!evidence->services[at].known)
            return true;
    return false;
}

/* The election waits for the first evidence; a router that is found Active is not questioned. */
static bool is_held(const struct role_evidence *evidence, struct role_memory *memory,
                    struct monotime now)
{
    const struct monotime end = monotime_add(evidence->asked, evidence->policy.startup_hold_ns);

    if (evidence->state == VRRP_ACTIVE || !awaits_first_results(evidence) ||
        monotime_reached(end, now))
        memory->hold_is_over = true;
    return !memory->hold_is_over;
}

static void degrade(struct role_verdict *verdict, enum role_cause cause, uint8_t priority,
                    size_t which)
{
    if (verdict->cause != ROLE_WELL && verdict->priority <= priority)
        return; /* the worst finding is the one that is told */
    verdict->cause = cause;
    verdict->priority = priority;
    verdict->which = (int)which;
}

static void note_failure(const struct role_evidence *evidence, struct role_memory *memory,
                         size_t service, struct role_verdict *verdict, struct monotime now)
{
    verdict->failed |= UINT32_C(1) << service;
    memory->failed_until = monotime_add(now, evidence->policy.forget_ns);
    memory->failed_service = service;
}

/* Restart it once; if that does not help, another node shall try. */
static void judge_service_probe(const struct role_evidence *evidence, struct role_memory *memory,
                                size_t service, struct role_verdict *verdict, struct monotime now)
{
    struct monotime *restarted = &memory->restarted[service];

    if (restarted->ns == 0 ||
        monotime_reached(monotime_add(*restarted, evidence->policy.forget_ns), now)) {
        *restarted = now;
        verdict->restart |= UINT32_C(1) << service;
        return;
    }
    if (monotime_since(*restarted, evidence->services[service].started) < 0)
        return; /* what is probed is the process from before the restart */
    note_failure(evidence, memory, service, verdict, now);
}

static void judge_requirements(const struct role_evidence *evidence, struct role_memory *memory,
                               struct role_verdict *verdict, struct monotime now)
{
    const bool unsettled = role_store_is_unsettled(evidence, memory, now, &verdict->again);

    for (size_t at = 0; at < evidence->requirement_count; at++) {
        const struct role_requirement *requirement = &evidence->requirements[at];

        if (!counts(evidence, requirement, now) || !role_store_is_ours(requirement, unsettled))
            continue;
        if (requirement->service != ROLE_NO_SERVICE)
            judge_service_probe(evidence, memory, (size_t)requirement->service, verdict, now);
        else if (requirement->is_storage)
            degrade(verdict, ROLE_STORAGE_DOWN, in_band(BAND_STORAGE, evidence->betters), at);
        else
            degrade(verdict, ROLE_REQUIREMENT_DOWN, in_band(BAND_WORKS, evidence->betters), at);
    }
}

/*
 * Whether each node that could take over has failed the same way, within forget: then it is not this
 * node, and to go round once more helps nobody.
 */
static bool failed_everywhere(const struct role_evidence *evidence, size_t service)
{
    size_t others = 0;

    for (size_t at = 0; at < evidence->peer_count; at++) {
        const struct role_peer *peer = &evidence->peers[at];

        if (!peer->is_reachable || peer->is_out)
            continue;
        if (!(peer->failed & UINT32_C(1) << service))
            return false;
        others++;
    }
    return others > 0;
}

/* The launcher gave up on it. Once that is forgotten it is tried again, and has its time for that. */
static void judge_failed(const struct role_evidence *evidence, struct role_memory *memory,
                         size_t at, struct role_verdict *verdict, struct monotime now)
{
    const struct role_service *service = &evidence->services[at];
    const struct monotime tried = memory->retried[at];

    if (tried.ns != 0 && !monotime_reached(monotime_add(tried, service->start_timeout_ns), now))
        return;
    const bool helps_nobody =
        evidence->state == VRRP_ACTIVE && memory->failed_until.ns != 0 &&
        failed_everywhere(evidence, at) &&
        (tried.ns == 0 || monotime_reached(monotime_add(tried, RETRY_NS), now));

    if (memory->is_forgiven || helps_nobody) {
        verdict->retry |= UINT32_C(1) << at;
        memory->retried[at] = now;
    } else if (memory->failed_until.ns == 0) {
        note_failure(evidence, memory, at, verdict, now);
    }
}

static void judge_services(const struct role_evidence *evidence, struct role_memory *memory,
                           struct role_verdict *verdict, struct monotime now)
{
    for (size_t at = 0; at < evidence->service_count; at++) {
        const struct role_service *service = &evidence->services[at];

        /* A launcher that is away changes nothing where its registry runs already. */
        if (!service->known && evidence->state != VRRP_ACTIVE)
            degrade(verdict, ROLE_SERVICE_UNKNOWN, in_band(BAND_WORKS, evidence->betters), at);
        if (service->known && service->is_unreadable && !is_running(service))
            degrade(verdict, ROLE_SERVICE_UNREADABLE, BAND_FAILED, at);
        if (service->known && service->state == REGISTRY_FAILED)
            judge_failed(evidence, memory, at, verdict, now);
    }
}

/* Its failure here counts, unless it is everybody's and this node is where it stays. */
static void judge_failure(const struct role_evidence *evidence, const struct role_memory *memory,
                          struct role_verdict *verdict)
{
    if (memory->failed_until.ns == 0)
        return;
    verdict->again = monotime_earlier(verdict->again, memory->failed_until);
    if (evidence->state != VRRP_ACTIVE || !failed_everywhere(evidence, memory->failed_service)) {
        degrade(verdict, ROLE_SERVICE_FAILED, BAND_FAILED, memory->failed_service);
    } else if (verdict->cause == ROLE_WELL) {
        verdict->cause = ROLE_FAILED_EVERYWHERE;
        verdict->which = (int)memory->failed_service;
    }
}

/*
 * What all share fails here and works elsewhere: yield, once. Who has the role again within forget
 * keeps it, for it did not help.
 */
static void judge_lost(const struct role_evidence *evidence, struct role_memory *memory,
                       struct role_verdict *verdict, struct monotime now)
{
    const int lost = role_store_find_lost(evidence, now, &verdict->again);
    const bool may_yield =
        memory->yielded.ns == 0 ||
        monotime_reached(monotime_add(memory->yielded, evidence->policy.forget_ns), now);

    if (lost < 0 || evidence->state != VRRP_ACTIVE)
        memory->is_yielding = false;
    if (lost < 0)
        return;
    if (evidence->state == VRRP_ACTIVE && !memory->is_yielding && may_yield) {
        memory->is_yielding = true;
        memory->yielded = now;
    }
    if (evidence->state != VRRP_ACTIVE || memory->is_yielding)
        degrade(verdict, ROLE_STORAGE_LOST, in_band(BAND_STORAGE, evidence->betters), (size_t)lost);
}

/* Nobody hears us: whether there is anybody, the gateway may know. */
static bool is_isolated(const struct role_evidence *evidence)
{
    if (!evidence->is_alone)
        return false;
    switch (evidence->policy.on_isolated) {
    case ROLE_ON_ISOLATED_HOLD_IF_GATEWAY:
        return evidence->gateway == PROBE_DOWN;
    case ROLE_ON_ISOLATED_RELEASE:
        return true;
    case ROLE_ON_ISOLATED_HOLD:
        return false;
    }
    return false;
}

static void take_candidacy(struct role_verdict *verdict, enum role_cause cause)
{
    verdict->candidate = false;
    verdict->cause = cause;
    verdict->which = -1;
}

static struct role_verdict judge_health(const struct role_evidence *evidence,
                                        struct role_memory *memory, struct monotime now)
{
    struct role_verdict verdict = {
        .candidate = true,
        .priority = evidence->priority,
        .cause = ROLE_WELL,
        .which = -1,
        .again = MONOTIME_NEVER,
    };

    memory->is_forgiven =
        memory->failed_until.ns != 0 && monotime_reached(memory->failed_until, now);
    if (memory->is_forgiven)
        memory->failed_until = (struct monotime){0};
    judge_requirements(evidence, memory, &verdict, now);
    judge_services(evidence, memory, &verdict, now);
    judge_failure(evidence, memory, &verdict);
    judge_lost(evidence, memory, &verdict, now);
    role_store_judge(evidence, memory, now, &verdict.again);
    if (is_isolated(evidence))
        take_candidacy(&verdict, ROLE_ISOLATED);
    return verdict;
}

/* What people said comes before all health, and before a pause. */
static void judge_place(const struct role_evidence *evidence, struct role_verdict *verdict)
{
    const bool is_out = evidence->mode != ROLE_MODE_READY;

    if (evidence->handover == ROLE_HANDOVER_GIVE && evidence->state == VRRP_ACTIVE) {
        take_candidacy(verdict, ROLE_HANDS_OVER);
        verdict->yield = true;
    }
    verdict->successor = evidence->handover == ROLE_HANDOVER_TAKE && verdict->cause == ROLE_WELL;
    if (evidence->handover == ROLE_HANDOVER_ELSEWHERE && evidence->state != VRRP_ACTIVE &&
        verdict->candidate) {
        degrade(verdict, ROLE_STEPS_ASIDE, in_band(BAND_WORKS, evidence->betters), 0);
        verdict->which = verdict->cause == ROLE_STEPS_ASIDE ? -1 : verdict->which;
    }
    if (is_out && (evidence->state != VRRP_ACTIVE || evidence->is_forced))
        take_candidacy(verdict,
                       evidence->mode == ROLE_MODE_DRAINED ? ROLE_DRAINED : ROLE_MAINTENANCE);
}

/* A service that was just started is judged when its time is up. */
static struct monotime next_look(const struct role_evidence *evidence, struct monotime now)
{
    struct monotime next = MONOTIME_NEVER;

    for (size_t at = 0; at < evidence->service_count; at++) {
        const struct role_service *service = &evidence->services[at];
        const struct monotime counted = monotime_add(service->started, service->start_timeout_ns);
        if (is_running(service) && !monotime_reached(counted, now))
            next = monotime_earlier(next, counted);
    }
    return next;
}

/* While paused nothing changes by itself; but what runs where is the election's to say. */
static struct role_verdict judge_paused(const struct role_memory *memory)
{
    struct role_verdict verdict = memory->last;

    verdict.restart = verdict.retry = verdict.failed = 0;
    verdict.again = MONOTIME_NEVER;
    return verdict;
}

static struct role_verdict waiting(const struct role_evidence *evidence)
{
    return (struct role_verdict){
        .priority = evidence->priority,
        .cause = ROLE_STARTING,
        .which = -1,
        .again = monotime_add(evidence->asked, evidence->policy.startup_hold_ns),
    };
}

struct role_verdict role_judge(const struct role_evidence *evidence, struct role_memory *memory,
                               struct monotime now)
{
    struct role_verdict verdict;

    if (evidence->is_witness)
        return (struct role_verdict){.priority = VRRP_PRIORITY_ORPHANED,
                                     .cause = ROLE_WITNESS,
                                     .which = -1,
                                     .again = MONOTIME_NEVER};
    if (is_held(evidence, memory, now))
        return waiting(evidence);
    verdict = evidence->is_paused && memory->has_last ? judge_paused(memory)
                                                      : judge_health(evidence, memory, now);
    memory->last = verdict;
    memory->has_last = true;
    judge_place(evidence, &verdict);
    verdict.readonly = memory->readonly;
    verdict.store_stop = memory->store_stop;
    verdict.run = (evidence->state == VRRP_ACTIVE || verdict.successor) && !memory->store_stop;
    verdict.again = monotime_earlier(verdict.again, next_look(evidence, now));
    return verdict;
}

const char *role_cause_text(enum role_cause cause)
{
    static const char *const texts[ROLE_CAUSES] = {
        [ROLE_WELL] = "all is well",
        [ROLE_WITNESS] = "a witness holds nothing",
        [ROLE_STARTING] = "waits for the first results",
        [ROLE_REQUIREMENT_DOWN] = "a required probe is down",
        [ROLE_STORAGE_DOWN] = "the storage is down here",
        [ROLE_STORAGE_LOST] = "the storage is out of reach from here only",
        [ROLE_SERVICE_FAILED] = "the registry failed here",
        [ROLE_FAILED_EVERYWHERE] = "the registry failed on every node",
        [ROLE_SERVICE_UNKNOWN] = "the launcher is away",
        [ROLE_SERVICE_UNREADABLE] = "the registry's configuration cannot be read",
        [ROLE_ISOLATED] = "no other node is heard",
        [ROLE_DRAINED] = "drained",
        [ROLE_MAINTENANCE] = "in maintenance",
        [ROLE_HANDS_OVER] = "hands over to another node",
        [ROLE_STEPS_ASIDE] = "other nodes hand over to each other",
    };
    return texts[cause];
}
