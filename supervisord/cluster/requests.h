/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * requests - questions from node to node, and their answers: bundles and remote verbs.
 *
 * TCP on the cluster's port, each message sealed with a subkey of its own purpose. A request has
 * an id; an answer is kept by it for a while, so that a repeat is answered again and not done
 * again. Nothing here blocks, and a peer that stands still costs a bounded number of descriptors
 * and bytes. Between versions: an unknown type is answered with -EOPNOTSUPP. ha-model section 6.
 */
#ifndef SUPERVISORD_REQUESTS_H
#define SUPERVISORD_REQUESTS_H

#include "base/loop.h"
#include "supervisord/cluster/request_frame.h"
#include "supervisord/settings/settings.h"
#include "vrrp/params.h"

#define REQUESTS_BODY_BYTES (4 * 1024 * 1024)
#define REQUESTS_ID_BYTES   REQUEST_FRAME_ID_BYTES
#define REQUESTS_KEYS       2

enum requests_type {
    REQUESTS_ECHO, /* answered by requests itself */
    REQUESTS_VERB, /* a command's line; answered with its text */
    REQUESTS_BUNDLE_STATE,
    REQUESTS_BUNDLE_OFFER,
    REQUESTS_BUNDLE_FETCH,
    REQUESTS_BUNDLE_COMMIT,
    REQUESTS_TYPES,
};

/* One that came in, as the handler sees it; `call` is good until it is answered. */
struct requests_call {
    uint64_t call;
    uint8_t id[REQUESTS_ID_BYTES];
    size_t node; /* who asks, index in settings->nodes */
    uid_t uid;   /* of the person who asked there */
    enum requests_type type;
    const uint8_t *body; /* gone when the handler returns */
    size_t body_bytes;
};

/* Must lead to one requests_answer() for call->call, at once or later. */
typedef void requests_handle(void *owner, const struct requests_call *call, struct monotime now);

/*
 * How a request of ours ended. `result`: 0 or more is the other node's word (enum world_result of a
 * verb); negative is why there is none: -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH, -EPROTO (cut
 * without an answer: it does not take us for a node, or has another key), -EOPNOTSUPP, -ECANCELED
 * (the node is gone from the settings, or requests is being freed).
 */
struct requests_reply {
    size_t node;
    int32_t result;
    const uint8_t *body; /* gone when the handler returns */
    size_t body_bytes;
};

typedef void requests_answered(void *owner, const struct requests_reply *reply,
                               struct monotime now);

/* One of ours. */
struct requests_question {
    size_t node; /* who is asked */
    enum requests_type type;
    uid_t uid;           /* of the person who wants it */
    const uint8_t *body; /* is copied */
    size_t body_bytes;
    struct monotime deadline;
    requests_answered *answered;
    void *owner; /* of answered() */
};

struct requests;

int requests_new(struct loop *loop, requests_handle *handle, void *owner,
                 struct requests **ret_requests, struct err *err);
void requests_free(struct requests *requests); /* NULL is fine */

/*
 * Nodes, port and keys (the cluster's key itself; subkeys are derived here, the first is the one
 * to send with) from now on. Without a key nothing is listened to and nothing sent.
 */
void requests_apply(struct requests *requests, const struct settings *settings,
                    const uint8_t (*keys)[32], size_t key_count);

/* Ask. Returns 0, and answered() is called once, never from in here; or a negative errno. */
int requests_send(struct requests *requests, const struct requests_question *question);

/* The answer to a call; one that is no longer waited for is dropped. */
void requests_answer(struct requests *requests, uint64_t call, int32_t result, const uint8_t *body,
                     size_t body_bytes);

/* How long a connection may take to prove who it is. For tests. */
void requests_set_limit(struct requests *requests, int64_t prove_ns);

/* How requests ended, by the type's number; REQUESTS_TYPES is one that nobody here knows. */
enum requests_outcome {
    REQUESTS_DONE,     /* answered with 0 or more */
    REQUESTS_REFUSED,  /* answered, with less */
    REQUESTS_REPEATED, /* served again from memory */
    REQUESTS_FAILED,   /* no answer, or none that arrived */
    REQUESTS_OUTCOMES,
};

struct requests_counters {
    uint64_t rejected[REQUEST_FRAME_DROPS];
    uint64_t served[REQUESTS_TYPES + 1][REQUESTS_OUTCOMES];
    uint64_t asked[REQUESTS_TYPES + 1][REQUESTS_OUTCOMES];
};

const struct requests_counters *requests_counters(const struct requests *requests);

const char *requests_outcome_name(enum requests_outcome outcome); /* "repeated" */

/* The name of a type in the journal and metrics: "bundle-offer". */
const char *requests_type_name(enum requests_type type);

#endif
