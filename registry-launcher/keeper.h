/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper - keeps one registry as its goal says.
 *
 * Where the state machine meets processes: feeds it what happened, does what it answers, and says
 * in a registry_status how things are.
 */
#ifndef REGISTRY_LAUNCHER_KEEPER_H
#define REGISTRY_LAUNCHER_KEEPER_H

#include "base/loop.h"
#include "registry-launcher/adopt.h"
#include "registry-launcher/fsm.h"
#include "registry-launcher/placing.h"
#include "registry-launcher/port.h"
#include "registry-launcher/slots.h"
#include "registry-launcher/unit.h"

struct registry_keeper;

/* What all keepers share; lives longer than they. */
struct registry_keeper_shared {
    struct loop *loop;
    const char *folder;        /* of records */
    const char *bundle_folder; /* where registries read their bundles */
    const char *policy_path;   /* root's */
    struct registry_bus *bus;  /* NULL: systemd is not there */
    enum registry_backend own; /* what AUTO means here */
    struct registry_cgroups cgroups;
    void *owner;
    void (*status_changed)(void *owner, const struct registry_keeper *keeper);
    void (*bundle_changed)(void *owner, const struct registry_keeper *keeper);
};

struct registry_keeper {
    const struct registry_keeper_shared *shared;
    struct registry_goal goal;
    bool wanted; /* it is in the set of goals */
    bool known;  /* a goal has come */
    struct registry_fsm fsm;
    struct registry_slots slots;
    struct registry_unit unit;
    struct registry_files files;
    struct registry_placing placing;
    bool spawn_waits;            /* for its bundle to be in its folder */
    struct registry_helper look; /* for who holds the port */
    bool has_listen;
    struct registry_listen listen;
    char port_words[REGISTRY_PORT_WORDS_BYTES]; /* who holds it, as found last */
    struct monotime look_again;
    struct loop_timer timer; /* the state machine's */
    struct registry_adopt_record record;
    struct registry_status status;
    struct registry_status sent;
};

/* Memory of the caller; `goal` names it and makes sense. Nothing is started. */
void registry_keeper_init(struct registry_keeper *keeper,
                          const struct registry_keeper_shared *shared,
                          const struct registry_goal *goal);

/* `first`: of a new sender, whose restart serial restarts nothing. */
void registry_keeper_want(struct registry_keeper *keeper, const struct registry_goal *goal,
                          bool first, struct monotime now);

/* A bundle that a goal names, or will; takes the descriptor. */
void registry_keeper_give(struct registry_keeper *keeper, const struct registry_bundle *bundle,
                          int fd, struct monotime now);

/* It is not in the set any more: stop it. */
void registry_keeper_drop(struct registry_keeper *keeper, struct monotime now);

/* Go on with what a launcher before us noted. */
void registry_keeper_adopt(struct registry_keeper *keeper,
                           const struct registry_adopt_record *record, struct monotime now);

/* Once a second. */
void registry_keeper_tick(struct registry_keeper *keeper);

/* Stopped, with nothing left to reap. */
bool registry_keeper_is_idle(const struct registry_keeper *keeper);

/* Forget it; a process it has runs on. */
void registry_keeper_fini(struct registry_keeper *keeper);

#endif
