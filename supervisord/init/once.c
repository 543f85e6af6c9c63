/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/init/once.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "supervisord/init/policy.h"
#include "supervisord/init/spawn.h"

static void handle_child(void *owner, int number, struct monotime now)
{
    int ended;
    pid_t pid;

    (void)number;
    while ((pid = waitpid(-1, &ended, WNOHANG)) > 0)
        (void)init_policy_ended(owner, pid, ended, now);
}

static void handle_done(void *owner, int status, struct monotime now)
{
    (void)now;
    loop_stop(owner, status);
}

int init_once_write_policy(struct loop *loop, const char *folder, char *config, struct err *err)
{
    static const int signals[] = {SIGCHLD, 0};
    struct init_policy *policy = calloc(1, sizeof(*policy));
    char path[PATH_MAX];

    if (policy == NULL)
        return err_set(err, ENOMEM, "memory is short");
    int status = init_spawn_find(folder, "reghad", path, err);
    if (status == 0) {
        status = loop_signals(loop, signals, handle_child, policy);
        if (status < 0)
            err_set(err, -status, "cannot take signals: %s", strerror(-status));
    }
    if (status == 0) {
        *policy = (struct init_policy){.loop = loop,
                                       .program = path,
                                       .config = config,
                                       .path = INIT_POLICY_PATH,
                                       .owner = loop,
                                       .done = handle_done};
        init_policy_start(policy, false, monotime_now());
        status = loop_run(loop);
    }
    free(policy);
    return status;
}
