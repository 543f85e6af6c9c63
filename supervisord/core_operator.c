/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/core_operator.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "supervisord/console/command.h"
#include "supervisord/journal.h"

static int64_t wall_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void handle_saved(void *owner, int result, struct monotime now)
{
    struct core *core = owner;
    const struct journal_entry entry = {WORLD_EVENT_OPERATOR, LOG_LEVEL_ERR, "", "", "not kept"};

    core->world.operator_unsaved = result < 0;
    if (result < 0)
        journal_add(&core->world, now, &entry,
                    "what was said of this node cannot be kept in %s and is forgotten at the next "
                    "start: %s",
                    core->operator_save.path, strerror(-result));
}

void core_operator_open(struct core *core, const char *path)
{
    struct world *world = &core->world;
    const struct journal_entry entry = {WORLD_EVENT_OPERATOR, LOG_LEVEL_ERR, "", "", ""};
    struct err err;

    if (!path)
        return;
    operator_save_init(&core->operator_save, core->loop, path);
    core->operator_save.done = handle_saved;
    core->operator_save.owner = core;
    if (operator_read(path, &world->operator, & err) < 0)
        journal_add(world, monotime_now(), &entry, "this node is taken as ready: %s", err.text);
    if (world->operator.mode_is_once)
        world->operator.mode = OPERATOR_READY; /* that was said for the time until now */
    world->operator.mode_is_once = false;
}

void core_operator_close(struct core *core)
{
    operator_save_fini(&core->operator_save);
}

static void keep(struct core *core, struct monotime now)
{
    core->is_dirty = true;
    if (!core->operator_save.loop)
        return;
    core->world.operator_unsaved = true;
    operator_save_put(&core->operator_save, &core->world.operator, now);
}

void core_operator_set_mode(struct core *core, enum operator_mode mode, uid_t uid, unsigned flags,
                            struct monotime now)
{
    struct operator_state *state = &core->world.operator;
    const struct journal_entry entry = {WORLD_EVENT_OPERATOR, LOG_LEVEL_INFO, "",
                                        operator_mode_name(state->mode), operator_mode_name(mode)};

    core->world.operator_forced = flags & COMMAND_MODE_FORCED;
    state->mode_is_once = (flags & COMMAND_MODE_ONCE) && mode != OPERATOR_READY;
    state->mode = mode;
    state->mode_wall_ns = wall_clock_ns();
    state->mode_uid = uid;
    journal_add(&core->world, now, &entry, "said by uid %u%s", (unsigned)uid,
                flags & COMMAND_MODE_FORCED ? ", forced" : "");
    keep(core, now);
}

void core_operator_pause(struct core *core, int64_t until_wall_ns, uid_t uid, struct monotime now)
{
    struct operator_state *state = &core->world.operator;
    const struct journal_entry entry = {WORLD_EVENT_OPERATOR, LOG_LEVEL_INFO, "", "",
                                        until_wall_ns != 0 ? "paused" : "resumed"};

    state->paused_until_wall_ns = until_wall_ns;
    state->paused_wall_ns = wall_clock_ns();
    state->paused_uid = uid;
    journal_add(&core->world, now, &entry, "said by uid %u", (unsigned)uid);
    keep(core, now);
}

static struct operator_registry *find(struct core *core, const char *name, uid_t uid,
                                      struct err *err)
{
    struct operator_registry *registry = NULL;
    bool is_there = false;

    for (size_t at = 0; at < core->world.registry_count; at++)
        is_there |= strcmp(core->world.registries[at].settings.params.name, name) == 0;
    if (!is_there) {
        err_set(err, ENOENT, "there is no registry \"%s\"", name);
        return NULL;
    }
    registry = operator_add_registry(&core->world.operator, name);
    if (!registry) {
        err_set(err, ENOSPC, "something was said of %d registries already", OPERATOR_REGISTRIES);
        return NULL;
    }
    registry->wall_ns = wall_clock_ns();
    registry->uid = uid;
    return registry;
}

static void tell_registry(struct core *core, const char *name, const char *word, uid_t uid)
{
    const struct journal_entry entry = {WORLD_EVENT_OPERATOR, LOG_LEVEL_INFO, name, "", word};
    const struct monotime now = monotime_now();

    journal_add(&core->world, now, &entry, "said by uid %u", (unsigned)uid);
    operator_tidy(&core->world.operator);
    keep(core, now);
}

int core_operator_set_run(struct core *core, const char *name, enum operator_run run, uid_t uid,
                          struct err *err)
{
    struct operator_registry *registry = find(core, name, uid, err);

    if (!registry)
        return -ENOENT;
    registry->run = run;
    tell_registry(core, name, run == OPERATOR_RUN_STOP ? "stop" : "start", uid);
    return 0;
}

int core_operator_set_write(struct core *core, const char *name, enum operator_write write,
                            uid_t uid, struct err *err)
{
    static const char *const words[] = {"as the store is", "readonly", "readwrite"};
    struct operator_registry *registry = find(core, name, uid, err);

    if (!registry)
        return -ENOENT;
    registry->write = write;
    tell_registry(core, name, words[write], uid);
    return 0;
}

void core_operator_forget_write(struct core *core, const char *name, struct monotime now)
{
    struct operator_registry *registry = operator_add_registry(&core->world.operator, name);

    if (!registry)
        return;
    registry->write = OPERATOR_WRITE_AUTO;
    operator_tidy(&core->world.operator);
    keep(core, now);
}
