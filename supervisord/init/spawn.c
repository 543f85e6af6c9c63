/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/init/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_managers(const char *variable)
{
    static const char *const names[] = {"NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_", "INVOCATION_ID="};

    for (size_t at = 0; at < sizeof(names) / sizeof(names[0]); at++)
        if (strncmp(variable, names[at], strlen(names[at])) == 0)
            return true;
    return false;
}

/* The list is the caller's to free, the texts are not. */
static char **child_environment(char *variable)
{
    size_t count = 0;
    size_t kept = 0;

    while (environ[count] != NULL)
        count++;
    char **list = calloc(count + 2, sizeof(*list));
    for (size_t at = 0; list != NULL && at < count; at++)
        if (!is_managers(environ[at]))
            list[kept++] = environ[at];
    if (list != NULL && variable != NULL)
        list[kept++] = variable;
    return list;
}

static int set_actions(posix_spawn_file_actions_t *actions, const struct init_spawn *spawn)
{
    int failed = 0;

    if (spawn->stdout_fd >= 0)
        failed = posix_spawn_file_actions_adddup2(actions, spawn->stdout_fd, STDOUT_FILENO);
    if (failed == 0 && spawn->is_quiet)
        failed = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    return failed;
}

static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all;
    sigset_t none;

    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETPGROUP);
}

int init_spawn_start(const struct init_spawn *spawn, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **environment = child_environment(spawn->variable);

    if (environment == NULL)
        return -ENOMEM;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0) {
        free(environment);
        return -failed;
    }
    failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        set_attributes(&attributes);
        failed = set_actions(&actions, spawn);
        if (failed == 0)
            failed =
                posix_spawn(ret_pid, spawn->path, &actions, &attributes, spawn->argv, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    return -failed;
}

int init_spawn_find(const char *folder, const char *name, char ret_path[PATH_MAX], struct err *err)
{
    static const char *const places[] = {"", "/../lib/regha", "/../../sbin"};
    char path[PATH_MAX];

    for (size_t at = 0; at < sizeof(places) / sizeof(places[0]); at++) {
        const int length = snprintf(path, sizeof(path), "%s%s/%s", folder, places[at], name);
        if (length > 0 && length < PATH_MAX && access(path, X_OK) == 0) {
            memcpy(ret_path, path, (size_t)length + 1);
            return 0;
        }
    }
    return err_set(err, ENOENT, "there is no program %s in %s", name, folder);
}
