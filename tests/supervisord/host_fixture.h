/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_fixture - a host that answers the same on every machine, for tests of settings.
 *
 * It is the node 10.0.0.11 with eth0 10.0.0.11/24 and eth1 10.1.0.11/24. A registry's
 * configuration /etc/docker/registry/NAME.yml is tests/golden/settings/NAME.yml.
 */
#ifndef TESTS_SUPERVISORD_HOST_FIXTURE_H
#define TESTS_SUPERVISORD_HOST_FIXTURE_H

#include "supervisord/settings/registry_yaml.h"
#include "supervisord/settings/settings.h"

struct host_fixture {
    bool is_no_node;        /* none of its addresses is one of 10.0.0.0/24 */
    bool facts_are_unknown; /* the launcher has not sent them yet */
    int key_result;         /* 0, or why there is no key */
    const char *folder;     /* of the YAML files */
    size_t fact_count;
    struct registry_facts facts[4];
    char error[ERR_TEXT_BYTES];
};

struct settings_host host_fixture_settings(struct host_fixture *fixture);

#endif
