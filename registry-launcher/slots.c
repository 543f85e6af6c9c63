/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/slots.h"

#include <string.h>

#define SECOND "+2"

void registry_slots_init(struct registry_slots *slots, struct loop *loop,
                         const struct registry_backend_events *events,
                         const struct registry_backend_events *leaver_events, void *owner)
{
    for (int at = 0; at < 2; at++)
        registry_exec_init(&slots->execs[at], loop, events, owner);
    slots->current = &slots->execs[0];
    slots->leaver = NULL;
    slots->leaver_events = leaver_events;
}

static struct registry_exec *other_than(struct registry_slots *slots,
                                        const struct registry_exec *exec)
{
    return exec == &slots->execs[0] ? &slots->execs[1] : &slots->execs[0];
}

static bool is_second(const char *cgroup)
{
    const size_t length = strlen(cgroup), suffix = strlen(SECOND);

    return length >= suffix && strcmp(cgroup + length - suffix, SECOND) == 0;
}

const char *registry_slots_suffix(const struct registry_slots *slots)
{
    const struct registry_exec *const current = slots->current;
    const struct registry_exec *const other =
        current == &slots->execs[0] ? &slots->execs[1] : &slots->execs[0];

    if (other->cgroup[0] != '\0')
        return is_second(other->cgroup) ? "" : SECOND;
    return is_second(current->cgroup) ? SECOND : "";
}

int registry_slots_start(struct registry_slots *slots, const struct registry_cgroups *cgroups,
                         const struct registry_backend_start *start, struct err *err)
{
    slots->current->suffix = registry_slots_suffix(slots);
    return registry_exec_start(slots->current, cgroups, start, err);
}

void registry_slots_hand_over(struct registry_slots *slots)
{
    const struct registry_backend_events *const events = slots->current->events;

    slots->leaver = slots->current;
    slots->leaver->events = slots->leaver_events;
    slots->current = other_than(slots, slots->leaver);
    slots->current->events = events;
}

int registry_slots_adopt_leaver(struct registry_slots *slots, pid_t pid, uint64_t start_ticks,
                                const char *cgroup)
{
    struct registry_exec *const exec = other_than(slots, slots->current);
    struct registry_process process;
    int failed = registry_process_find(pid, start_ticks, &process);

    if (failed < 0)
        return failed;
    exec->events = slots->leaver_events;
    failed = registry_exec_adopt(exec, &process, cgroup);
    if (failed < 0)
        registry_process_forget(&process);
    else
        slots->leaver = exec;
    return failed;
}

void registry_slots_kill_leaver(struct registry_slots *slots)
{
    if (slots->leaver != NULL)
        (void)registry_exec_kill(slots->leaver);
}

void registry_slots_left(struct registry_slots *slots)
{
    slots->leaver = NULL;
}

void registry_slots_tick(struct registry_slots *slots, bool stopped)
{
    for (int at = 0; at < 2; at++) {
        struct registry_exec *const exec = &slots->execs[at];

        registry_exec_note_oom(exec);
        /* What was killed in it may have been there still when its main process had gone. */
        if (exec->cgroup[0] == '\0' || exec == slots->leaver ||
            (exec == slots->current && !stopped))
            continue;
        registry_cgroup_remove(exec->cgroup);
        exec->cgroup[0] = '\0';
    }
}

void registry_slots_forget(struct registry_slots *slots)
{
    for (int at = 0; at < 2; at++)
        registry_exec_forget(&slots->execs[at]);
}
