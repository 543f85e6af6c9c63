/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/role.h"

/*
 * The degraded band, best first. Within three of its steps the best nodes still come first, so that
 * a cold cluster with nobody eligible elects the one with the highest priority.
 */
#define BAND_WORKS   6 /* to 8: something here is down, the store is not */
#define BAND_STORAGE 3 /* to 5: the store cannot be reached from here */
#define BAND_FAILED  2 /* a service failed here: last of all */
#define BAND_STEPS   ((size_t)3)

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

/* Only what is wrong here and nowhere else speaks against this node. */
static bool is_ours(const struct role_requirement *requirement)
{
    return requirement->health == PROBE_DOWN && requirement->scope == PROBE_SCOPE_LOCAL &&
           !requirement->storage_in_doubt;
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
    const struct monotime end = monotime_add(evidence->asked, evidence->startup_hold_ns);

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
                         size_t service, struct monotime now)
{
    memory->failed_until = monotime_add(now, evidence->forget_ns);
    memory->failed_service = service;
}

/* Restart it once; if that does not help, another node shall try. */
static void judge_service_probe(const struct role_evidence *evidence, struct role_memory *memory,
                                size_t service, struct role_verdict *verdict, struct monotime now)
{
    struct monotime *restarted = &memory->restarted[service];

    if (restarted->ns == 0 ||
        monotime_reached(monotime_add(*restarted, evidence->forget_ns), now)) {
        *restarted = now;
        verdict->restart |= UINT32_C(1) << service;
        return;
    }
    if (monotime_since(*restarted, evidence->services[service].started) < 0)
        return; /* what is probed is the process from before the restart */
    note_failure(evidence, memory, service, now);
}

static void judge_requirements(const struct role_evidence *evidence, struct role_memory *memory,
                               struct role_verdict *verdict, struct monotime now)
{
    for (size_t at = 0; at < evidence->requirement_count; at++) {
        const struct role_requirement *requirement = &evidence->requirements[at];

        if (!counts(evidence, requirement, now) || !is_ours(requirement))
            continue;
        if (requirement->service != ROLE_NO_SERVICE)
            judge_service_probe(evidence, memory, (size_t)requirement->service, verdict, now);
        else if (requirement->is_storage)
            degrade(verdict, ROLE_STORAGE_DOWN, in_band(BAND_STORAGE, evidence->betters), at);
        else
            degrade(verdict, ROLE_REQUIREMENT_DOWN, in_band(BAND_WORKS, evidence->betters), at);
    }
}

/* The launcher gave up on it. Once that is forgotten it is tried again, and has its time for that. */
static void judge_failed(const struct role_evidence *evidence, struct role_memory *memory,
                         size_t at, struct role_verdict *verdict, struct monotime now)
{
    const struct role_service *service = &evidence->services[at];
    const struct monotime tried = memory->retried[at];

    if (tried.ns != 0 && !monotime_reached(monotime_add(tried, service->start_timeout_ns), now))
        return;
    if (memory->is_forgiven) {
        verdict->retry |= UINT32_C(1) << at;
        memory->retried[at] = now;
    } else if (memory->failed_until.ns == 0) {
        note_failure(evidence, memory, at, now);
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
    if (memory->failed_until.ns != 0) {
        degrade(&verdict, ROLE_SERVICE_FAILED, BAND_FAILED, memory->failed_service);
        verdict.again = memory->failed_until;
    }
    return verdict;
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
        return (struct role_verdict){.priority = evidence->priority,
                                     .cause = ROLE_STARTING,
                                     .which = -1,
                                     .again =
                                         monotime_add(evidence->asked, evidence->startup_hold_ns)};
    verdict = judge_health(evidence, memory, now);
    verdict.run = evidence->state == VRRP_ACTIVE;
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
        [ROLE_SERVICE_FAILED] = "the registry failed here",
        [ROLE_SERVICE_UNKNOWN] = "the launcher is away",
        [ROLE_SERVICE_UNREADABLE] = "the registry's configuration cannot be read",
    };
    return texts[cause];
}
