/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message - the door of the probe library: what reghad asks, and what it is told.
 *
 * A set runs its probes on the caller's loop, on a jittered schedule, each with a hard deadline;
 * nothing here blocks. Results are judged by probes/verdict and counted by probes/health.
 */
#ifndef PROBES_MESSAGE_H
#define PROBES_MESSAGE_H

#include <stddef.h>

#include "base/err.h"
#include "base/loop.h"
#include "probes/params.h"

#define PROBE_TEXT_BYTES 128

#define PROBE_HISTORY 32

enum probe_health {
    PROBE_UNKNOWN,
    PROBE_UP,
    PROBE_DOWN,
    PROBE_NOT_APPLICABLE, /* not meant to run here and now; does not count */
    PROBE_HEALTHS,
};

/* What one attempt showed. */
enum probe_outcome {
    PROBE_OUTCOME_UNKNOWN, /* says nothing either way */
    PROBE_OUTCOME_SUCCESS,
    PROBE_OUTCOME_FAILURE,
};

/* Why an attempt failed or says nothing; label `reason` of regha_probe_failures_total. */
enum probe_reason {
    PROBE_REASON_NONE,
    PROBE_REASON_TIMEOUT,
    PROBE_REASON_REFUSED,
    PROBE_REASON_UNREACHABLE,
    PROBE_REASON_RESOLVE,
    PROBE_REASON_TLS,
    PROBE_REASON_RESET,   /* cut in the middle */
    PROBE_REASON_STATUS,  /* an answer of the wrong code */
    PROBE_REASON_CONTENT, /* right code, wrong header or body */
    PROBE_REASON_DENIED,  /* the credentials are refused */
    PROBE_REASON_OTHER,
    PROBE_REASONS,
};

/* What an attempt showed of one ability of a store. */
enum probe_ability {
    PROBE_ABILITY_UNKNOWN,
    PROBE_ABILITY_YES,
    PROBE_ABILITY_NO,
};

struct probe_state {
    struct probe_params params;
    enum probe_health health;
    enum probe_outcome outcome; /* of the last attempt */
    enum probe_reason reason;
    char text[PROBE_TEXT_BYTES]; /* the last result in words: "200 in 2 ms", "connection refused" */
    bool shallow; /* the registry asked for credentials: the read is not a real one */
    bool applicable;
    unsigned
        streak; /* equal outcomes in a row; those that say nothing neither count nor break it */
    enum probe_outcome streak_outcome; /* of the row; UNKNOWN: none yet */
    struct monotime changed;           /* of health; 0: never */
    struct monotime started;           /* of the last attempt that ended */
    struct monotime ended;
    struct monotime success_started; /* of the last success; 0: never */
    struct monotime failure_started; /* of the first failure since the last success; 0: none */
    struct monotime patient_until;   /* see probe_set_patience() */
    int64_t duration_ns;
    int64_t late_ns; /* how long after it was due the last attempt began */
    uint64_t attempts;
    uint64_t failures[PROBE_REASONS];
    struct histogram durations;
    int write_quorum, read_quorum; /* what MinIO said; 0: nothing */
    char server_status[32];        /* X-Minio-Server-Status; "": none */
    /*
     * Of an s3 probe and of MinIO's cluster checks, by the last attempt that told: a store that is
     * readable but not writable can still be pulled from. Not debounced as `health` is.
     */
    enum probe_ability readable, writable;
    /* The outcomes of the last attempts, the latest one at history_at - 1 (modulo PROBE_HISTORY). */
    uint8_t history[PROBE_HISTORY];
    unsigned history_at, history_count;
};

/* How the command of an exec probe ended. */
enum probe_exec_kind {
    PROBE_EXEC_NONE,   /* it has not */
    PROBE_EXEC_STATUS, /* with `code` */
    PROBE_EXEC_SIGNAL, /* `code` is the signal */
    PROBE_EXEC_TIMEOUT,
    PROBE_EXEC_REFUSED, /* it may not be run, or cannot */
};

