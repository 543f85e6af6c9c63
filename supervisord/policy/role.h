/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * role - from evidence to goals: may this node hold the address, shall it run the registry.
 *
 * Pure. One judgement per virtual router, over its requirements, the services that follow it, what
 * the other nodes say and what people said. UNKNOWN never promotes and never demotes; what all nodes
 * share never moves an address. A node that had better not be Active says so through its priority
 * (the degraded band of vrrp/params.h), so that an Active stays where nobody is better: a degraded
 * registry beats none. role_store judges what concerns the store; ha-model section 4.
 */
#ifndef SUPERVISORD_ROLE_H
#define SUPERVISORD_ROLE_H

#include "base/monotime.h"
#include "probes/message.h"
#include "registry-launcher/message.h"
#include "vrrp/message.h"

#define ROLE_REQUIREMENTS 16
#define ROLE_SERVICES     16
#define ROLE_STORES       16
#define ROLE_PEERS        32
#define ROLE_NO_SERVICE   (-1)

/* What others say is dated when it is heard first: as long may it have been under way. */
#define ROLE_HEARSAY_NS (2 * NS_PER_S)

/* Who failed because the store was unsettled is seen to work again within this. */
#define ROLE_SETTLED_NS (10 * NS_PER_S)

/* A probe of something that all nodes share, here and as the best of the other nodes sees it. */
struct role_shared {
    enum probe_health health;
    struct monotime changed;         /* of health; 0: never */
    struct monotime failure_started; /* the first since the last success; 0: it does not fail */
    struct monotime peer_success; /* began there, and nothing failed there since; 0: none known */
    int64_t interval_ns, timeout_ns;
};

/* A required probe, as it stands. */
struct role_requirement {
    enum probe_health health;
    enum probe_scope scope;
    bool is_storage;       /* it asks the object store itself */
    bool reads_storage;    /* it asks something that reads from the store */
    bool storage_in_doubt; /* the storage read behind it is not UP: its failure is everybody's */
    int service;           /* the service it judges, or ROLE_NO_SERVICE */
    struct role_shared shared;
};

/* A service that follows the router. */
struct role_service {
    bool known;         /* the launcher has reported it since it was last lost */
    bool is_unreadable; /* its configuration cannot be read here */
    enum registry_state state;
    struct monotime started; /* of the process that runs; 0: none */
    int64_t start_timeout_ns;
};

/* Another node that could hold the address; what it says counts only while it is fresh. */
struct role_peer {
    bool is_reachable;
    bool is_out;     /* drained, or in maintenance */
    uint32_t failed; /* bit per service: it failed there within forget */
};

enum role_store_use {
    ROLE_STORE_READ = 1 << 0,
    ROLE_STORE_WRITE = 1 << 1,
};

/* A probe of the object store, whether or not it is required. */
struct role_store {
    unsigned uses; /* what it shows: enum role_store_use */
    struct role_shared shared;
};

/* What to do with the services where the store fails everybody; policy.on_store_*. */
enum role_on_store {
    ROLE_ON_STORE_READONLY, /* refuse pushes, in words; only where reads still work */
    ROLE_ON_STORE_KEEP,
    ROLE_ON_STORE_STOP,
};

/* policy.on_isolated */
enum role_on_isolated {
    ROLE_ON_ISOLATED_HOLD_IF_GATEWAY,
    ROLE_ON_ISOLATED_RELEASE,
    ROLE_ON_ISOLATED_HOLD,
};

struct role_policy {
    int64_t startup_hold_ns;
    int64_t forget_ns;
    int64_t readonly_hold_ns;
    enum role_on_store on_store_readonly, on_store_down;
    enum role_on_isolated on_isolated;
};

/* What people said of this node. */
enum role_mode {
    ROLE_MODE_READY,
    ROLE_MODE_DRAINED,
    ROLE_MODE_MAINTENANCE,
};

/* A hand-over of the router that is under way. */
enum role_handover {
    ROLE_HANDOVER_NONE,
    ROLE_HANDOVER_GIVE,      /* from here, and the other one is ready for it */
    ROLE_HANDOVER_TAKE,      /* to here: be ready */
    ROLE_HANDOVER_ELSEWHERE, /* between two others: stay out of the way */
};

