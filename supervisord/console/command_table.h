/* SPDX-License-Identifier: GPL-2.0-or-later */
/* command_table - the one table of commands, and their handlers; only supervisord/console/command.c uses it. */
#ifndef SUPERVISORD_COMMAND_TABLE_H
#define SUPERVISORD_COMMAND_TABLE_H

#include "supervisord/console/command.h"

/* One run of one command. */
struct command_call {
    struct command_desk *desk;
    struct command_caller *caller;
    struct line_command *command;
    struct monotime now;
    FILE *out;
    const struct command_row *row;
    bool json;
    size_t count; /* of arguments */
    char **arguments;
};

struct command_row {
    const char *words;
    const char *arguments;
    size_t least, most; /* how many arguments */
    enum command_level level;
    bool changes;  /* must be written out, and is journalled */
    bool has_json; /* takes -j */
    int (*run)(struct command_call *call);
    enum show_what what; /* of show */
    const char *help;
};

extern const struct command_row command_table_rows[];
extern const size_t command_table_count;

/* Known words of design that do nothing in this version; ended by NULL. */
extern const char *const command_table_later[];

/* Whether what the caller waits for has come about; see command_poll(). */
int command_table_poll(struct command_call *call);

#endif
