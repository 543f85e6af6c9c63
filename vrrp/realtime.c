/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/realtime.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/syscall.h>

#include "base/log.h"

#define FIFO_PRIORITY 50
/* A real-time process that never waits would stop its core: the kernel ends it, and it restarts. */
#define RUNAWAY_US 500000

static bool has_capability(unsigned capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    return syscall(SYS_capget, &header, data) == 0 &&
           data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

void vrrp_realtime_lock_memory(void)
{
    struct rlimit limit;

    /* With a limit, MCL_FUTURE would make a later allocation fail: worse than a page fault. */
    if (!has_capability(CAP_IPC_LOCK) &&
        (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur != RLIM_INFINITY)) {
        log_info("memory is not locked: CAP_IPC_LOCK is missing", "");
        return;
    }
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
        log_warning("memory is not locked", "error=\"%s\"", strerror(errno));
}

void vrrp_realtime_schedule(int64_t interval_ns)
{
    const bool fast = interval_ns < VRRP_REALTIME_BELOW_NS;
    const int policy = fast ? SCHED_FIFO : SCHED_OTHER;
    const struct sched_param param = {.sched_priority = fast ? FIFO_PRIORITY : 0};
    const struct rlimit runaway = {RUNAWAY_US, RUNAWAY_US};

    if ((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == policy)
        return;
    if (setrlimit(RLIMIT_RTTIME, &runaway) < 0)
        log_warning("a runaway is not limited", "error=\"%s\"", strerror(errno));
    if (sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &param) < 0)
        log_warning("adverts may be late under load: SCHED_FIFO is not allowed",
                    "interval_ms=%lld error=\"%s\"", (long long)(interval_ns / NS_PER_MS),
                    strerror(errno));
}