struct role_evidence {
    size_t requirement_count;
    struct role_requirement requirements[ROLE_REQUIREMENTS];
    size_t service_count;
    struct role_service services[ROLE_SERVICES];
    size_t store_count;
    struct role_store stores[ROLE_STORES];
    bool store_unsettled; /* one of its peers is silent, or being cut: reads stall for a while */
    size_t peer_count;
    struct role_peer peers[ROLE_PEERS];
    bool is_alone;             /* other nodes were heard, and all are silent without a farewell */
    enum probe_health gateway; /* UNKNOWN, too, where there is none */
    enum vrrp_state state;     /* of the router, here */
    uint8_t priority;          /* configured */
    size_t betters;            /* nodes whose configured priority is higher */
    bool is_witness;
    enum role_mode mode;
    bool is_forced; /* the mode, even if nobody takes over */
    bool is_paused;
    enum role_handover handover;
    struct monotime asked; /* when reghad began to ask its probes and processes */
    struct role_policy policy;
};

enum role_cause {
    ROLE_WELL,
    ROLE_WITNESS,            /* votes, holds nothing */
    ROLE_STARTING,           /* first results are awaited */
    ROLE_REQUIREMENT_DOWN,   /* a required local probe */
    ROLE_STORAGE_DOWN,       /* the same, and it is the object store here */
    ROLE_STORAGE_LOST,       /* what all share fails here, and works elsewhere */
    ROLE_SERVICE_FAILED,     /* crash loop, or its probe fails although it was restarted */
    ROLE_FAILED_EVERYWHERE,  /* the same, and every other node failed the same way: stays */
    ROLE_SERVICE_UNKNOWN,    /* the launcher is away: nothing could be started */
    ROLE_SERVICE_UNREADABLE, /* its configuration cannot be read here */
    ROLE_ISOLATED,           /* nobody is heard */
    ROLE_DRAINED,
    ROLE_MAINTENANCE,
    ROLE_HANDS_OVER,  /* another node is ready to take over */
    ROLE_STEPS_ASIDE, /* two other nodes hand over to each other */
    ROLE_CAUSES,
};

struct role_verdict {
    bool candidate;   /* may become Active at all */
    bool yield;       /* of no candidate: the address goes first, to the one that was named */
    bool successor;   /* the one that was named: takes over at once */
    uint8_t priority; /* to be advertised */
    enum role_cause cause;
    int which;             /* requirement, store or service that decided; -1: none */
    uint32_t restart;      /* bit per service: restart it, its probe fails */
    uint32_t retry;        /* bit per service: forget that it failed, try again */
    uint32_t failed;       /* bit per service: it has just failed here */
    bool run;              /* the services shall run here */
    bool readonly;         /* and refuse pushes */
    bool store_stop;       /* they do not run because of the store */
    struct monotime again; /* judge again then, even if nothing happens */
};

/* What was judged earlier and still counts. All zero at first. */
struct role_memory {
    bool hold_is_over;            /* the first results are in, or the wait for them is over */
    struct monotime failed_until; /* a service failed here: rank last until then; 0: none did */
    size_t failed_service;        /* which one it was */
    bool is_forgiven;             /* that has just ended */
    struct monotime retried[ROLE_SERVICES]; /* when a failed service was tried again; 0: never */
    struct monotime
        restarted[ROLE_SERVICES]; /* when a failing service was last restarted; 0: never */
    bool is_yielding;             /* because what all share fails here only */
    struct monotime yielded;      /* when that last began; 0: never */
    struct monotime unsettled;    /* when the store last was; 0: never */
    bool readonly;                /* the services refuse pushes */
    bool store_stop;              /* or do not run, for the store's sake */
    bool has_last;
    struct role_verdict last; /* for a pause */
};

struct role_verdict role_judge(const struct role_evidence *evidence, struct role_memory *memory,
                               struct monotime now);

const char *role_cause_text(enum role_cause cause);

#endif
