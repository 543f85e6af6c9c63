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

/*
 * Written by root before the launcher starts: "NAME USER BINARY", a line each; '#' comments.
 * "@hook USER PROGRAM" and "@exec USER PROGRAM" allow a hook and the command of a probe.
 */
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

/* Programs of the operator's: who runs them, and whether at all, is in the local policy. */

/* keepalived's words are their names. */
enum registry_hook_state {
    REGISTRY_HOOK_NONE, /* not known yet: nothing is told */
    REGISTRY_HOOK_MASTER,
    REGISTRY_HOOK_BACKUP,
    REGISTRY_HOOK_FAULT,
    REGISTRY_HOOK_STOP,
    REGISTRY_HOOK_STATES,
};

struct registry_hook_goal {
    char name[REGISTRY_HOOK_NAME_BYTES]; /* of the virtual router */
    uint8_t vrid;
    uint8_t family;
    uint8_t state;
    uint8_t former;
    uint8_t priority;
    int64_t since_ns; /* CLOCK_MONOTONIC; with the state the identity of the change */
    int64_t timeout_ns;
    char node[REGISTRY_HOOK_NAME_BYTES];
    char interface[16];
    char reason[REGISTRY_HOOK_NAME_BYTES];
    char addresses[REGISTRY_HOOK_TEXT_BYTES]; /* separated by blanks */
    uint16_t programs_bytes;
    char programs[REGISTRY_LIST_BYTES]; /* absolute paths, as in a registry_goal */
};

struct registry_hook_status {
    char name[REGISTRY_HOOK_NAME_BYTES];
    uint8_t family;
    uint8_t state;    /* the last one told, or being told */
    int64_t since_ns; /* the same */
    bool running;
    uint32_t runs;
    uint32_t failures;  /* of those: another status than 0, out of time, not to be started */
    uint32_t coalesced; /* changes that were not told, for a newer one came */
    char words[REGISTRY_HOOK_WORDS_BYTES]; /* about the last failure; "": none */
};

struct registry_exec_goal {
    char name[REGISTRY_HOOK_NAME_BYTES]; /* of the probe */
    uint32_t serial;                     /* another number: another attempt */
    int64_t timeout_ns;
    uint16_t argv_bytes;
    char argv[REGISTRY_LIST_BYTES];
};

enum registry_exec_end {
    REGISTRY_EXEC_END_STATUS, /* with `code` */
    REGISTRY_EXEC_END_SIGNAL, /* `code` is the signal */
    REGISTRY_EXEC_END_TIMEOUT,
    REGISTRY_EXEC_END_REFUSED, /* the policy does not allow it, or it cannot be executed */
    REGISTRY_EXEC_ENDS,
};

struct registry_exec_status {
    char name[REGISTRY_HOOK_NAME_BYTES];
    uint32_t serial;
    uint8_t end;
    int32_t code;
    char words[REGISTRY_HOOK_OUTPUT_BYTES]; /* the first line of its output */
};

enum registry_message_type {
    REGISTRY_MESSAGE_GOAL = 32,
    REGISTRY_MESSAGE_STATUS,
    REGISTRY_MESSAGE_CAPTURE,
    REGISTRY_MESSAGE_BUNDLE,
    REGISTRY_MESSAGE_HOOK_GOAL,
    REGISTRY_MESSAGE_HOOK_STATUS,
    REGISTRY_MESSAGE_EXEC_GOAL,
    REGISTRY_MESSAGE_EXEC_STATUS,
};

extern const struct wire_layout registry_message_goal;
extern const struct wire_layout registry_message_status;
extern const struct wire_layout registry_message_capture;
extern const struct wire_layout registry_message_bundle;
extern const struct wire_layout registry_message_hook_goal;
extern const struct wire_layout registry_message_hook_status;
extern const struct wire_layout registry_message_exec_goal;
extern const struct wire_layout registry_message_exec_status;

const char *registry_message_state_name(enum registry_state state);     /* "running" */
const char *registry_message_cause_name(enum registry_cause cause);     /* "port-taken" */
const char *registry_message_hook_name(enum registry_hook_state state); /* "MASTER" */

#endif
