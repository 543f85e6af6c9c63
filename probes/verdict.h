/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict - what one attempt shows, from how its transfer ended and what was answered.
 *
 * Pure. A registry is judged by a real read: its /v2/ answers while every pull hangs. MinIO's
 * cluster checks take 10 s while a peer is silent, so their timeout says nothing; its live and
 * ready are 200 with all drives gone, so X-Minio-Server-Status is read too. Whatever answers on the
 * port must prove to be what the probe is for.
 */
#ifndef PROBES_VERDICT_H
#define PROBES_VERDICT_H

#include "probes/message.h"
#include "probes/reply.h"
#include "probes/web.h"

/* How the transfer ended. */
enum probe_transfer {
    PROBE_TRANSFER_DONE,        /* a whole answer; of a tcp probe: a connection */
    PROBE_TRANSFER_TIMEOUT,     /* the deadline came first */
    PROBE_TRANSFER_REFUSED,     /* nobody listens */
    PROBE_TRANSFER_UNREACHABLE, /* no way there, says the network */
    PROBE_TRANSFER_RESOLVE,     /* the name has no address */
    PROBE_TRANSFER_TLS,         /* no agreement, or a certificate that is not trusted */
    PROBE_TRANSFER_RESET,       /* the connection ended early */
    PROBE_TRANSFER_GARBAGE,     /* not HTTP */
    PROBE_TRANSFER_HEADERS,     /* headers without end */
    PROBE_TRANSFER_OURS,        /* we could not even ask */
    PROBE_TRANSFER_OTHER,
};

/* How far it came. */
enum probe_stage {
    PROBE_STAGE_LOOKUP,
    PROBE_STAGE_CONNECT,
    PROBE_STAGE_HANDSHAKE, /* of TLS */
    PROBE_STAGE_ANSWER,    /* waits for the status */
    PROBE_STAGE_BODY,
    PROBE_STAGE_ECHO, /* of a ping probe */
    PROBE_STAGE_COMMAND,
    PROBE_STAGE_FILE, /* a file system answers, or does not */
};

struct probe_file_facts;
struct probe_redis_reply;

struct probe_facts {
    const struct probe_params *params;
    unsigned step; /* enum probe_request_step */
    enum probe_transfer transfer;
    enum probe_stage stage;
    int64_t spent_ns;
    int64_t overslept_ns;                  /* how late we noticed the deadline */
    const char *detail;                    /* the library's words on a failed transfer; "" none */
    const struct probe_reply *reply;       /* as far as it came; NULL if HTTP is not asked */
    const struct probe_web *web;           /* what is known besides; NULL: nothing */
    const struct probe_redis_reply *redis; /* of a redis probe */
    const struct probe_file_facts *file;   /* of a file probe */
    const struct probe_exec_end *exec;     /* of an exec probe */
};

struct probe_verdict {
    enum probe_outcome outcome;
    enum probe_reason reason;
    char text[PROBE_TEXT_BYTES];
    bool answered; /* by a server; what follows is its word */
    bool shallow;
    unsigned next; /* the step to ask, if this is no verdict yet */
    int write_quorum, read_quorum;
    char server_status[PROBE_REPLY_WORD_BYTES];
    enum probe_ability readable, writable; /* UNKNOWN: this attempt does not tell */
};

/* Returns true with the verdict, or false if step `next` has to be asked first. */
bool probe_verdict_judge(const struct probe_facts *facts, struct probe_verdict *ret_verdict);

#endif
