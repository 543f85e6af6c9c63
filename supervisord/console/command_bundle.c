/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/command_bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PUBLISH_WAIT_NS (20 * NS_PER_S)

/* The one of that name; without a name the only one. */
static const struct world_registry *find(struct command_call *call, const char *name)
{
    const struct world *world = call->desk->world;

    for (size_t at = 0; at < world->registry_count; at++)
        if (name ? strcmp(world->registries[at].settings.params.name, name) == 0
                 : world->registry_count == 1)
            return &world->registries[at];
    fprintf(call->out, "%s%.60s; see show registries\n",
            name ? "there is no registry " : "which registry?", name ? name : "");
    return NULL;
}

int command_bundle_diff(struct command_call *call)
{
    const struct command_core *core = call->desk->core;
    const struct world_registry *registry = find(call, call->count ? call->arguments[0] : NULL);
    struct err err = {""};

    if (!registry || !core->diff_bundle)
        return WORLD_USAGE;
    if (core->diff_bundle(core->owner, registry->settings.params.name, call->out, &err) == 0)
        return WORLD_DONE;
    fprintf(call->out, "%s\n", err.text);
    return WORLD_PRECONDITION;
}

static int publish(struct command_call *call, const struct world_registry *registry,
                   uint64_t generation)
{
    const struct command_core *core = call->desk->core;
    struct command_caller *caller = call->caller;
    struct err err = {""};

    if (!core->publish_bundle)
        return WORLD_USAGE;
    snprintf(caller->waits_for, sizeof(caller->waits_for), "%s", registry->settings.params.name);
    const int failed =
        core->publish_bundle(core->owner, caller->waits_for, generation, caller->uid, &err);
    if (failed < 0) {
        fprintf(call->out, "not published: %s\n", err.text);
        return failed == -EALREADY ? WORLD_DONE : WORLD_PRECONDITION;
    }
    caller->wait = COMMAND_WAIT_BUNDLE;
    caller->wait_since = call->now;
    caller->wait_until = monotime_add(call->now, PUBLISH_WAIT_NS);
    return COMMAND_WAITS;
}

int command_bundle_publish(struct command_call *call)
{
    const struct world_registry *registry = find(call, call->count ? call->arguments[0] : NULL);

    return registry ? publish(call, registry, 0) : WORLD_USAGE;
}

int command_bundle_rollback(struct command_call *call)
{
    const struct world_registry *registry = find(call, call->arguments[0]);
    char *end;
    const unsigned long long generation = strtoull(call->arguments[1], &end, 10);

    if (!registry)
        return WORLD_USAGE;
    if (*end != '\0' || generation == 0) {
        fprintf(call->out, "\"%.40s\" is no generation; see bundle history\n", call->arguments[1]);
        return WORLD_USAGE;
    }
    return publish(call, registry, generation);
}

int command_bundle_poll(struct command_call *call)
{
    const struct world_registry *registry = find(call, call->caller->waits_for);

    if (!registry)
        return WORLD_FAILED;
    const struct world_bundle_attempt *attempt = &registry->bundle.attempt;
    if (attempt->is_running && !monotime_reached(call->caller->wait_until, call->now))
        return COMMAND_WAITS;
    if (attempt->is_running) {
        fprintf(call->out, "no answer yet; see show bundle\n");
        return WORLD_TIMEOUT;
    }
    if (!attempt->succeeded) {
        fprintf(call->out, "generation %llu is not published: %s\n",
                (unsigned long long)attempt->generation, attempt->words);
        return WORLD_FAILED;
    }
    fprintf(call->out, "generation %llu is current\n", (unsigned long long)attempt->generation);
    return WORLD_DONE;
}
