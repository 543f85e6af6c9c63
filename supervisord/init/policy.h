/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy - has reghad write the launcher's local policy, as root, without waiting for it.
 *
 * reghad --policy prints it; the file is replaced as a whole or not at all.
 */
#ifndef SUPERVISORD_INIT_POLICY_H
#define SUPERVISORD_INIT_POLICY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/loop.h"

#define INIT_POLICY_PATH  "/run/regha/policy"
#define INIT_POLICY_BYTES (64 * 1024)

struct init_policy {
    struct loop *loop;
    const char *program; /* path of reghad */
    char *config;
    const char *path; /* of the file to write */
    void *owner;
    /* `status`: 0, the exit status of reghad, or 1 if it could not be run or its answer not kept. */
    void (*done)(void *owner, int status, struct monotime now);
    int failed; /* errno of the start; 0: it started */
    pid_t pid;  /* 0: not running */
    int ended;  /* what waitpid(2) said of it */
    struct loop_io answer;
    struct loop_timer deadline;
    size_t used_bytes;
    char text[INIT_POLICY_BYTES];
};

/* Begin; done() is called later, once. `is_quiet`: somebody else will report the mistakes. */
void init_policy_start(struct init_policy *policy, bool is_quiet, struct monotime now);

static inline bool init_policy_is_running(const struct init_policy *policy)
{
    return policy->program != NULL && (policy->pid != 0 || policy->answer.watch != NULL);
}

/* The child `pid` ended; returns whether it was this one. */
bool init_policy_ended(struct init_policy *policy, pid_t pid, int ended, struct monotime now);

#endif
