/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/record.h"

#include <string.h>

#include "base/log.h"

int registry_record_write(struct registry_keeper *keeper, struct err *err)
{
    keeper->record.goal = keeper->goal;
    keeper->record.backend = keeper->status.backend;
    keeper->record.started_ns = keeper->status.started_ns;
    keeper->record.readonly = keeper->status.readonly;
    keeper->record.no_purging = keeper->status.no_purging;
    memcpy(keeper->record.digest, keeper->status.digest, sizeof(keeper->record.digest));
    memcpy(keeper->record.cgroup, keeper->slots.current->cgroup, sizeof(keeper->record.cgroup));
    return registry_adopt_write(keeper->shared->folder, &keeper->record, err);
}

/* A full /run costs an adoption, not the registry. */
void registry_record_try(struct registry_keeper *keeper)
{
    struct err err;

    if (registry_record_write(keeper, &err) < 0)
        log_warning("a restart of the launcher would not find the registry",
                    "registry=%s reason=\"%s\"", keeper->goal.params.name, err.text);
}

void registry_record_renew(struct registry_keeper *keeper)
{
    if (keeper->record.pid != 0 || keeper->record.leaver.pid != 0)
        registry_record_try(keeper);
}

void registry_record_forget_process(struct registry_keeper *keeper)
{
    keeper->status.pid = 0;
    keeper->status.digest[0] = '\0';
    keeper->spawn_waits = false;
    keeper->record.pid = 0;
    keeper->record.start_ticks = 0;
}
