/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/init/orphan.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

int init_orphan_adopt(void)
{
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int init_orphan_signal(int number)
{
    char path[64];
    int pid;
    int count = 0;

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    if (children == NULL)
        return 0;
    for (; fscanf(children, "%d", &pid) == 1; count++)
        (void)kill((pid_t)pid, number);
    fclose(children);
    return count;
}
