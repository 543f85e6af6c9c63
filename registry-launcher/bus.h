/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bus - the system bus on our loop, and what is asked of systemd there.
 *
 * Every call is asynchronous: a manager that is busy stops nobody. A lost connection comes back by
 * itself, and whoever watches a unit asks again. The only file that knows sd-bus.
 */
#ifndef REGISTRY_LAUNCHER_BUS_H
#define REGISTRY_LAUNCHER_BUS_H

#include <stdbool.h>

#include "base/loop.h"
#include "registry-launcher/params.h"

struct registry_bus;

/* What the manager says of a unit. */
struct registry_bus_unit {
    char active_state[16];
    bool has_job; /* something is asked of it and not done yet */
    uint32_t main_pid;
    int32_t main_code; /* CLD_EXITED ...; 0: has not ended yet */
    int32_t main_status;
    char result[24];
};

/* One unit that is watched; memory of the caller. */
struct registry_bus_watch {
    struct registry_bus *bus;
    char unit[sizeof("regha-registry@.service") + REGISTRY_NAME_BYTES];
    char path[160]; /* its object */
    void *owner;
    /* It changed, or was asked for. */
    void (*changed)(void *owner, struct monotime now);
    /* The start or stop asked for last; `error` in words, or NULL: it is queued. */
    void (*queued)(void *owner, const char *error, struct monotime now);
    struct registry_bus_unit state;
    void *slots[3]; /* of sd-bus */
    struct registry_bus_watch *next;
};

/* Whether systemd runs here at all; whether it runs us as the unit regha-launcher.service. */
bool registry_bus_is_there(void);
bool registry_bus_is_our_manager(void);

/* Returns 0 or a negative errno; the connection itself is made behind the scenes. */
int registry_bus_open(struct loop *loop, struct registry_bus **ret_bus, struct err *err);
void registry_bus_close(struct registry_bus *bus); /* NULL is fine */

/* Watch regha-registry@NAME.service. */
int registry_bus_watch(struct registry_bus *bus, struct registry_bus_watch *watch,
                       const char *name);
void registry_bus_unwatch(struct registry_bus_watch *watch);

/* Ask how it is; changed() follows. */
void registry_bus_ask(struct registry_bus_watch *watch);

/* queued() follows. Return 0, or a negative errno: there is no connection. */
int registry_bus_start_unit(struct registry_bus_watch *watch);
int registry_bus_stop_unit(struct registry_bus_watch *watch);

/* KILL to all of it; nobody waits for an answer. */
void registry_bus_kill_unit(struct registry_bus_watch *watch);

/*
 * Whether systemd is only restarting our own unit. answered() comes once, with false if nobody
 * knows.
 */
void registry_bus_ask_restart(struct registry_bus *bus, void *owner,
                              void (*answered)(void *owner, bool restart, struct monotime now));

#endif
