/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/command_verbs.h"

#include <stdarg.h>
#include <string.h>

#include "base/duration.h"
#include "supervisord/console/words.h"

#define SAVE_WAIT_NS  (3 * NS_PER_S)
#define ASK_WAIT_NS   (15 * NS_PER_S)
#define EMPTY_MORE_NS (30 * NS_PER_S)
#define TURN_MORE_NS  (15 * NS_PER_S)

static int wait_for(struct command_call *call, enum command_wait_kind kind, int64_t wait_ns)
{
    struct command_caller *caller = call->caller;

    if (caller->wait == COMMAND_WAIT_NONE) {
        caller->wait_since = call->now;
        caller->doing[0] = '\0';
    }
    caller->wait = kind;
    caller->wait_until = monotime_add(call->now, wait_ns);
    return COMMAND_WAITS;
}

/* What is written while it waits is no answer yet. */
__attribute__((format(printf, 2, 3))) static void remember(struct command_call *call,
                                                           const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(call->caller->says, sizeof(call->caller->says), format, list);
    va_end(list);
}

static bool has_waited(const struct command_call *call)
{
    return monotime_reached(call->caller->wait_until, call->now);
}

static const char *waited(const struct command_call *call, char text[WORDS_SPAN_BYTES])
{
    return words_span(monotime_since(call->caller->wait_since, call->now), text);
}

static int refuse_version(struct command_call *call)
{
    fprintf(call->out, "not in this version\n");
    return WORLD_USAGE;
}

/* What is on the disk outlives a restart; until then the word is in force already. */
static int poll_saved(struct command_call *call)
{
    if (call->desk->world->operator_unsaved && !has_waited(call))
        return COMMAND_WAITS;
    fprintf(call->out, "%s", call->caller->says);
    if (!call->desk->world->operator_unsaved)
        return WORLD_DONE;
    fprintf(call->out, "it is not on the disk, and would be forgotten at a restart\n");
    return WORLD_FAILED;
}

/* Ready, pause, resume. */

int command_verbs_ready(struct command_call *call)
{
    const struct command_core *core = call->desk->core;

    if (!core->set_mode)
        return refuse_version(call);
    core->set_mode(core->owner, OPERATOR_READY, call->caller->uid, 0);
    remember(call, "this node takes part again\n");
    return wait_for(call, COMMAND_WAIT_SAVED, SAVE_WAIT_NS);
}

int command_verbs_pause(struct command_call *call)
{
    const struct command_core *core = call->desk->core;
    int64_t until_ns = OPERATOR_FOR_EVER, span_ns = 0;
    char text[WORDS_TIME_BYTES];

    if (!core->pause)
        return refuse_version(call);
    if (call->count > 0 && (duration_parse(call->arguments[0], &span_ns) < 0 || span_ns <= 0)) {
        fprintf(call->out, "\"%.40s\" is no span; write it as in 30m\n", call->arguments[0]);
        return WORLD_USAGE;
    }
    /* What is longer than any clock goes is for ever. */
    if (call->count > 0 && __builtin_add_overflow(call->desk->world->wall_ns, span_ns, &until_ns))
        until_ns = OPERATOR_FOR_EVER;
    core->pause(core->owner, until_ns, call->caller->uid);
    remember(call, "paused until %s: nothing changes by itself\n",
             until_ns != OPERATOR_FOR_EVER ? words_time(until_ns, text) : "it is resumed");
    return wait_for(call, COMMAND_WAIT_SAVED, SAVE_WAIT_NS);
}

int command_verbs_resume(struct command_call *call)
{
    const struct command_core *core = call->desk->core;

    if (!core->pause)
        return refuse_version(call);
    core->pause(core->owner, 0, call->caller->uid);
    remember(call, "resumed\n");
    return wait_for(call, COMMAND_WAIT_SAVED, SAVE_WAIT_NS);
}

/* Drain and maint: the same hand-over, with another word behind it. */

