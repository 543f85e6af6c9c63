/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/loop.h"

#define FILES_MAX      65536
#define PASSWORD_BYTES 16384
#define IOPRIO_PROCESS 1

/* Raising one's own score needs no privilege; being spared was for the launcher. */
static void reset_out_of_memory(void)
{
    /* Who cannot be dumped does not own its files in /proc. */
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    CLEANUP(cleanup_close)
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        (void)!write(fd, "0", 1); /* where it may not be changed it was not ours to begin with */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void reset_scheduling(void)
{
    const struct sched_param none = {0};

    (void)sched_setscheduler(0, SCHED_OTHER, &none);
    (void)setpriority(PRIO_PROCESS, 0, 0);
    (void)syscall(SYS_ioprio_set, IOPRIO_PROCESS, 0, 0);
    (void)prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
}

/* What units may have given the launcher; its own RLIMIT_CORE 0 stays: a core holds secrets. */
static void reset_limits(void)
{
    const struct rlimit none = {0, 0};
    struct rlimit files;

    (void)setrlimit(RLIMIT_RTPRIO, &none);
    (void)setrlimit(RLIMIT_NICE, &none);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

int registry_child_reset(struct err *err)
{
    loop_signals_reset();
    /* A unit has made it a leader already. */
    if (setsid() < 0 && errno != EPERM)
        return err_errno(err, "cannot make a session");
    reset_out_of_memory();
    reset_scheduling();
    reset_limits();
    umask(S_IWGRP | S_IWOTH);
    if (chdir("/") < 0)
        return err_errno(err, "cannot change to /");
    return 0;
}

static int find_user(const char *user, uid_t *ret_uid, gid_t *ret_gid, struct err *err)
{
    char buffer[PASSWORD_BYTES];
    struct passwd entry, *found = NULL;

    errno = getpwnam_r(user, &entry, buffer, sizeof(buffer), &found);
    if (found == NULL && errno != 0)
        return err_errno(err, "cannot look up the user %s", user);
    if (found == NULL)
        return err_set(err, EACCES, "there is no user %s", user);
    if (entry.pw_uid == 0)
        return err_set(err, EACCES,
                       "the user %s is uid 0, and what is started here never runs as root", user);
    *ret_uid = entry.pw_uid;
    *ret_gid = entry.pw_gid;
    return 0;
}

/*
 * A file with capabilities could fill the other sets, but for no_new_privs, which comes first. So a
 * unit need not give us CAP_SETPCAP for this second lock.
 */
static int empty_bounding_set(struct err *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_errno(err, "cannot set no_new_privs");
    for (unsigned long capability = 0; capability <= 63; capability++) {
        const int there = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);

        if (there < 0)
            break; /* beyond the last one */
        if (there == 1 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EPERM)
            return err_errno(err, "cannot empty the capability bounding set");
    }
    return 0;
}

static int drop_capabilities(struct err *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}};

    /* A child that kept an ambient CAP_SETUID could become root. */
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return err_errno(err, "cannot clear the ambient capabilities");
    if (syscall(SYS_capset, &header, none) < 0)
        return err_errno(err, "cannot give up capabilities");
    return 0;
}

int registry_child_become(const char *user, struct err *err)
{
    uid_t uid, real, effective, saved;
    gid_t gid;
    int failed = find_user(user, &uid, &gid, err);

    if (failed == 0)
        failed = empty_bounding_set(err);
    if (failed < 0)
        return failed;
    if (initgroups(user, gid) < 0 || setresgid(gid, gid, gid) < 0)
        return err_errno(err, "cannot take the groups of %s", user);
    if (setresuid(uid, uid, uid) < 0)
        return err_errno(err, "cannot become the user %s", user);
    failed = drop_capabilities(err);
    if (failed < 0)
        return failed;
    if (getresuid(&real, &effective, &saved) < 0 || real != uid || effective != uid || saved != uid)
        return err_set(err, EACCES, "is not the user %s after becoming it", user);
    return 0;
}

int registry_child_group(const char *user, gid_t *ret_gid, struct err *err)
{
    uid_t uid;

    return find_user(user, &uid, ret_gid, err);
}

void registry_child_close_from(unsigned first)
{
    (void)close_range(first, ~0U, 0);
}

void registry_child_cloexec_from(unsigned first)
{
    (void)close_range(first, ~0U, CLOSE_RANGE_CLOEXEC);
}
