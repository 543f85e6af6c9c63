/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/supervisord/host_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

static const struct {
    const char *interface;
    const char *address;
    uint8_t network[3];
} links[] = {{"eth0", "10.0.0.11", {10, 0, 0}}, {"eth1", "10.1.0.11", {10, 1, 0}}};

static int find_address(void *owner, const struct address *address, char interface[IFNAMSIZ])
{
    const struct host_fixture *fixture = owner;
    char text[ADDRESS_TEXT_BYTES];

    for (size_t at = fixture->is_no_node ? 1 : 0; at < 2; at++) {
        if (strcmp(address_format_host(address, text), links[at].address) == 0) {
            snprintf(interface, IFNAMSIZ, "%s", links[at].interface);
            return 0;
        }
    }
    return -ENOENT;
}

static int find_prefix(void *owner, const struct address *address, char interface[IFNAMSIZ])
{
    (void)owner;
    for (size_t at = 0; at < 2; at++) {
        if (memcmp(address->bytes, links[at].network, 3) == 0) {
            snprintf(interface, IFNAMSIZ, "%s", links[at].interface);
            return 0;
        }
    }
    return -ENOENT;
}

static int read_facts(struct host_fixture *fixture, const char *path, struct registry_facts *facts)
{
    const char *name = strrchr(path, '/');
    char found[256];
    struct file file;
    struct err err;

    snprintf(found, sizeof(found), "%s%s", fixture->folder, name ? name : "/none");
    int result = file_read(found, REGISTRY_YAML_BYTES_MAX, &file, &err);
    if (result == 0) {
        result = registry_yaml_read(file.bytes, file.length_bytes, facts, &err);
        file_free(&file);
    }
    if (result < 0)
        snprintf(fixture->error, sizeof(fixture->error), "%s", err.text);
    return result;
}

static int find_facts(void *owner, const char *path, const struct registry_facts **ret_facts)
{
    struct host_fixture *fixture = owner;
    struct registry_facts *facts = &fixture->facts[fixture->fact_count++ % 4];

    if (fixture->facts_are_unknown)
        return -EAGAIN;
    const int result = read_facts(fixture, path, facts);
    if (result == 0)
        *ret_facts = facts;
    return result;
}

static const char *facts_error(void *owner, const char *path)
{
    const struct host_fixture *fixture = owner;

    (void)path;
    return fixture->error;
}

static int read_key(void *owner, const char *path, uint8_t key[32])
{
    const struct host_fixture *fixture = owner;

    (void)path;
    if (fixture->key_result == 0)
        memset(key, 0x5a, 32);
    return fixture->key_result;
}

static int find_user(void *owner, const char *name)
{
    (void)owner;
    if (strcmp(name, "toor") == 0)
        return -EPERM;
    return strcmp(name, "docker-registry") == 0 ? 0 : -ENOENT;
}

static int find_binary(void *owner, const char *path)
{
    (void)owner;
    return strcmp(path, "/usr/bin/docker-registry") == 0 ? 0 : -ENOENT;
}

struct settings_host host_fixture_settings(struct host_fixture *fixture)
{
    return (struct settings_host){.owner = fixture,
                                  .find_address = find_address,
                                  .find_prefix = find_prefix,
                                  .find_facts = find_facts,
                                  .facts_error = facts_error,
                                  .read_key = read_key,
                                  .find_user = find_user,
                                  .find_binary = find_binary};
}