static bool take_flags(struct command_call *call, unsigned *ret_flags)
{
    *ret_flags = 0;
    for (size_t at = 0; at < call->count; at++) {
        if (strcmp(call->arguments[at], "--force") == 0)
            *ret_flags |= COMMAND_MODE_FORCED;
        else if (strcmp(call->arguments[at], "--once") == 0)
            *ret_flags |= COMMAND_MODE_ONCE;
        else {
            fprintf(call->out, "\"%.40s\" is no option; usage: %s %s\n", call->arguments[at],
                    call->row->words, call->row->arguments);
            return false;
        }
    }
    return true;
}

/* Each router that is held here has somebody to go to. */
static bool may_empty(struct command_call *call)
{
    const struct world *world = call->desk->world;
    const struct command_core *core = call->desk->core;

    for (size_t at = 0; at < world->router_count; at++) {
        const struct world_router *router = &world->routers[at];

        if (!router->known || router->status.state != VRRP_ACTIVE ||
            core->find_successor(core->owner, at, call->now) >= 0)
            continue;
        fprintf(call->out,
                "no other node could take virtual router %s over; see show nodes, or --force\n",
                router->settings.params.name);
        return false;
    }
    return true;
}

static int64_t longest_ns(const struct world *world)
{
    int64_t longest = 0;

    for (size_t at = 0; at < world->registry_count; at++) {
        const struct settings_registry *registry = &world->registries[at].settings;
        const int64_t ns = registry->start_timeout_ns + registry->params.drain_ns;
        longest = ns > longest ? ns : longest;
    }
    return longest + EMPTY_MORE_NS;
}

static int begin_empty(struct command_call *call, enum operator_mode mode, unsigned flags)
{
    const struct command_core *core = call->desk->core;

    if (!(flags & COMMAND_MODE_FORCED) && !may_empty(call))
        return WORLD_PRECONDITION;
    core->set_mode(core->owner, mode, call->caller->uid, flags);
    if (call->caller->wait == COMMAND_WAIT_NONE)
        call->caller->says[0] = '\0';
    return wait_for(call, COMMAND_WAIT_EMPTY, longest_ns(call->desk->world));
}

int command_verbs_drain(struct command_call *call)
{
    unsigned flags;

    if (!call->desk->core->set_mode)
        return refuse_version(call);
    if (!take_flags(call, &flags))
        return WORLD_USAGE;
    /* Before a shutdown, and in maintenance already: that word is the stronger one. */
    if ((flags & COMMAND_MODE_ONCE) && call->desk->world->operator.mode != OPERATOR_READY) {
        fprintf(call->out, "this node is %s already\n",
                operator_mode_name(call->desk->world->operator.mode));
        return WORLD_DONE;
    }
    return begin_empty(call, OPERATOR_DRAINED, flags);
}

int command_verbs_maint(struct command_call *call)
{
    const struct command_core *core = call->desk->core;
    unsigned flags;

    if (!core->set_mode || !core->ask_maintenance)
        return refuse_version(call);
    if (!take_flags(call, &flags))
        return WORLD_USAGE;
    if (flags & COMMAND_MODE_FORCED)
        return begin_empty(call, OPERATOR_MAINTENANCE, flags);
    if (!may_empty(call))
        return WORLD_PRECONDITION;
    core->ask_maintenance(core->owner, call->now);
    snprintf(call->caller->doing, sizeof(call->caller->doing), "asks MinIO");
    return wait_for(call, COMMAND_WAIT_ASKED, ASK_WAIT_NS);
}

static int poll_asked(struct command_call *call)
{
    const struct maint_answer *answer = &call->desk->world->maint;

    switch (answer->kind) {
    case MAINT_ANSWER_PENDING:
        if (!has_waited(call))
            return COMMAND_WAITS;
        break;
    case MAINT_ANSWER_MAY:
        remember(call, "MinIO may do without this node (%s)\n", answer->text);
        return begin_empty(call, OPERATOR_MAINTENANCE, 0);
    case MAINT_ANSWER_NEEDED:
        fprintf(call->out, "MinIO needs this node for its quorum (%s); --force goes on\n",
                answer->text);
        return WORLD_PRECONDITION;
    case MAINT_ANSWER_NONE:
    case MAINT_ANSWER_UNKNOWN:
        break;
    }
    fprintf(call->out,
            "MinIO did not say whether it may do without this node (%s); --force goes on\n",
            answer->text[0] ? answer->text : "no answer");
    return WORLD_PRECONDITION;
}

