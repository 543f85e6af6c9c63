/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree - the programs of a node together: start, reload, reaping, and the order of the stop.
 *
 * reghad stops first, so that nobody reacts to the others' stopping; then regha-vrrp, which gives
 * its addresses away while regha-net is still there; then the rest, and what they left behind.
 */
#ifndef SUPERVISORD_INIT_TREE_H
#define SUPERVISORD_INIT_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "base/service.h"
#include "supervisord/init/policy.h"
#include "supervisord/init/program.h"

#define INIT_TREE_PROGRAMS 4

struct init_tree_params {
    char *folder; /* of the programs */
    char *config; /* absolute */
    char *log_level;
    bool is_wanted[INIT_TREE_PROGRAMS]; /* by the order of init_tree_name() */
    int former;                         /* of init_former_open() */
};

struct init_tree {
    struct loop *loop;
    struct service service;
    struct init_program programs[INIT_TREE_PROGRAMS];
    bool is_wanted[INIT_TREE_PROGRAMS];
    struct init_policy policy;
    char reghad_path[PATH_MAX];
    int former; /* see former.h */
    pid_t noted[INIT_TREE_PROGRAMS];
    bool is_started;
    bool must_reload; /* asked for while the policy is still being written */
    bool is_stopping;
    bool has_killed; /* in this turn of the stop */
    int stop_turn;
    int status; /* of regha-init */
    struct loop_timer stop;
};

/* "regha-net" ..., NULL at the end: the order in which they are started. */
const char *init_tree_name(size_t at);

/* Find the programs, take the signals, begin. Returns 0 or a negative errno. */
int init_tree_start(struct init_tree *tree, struct loop *loop,
                    const struct init_tree_params *params, struct err *err);

#endif
