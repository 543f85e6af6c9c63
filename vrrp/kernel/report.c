/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/report.h"

#include <string.h>

#define LOG_EVERY_NS NS_PER_S

static struct kernel_status describe(const struct kernel_state *state,
                                     struct kernel_wanted_goal *goal, struct monotime now)
{
    struct kernel_status status;
    bool settled = true;

    memset(&status, 0, sizeof(status)); /* padding, too: it is compared as bytes */
    memcpy(status.name, goal->goal.name, sizeof(status.name));
    memcpy(status.interface, goal->goal.interface, sizeof(status.interface));
    status.vrid = goal->goal.vrid;
    status.family = goal->goal.family;
    status.hold = goal->goal.hold;
    status.address_count = goal->goal.address_count;
    memcpy(status.addresses, goal->goal.addresses, sizeof(status.addresses));
    for (size_t at = 0; at < goal->goal.address_count; at++) {
        const struct kernel_want *want = &state->wanted.wants[goal->first_want + at];

        status.present[at] = kernel_reconcile_is_present(&state->reconcile, want);
        settled &= kernel_reconcile_is_settled(&state->reconcile, want);
        if (status.error == 0)
            status.error = want->error;
    }
    if (settled && (!goal->settled || goal->told.hold != status.hold))
        goal->settled_at = now;
    goal->settled = settled;
    status.settled = settled;
    status.announcements = goal->announcements;
    status.restored = goal->restored;
    status.removed_strays = goal->removed_strays;
    status.guarded = goal->guarded;
    status.guard_rebuilt = goal->guard_rebuilt;
    status.changed_ns = goal->settled_at.ns;
    return status;
}

static void log_status(const struct kernel_status *status, const struct kernel_status *before)
{
    if (status->settled && (!before->settled || before->hold != status->hold))
        log_info(status->hold ? "the addresses are held" : "the addresses are not here",
                 "router=%s vrid=%u interface=%s addresses=%u", status->name, status->vrid,
                 status->interface, status->address_count);
    if (status->error != 0 && status->error != before->error)
        log_err("the addresses are not as wanted",
                "router=%s vrid=%u interface=%s hold=%d error=\"%s\"", status->name, status->vrid,
                status->interface, status->hold, strerror(status->error));
}

static void tell_status(const struct kernel_report *report, const struct kernel_state *state,
                        struct kernel_wanted_goal *goal, bool counters, struct monotime now)
{
    const struct kernel_status status = describe(state, goal, now);
    struct kernel_status same = status;

    if (!counters)
        same.announcements = goal->told.announcements;
    if (goal->is_told && memcmp(&same, &goal->told, sizeof(same)) == 0)
        return;
    log_status(&status, &goal->told);
    goal->told = status;
    goal->is_told = true;
    report->listener.status(report->listener.owner, &status);
}

static void tell_link(const struct kernel_report *report, const struct kernel_state *state,
                      struct kernel_wanted_interface *interface)
{
    const struct kernel_link link =
        kernel_link_describe(&state->links, interface->name, &state->reconcile);
    char text[ADDRESS_TEXT_BYTES];

    if (interface->is_told && memcmp(&link, &interface->told, sizeof(link)) == 0)
        return;
    log_info("an interface is as follows", "interface=%s index=%u up=%d address=%s", link.interface,
             link.index, link.up,
             link.ipv4.family != 0 ? address_format(&link.ipv4, text) : "none");
    interface->told = link;
    interface->is_told = true;
    report->listener.link(report->listener.owner, &link);
}

void kernel_report_tell(struct kernel_report *report, struct kernel_state *state, bool counters,
                        struct monotime now)
{
    for (size_t at = 0; at < state->wanted.interface_count; at++)
        tell_link(report, state, &state->wanted.interfaces[at]);
    for (size_t at = 0; at < state->wanted.goal_count; at++)
        tell_status(report, state, &state->wanted.goals[at], counters, now);
}

void kernel_report_snapshot(const struct kernel_state *state,
                            const struct kernel_listener *listener)
{
    for (size_t at = 0; at < state->wanted.interface_count; at++)
        listener->link(listener->owner, &state->wanted.interfaces[at].told);
    for (size_t at = 0; at < state->wanted.goal_count; at++)
        listener->status(listener->owner, &state->wanted.goals[at].told);
}

void kernel_report_change(struct kernel_report *report, const struct kernel_change *change,
                          enum kernel_outcome outcome, int error, struct monotime now)
{
    char text[ADDRESS_TEXT_BYTES];
    uint64_t suppressed;

    (void)address_format(&change->address, text);
    if (outcome == KERNEL_OUTCOME_FAILED &&
        log_limit_pass(&report->failed, LOG_EVERY_NS, now, &suppressed))
        log_err("the kernel refused to change an address",
                "address=%s index=%u change=%s error=\"%s\" suppressed=%llu", text, change->index,
                change->kind == KERNEL_CHANGE_REMOVE ? "remove" : "add", strerror(error),
                (unsigned long long)suppressed);
    if (outcome == KERNEL_OUTCOME_RESTORED &&
        log_limit_pass(&report->restored, LOG_EVERY_NS, now, &suppressed))
        log_warning("somebody removed an address that is held here, it was put back",
                    "address=%s index=%u suppressed=%llu", text, change->index,
                    (unsigned long long)suppressed);
    if (outcome == KERNEL_OUTCOME_REMOVED_STRAY &&
        log_limit_pass(&report->stray, LOG_EVERY_NS, now, &suppressed))
        log_info("a leftover address was removed", "address=%s index=%u suppressed=%llu", text,
                 change->index, (unsigned long long)suppressed);
}
