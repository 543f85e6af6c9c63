/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/command.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/edit.h"
#include "supervisord/console/command_remote.h"
#include "supervisord/console/command_table.h"
#include "supervisord/console/words.h"

#define WORDS_BYTES 128

size_t command_entries(void)
{
    return command_table_count;
}

struct command_entry command_entry(size_t at)
{
    const struct command_row *row = &command_table_rows[at];

    return (struct command_entry){row->words, row->arguments, row->level, row->help};
}

const char *command_level_name(enum command_level level)
{
    static const char *const names[] = {"nobody", "user", "operator", "admin"};

    return names[level];
}

/* How many words `row` has, if the command begins with them; `whole`: none of them cut short. */
static size_t match(const char *row, const struct line_command *command, bool whole)
{
    size_t count = 0;

    while (*row != '\0') {
        const size_t length = strcspn(row, " ");
        size_t given;

        if (count == command->count)
            return 0;
        given = strlen(command->words[count]);
        if (given > length || (whole && given < length) ||
            strncmp(row, command->words[count], given) != 0 || given == 0)
            return 0;
        count++;
        row += length;
        row += *row == ' ';
    }
    return count;
}

/* The row with the most words that the command begins with; -1: none. */
static int find_whole(const struct line_command *command)
{
    size_t most = 0;
    int found = -1;

    for (size_t i = 0; i < command_table_count; i++) {
        const size_t count = match(command_table_rows[i].words, command, true);

        if (count > most) {
            most = count;
            found = (int)i;
        }
    }
    return found;
}

/* The words that name a command, joined, to be compared and shown. */
static const char *join(const struct line_command *command, size_t most, char text[WORDS_BYTES])
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < command->count && i < most && used < WORDS_BYTES; i++)
        used += (size_t)snprintf(text + used, WORDS_BYTES - used, "%s%.40s", i ? " " : "",
                                 command->words[i]);
    return text;
}

static size_t word_count(const char *words)
{
    size_t count = 1;

    for (; *words != '\0'; words++)
        count += *words == ' ';
    return count;
}

static const char *nearest(const struct line_command *command)
{
    const char *best = NULL;
    char given[WORDS_BYTES];
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < command_table_count; i++) {
        const char *words = command_table_rows[i].words;
        const size_t distance = edit_distance(join(command, word_count(words), given), words);

        /* More than every third character wrong is another word. */
        if (distance < least && distance * 3 <= strlen(words)) {
            least = distance;
            best = words;
        }
    }
    return best;
}

static bool is_later(const struct line_command *command)
{
    for (size_t i = 0; command_table_later[i]; i++) {
        if (match(command_table_later[i], command, true) > 0)
            return true;
    }
    return false;
}

/* Rows that begin with the one word given: "show" alone. */
static int list_following(const struct line_command *command, FILE *out)
{
    int count = 0;

    if (command->count != 1)
        return 0;
    for (size_t i = 0; i < command_table_count; i++) {
        const char *words = command_table_rows[i].words;
        const size_t given = strlen(command->words[0]);

        if (strncmp(words, command->words[0], given) == 0 && words[given] == ' ')
            fprintf(out, "%s%s", count++ == 0 ? "incomplete; it goes on with: " : ", ",
                    words + given + 1);
    }
    if (count > 0)
        fputc('\n', out);
    return count;
}

static void say_unknown(const struct line_command *command, FILE *out)
{
    const char *near = nearest(command);
    char given[WORDS_BYTES];

    join(command, LINE_WORDS, given);
    if (near)
        fprintf(out, "unknown command \"%s\", the nearest one is: %s\n", given, near);
    else
        fprintf(out, "unknown command \"%s\"; try: help\n", given);
}

/*
 * Words that were cut short. What only looks may be shortened as long as that is unique; what
 * changes something must be written out, for a later version may give the short form to another.
 */
static int find_short(const struct line_command *command, FILE *out)
{
    int found = -1, count = 0;

    for (size_t i = 0; i < command_table_count; i++) {
        if (match(command_table_rows[i].words, command, false) > 0) {
            found = (int)i;
            count++;
        }
    }
    if (count == 1 && command_table_rows[found].changes) {
        fprintf(out, "write it out, for it changes something: %s\n",
                command_table_rows[found].words);
        return -1;
    }
    if (count == 1)
        return found;
    if (count == 0) {
        if (list_following(command, out) == 0)
            say_unknown(command, out);
        return -1;
    }
    fprintf(out, "ambiguous, may be:");
    for (size_t i = 0, listed = 0; i < command_table_count; i++) {
        if (match(command_table_rows[i].words, command, false) > 0)
            fprintf(out, "%s %s", listed++ > 0 ? "," : "", command_table_rows[i].words);
    }
    fputc('\n', out);
    return -1;
}

/* Words come back in answers, and those reach terminals. */
static struct line_command clean_words(const struct line_command *command)
{
    for (size_t i = 0; i < command->count; i++)
        words_clean(command->words[i]);
    return *command;
}

