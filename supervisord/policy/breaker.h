/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * breaker - which storage peers to cut off because they are silent, and for how long.
 *
 * Pure. A peer that lost power stalls every read of the whole store until somebody answers for it;
 * cutting it off locally ends that at once. Never on hearsay: it takes fresh connections of our own
 * that nobody answers, while another peer answers ones begun no earlier. Never more than the store
 * can spare, and never because we ourselves stood still. ha-model section 7.
 */
#ifndef SUPERVISORD_BREAKER_H
#define SUPERVISORD_BREAKER_H

#include <stddef.h>

#include "base/monotime.h"

#define BREAKER_PEERS 64

/* Standing still for so long makes what was asked before say nothing. */
#define BREAKER_LATE_NS (100 * NS_PER_MS)
/* After so long the kernel has closed what we held open. */
#define BREAKER_LIFE_NS (1 * NS_PER_S)

enum breaker_state {
    BREAKER_CLOSED,
    BREAKER_OPEN,      /* cut off */
    BREAKER_HALF_OPEN, /* it answers again: no longer cut off, and not trusted yet */
    BREAKER_STATES,
};

/* Why it was opened, or is not though the peer does not answer; a label value each. */
enum breaker_reason {
    BREAKER_REASON_NONE,
    BREAKER_REASON_HOST,      /* its host is silent, and no connection to it is made */
    BREAKER_REASON_FROZEN,    /* its host is silent; connections are made and not answered */
    BREAKER_REASON_NO_ANSWER, /* nothing but its port is silent, for longer */
    /* Nothing is cut off, because: */
    BREAKER_REASON_EARLY,    /* it may still answer */
    BREAKER_REASON_EXCLUDED, /* it is this host */
    BREAKER_REASON_ALONE,    /* no other peer answers: it is us, or everything */
    BREAKER_REASON_LIMIT,    /* the store may not spare one more */
    BREAKER_REASON_BACKOFF,  /* it was cut off a short while ago */
    BREAKER_REASON_OFF,      /* nodes cannot hear of each other */
    BREAKER_REASONS,
};

/* What the peer's host lets hear: frames between the nodes, adverts while it is Active. */
enum breaker_host {
    BREAKER_HOST_UNKNOWN, /* it is no node, or nobody listens for it at the moment */
    BREAKER_HOST_HEARD,   /* or it said that it leaves, which is not silence */
    BREAKER_HOST_SILENT,
};

struct breaker_params {
    int64_t interval_ns;        /* between probes in quiet times */
    int64_t doubt_interval_ns;  /* between probes of one that does not answer */
    int64_t connect_timeout_ns; /* no connection in that time is one missing */
    int64_t answer_timeout_ns;  /* the same for an answer, while its host is heard */
    int64_t silence_ns;         /* a host that is heard again after less was not silent */
    unsigned max_open;
    unsigned drives_per_node, drives_per_set, read_quorum; /* in drives; 0: not known */
};

/* One peer as our own probes find it. Instants are 0 for never. */
struct breaker_peer {
    bool is_excluded; /* loopback, or an address of this host */
    enum breaker_host host;
    struct monotime missed; /* when a frame or advert of the host was due first and did not come */
    struct monotime asked;  /* when the first probe began that nobody has answered; none: 0 */
    unsigned asked_count;   /* fresh connections tried since then, with it */
    struct monotime asked_two;                /* when the second of them began */
    struct monotime begun;                    /* when the newest of them began */
    struct monotime connected;                /* when one of them was made, if any was */
    struct monotime answered_begun, answered; /* the newest probe that was answered, by anything */
    struct monotime refused_begun, refused;   /* the newest one that was refused */
};

struct breaker_evidence {
    struct breaker_params params;
    bool is_off; /* nothing is opened: without a key there is nobody to hear of */
    size_t peer_count;
    struct breaker_peer peers[BREAKER_PEERS];
};

/* What was judged of a peer earlier. All zero at first. */
struct breaker_memory {
    enum breaker_state state;
    struct monotime since;   /* of the state */
    unsigned streak;         /* how often it was opened in short order */
    struct monotime barred;  /* not opened again before */
    struct monotime renewed; /* what failed before is used up */
    uint64_t opened[BREAKER_REASONS];
};

/* One per cluster of storage peers. Peers are known by their place. */
struct breaker {
    struct breaker_memory peers[BREAKER_PEERS];
    struct monotime judged, again; /* last time, and when the next one was due; 0: never */
    struct monotime fence;         /* what was asked before says nothing: we stood still */
    struct monotime blind;         /* when last nobody answered at all; 0: never */
};

struct breaker_peer_verdict {
    enum breaker_state state;
    enum breaker_reason reason; /* of its being open, or why it is not although it is silent */
    bool is_doubted;            /* it does not answer: ask it often, and the other ones, too */
    bool has_changed;           /* the state, with this judgement */
    bool ask_now;               /* one last question decides */
};

struct breaker_verdict {
    struct breaker_peer_verdict peers[BREAKER_PEERS];
    size_t open_count;
    unsigned limit;        /* how many may be cut off or lost together */
    bool is_doubted;       /* any is */
    bool is_urgent;        /* any may be cut off soon */
    bool has_stood_still;  /* begin every probe anew: those on the way say nothing */
    struct monotime again; /* judge again then at the latest */
};

/* Evidence must name the same peers at the same places as the last time, or breaker_move() came between. */
struct breaker_verdict breaker_judge(struct breaker *breaker,
                                     const struct breaker_evidence *evidence, struct monotime now);

/*
 * The peers were listed anew: place `at` was `former[at]` before, or new where that is
 * BREAKER_PEERS. What is gone is forgotten.
 */
void breaker_move(struct breaker *breaker, const size_t *former, size_t count);

/* How many peers may be missing together. */
unsigned breaker_limit(const struct breaker_params *params);

const char *breaker_state_name(enum breaker_state state);    /* "half-open" */
const char *breaker_reason_name(enum breaker_reason reason); /* "host-silent" */

#endif
