/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message - what regha-launcher is asked for, and what it reports.
 *
 * reghad sends one registry_goal per registry. What a goal may not say is in the local policy,
 * a root-owned file: user and binary.
 */
#ifndef REGISTRY_LAUNCHER_MESSAGE_H
#define REGISTRY_LAUNCHER_MESSAGE_H

#include <stdbool.h>

#include "base/wire.h"
#include "registry-launcher/params.h"

/* Written by root before the launcher starts: "NAME USER BINARY", a line each; '#' comments. */
#define REGISTRY_POLICY_PATH "/run/regha/policy"

enum registry_state {
    REGISTRY_STOPPED,
    REGISTRY_STARTING, /* spawned; not yet known to have survived its first second */
    REGISTRY_RUNNING,
    REGISTRY_STOPPING, /* TERM sent, draining */
    REGISTRY_BACKOFF,  /* died, waits for its next start */
    REGISTRY_FAILED,   /* budget spent, or it cannot be started at all; `detail` says why */
    REGISTRY_STATES,
};

/* Why it ended or could not start; label `cause` of regha_registry_exits_total. */
enum registry_cause {
    REGISTRY_CAUSE_NONE,
    REGISTRY_CAUSE_ASKED,      /* ended after our TERM, in time */
    REGISTRY_CAUSE_KILLED,     /* did not end in time: our KILL */
    REGISTRY_CAUSE_EXITED,     /* by itself, with a status */
    REGISTRY_CAUSE_SIGNALLED,  /* by somebody's signal */
    REGISTRY_CAUSE_OOM,        /* by the kernel, out of memory */
    REGISTRY_CAUSE_NO_BINARY,  /* exec failed */
    REGISTRY_CAUSE_PORT_TAKEN, /* somebody else listens there */
    REGISTRY_CAUSE_REFUSED,    /* the local policy does not allow it */
    REGISTRY_CAUSE_UNKNOWN,    /* gone, and nobody could say how */
    REGISTRY_CAUSES,
};

struct registry_goal {
    struct registry_params params;
    bool run;
    uint32_t restart_serial; /* another number than before: restart it, forget its failures */
    /* How the next start is to be, whoever it is of: neither is a part of its identity. */
    bool readonly;
    bool no_purging;                    /* another node purges uploads */
    char bundle[REGISTRY_DIGEST_BYTES]; /* to be started; "": its own files, as they are */
};

struct registry_status {
    char name[REGISTRY_NAME_BYTES];
    uint8_t state;
    uint8_t backend;      /* the one in use, never AUTO */
    bool run;             /* as wanted */
    bool readonly;        /* as it was started */
    bool no_purging;      /* the same */
    int64_t pid;          /* 0: none */
    int64_t draining_pid; /* of the one before, which drains beside it; 0: none */
    int64_t started_ns;   /* CLOCK_MONOTONIC; 0: never */
    uint32_t starts;
    uint32_t exits[REGISTRY_CAUSES];
    uint8_t cause;                      /* of the last end */
    int32_t code;                       /* exit status or signal of the last end */
    char detail[192];                   /* one sentence about the last end or refusal, "" if none */
    char digest[REGISTRY_DIGEST_BYTES]; /* of what the running process was started with */
    char captured_digest
        [REGISTRY_DIGEST_BYTES]; /* of what a start now would use; "" while unknown */
    char captured_error[192];    /* why it cannot be read, "" if it can */
    char bundle_error[192]; /* why the bundle to be started is not in its folder, "" if it is */
};

/*
 * A goal beside registry_goal: the bundle that one names, in the sealed memory file that comes with
 * the message.
 */
struct registry_bundle {
    char name[REGISTRY_NAME_BYTES];
    char digest[REGISTRY_DIGEST_BYTES];
    uint32_t bundle_bytes;
};

/*
 * Everything that decides how the registry behaves as its user finds it here: a bundle
 * (base/bundle.h) in the sealed memory file that comes with the message. Sent on connect and
 * whenever it changed.
 */
struct registry_capture {
    char name[REGISTRY_NAME_BYTES];
    char path[REGISTRY_PATH_BYTES];
    char digest[REGISTRY_DIGEST_BYTES];
    uint32_t bundle_bytes;
};

#define REGISTRY_CAPTURE_BYTES (1024 * 1024) /* of the configuration alone */

enum registry_message_type {
    REGISTRY_MESSAGE_GOAL = 32,
    REGISTRY_MESSAGE_STATUS,
    REGISTRY_MESSAGE_CAPTURE,
    REGISTRY_MESSAGE_BUNDLE,
};

extern const struct wire_layout registry_message_goal;
extern const struct wire_layout registry_message_status;
extern const struct wire_layout registry_message_capture;
extern const struct wire_layout registry_message_bundle;

const char *registry_message_state_name(enum registry_state state); /* "running" */
const char *registry_message_cause_name(enum registry_cause cause); /* "port-taken" */

#endif
