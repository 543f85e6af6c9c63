/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runner - a short program of the operator's, run as somebody unprivileged: hooks, exec probes.
 *
 * It becomes the user that root's policy names, has no input, a deadline, and room for so many bytes
 * of output; what is beyond is read and dropped. It dies with the launcher. What it leaves running
 * behind it is let be, but can say nothing any more.
 */
#ifndef REGISTRY_LAUNCHER_RUNNER_H
#define REGISTRY_LAUNCHER_RUNNER_H

#include "base/loop.h"
#include "registry-launcher/process.h"

#define REGISTRY_RUNNER_OUTPUT_BYTES 2048

/* What a shell says where it cannot execute something, and so do we; its output has the words. */
#define REGISTRY_RUNNER_CANNOT 127

struct registry_runner_end {
    bool known; /* else nobody could say how it ended */
    bool timed_out;
    bool signalled;
    int code;           /* exit status, or signal */
    const char *output; /* its first bytes, without control bytes but line ends */
    size_t dropped_bytes;
};

struct registry_runner {
    struct loop *loop;
    const char *name;
    void *owner;
    void (*done)(void *owner, const struct registry_runner_end *end, struct monotime now);
    struct registry_process process;
    struct loop_io output_io;
    struct loop_io end_io;
    struct loop_timer deadline;
    bool timed_out;
    size_t used_bytes, dropped_bytes;
    char output[REGISTRY_RUNNER_OUTPUT_BYTES + 1];
};

/* Both lists end with NULL; they live during the call. */
struct registry_runner_job {
    const char *user;
    const char *const *argv;
    const char *const *environment;
    int64_t limit_ns;
};

void registry_runner_init(struct registry_runner *runner, struct loop *loop, const char *name,
                          void *owner);

bool registry_runner_is_busy(const struct registry_runner *runner);

/* Not while it is busy. Returns 0 or a negative errno; done() is not called then. */
int registry_runner_start(struct registry_runner *runner, const struct registry_runner_job *job,
                          struct monotime now, struct err *err);

/* Kill what runs, and forget it; done() is not called. */
void registry_runner_fini(struct registry_runner *runner);

#endif
