/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup - a cgroup of its own for each registry, where the launcher may make one.
 *
 * Version 2 only, under the launcher's own cgroup (a unit with Delegate=yes). It ends whatever a
 * registry leaves behind, wherever that moved itself. Where none is to be had, its process group
 * must do. Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
 */
#ifndef REGISTRY_LAUNCHER_CGROUP_H
#define REGISTRY_LAUNCHER_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "registry-launcher/params.h"

#define REGISTRY_CGROUP_BYTES 512

/* Where cgroups of registries may be made, "" if nowhere. Read once, at start. */
struct registry_cgroups {
    char folder[REGISTRY_CGROUP_BYTES];
};

void registry_cgroup_find(struct registry_cgroups *cgroups);

/* The cgroup of registry `name`, made if need be; its path, or "" where there is none to be had. */
void registry_cgroup_make(const struct registry_cgroups *cgroups, const char *name,
                          const char *suffix, char ret_path[REGISTRY_CGROUP_BYTES]);

/* The calling process joins it; with "" nothing happens. Returns 0 or a negative errno. */
int registry_cgroup_join(const char *path);

/* KILL to all in it. False: there is none, or the kernel cannot (before 5.14). */
bool registry_cgroup_kill(const char *path);

/* Remove it if it is empty. */
void registry_cgroup_remove(const char *path);

/* Processes the kernel has killed for want of memory, since boot on this host. */
uint64_t registry_cgroup_oom_kills(void);

#endif
