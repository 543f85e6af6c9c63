/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program - one of the programs that regha-init keeps running.
 */
#ifndef SUPERVISORD_INIT_PROGRAM_H
#define SUPERVISORD_INIT_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/loop.h"
#include "supervisord/init/restart.h"

#define INIT_PROGRAM_ARGUMENTS_MAX 8

/* What it says if its configuration is wrong (EX_CONFIG): starting it again would not help. */
#define INIT_PROGRAM_MISCONFIGURED 78

struct init_program {
    const char *name;
    int stop_turn;        /* 0 first; those of a turn are stopped together */
    int64_t stop_ns;      /* from TERM to KILL */
    int oom_score_adjust; /* set as root; the registry's is set back by the launcher */
    struct loop *loop;
    char path[PATH_MAX];
    char *argv[INIT_PROGRAM_ARGUMENTS_MAX + 1];
    char *variable;  /* see spawn.h */
    pid_t pid;       /* 0: not running */
    uint32_t starts; /* that worked */
    bool is_held;    /* it is misconfigured and waits for a new configuration */
    struct monotime started;
    struct init_restart restart;
    struct loop_timer again;
};

/* Start it; a failure is logged, and tried again like a death. */
void init_program_start(struct init_program *program, struct monotime now);

/* Nothing if it is not running. */
void init_program_kill(const struct init_program *program, int number);

/*
 * It ended with waitpid(2)'s `ended`: log why, and start it again in its time, unless it is
 * misconfigured or `is_stopping`.
 */
void init_program_ended(struct init_program *program, int ended, bool is_stopping,
                        struct monotime now);

#endif
