/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of the control socket, as admin: every command of it has a result within the range, and
 * its answer holds no control character, whatever the line held.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "supervisord/console/command.h"
#include "supervisord/console/show_log.h"
#include "tests/supervisord/world_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct world_fixture fixture;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    log_set_level(LOG_LEVEL_ERR); /* each command that changes something is journalled */
    return 0;
}

static int reload(void *owner, struct err *err)
{
    (void)owner;
    return err_set(err, 22, "refused");
}

static int check(void *owner, FILE *out)
{
    (void)owner;
    fputs("a mistake\n", out);
    return -1;
}

static int restart(void *owner, const char *name, struct err *err)
{
    (void)owner;
    (void)name;
    (void)err;
    return 0;
}

static const struct command_core core = {
    .reload = reload,
    .check = check,
    .restart_registry = restart,
};

static void judge(int result, const char *text, size_t length)
{
    assert(result == COMMAND_WAITS || result == COMMAND_MUTE ||
           (result >= WORLD_DONE && result < WORLD_RESULTS));
    for (size_t i = 0; i < length; i++)
        assert((unsigned char)text[i] >= 0x20 || text[i] == '\n');
}

static void run(struct command_desk *desk, struct command_caller *caller,
                const struct line_command *command)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int result;

    assert(out);
    result = command ? command_run(desk, caller, command, fixture.now, out)
                     : command_poll(desk, caller, fixture.now, out);
    assert(fclose(out) == 0);
    judge(result, text, length);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct command_desk desk = {.world = &fixture.world, .core = &core};
    struct command_caller caller = {.level = COMMAND_ADMIN};
    char line[LINE_BYTES + 1];
    size_t at = 0;

    if (size > LINE_BYTES)
        size = LINE_BYTES;
    memcpy(line, bytes, size);
    world_fixture_init(&fixture);
    do {
        struct line_command command;
        const enum line_mistake mistake = line_next(line, size, &at, &command);

        assert(at <= size && command.count <= LINE_WORDS);
        assert(mistake == LINE_GOOD || command.count == 0);
        if (command.count > 0)
            run(&desk, &caller, &command);
        if (caller.wait != COMMAND_WAIT_NONE)
            run(&desk, &caller, NULL);
    } while (at < size);
    show_log_baseline_free(desk.baseline);
    return 0;
}
