/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core - reghad's middle: what it knows (world), whom it asks and whom it tells.
 *
 * The files around it each do one step: facts reads the registries' own configuration, assemble
 * turns settings into a world and carries over what goes on, reports takes in states, steer turns
 * evidence into goals. All of them work on this struct, on one loop.
 */
#ifndef SUPERVISORD_CORE_H
#define SUPERVISORD_CORE_H

#include "base/channel.h"
#include "base/service.h"
#include "supervisord/cluster/requests.h"
#include "supervisord/facts.h"
#include "supervisord/hooks.h"
#include "supervisord/policy/maint_ask.h"
#include "supervisord/policy/operator_save.h"
#include "supervisord/policy/role.h"
#include "supervisord/world.h"

/* Beside each world_router. */
struct core_router {
    struct role_memory memory;
    struct role_verdict verdict;
    struct monotime decided;     /* when the verdict became another one; 0: never */
    bool is_emptied;             /* a hand-over was begun because the node is to be empty */
    bool is_decided;             /* regha-vrrp knows whether it resumes: its state counts */
    struct monotime left_active; /* 0: it is Active, or never was */
    int64_t last_transition_ns;  /* the newest one counted */
    int64_t former_heard_ns;     /* last advert of the Active before us; 0: no failover runs */
    uint8_t last_reason;         /* enum vrrp_reason, of the newest transition */
    struct hooks_memory hooks;
    bool is_sent;
    struct vrrp_goal sent; /* what regha-vrrp was told last */
};

/* Beside each world_registry. */
struct core_registry {
    uint32_t restart_serial;
    bool no_purging;               /* of its next start: another node purges uploads */
    struct monotime purging_moved; /* when it was last restarted for that; 0: never */
    struct monotime failed;        /* when it last failed here; 0: it did not */
    int64_t turned_pid;            /* told to end, to be read-only or no longer; 0: none */
    bool is_adopted;               /* whether it was read-only when it was found is known */
    int64_t ready_pid;             /* the process whose readiness was seen; 0: none */
    bool is_sent;
    struct registry_goal sent; /* what the launcher was told last */
};

/* Who answers requests of a type; without one they are answered with -EOPNOTSUPP. */
struct core_request_handler {
    requests_handle *handle;
    void *owner;
};

struct breakers;
struct bundles;

struct core {
    struct loop *loop;
    struct service service;
    struct world world;
    struct facts facts;
    struct vrrp_cluster_key keys[2]; /* subkeys for peer frames */
    size_t key_count;
    bool is_key_missed; /* and it has been said */
    bool is_cluster_sent;
    struct requests *requests;
    struct core_request_handler request_handlers[REQUESTS_TYPES]; /* put there while opening */
    struct vrrp_cluster_goal cluster_sent; /* what regha-vrrp was told last of the other nodes */
    struct core_router *routers;
    struct core_registry *registries;
    struct breakers *breakers;
    struct bundles *bundles;
    struct channel_client *clients[WORLD_PROCESSES]; /* none to ourselves */
    struct operator_save operator_save;
    struct monotime store_failed; /* when a probe of the store last failed; 0: never */
    struct maint_ask maint_ask;
    struct peers_news news; /* as told to the other nodes last */
    struct monotime news_at;
    int64_t file_changed_ns;      /* wall clock of the file as read; 0: unknown */
    struct monotime asked;        /* when evidence was first asked for */
    bool has_begun;               /* goals may be sent */
    bool is_dirty;                /* something changed: judge at the end of the pass */
    bool is_new[WORLD_PROCESSES]; /* its channel: with the next judgement it is told everything */
    bool is_stale;                /* a registry's facts changed: complete the settings again */
    char postponed[160];          /* why the settings could not be completed; "": they could */
    struct loop_timer again;      /* judge even if nothing happens */
    struct loop_timer tick;       /* each second */
    struct loop_timer hurry;      /* ask the ready probe of a registry that has just started */
    void (*settings_changed)(void *owner); /* to open what serves elsewhere now */
    void *owner;
};

/*
 * Read the settings, open channels and probes. Without a valid configuration there is nothing to
 * run: -EINVAL, with the mistakes on `mistakes`. Another negative errno: something else is missing.
 */
int core_open(struct core *core, struct loop *loop, const char *path, FILE *mistakes);
void core_close(struct core *core);

/* Read the file again; apply the difference, or refuse it whole and keep the old one. */
int core_reload(struct core *core, struct monotime now, struct err *err);

/* Judge the file as it is now; changes nothing. Writes mistakes and warnings. 0 or -EINVAL. */
int core_check(struct core *core, FILE *out);

/* Restart registry `name`, forgetting its failures. -ENOENT: there is none. */
int core_restart_registry(struct core *core, const char *name, struct err *err);

#endif
