/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adopt - what the next launcher must know to go on where this one was killed.
 *
 * NAME.state in the launcher's runtime folder, 0600, for it holds the registry's environment: the
 * goal, the process by number and start time. The boot it was written in only says whether one that
 * is gone is to be started again: a container may show another boot in each mount namespace. The unit
 * of a registry (regha-launcher --exec NAME) reads its goal there, too.
 */
#ifndef REGISTRY_LAUNCHER_ADOPT_H
#define REGISTRY_LAUNCHER_ADOPT_H

#include "base/err.h"
#include "registry-launcher/cgroup.h"
#include "registry-launcher/message.h"

#define REGISTRY_ADOPT_MAX 64 /* registries of one host */

/* A process before the present one, which drains. */
struct registry_adopt_leaver {
    int64_t pid; /* 0: none */
    uint64_t start_ticks;
    int64_t deadline_ns; /* CLOCK_MONOTONIC: its KILL */
    char cgroup[REGISTRY_CGROUP_BYTES];
};

struct registry_adopt_record {
    struct registry_goal goal;
    bool other_boot; /* when read: it was written in another boot, as far as can be told here */
    int64_t pid;     /* 0: a start was under way */
    uint64_t start_ticks;
    int64_t started_ns;
    uint8_t backend;
    bool readonly, no_purging; /* as it was started */
    char digest[REGISTRY_DIGEST_BYTES];
    char bundle[REGISTRY_DIGEST_BYTES]; /* whose folder it is started from; "": from none */
    char cgroup[REGISTRY_CGROUP_BYTES];
    struct registry_adopt_leaver leaver;
};

/* Replaces the former record in one step. Returns 0 or a negative errno. */
int registry_adopt_write(const char *folder, const struct registry_adopt_record *record,
                         struct err *err);

/* -ENOENT: there is none. The goal makes sense if it returns 0. */
int registry_adopt_read(const char *folder, const char *name,
                        struct registry_adopt_record *ret_record, struct err *err);

/* Its process is there. */
bool registry_adopt_is_alive(const struct registry_adopt_record *record);

void registry_adopt_remove(const char *folder, const char *name);

/* The names that have a record, at most REGISTRY_ADOPT_MAX. */
size_t registry_adopt_list(const char *folder, char names[REGISTRY_ADOPT_MAX][REGISTRY_NAME_BYTES]);

#endif
