/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world - all that reghad knows at one moment, for those who show it.
 *
 * The core (supervisord/steer.c) fills it; commands, metrics and status pages read it and never
 * change it. Counters run from the start of reghad; those of another process start again with it.
 */
#ifndef SUPERVISORD_WORLD_H
#define SUPERVISORD_WORLD_H

#include "base/process.h"
#include "probes/message.h"
#include "registry-launcher/message.h"
#include "supervisord/cluster/peers_news.h"
#include "supervisord/policy/breaker_view.h"
#include "supervisord/policy/handover.h"
#include "supervisord/policy/maint_answer.h"
#include "supervisord/policy/operator.h"
#include "supervisord/settings/settings.h"
#include "supervisord/world_bundle.h"
#include "vrrp/kernel/message.h"
#include "vrrp/message.h"

/* A label value each; see world_process_name(). */
enum world_process_kind {
    WORLD_REGHAD,
    WORLD_VRRP,
    WORLD_NET,
    WORLD_LAUNCHER,
    WORLD_PROCESSES,
};

struct world_process {
    bool connected;             /* the channel to it is ready; reghad itself: always */
    struct process_state state; /* the last one received */
    uint64_t restarts;          /* how often it came back as another process */
    struct monotime changed;    /* of connected */
};

struct world_router {
    struct settings_router settings;
    bool known; /* regha-vrrp has reported it */
    struct vrrp_status status;
    struct vrrp_counters counters;
    uint64_t transitions[VRRP_STATES][VRRP_STATES][VRRP_REASONS];
    bool kernel_known;
    struct kernel_status kernel;
    bool eligible;                    /* the role's judgement */
    char why[128];                    /* why not, in words; "" if eligible */
    struct registry_hook_status hook; /* what came of its hooks; no name: nothing yet */
    struct handover handover;         /* from here, the last one */
    struct histogram failovers;       /* from the last advert of the former Active to ready here */
};

struct world_registry {
    struct settings_registry settings;
    bool known; /* the launcher has reported it */
    struct registry_status status;
    bool wanted;                   /* the role's judgement */
    bool readonly;                 /* the same: it is to refuse pushes */
    char why[128];                 /* why it runs or does not, in words */
    struct monotime differs_since; /* the digests; 0: they do not */
    bool drifted; /* a peer's digest differs, or the running one differs from the files, for long */
    char drift[128]; /* from whom, in words */
    struct world_bundle bundle;
    struct histogram ready; /* from start to first successful probe */
    bool facts_known;       /* its own configuration has been read */
    char facts_error[192];
};

/* What another node says of itself; `self` is filled from here. */
struct world_node {
    struct settings_node settings;
    bool self;
    bool reachable;
    bool leaving;          /* it said so: its silence is none */
    struct monotime since; /* of the last change of reachable; 0: never */
    struct monotime seen;  /* 0: never */
    char version[32];
    uint8_t role;                       /* enum vrrp_state of the first router */
    char digest[REGISTRY_DIGEST_BYTES]; /* of its first registry */
    uint8_t registry_state;
    struct peers_news news;              /* all of it */
    struct monotime news_at;             /* when its serial was first seen; 0: never */
    uint64_t rejected[VRRP_FRAME_DROPS]; /* its frames that did not count; self: strangers' */
};

#define WORLD_EVENTS 512 /* kept in memory */

enum world_event_kind {
    WORLD_EVENT_ROUTER,   /* a change of state */
    WORLD_EVENT_ADDRESS,  /* restored, conflict, cannot be set */
    WORLD_EVENT_PROBE,    /* health changed */
    WORLD_EVENT_REGISTRY, /* started, ready, died, refused */
    WORLD_EVENT_PROCESS,  /* of ours: lost, back */
    WORLD_EVENT_RELOAD,
    WORLD_EVENT_DECISION, /* of the role, with its inputs */
    WORLD_EVENT_NODE,     /* another one is heard, or silent */
    WORLD_EVENT_OPERATOR, /* people said something of this node */
    WORLD_EVENT_BREAKER,  /* a storage peer was cut off, or let go */
    WORLD_EVENT_BUNDLE,   /* published, refused, not confirmed */
    WORLD_EVENT_KINDS,
};

struct world_event {
    uint64_t number; /* 1, 2, ... */
    int64_t wall_ns; /* CLOCK_REALTIME, to show people */
    struct monotime at;
    enum world_event_kind kind;
    char object[SETTINGS_NAME_BYTES]; /* name of router, probe, registry, process */
    char from[48], to[48];
    char text[280]; /* cause and evidence in words */
};

/* Exit codes of commands; the label `result` of regha_control_commands_total. */
enum world_result {
    WORLD_DONE = 0,
    WORLD_FAILED = 1, /* refused, or did not work */
    WORLD_USAGE = 2,
    WORLD_NO_DAEMON = 3, /* only reghactl says this */
    WORLD_DENIED = 4,
    WORLD_TIMEOUT = 5,
    WORLD_PRECONDITION = 6,
    WORLD_RESULTS,
};

#define WORLD_COMMANDS_MAX                                                                         \
    80 /* of supervisord/console/command.c, and one for what is none of them */

struct world_reload {
    uint64_t attempts, failures;
    bool last_succeeded;
    int64_t last_wall_ns; /* 0: never */
    char *mistakes;       /* of the last one that failed; NULL: none */
};

struct world {
    struct settings *settings;
    const char *settings_path;
    struct monotime started;
    int64_t started_wall_ns;
    int64_t wall_ns; /* CLOCK_REALTIME of the last tick: ages of what people said */
    struct world_process processes[WORLD_PROCESSES];
    size_t router_count;
    struct world_router *routers; /* of settings->router_count */
    size_t registry_count;
    struct world_registry *registries;
    size_t node_count;
    struct world_node *nodes;
    struct probe_set *probes;
    struct breaker_view breakers;
    uint64_t probe_changes;
    size_t stray_count;
    struct vrrp_strays strays[8];
    uint64_t event_count;       /* ever; the ring holds the last WORLD_EVENTS */
    struct world_event *events; /* event number n is at (n - 1) % WORLD_EVENTS */
    struct world_reload reload;
    uint64_t commands[2]; /* done, refused; written by control, as is the next one */
    uint64_t command_results[WORLD_COMMANDS_MAX][WORLD_RESULTS];
    struct operator_state operator;           /* what people said of this node */
    struct maint_answer maint;                /* whether it may leave the storage's cluster */
    bool operator_unsaved;                    /* not on the disk yet, or it cannot be */
    bool operator_forced;                     /* the mode, even if nobody can take over */
    const struct requests_counters *requests; /* between the nodes; NULL: none are taken */
    bool stopping;
    bool waiting_for_address; /* none of the nodes' addresses is local yet */
};

const char *world_process_name(enum world_process_kind kind); /* "reghad", "regha-vrrp" ... */
const char *world_event_kind_name(enum world_event_kind kind);
const char *world_result_name(enum world_result result); /* "done", "denied" */

/* The newest event whose number is at most `number`, or NULL if it is gone. */
const struct world_event *world_event(const struct world *world, uint64_t number);

/* One word for the whole node: "active", "backup", "mixed", "initialize", for status lines. */
const char *world_role(const struct world *world);

/*
 * Is all well? Writes a line per trouble to `out` (NULL: only judge), worst first: what, since
 * when, what to look at. Returns 0 well, 1 degraded, 2 down.
 */
int world_health(const struct world *world, struct monotime now, FILE *out);

#endif