/* Still here, and how far it is. */
static const struct world_router *find_held(const struct world *world)
{
    for (size_t at = 0; at < world->router_count; at++)
        if (world->routers[at].known && (world->routers[at].status.state == VRRP_ACTIVE ||
                                         handover_is_under_way(&world->routers[at].handover)))
            return &world->routers[at];
    return NULL;
}

/* What follows a router that went, and ends. */
static const struct world_registry *find_draining(const struct world *world)
{
    for (size_t at = 0; at < world->registry_count; at++)
        if (world->registries[at].known && world->registries[at].status.pid != 0)
            return &world->registries[at];
    return NULL;
}

static const struct world_router *find_failed(const struct world *world, struct monotime since)
{
    for (size_t at = 0; at < world->router_count; at++)
        if (world->routers[at].handover.phase == HANDOVER_FAILED &&
            world->routers[at].handover.since.ns >= since.ns &&
            world->routers[at].status.state == VRRP_ACTIVE)
            return &world->routers[at];
    return NULL;
}

static void say_empty(struct command_call *call)
{
    const struct world *world = call->desk->world;
    char span[WORDS_SPAN_BYTES], address[ADDRESS_TEXT_BYTES];

    fprintf(call->out, "%s", call->caller->says);
    for (size_t at = 0; at < world->router_count; at++) {
        const struct vrrp_status *status = &world->routers[at].status;
        if (world->routers[at].known)
            fprintf(call->out, "virtual router %s is held by %s\n", status->name,
                    status->active.family != 0 ? address_format_host(&status->active, address)
                                               : "nobody that is heard");
    }
    fprintf(call->out, "%s after %s; reghactl ready ends it\n",
            operator_mode_name(world->operator.mode), waited(call, span));
}

static int give_up(struct command_call *call, const char *why)
{
    const struct command_core *core = call->desk->core;

    fprintf(call->out, "%s; this node stays as it was\n", why);
    core->set_mode(core->owner, OPERATOR_READY, call->caller->uid, 0);
    return WORLD_FAILED;
}

static int poll_empty(struct command_call *call)
{
    const struct world *world = call->desk->world;
    struct command_caller *caller = call->caller;
    const struct world_router *failed = find_failed(world, caller->wait_since);
    const struct world_router *held = find_held(world);
    const struct world_registry *draining = find_draining(world);

    if (world->operator.mode == OPERATOR_READY) {
        fprintf(call->out, "somebody said that this node is ready\n");
        return WORLD_FAILED;
    }
    if (failed && !world->operator_forced)
        return give_up(call, failed->handover.why);
    if (!held && !draining && !world->operator_unsaved) {
        say_empty(call);
        return WORLD_DONE;
    }
    snprintf(caller->doing, sizeof(caller->doing), "%s %s",
             held       ? held->settings.params.name
             : draining ? draining->settings.params.name
                        : "state",
             held       ? handover_phase_name(held->handover.phase)
             : draining ? "drains"
                        : "is written to the disk");
    if (!has_waited(call))
        return COMMAND_WAITS;
    fprintf(call->out, "not done yet: %s; it goes on, see show history\n", caller->doing);
    return WORLD_TIMEOUT;
}

/* One registry. */

static int set_run(struct command_call *call, const char *name, enum operator_run run)
{
    const struct command_core *core = call->desk->core;
    struct err err = {""};

    if (core->set_registry_run(core->owner, name, run, call->caller->uid, &err) == 0)
        return wait_for(call, COMMAND_WAIT_TURNED, TURN_MORE_NS + longest_ns(call->desk->world));
    fprintf(call->out, "%s\n", err.text);
    return WORLD_FAILED;
}

