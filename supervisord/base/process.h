/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process - names of users, sockets and folders that the programs share, and their counters.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "base/wire.h"

#define PROCESS_RUNTIME_FOLDER  "/run/regha"
#define PROCESS_BUNDLE_FOLDER   "/run/regha/bundle" /* as the registries read them */
#define PROCESS_STATE_FOLDER    "/var/lib/regha"    /* reghad's */
#define PROCESS_VRRP_SOCKET     "/run/regha/vrrp/goals.sock"
#define PROCESS_NET_SOCKET      "/run/regha/net/goals.sock"
#define PROCESS_LAUNCHER_SOCKET "/run/regha/launcher/goals.sock"

#define PROCESS_GROUP         "regha" /* may connect to the sockets; the four users are members */
#define PROCESS_REGHAD_USER   "regha"
#define PROCESS_VRRP_USER     "regha-vrrp"
#define PROCESS_NET_USER      "regha-net"
#define PROCESS_LAUNCHER_USER "regha-launcher"

/* Every channel's first state, and again each second: who serves, and how its loop does. */
struct process_state {
    int64_t pid;
    int64_t started_ns; /* CLOCK_MONOTONIC */
    uint64_t lag_counts[HISTOGRAM_BUCKETS + 1];
    uint64_t lag_count;
    int64_t lag_sum_ns;
    uint64_t stalls;
    char worst_name[32];
    int64_t worst_ns;
    uint64_t cpu_ns; /* user and system time used */
    uint64_t resident_bytes;
    char version[32];
};

#define PROCESS_STATE_TYPE 16
extern const struct wire_layout process_state_layout;

/*
 * When `pid` (0: we) was started, in ticks since boot: with the pid it names one process for ever.
 * -1 if there is none. proc(5), /proc/PID/stat field 22.
 */
int64_t process_start_ticks(pid_t pid);

/*
 * Run `work` in a child, for what may have to wait (a disk); its exit status is what that returns.
 * Returns a pidfd, readable once it has ended, for process_child_end(); or a negative errno.
 */
int process_child_start(int (*work)(void *argument), void *argument);

/* Reaps it, waiting if need be, and closes the pidfd. Returns its status, or a negative errno. */
int process_child_end(int pidfd);

/* How this process does now. */
void process_state_read(const struct loop *loop, struct process_state *ret_state);

#endif
