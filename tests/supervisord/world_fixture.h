/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world_fixture - a world as it may be on the second of four nodes, for tests of those who show
 * it; and golden files.
 *
 * Stands in for the probes' set and for the dump of the settings, so that no loop and no file is
 * needed.
 */
#ifndef TESTS_WORLD_FIXTURE_H
#define TESTS_WORLD_FIXTURE_H

#include "supervisord/cluster/requests.h"
#include "supervisord/world.h"

#define WORLD_FIXTURE_PROBES 4

struct probe_set {
    size_t count;
    struct probe_state states[WORLD_FIXTURE_PROBES];
    struct histogram lateness;
};

struct world_fixture {
    struct world world;
    struct monotime now;
    struct settings settings;
    struct settings_node nodes[4];
    struct world_router routers[2];
    struct world_registry registries[1];
    struct world_node peers[4];
    struct probe_set probes;
    struct requests_counters requests;
    struct world_event events[WORLD_EVENTS];
};

/* Active for "registry" with a serving registry, Backup for "storage"; node n3 silent. */
void world_fixture_init(struct world_fixture *fixture);

/* Nothing wrong: every node seen, every probe up. */
void world_fixture_init_well(struct world_fixture *fixture);

/* Everything wrong that show health knows of. */
void world_fixture_init_down(struct world_fixture *fixture);

struct world_event *world_fixture_event(struct world_fixture *fixture, enum world_event_kind kind,
                                        const char *object, const char *text);

/*
 * Fails the test unless `got` is what ../golden/NAME holds, "@VERSION@" standing for the version.
 * With REGHA_GOLDEN_WRITE in the environment the file is written instead: read its difference.
 */
void golden_check(const char *name, const char *got);

#endif
