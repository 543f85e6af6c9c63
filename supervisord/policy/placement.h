/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * placement - whether a registry shall run on this node, and which one purges uploads.
 *
 * Pure. Where the role's verdict on a router meets the mode of a registry that follows it. What was
 * found running stays while there is no verdict; a registry whose configuration nobody understands
 * runs all the same: a degraded registry beats none.
 */
#ifndef SUPERVISORD_PLACEMENT_H
#define SUPERVISORD_PLACEMENT_H

#include <stdbool.h>

#include "base/monotime.h"
#include "supervisord/settings/settings.h"

/* Purging moves with the Active role only once that has stayed: for that a process is replaced. */
#define PLACEMENT_SETTLED_NS (10 * 60 * NS_PER_S)

struct placement_evidence {
    enum settings_mode mode;
    bool is_decided;    /* the router's state counts */
    bool is_election;   /* nobody is known to be Active */
    bool is_held;       /* first results are awaited: no verdict yet */
    bool run;           /* the verdict for what runs on the Active node only */
    bool candidate;     /* the verdict: this node may serve */
    bool lingers;       /* the role went a moment ago and may come back */
    bool facts_awaited; /* its own configuration is being read */
    bool wanted;        /* so far */
    bool is_found;      /* the launcher was told to run it, by us or by a reghad before */
};

enum placement {
    PLACEMENT_AS_FOUND, /* wanted if it was found */
    PLACEMENT_AWAIT,    /* not wanted yet: as it is, until its configuration is read */
    PLACEMENT_ELECTION, /* not wanted yet: as it is, until somebody is Active */
    PLACEMENT_RUN,
    PLACEMENT_STOP,
    PLACEMENT_LINGER, /* as it is, for a moment */
};

enum placement placement_judge(const struct placement_evidence *evidence);

/* What a process was started with, and what it should have been. */
struct placement_purging {
    enum settings_mode mode;
    bool is_active;
    bool is_running;
    bool no_purging;       /* as it was started */
    bool hands_over;       /* a restart of it cuts nobody */
    struct monotime since; /* the router is in its state */
};

/* Whether a start now leaves purging to another node. */
bool placement_leaves_purging(enum settings_mode mode, bool is_active);

/* Whether it is to be replaced for that now; `ret_again`: when to ask again, MONOTIME_NEVER: not. */
bool placement_moves_purging(const struct placement_purging *purging, struct monotime now,
                             struct monotime *ret_again);

#endif
