/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * role - from evidence to goals: may this node hold the address, shall it run the registry.
 *
 * Pure. One judgement per virtual router, over its requirements and the services that follow it.
 * UNKNOWN never promotes and never demotes; what all nodes share never moves an address. A node
 * that had better not be Active says so through its priority (the degraded band of
 * vrrp/params.h), so that an Active stays where nobody is better: a degraded registry beats none.
 */
#ifndef SUPERVISORD_ROLE_H
#define SUPERVISORD_ROLE_H

#include "base/monotime.h"
#include "probes/message.h"
#include "registry-launcher/message.h"
#include "vrrp/message.h"

#define ROLE_REQUIREMENTS 16
#define ROLE_SERVICES     16
#define ROLE_NO_SERVICE   (-1)

/* A required probe, as it stands. */
struct role_requirement {
    enum probe_health health;
    enum probe_scope scope;
    bool is_storage;       /* it asks the object store itself */
    bool storage_in_doubt; /* the storage read behind it is not UP: its failure is everybody's */
    int service;           /* the service it judges, or ROLE_NO_SERVICE */
};

/* A service that follows the router. */
struct role_service {
    bool known;         /* the launcher has reported it since it was last lost */
    bool is_unreadable; /* its configuration cannot be read here */
    enum registry_state state;
    struct monotime started; /* of the process that runs; 0: none */
    int64_t start_timeout_ns;
};

struct role_evidence {
    size_t requirement_count;
    struct role_requirement requirements[ROLE_REQUIREMENTS];
    size_t service_count;
    struct role_service services[ROLE_SERVICES];
    enum vrrp_state state; /* of the router, here */
    uint8_t priority;      /* configured */
    size_t betters;        /* nodes whose configured priority is higher */
    bool is_witness;
    struct monotime asked; /* when reghad began to ask its probes and processes */
    int64_t startup_hold_ns;
    int64_t forget_ns;
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
};

enum role_cause {
    ROLE_WELL,
    ROLE_WITNESS,            /* votes, holds nothing */
    ROLE_STARTING,           /* first results are awaited */
    ROLE_REQUIREMENT_DOWN,   /* a required local probe */
    ROLE_STORAGE_DOWN,       /* the same, and it is the object store here */
    ROLE_SERVICE_FAILED,     /* crash loop, or its probe fails although it was restarted */
    ROLE_SERVICE_UNKNOWN,    /* the launcher is away: nothing could be started */
    ROLE_SERVICE_UNREADABLE, /* its configuration cannot be read here */
    ROLE_CAUSES,
};

struct role_verdict {
    bool candidate;   /* may become Active at all */
    uint8_t priority; /* to be advertised */
    enum role_cause cause;
    int which;             /* requirement or service that decided; -1: none */
    uint32_t restart;      /* bit per service: restart it, its probe fails */
    uint32_t retry;        /* bit per service: forget that it failed, try again */
    bool run;              /* the services shall run here */
    struct monotime again; /* judge again then, even if nothing happens */
};

struct role_verdict role_judge(const struct role_evidence *evidence, struct role_memory *memory,
                               struct monotime now);

const char *role_cause_text(enum role_cause cause);

#endif
