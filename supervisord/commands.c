/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probes/message.h"
#include "supervisord/core.h"

/* The program is in the url, behind its scheme; its arguments follow. */
static bool make_goal(const struct probe_params *params, uint32_t serial,
                      struct registry_exec_goal *ret_goal)
{
    const char *program = probe_locator_program(params);
    const size_t program_bytes = strlen(program) + 1;

    memset(ret_goal, 0, sizeof(*ret_goal));
    if (program_bytes + params->arguments_bytes > sizeof(ret_goal->argv))
        return false;
    snprintf(ret_goal->name, sizeof(ret_goal->name), "%s", params->name);
    memcpy(ret_goal->argv, program, program_bytes);
    memcpy(ret_goal->argv + program_bytes, params->arguments, params->arguments_bytes);
    ret_goal->argv_bytes = (uint16_t)(program_bytes + params->arguments_bytes);
    ret_goal->serial = serial;
    ret_goal->timeout_ns = params->timeout_ns;
    return true;
}

/* Before the launcher is steered, a set of goals must be whole: it would stop what is not in it. */
static int ask(void *owner, const struct probe_params *params, uint32_t serial)
{
    struct core *core = owner;
    struct channel_client *client = core->clients[WORLD_LAUNCHER];
    struct registry_exec_goal goal;

    if (!core->has_begun || core->is_new[WORLD_LAUNCHER] || !client ||
        !channel_client_is_ready(client))
        return -ENOTCONN;
    if (!make_goal(params, serial, &goal))
        return -EMSGSIZE;
    if (channel_client_want(client, &registry_message_exec_goal, &goal) < 0)
        return -ENOTCONN;
    return channel_client_end(client, true);
}

void commands_open(struct core *core)
{
    probe_set_open_door(core->world.probes, (struct probe_exec_door){.owner = core, .ask = ask});
}

int commands_send(struct core *core)
{
    const struct probe_set *probes = core->world.probes;
    struct registry_exec_goal goal;
    int sent = 0;

    for (size_t at = 0; at < probe_set_count(probes); at++) {
        const struct probe_params *params = &probe_set_state(probes, at)->params;
        const uint32_t serial = probe_set_exec_serial(probes, at);

        if (serial == 0 || !make_goal(params, serial, &goal))
            continue;
        if (channel_client_want(core->clients[WORLD_LAUNCHER], &registry_message_exec_goal, &goal) <
            0)
            return -1;
        sent++;
    }
    return sent;
}

void commands_take(struct core *core, const struct registry_exec_status *status,
                   struct monotime now)
{
    static const enum probe_exec_kind kinds[REGISTRY_EXEC_ENDS] = {
        [REGISTRY_EXEC_END_STATUS] = PROBE_EXEC_STATUS,
        [REGISTRY_EXEC_END_SIGNAL] = PROBE_EXEC_SIGNAL,
        [REGISTRY_EXEC_END_TIMEOUT] = PROBE_EXEC_TIMEOUT,
        [REGISTRY_EXEC_END_REFUSED] = PROBE_EXEC_REFUSED,
    };
    struct probe_exec_end end = {.kind = kinds[status->end], .code = status->code};

    snprintf(end.words, sizeof(end.words), "%.95s", status->words);
    probe_set_exec_ended(core->world.probes, status->name, status->serial, &end, now);
}
