/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/command_remote.h"

#include <errno.h>
#include <string.h>

/* Longer than any of them waits there, draining included; the other node ends first. */
#define PATIENCE_NS (280 * NS_PER_S)

static const char *const verbs[] = {"maint", "drain", "ready", "pause", "resume", NULL};

size_t command_remote_find(const struct world *world, const char *name)
{
    size_t at = 0;

    while (at < world->node_count && strcmp(world->nodes[at].settings.name, name) != 0)
        at++;
    return at;
}

static bool is_for_nodes(const struct command_row *row)
{
    for (size_t at = 0; verbs[at]; at++)
        if (strcmp(row->words, verbs[at]) == 0)
            return true;
    return false;
}

/* Quoted, so that it is read there as it was here. */
static void put_word(FILE *line, const char *word)
{
    fputs(" \"", line);
    for (; *word != '\0'; word++) {
        if (*word == '"' || *word == '\\')
            fputc('\\', line);
        fputc(*word, line);
    }
    fputc('"', line);
}

static void write_line(const struct command_call *call, char *text, size_t size_bytes)
{
    FILE *line = fmemopen(text, size_bytes, "w");

    text[0] = '\0';
    if (!line)
        return;
    fputs(call->row->words, line);
    for (size_t at = 0; at < call->count; at++)
        put_word(line, call->arguments[at]);
    fclose(line);
    text[size_bytes - 1] = '\0';
}

int command_remote_forward(struct command_call *call, size_t node, int64_t patience_ns)
{
    const struct command_core *core = call->desk->core;
    const char *name = call->desk->world->nodes[node].settings.name;
    char line[LINE_BYTES];
    const struct command_order order = {
        .uid = call->caller->uid, .line = line, .patience_ns = patience_ns};
    struct command_caller *caller = call->caller;

    if (!core->ask_node) {
        fprintf(call->out, "not in this version\n");
        return WORLD_USAGE;
    }
    write_line(call, line, sizeof(line));
    const int failed = core->ask_node(core->owner, node, &order, &caller->ticket);
    if (failed < 0) {
        fprintf(call->out, "%s cannot be asked: %s\n", name,
                failed == -ENOKEY ? "there is no cluster key here" : strerror(-failed));
        return WORLD_PRECONDITION;
    }
    caller->wait = COMMAND_WAIT_NODE;
    caller->wait_since = call->now;
    snprintf(caller->waits_for, sizeof(caller->waits_for), "at %.28s", name);
    snprintf(caller->doing, sizeof(caller->doing), "%s does it", name);
    return COMMAND_WAITS;
}

static void take_out(struct command_call *call, size_t argument)
{
    for (size_t at = argument; at + 1 < call->count; at++)
        call->arguments[at] = call->arguments[at + 1];
    call->count--;
}

int command_remote_run(struct command_call *call)
{
    const struct world *world = call->desk->world;

    if (!is_for_nodes(call->row))
        return COMMAND_REMOTE_HERE;
    for (size_t at = 0; at < call->count; at++) {
        const size_t node = command_remote_find(world, call->arguments[at]);

        if (node == world->node_count)
            continue;
        take_out(call, at);
        if (world->nodes[node].self || call->caller->is_remote)
            return COMMAND_REMOTE_HERE;
        return command_remote_forward(call, node, PATIENCE_NS);
    }
    return COMMAND_REMOTE_HERE;
}

int command_remote_poll(struct command_call *call)
{
    const struct command_core *core = call->desk->core;

    return core->take_answer(core->owner, call->caller->ticket, call->out);
}
