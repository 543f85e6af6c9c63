/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command - what may be asked on the control socket, and what it does.
 *
 * One table of words, level, handler and help feeds the server, `help`, the shell's completion
 * and reghactl(1). A command never blocks: one that changes something says how long to wait for
 * its effect, and is polled.
 */
#ifndef SUPERVISORD_COMMAND_H
#define SUPERVISORD_COMMAND_H

#include "base/log.h"
#include "supervisord/console/line.h"
#include "supervisord/console/show.h"

enum command_level {
    COMMAND_NOBODY,
    COMMAND_USER,     /* may look */
    COMMAND_OPERATOR, /* may change what runs */
    COMMAND_ADMIN,    /* may change what is wanted */
};

#define COMMAND_GROUP_USER     PROCESS_GROUP
#define COMMAND_GROUP_OPERATOR "regha-operator"

/* A command for another node. */
struct command_order {
    uid_t uid; /* of the person here */
    const char *line;
    int64_t patience_ns;
};

/* What only the core can do; a NULL function is "not in this version". */
struct command_core {
    void *owner;
    /*
     * Read the configuration again. 0: applied. -EINPROGRESS: world->reload will tell, attempts
     * grows by one. Else refused: world->reload.mistakes, if any, and `err` say why.
     */
    int (*reload)(void *owner, struct err *err);
    /* Judge the configuration file, change nothing. Writes mistakes and warnings; 0 or -EINVAL. */
    int (*check)(void *owner, FILE *out);
    /* Start this registry anew: its goal with another serial. 0 or a negative errno. */
    int (*restart_registry)(void *owner, const char *name, struct err *err);
    /* What people say: core_operator.h. `flags` of enum command_mode_flags. */
    void (*set_mode)(void *owner, enum operator_mode mode, uid_t uid, unsigned flags);
    void (*pause)(void *owner, int64_t until_wall_ns, uid_t uid); /* 0: resume */
    int (*set_registry_run)(void *owner, const char *name, enum operator_run run, uid_t uid,
                            struct err *err);
    int (*set_registry_write)(void *owner, const char *name, enum operator_write write, uid_t uid,
                              struct err *err);
    /* Which node could take over router `at` of the world; -1: none. */
    int (*find_successor)(void *owner, size_t at, struct monotime now);
    /* bundle_use.h; the world tells how the attempt ends. */
    int (*publish_bundle)(void *owner, const char *name, uint64_t generation, uid_t uid,
                          struct err *err);
    int (*diff_bundle)(void *owner, const char *name, FILE *out, struct err *err);
    /* Ask MinIO whether this node may leave; world->maint has the answer. */
    void (*ask_maintenance)(void *owner, struct monotime now);
    /* Hand router `at` of the world, held here, over to `node`; world_router.handover tells. */
    int (*begin_handover)(void *owner, size_t at, int node, bool is_forced, struct err *err);
    /* Have a command done at another node: remote.h. */
    int (*ask_node)(void *owner, size_t node, const struct command_order *order,
                    uint64_t *ret_ticket);
    int (*take_answer)(void *owner, uint64_t ticket, FILE *out);
};

enum command_mode_flags {
    COMMAND_MODE_ONCE = 1 << 0,   /* only until reghad starts again */
    COMMAND_MODE_FORCED = 1 << 1, /* even if nobody takes over */
};

/* What all callers share. */
struct command_desk {
    struct world *world; /* written to: the counters of commands */
    const struct command_core *core;
    struct show_baseline *baseline; /* of clear counters; NULL: none */
    struct log_limit denials;
};

enum command_wait_kind {
    COMMAND_WAIT_NONE,
    COMMAND_WAIT_RELOAD,
    COMMAND_WAIT_REGISTRY,
    COMMAND_WAIT_SAVED,    /* what was said is on the disk */
    COMMAND_WAIT_ASKED,    /* MinIO has answered */
    COMMAND_WAIT_EMPTY,    /* this node holds nothing, and nothing serves here */
    COMMAND_WAIT_BUNDLE,   /* its publishing is over */
    COMMAND_WAIT_TURNED,   /* a registry is as it was asked to be */
    COMMAND_WAIT_NODE,     /* another node does it, and has answered */
    COMMAND_WAIT_HANDOVER, /* a virtual router is where it was asked to be, or not */
};

#define COMMAND_SAYS_BYTES 256

/* One connection. */
struct command_caller {
    uid_t uid;
    enum command_level level;
    bool prompt;      /* stay, and say when ready for more */
    bool exit_status; /* end each answer with "# rc=N" */
    bool quit;
    bool is_remote; /* another node asks, for a person there */
    enum command_wait_kind wait;
    uint64_t ticket; /* of what another node was asked */
    char waits_for[REGISTRY_NAME_BYTES];
    uint64_t reload_attempts; /* before */
    int64_t registry_started_ns;
    struct monotime wait_since, wait_until;
    char says[COMMAND_SAYS_BYTES]; /* to be answered when the wait is over */
    char doing[64];                /* what it waits for, for people */
    size_t entry;                  /* of the table, while it waits */
};

#define COMMAND_WAITS (-1) /* instead of a result: poll until there is one */
#define COMMAND_MUTE  (-2) /* done, and nothing is to be answered */

/* Run one command. Returns enum world_result, COMMAND_WAITS or COMMAND_MUTE. */
int command_run(struct command_desk *desk, struct command_caller *caller,
                const struct line_command *command, struct monotime now, FILE *out);

/* Of a caller that waits: the same results. */
int command_poll(struct command_desk *desk, struct command_caller *caller, struct monotime now,
                 FILE *out);

/* For a line that is no command at all. */
void command_count_mistake(struct command_desk *desk);

/* The table, for completion, manual and metrics. */
struct command_entry {
    const char *words;     /* "show info" */
    const char *arguments; /* "[NAME]", or "" */
    enum command_level level;
    const char *help;
};

size_t command_entries(void);
struct command_entry command_entry(size_t at);
const char *command_level_name(enum command_level level);

#endif