static bool take_json(struct line_command *command)
{
    bool json = false;
    size_t kept = 0;

    for (size_t i = 0; i < command->count; i++) {
        if (strcmp(command->words[i], "-j") == 0)
            json = true;
        else
            command->words[kept++] = command->words[i];
    }
    command->count = kept;
    return json;
}

static int deny(const struct command_caller *caller, const struct command_row *row, FILE *out)
{
    fprintf(out, "permission denied: \"%s\" is for ", row->words);
    switch (row->level) {
    case COMMAND_NOBODY:
    case COMMAND_USER:
        fprintf(out, "members of group %s", COMMAND_GROUP_USER);
        break;
    case COMMAND_OPERATOR:
        fprintf(out, "members of group %s", COMMAND_GROUP_OPERATOR);
        break;
    case COMMAND_ADMIN:
        fprintf(out, "root");
        break;
    }
    fprintf(out, ", uid %u is %s%s\n", (unsigned)caller->uid,
            caller->level == COMMAND_NOBODY ? "" : "at level ",
            caller->level == COMMAND_NOBODY ? "none of them" : command_level_name(caller->level));
    return WORLD_DENIED;
}

static bool counts_fit(const struct command_row *row, size_t given)
{
    return given >= row->least && given <= row->most;
}

static int run_row(struct command_call *call, const struct command_row *row, bool json,
                   size_t words)
{
    int result;

    if (call->caller->level < row->level)
        return deny(call->caller, row, call->out);
    call->row = row;
    call->count = call->command->count - words;
    call->arguments = call->command->words + words;
    result = command_remote_run(call);
    if (result != COMMAND_REMOTE_HERE)
        return result;
    if (!counts_fit(row, call->count)) {
        fprintf(call->out, "usage: %s%s%s\n", row->words, row->arguments[0] ? " " : "",
                row->arguments);
        return WORLD_USAGE;
    }
    if (json && !row->has_json) {
        fprintf(call->out, "-j goes with show only\n");
        return WORLD_USAGE;
    }
    call->json = json;
    return row->run(call);
}

static void count_result(struct command_desk *desk, size_t entry, int result)
{
    assert(result >= 0 && result < WORLD_RESULTS && entry < WORLD_COMMANDS_MAX);
    desk->world->commands[result != WORLD_DONE]++;
    desk->world->command_results[entry][result]++;
}

void command_count_mistake(struct command_desk *desk)
{
    count_result(desk, WORLD_COMMANDS_MAX - 1, WORLD_USAGE);
}

/* Who changed what stands in the journal, and who was not allowed to. */
static void journal(struct command_desk *desk, const struct command_caller *caller,
                    const struct line_command *command, int result, struct monotime now)
{
    uint64_t suppressed = 0;
    char words[WORDS_BYTES], quoted[2 * WORDS_BYTES];
    const struct command_row *row = &command_table_rows[caller->entry];

    if (command)
        join(command, LINE_WORDS, words);
    else
        snprintf(words, sizeof(words), "%s %s", row->words, caller->waits_for);
    log_quote(words, quoted, sizeof(quoted));
    if (result == WORLD_DENIED && log_limit_pass(&desk->denials, NS_PER_S, now, &suppressed))
        log_warning("a command was denied", "uid=%u command=\"%s\" suppressed=%llu",
                    (unsigned)caller->uid, quoted, (unsigned long long)suppressed);
    if (result != WORLD_DENIED && row->changes)
        log_info("a command was given", "uid=%u command=\"%s\" result=%s", (unsigned)caller->uid,
                 quoted, world_result_name((enum world_result)result));
}

static void conclude(struct command_desk *desk, const struct command_caller *caller,
                     const struct line_command *command, int result, struct monotime now)
{
    if (result == COMMAND_WAITS)
        return;
    result = result == COMMAND_MUTE ? WORLD_DONE : result;
    count_result(desk, caller->entry, result);
    journal(desk, caller, command, result, now);
}

int command_run(struct command_desk *desk, struct command_caller *caller,
                const struct line_command *command, struct monotime now, FILE *out)
{
    struct line_command rest = clean_words(command);
    const bool json = take_json(&rest);
    struct command_call call = {desk, caller, &rest, now, out, NULL, false, 0, NULL};
    int found = find_whole(&rest), result;

    if (found < 0 && is_later(&rest)) {
        fprintf(out, "not in this version\n");
        command_count_mistake(desk);
        return WORLD_USAGE;
    }
    if (found < 0)
        found = find_short(&rest, out);
    if (found < 0) {
        command_count_mistake(desk);
        return WORLD_USAGE;
    }
    caller->entry = (size_t)found;
    result = run_row(&call, &command_table_rows[found], json,
                     word_count(command_table_rows[found].words));
    conclude(desk, caller, &rest, result, now);
    return result;
}

int command_poll(struct command_desk *desk, struct command_caller *caller, struct monotime now,
                 FILE *out)
{
    struct command_call call = {.desk = desk, .caller = caller, .now = now, .out = out};
    const int result = command_table_poll(&call);

    conclude(desk, caller, NULL, result, now);
    return result;
}
