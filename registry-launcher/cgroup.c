/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LINE_BYTES 4096

static void close_file(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

/* The mount point of cgroup2: proc(5), mountinfo: field 5, and the type behind " - ". */
static bool find_mount(char mount[REGISTRY_CGROUP_BYTES])
{
    char line[LINE_BYTES], type[32];

    CLEANUP(close_file)
    FILE *file = fopen("/proc/self/mountinfo", "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        const char *dash = strstr(line, " - ");

        if (dash != NULL && sscanf(dash, " - %31s", type) == 1 && strcmp(type, "cgroup2") == 0 &&
            sscanf(line, "%*s %*s %*s %*s %511s", mount) == 1)
            return true;
    }
    return false;
}

static bool find_own(char own[REGISTRY_CGROUP_BYTES])
{
    char line[LINE_BYTES];

    CLEANUP(close_file)
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "0::%511s", own) == 1)
            return true;
    return false;
}

/* Joins path and file; false if that is too long. */
static bool join(char *to, size_t size_bytes, const char *folder, const char *file)
{
    return (size_t)snprintf(to, size_bytes, "%s%s", folder, file) < size_bytes;
}

void registry_cgroup_find(struct registry_cgroups *cgroups)
{
    char mount[REGISTRY_CGROUP_BYTES], own[REGISTRY_CGROUP_BYTES];
    char procs[REGISTRY_CGROUP_BYTES + 16];

    cgroups->folder[0] = '\0';
    if (!find_mount(mount) || !find_own(own) || strcmp(own, "/") == 0)
        return; /* in the root there is nothing of ours */
    if (!join(cgroups->folder, sizeof(cgroups->folder), mount, own))
        cgroups->folder[0] = '\0';
    /* Moving a process needs the right to write here, too: cgroup-v2.rst, "Delegation". */
    if (!join(procs, sizeof(procs), cgroups->folder, "/cgroup.procs") ||
        access(cgroups->folder, W_OK) < 0 || access(procs, W_OK) < 0)
        cgroups->folder[0] = '\0';
}

void registry_cgroup_make(const struct registry_cgroups *cgroups, const char *name,
                          const char *suffix, char ret_path[REGISTRY_CGROUP_BYTES])
{
    ret_path[0] = '\0';
    if (cgroups->folder[0] == '\0')
        return;
    if ((size_t)snprintf(ret_path, REGISTRY_CGROUP_BYTES, "%s/regha-registry-%s%s", cgroups->folder,
                         name, suffix) >= REGISTRY_CGROUP_BYTES ||
        (mkdir(ret_path, 0755) < 0 && errno != EEXIST))
        ret_path[0] = '\0';
}

static int write_file(const char *path, const char *file, const char *text)
{
    char name[REGISTRY_CGROUP_BYTES + 32];

    if (!join(name, sizeof(name), path, file))
        return -ENAMETOOLONG;
    CLEANUP(cleanup_close)
    int fd = open(name, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return -errno;
    return 0;
}

int registry_cgroup_join(const char *path)
{
    return path[0] == '\0' ? 0 : write_file(path, "/cgroup.procs", "0");
}

bool registry_cgroup_kill(const char *path)
{
    return path[0] != '\0' && write_file(path, "/cgroup.kill", "1") == 0;
}

void registry_cgroup_remove(const char *path)
{
    if (path[0] != '\0')
        (void)rmdir(path);
}

uint64_t registry_cgroup_oom_kills(void)
{
    char line[LINE_BYTES];
    unsigned long long count = 0;

    CLEANUP(close_file)
    FILE *file = fopen("/proc/vmstat", "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "oom_kill %llu", &count) == 1)
            return count;
    return 0;
}