struct probe_exec_end {
    enum probe_exec_kind kind;
    int code;
    char words[96]; /* the first line it said */
};

/* Who runs commands. ask() returns 0 or a negative errno; the end is told later, or never. */
struct probe_exec_door {
    void *owner;
    int (*ask)(void *owner, const struct probe_params *params, uint32_t serial);
};

struct probe_set;

/*
 * Called after each attempt; `health_changed` says whether health did. It may call anything here but
 * probe_set_free(); what probe_set_apply() removes is gone at once.
 */
typedef void probe_set_changed(void *owner, const struct probe_state *state, bool health_changed,
                               struct monotime now);

/* Sees to it that SIGPIPE is ignored in this process. */
int probe_set_new(struct loop *loop, probe_set_changed *changed, void *owner,
                  struct probe_set **ret_set, struct err *err);
void probe_set_free(struct probe_set *set); /* NULL is fine */

/*
 * Make the set run exactly these. A probe whose parameters are as before keeps its state, schedule
 * and connection; another starts UNKNOWN, at once but one after the other. Returns 0 or a negative errno, nothing changed.
 */
int probe_set_apply(struct probe_set *set, const struct probe_params *params, size_t count,
                    struct err *err);

/*
 * Whether the probe's object is meant to run here; false: NOT_APPLICABLE, not asked any more; true
 * again: UNKNOWN, asked at once. Does not call `changed`. As it was, or an unknown name: nothing.
 */
void probe_set_applicable(struct probe_set *set, const char *name, bool applicable,
                          struct monotime now);

/*
 * Its object has just been started: as long as it has not answered once, an attempt that begins
 * before `until` and fails says nothing.
 */
void probe_set_patience(struct probe_set *set, const char *name, struct monotime until);

/*
 * Ask now instead of when it is due: something it watches has changed. An attempt that is on its way
 * may have begun before the change, so another follows it. Cheap and safe to call often.
 */
void probe_set_hurry(struct probe_set *set, const char *name, struct monotime now);

/* Without a door exec probes say nothing. */
void probe_set_open_door(struct probe_set *set, struct probe_exec_door door);

/* How attempt `serial` of probe `name` ended; one that is over is passed over. */
void probe_set_exec_ended(struct probe_set *set, const char *name, uint32_t serial,
                          const struct probe_exec_end *end, struct monotime now);

/* The attempt under way of the probe at `at`; 0: none, or no exec probe. */
uint32_t probe_set_exec_serial(const struct probe_set *set, size_t at);

/* "/usr/bin/check" of "exec:///usr/bin/check". */
const char *probe_locator_program(const struct probe_params *params);

size_t probe_set_count(const struct probe_set *set);
const struct probe_state *probe_set_state(const struct probe_set *set, size_t at);
const struct probe_state *probe_set_find(const struct probe_set *set, const char *name);

/* How long after they were due attempts began, of all probes since the set was made. */
const struct histogram *probe_set_lateness(const struct probe_set *set);

/*
 * What is wrong with the parameters, as half a sentence ("its url has no port"), or NULL; a set does
 * not accept others. `timeout_ns` may exceed `interval_ns`.
 */
const char *probe_request_mistake(const struct probe_params *params);

/* The same of its url alone. */
const char *probe_request_url_mistake(const struct probe_params *params);

/*
 * Whether the secret file of a probe's `credentials` can be read and is one; 0 or a negative errno
 * with the sentence.
 */
int probe_credential_check(const char *name, struct err *err);

const char *probe_health_name(enum probe_health health);         /* "up" */
const char *probe_verdict_reason_name(enum probe_reason reason); /* "refused" */
const char *probe_type_name(enum probe_type type);
bool probe_type_is_storage(enum probe_type type); /* asks the object store itself */
const char *probe_scope_name(enum probe_scope scope);

#endif