static int set_write(struct command_call *call, const char *name, enum operator_write write)
{
    const struct command_core *core = call->desk->core;
    struct err err = {""};

    if (core->set_registry_write(core->owner, name, write, call->caller->uid, &err) == 0)
        return wait_for(call, COMMAND_WAIT_TURNED, TURN_MORE_NS + longest_ns(call->desk->world));
    fprintf(call->out, "%s\n", err.text);
    return WORLD_FAILED;
}

int command_verbs_registry(struct command_call *call, const struct world_registry *registry)
{
    const struct command_core *core = call->desk->core;
    const char *name = registry->settings.params.name, *verb = call->arguments[1];

    if (!core->set_registry_run || !core->set_registry_write)
        return refuse_version(call);
    snprintf(call->caller->waits_for, sizeof(call->caller->waits_for), "%s", name);
    if (strcmp(verb, "stop") == 0)
        return set_run(call, name, OPERATOR_RUN_STOP);
    if (strcmp(verb, "start") == 0)
        return set_run(call, name, OPERATOR_RUN_AUTO);
    if (strcmp(verb, "readonly") == 0)
        return set_write(call, name, OPERATOR_WRITE_READONLY);
    if (strcmp(verb, "readwrite") == 0)
        return set_write(call, name, OPERATOR_WRITE_READWRITE);
    fprintf(call->out, "\"%.40s\" is none of start, stop, restart, readonly, readwrite\n", verb);
    return WORLD_USAGE;
}

/* As it is to be, and as it is. */
static bool has_turned(const struct world *world, const struct world_registry *registry)
{
    const struct probe_state *probe = NULL;

    if (!registry->wanted)
        return registry->status.pid == 0;
    if (world->probes && registry->settings.ready[0])
        probe = probe_set_find(world->probes, registry->settings.ready);
    return registry->status.state == REGISTRY_RUNNING &&
           registry->status.readonly == registry->readonly &&
           (!probe || probe->success_started.ns > registry->status.started_ns);
}

static int poll_turned(struct command_call *call)
{
    const struct world *world = call->desk->world;
    const struct world_registry *registry = NULL;
    char span[WORDS_SPAN_BYTES];

    for (size_t at = 0; at < world->registry_count; at++)
        if (strcmp(world->registries[at].settings.params.name, call->caller->waits_for) == 0)
            registry = &world->registries[at];
    if (!registry) {
        fprintf(call->out, "registry %s is gone\n", call->caller->waits_for);
        return WORLD_FAILED;
    }
    if (has_turned(world, registry) && !world->operator_unsaved) {
        fprintf(call->out, "registry %s is %s%s after %s (%s)\n", call->caller->waits_for,
                registry->wanted ? "running" : "stopped", registry->readonly ? ", read-only" : "",
                waited(call, span), registry->why);
        return WORLD_DONE;
    }
    if (!has_waited(call))
        return COMMAND_WAITS;
    fprintf(call->out, "registry %s is %s after %s; see show registries\n", call->caller->waits_for,
            registry_message_state_name((enum registry_state)registry->status.state),
            waited(call, span));
    return WORLD_TIMEOUT;
}

int command_verbs_poll(struct command_call *call)
{
    switch (call->caller->wait) {
    case COMMAND_WAIT_SAVED:
        return poll_saved(call);
    case COMMAND_WAIT_ASKED:
        return poll_asked(call);
    case COMMAND_WAIT_EMPTY:
        return poll_empty(call);
    case COMMAND_WAIT_TURNED:
        return poll_turned(call);
    case COMMAND_WAIT_NONE:
    case COMMAND_WAIT_RELOAD:
    case COMMAND_WAIT_REGISTRY:
    case COMMAND_WAIT_BUNDLE:
    case COMMAND_WAIT_NODE:
    case COMMAND_WAIT_HANDOVER:
        break;
    }
    return WORLD_FAILED;
}
