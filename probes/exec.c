/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/exec.h"

#include <errno.h>
#include <stdlib.h>

struct exec {
    struct probe_asker_context context;
    bool is_waiting;
    uint32_t serial; /* begins anywhere, so that no former life of ours is answered */
    struct probe_exec_end end;
};

static int start(void *self, const struct probe_params *params, unsigned step, struct monotime now)
{
    struct exec *const exec = self;
    const struct probe_exec_door *const door = exec->context.door;

    (void)step;
    if (exec->serial == 0)
        exec->serial = (uint32_t)(now.ns / NS_PER_MS);
    exec->serial++;
    exec->end = (struct probe_exec_end){.kind = PROBE_EXEC_NONE};
    if (door == NULL || door->ask == NULL)
        return -EOPNOTSUPP;
    const int failed = door->ask(door->owner, params, exec->serial);
    exec->is_waiting = failed == 0;
    return failed;
}

static void tell(const void *self, struct probe_facts *facts)
{
    const struct exec *const exec = self;

    facts->stage = PROBE_STAGE_COMMAND;
    facts->detail = "regha-launcher, which runs it, is away";
    facts->exec = &exec->end;
}

static void stop(void *self, struct monotime now)
{
    struct exec *const exec = self;

    (void)now;
    exec->is_waiting = false;
}

static void free_exec(void *self, struct monotime now)
{
    (void)now;
    free(self);
}

static const struct probe_asker_kind kind = {start, tell, stop, free_exec, NULL};

void probe_exec_take(void *self, uint32_t serial, const struct probe_exec_end *end,
                     struct monotime now)
{
    struct exec *const exec = self;

    if (!exec->is_waiting || serial != exec->serial)
        return;
    exec->is_waiting = false;
    exec->end = *end;
    exec->context.ended(exec->context.owner, PROBE_TRANSFER_DONE, now);
}

uint32_t probe_exec_serial(const void *self)
{
    const struct exec *const exec = self;

    return exec->is_waiting ? exec->serial : 0;
}

int probe_exec_new(const struct probe_asker_context *context, const struct probe_params *params,
                   struct probe_asker *ret_asker)
{
    struct exec *const exec = calloc(1, sizeof(*exec));

    (void)params;
    if (exec == NULL)
        return -ENOMEM;
    exec->context = *context;
    ret_asker->kind = &kind;
    ret_asker->self = exec;
    return 0;
}
