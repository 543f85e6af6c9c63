/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backend - what a way of running a registry reports to whoever keeps it.
 *
 * Both ways, exec and systemd, are told to start, to TERM and to KILL, and answer with these.
 */
#ifndef REGISTRY_LAUNCHER_BACKEND_H
#define REGISTRY_LAUNCHER_BACKEND_H

#include "base/monotime.h"
#include "registry-launcher/message.h"
#include "registry-launcher/policy_file.h"
#include "registry-launcher/process.h"

#define REGISTRY_BACKEND_WORDS_BYTES 192

/* How it ended, as far as anybody knows; ASKED and KILLED are found by the state machine. */
struct registry_backend_end {
    enum registry_cause cause;
    int code;
    const char *words; /* of whoever knows more, or "" */
};

struct registry_backend_events {
    /* There is a process, held back where that is possible: note it, so that it can be adopted. */
    void (*forked)(void *owner, const struct registry_process *process);
    /* It has become its program. */
    void (*spawned)(void *owner, const struct registry_process *process, struct monotime now);
    void (*cannot_start)(void *owner, enum registry_cause cause, const char *words,
                         struct monotime now);
    void (*exited)(void *owner, const struct registry_backend_end *end, struct monotime now);
};

/* What is to be started; lives during the call. */
struct registry_backend_start {
    const struct registry_params *params;
    const struct registry_policy *policy;
    const char *folder; /* of bundles */
    const char *digest; /* of the bundle there; "": none, the goal itself is started */
    bool readonly, no_purging;
};

#endif
