/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nobody writes: rules of the defaults, a row each, on a host that is the same everywhere. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/supervisord/host_fixture.h"

#define FOLDER "../../golden/settings"
#define NODES                                                                                      \
    "nodes = ( { name = \"n1\"; address = \"10.0.0.11\"; }, "                                      \
    "{ name = \"n2\"; address = \"10.0.0.12\"; } );\n"
#define ROUTER   "virtual_routers = ( { vrid = 51; addresses = ( \"10.0.0.100\" ); } );\n"
#define REGISTRY "registries = ( { config = \"/etc/docker/registry/config.yml\"; } );\n"

/* NULL if it is refused; the caller frees it. */
static struct settings *read_text(const char *text, struct host_fixture *fixture)
{
    const struct settings_host host = host_fixture_settings(fixture);
    char path[] = "/tmp/regha-derive-XXXXXX";
    struct settings *settings = NULL;
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    (void)settings_read(path, &host, stderr, NULL, &settings);
    unlink(path);
    return settings;
}

static const struct probe_params *find_probe(const struct settings *settings, const char *name)
{
    size_t at = 0;

    while (at < settings->probe_count && strcmp(settings->probes[at].name, name) != 0)
        at++;
    if (at == settings->probe_count)
        fail_msg("there is no probe %s", name);
    return &settings->probes[at];
}

static void test_shortest(void **state)
{
    struct host_fixture fixture = {.folder = "."};
    struct settings *settings = read_text(NODES ROUTER REGISTRY, &fixture);

    (void)state;
    assert_non_null(settings);
    const struct vrrp_params *params = &settings->routers[0].params;
    assert_int_equal(settings->self, 0);
    assert_int_equal(params->priority, 150);
    assert_int_equal(settings->nodes[1].priority, 140);
    assert_string_equal(params->interface, "eth0");
    assert_int_equal(params->family, AF_INET);
    assert_int_equal(params->version, 3);
    assert_int_equal(params->advert_interval_ns, 100 * NS_PER_MS);
    assert_int_equal(params->addresses[0].prefix_bits, 32);
    assert_int_equal(params->transport, VRRP_TRANSPORT_MULTICAST);
    assert_false(params->preempt);
    assert_int_equal(params->peer_count, 1);
    assert_true(address_is_same(&params->peers[0], &settings->nodes[1].address));
    assert_true(address_is_same(&params->source, &settings->nodes[0].address));
    assert_int_equal(settings->routers[0].require_count, 1);
    assert_string_equal(settings->routers[0].requires[0], "registry-read");
    assert_int_equal(settings->cluster.port, 9652);
    assert_int_equal(settings->metrics.port, 9651);
    settings_free(settings);
}

static void test_registry_of_shortest(void **state)
{
    static const char argv[] = "/usr/bin/docker-registry\0serve\0{bundle}/registry.yml";
    struct host_fixture fixture = {.folder = "."};
    struct settings *settings = read_text(NODES ROUTER REGISTRY, &fixture);
    const struct settings_registry *registry = &settings->registries[0];

    (void)state;
    assert_string_equal(registry->params.name, "registry");
    assert_string_equal(registry->follows, settings->routers[0].params.name);
    assert_string_equal(registry->user, "docker-registry");
    assert_string_equal(registry->params.listen, ":5000");
    assert_string_equal(registry->ready, "registry-read");
    assert_int_equal(registry->params.argv_bytes, sizeof(argv));
    assert_memory_equal(registry->params.argv, argv, sizeof(argv));
    assert_int_equal(registry->params.drain_ns, 25 * NS_PER_S); /* draintimeout 20s and 5s */
    assert_true(registry->facts_known && registry->secret_derived);
    settings_free(settings);
}

static void test_probes_of_shortest(void **state)
{
    struct host_fixture fixture = {.folder = "."};
    struct settings *settings = read_text(NODES ROUTER REGISTRY, &fixture);
    const struct probe_params *live = find_probe(settings, "minio");
    const struct probe_params *cluster = find_probe(settings, "cluster");
    const struct probe_params *reading = find_probe(settings, "cluster-read");
    const struct probe_params *registry = find_probe(settings, "registry-read");

    (void)state;
    assert_int_equal(settings->probe_count, 4);
    assert_string_equal(live->url, "http://127.0.0.1:9000");
    assert_int_equal(live->check, PROBE_CHECK_LIVE);
    assert_int_equal(live->scope, PROBE_SCOPE_LOCAL);
    assert_int_equal(cluster->check, PROBE_CHECK_CLUSTER);
    assert_int_equal(cluster->scope, PROBE_SCOPE_SHARED);
    assert_int_equal(cluster->interval_ns, 15 * NS_PER_S);
    assert_int_equal(cluster->timeout_ns, 12 * NS_PER_S);
    assert_int_equal(reading->check, PROBE_CHECK_CLUSTER_READ);
    assert_int_equal(registry->type, PROBE_TYPE_REGISTRY);
    assert_string_equal(registry->url, "http://127.0.0.1:5000");
    assert_string_equal(registry->depends, "cluster-read");
    assert_int_equal(registry->scope, PROBE_SCOPE_LOCAL);
    assert_int_equal(registry->interval_ns, NS_PER_S);
    assert_int_equal(registry->timeout_ns, 2 * NS_PER_S);
    settings_free(settings);
}

/* The daemon starts before the launcher has read the registry's file, and reads again after. */
static void test_facts_come_later(void **state)
{
    static const char text[] =
        NODES "virtual_routers = ( { vrid = 51; addresses = ( \"10.0.0.100\" ); "
              "requires = ( \"port\", \"registry-read\" ); } );\n"
              "probes = ( { name = \"port\"; type = \"tcp\"; url = \"tcp://127.0.0.1:1\"; "
              "depends = \"cluster\"; } );\n" REGISTRY;
    struct host_fixture fixture = {.folder = ".", .facts_are_unknown = true};
    struct settings *settings = read_text(text, &fixture);

    (void)state;
    assert_non_null(settings);
    assert_false(settings->registries[0].facts_known);
    assert_int_equal(settings->probe_count, 1);
    assert_int_equal(settings->routers[0].require_count, 1);
    assert_string_equal(settings->routers[0].requires[0], "port");
    assert_string_equal(settings->probes[0].depends, "");
    assert_string_equal(settings->registries[0].ready, "");
    assert_int_equal(settings->registries[0].params.environment_bytes, 0);
    settings_free(settings);

    fixture.facts_are_unknown = false;
    settings = read_text(text, &fixture);
    assert_non_null(settings);
    assert_int_equal(settings->probe_count, 5);
    assert_int_equal(settings->routers[0].require_count, 2);
    assert_string_equal(settings->routers[0].requires[1], "registry-read");
    assert_string_equal(settings->probes[0].depends, "cluster");
    settings_free(settings);
}

/* A name that no registry could bring is a mistake, facts or not. */
static void test_unknown_name_before_facts(void **state)
{
    struct host_fixture fixture = {.folder = ".", .facts_are_unknown = true};

    (void)state;
    assert_null(read_text(NODES "virtual_routers = ( { vrid = 51; addresses = ( \"10.0.0.100\" ); "
                                "requires = ( \"nobody\" ); } );\n" REGISTRY,
                          &fixture));
}

/* The same secret on each node, another one for another key, none where the registry has its own. */
static void test_secret(void **state)
{
    struct host_fixture fixture = {.folder = "."};
    struct settings *settings = read_text(NODES ROUTER REGISTRY, &fixture);
    /* crypto_kdf, subkey 1, context "registry", of 32 bytes 5a: must never change. */
    static const char want[] = "REGISTRY_HTTP_SECRET="
                               "bd0965544c11079cd8d670b7b1f5f53fdfc638ac5b0cfa303c11835e56a317b6";

    (void)state;
    assert_string_equal(settings->registries[0].params.environment, want);
    settings_free(settings);
    settings = read_text(NODES ROUTER
                         "registries = ( { config = \"/etc/docker/registry/proxy.yml\"; } );\n",
                         &fixture);
    assert_int_equal(settings->registries[0].params.environment_bytes, 0);
    assert_false(settings->registries[0].secret_derived);
    settings_free(settings);
}

static void test_priority_never_below_9(void **state)
{
    char text[4096] = "nodes = (";
    struct host_fixture fixture = {.folder = "."};

    (void)state;
    for (int at = 0; at < 20; at++) {
        const size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "%s{ name = \"n%d\"; address = \"10.0.0.%d\"; }",
                 at > 0 ? "," : "", at, at + 11);
    }
    const size_t used = strlen(text);
    snprintf(text + used, sizeof(text) - used, ");\n" ROUTER);
    struct settings *settings = read_text(text, &fixture);
    assert_non_null(settings);
    assert_int_equal(settings->nodes[14].priority, 10);
    assert_int_equal(settings->nodes[15].priority, VRRP_PRIORITY_MIN);
    assert_int_equal(settings->nodes[19].priority, VRRP_PRIORITY_MIN);
    settings_free(settings);
}

static void test_interface_of_node(void **state)
{
    struct host_fixture fixture = {.folder = "."};
    struct settings *settings =
        read_text("nodes = ( { name = \"n1\"; address = \"10.0.0.11\"; interface = \"br0\"; } );\n"
                  "virtual_routers = ( { vrid = 1; addresses = ( \"10.0.0.100\" ); },\n"
                  "{ vrid = 2; addresses = ( \"10.0.0.101\" ); interface = \"eth7\"; },\n"
                  "{ vrid = 3; addresses = ( \"10.0.0.102\" ); interface = \"auto\"; } );\n",
                  &fixture);

    (void)state;
    assert_non_null(settings);
    assert_string_equal(settings->routers[0].params.interface, "br0");
    assert_string_equal(settings->routers[1].params.interface, "eth7");
    assert_string_equal(settings->routers[2].params.interface, "br0");
    settings_free(settings);
}

static void test_no_node_yet(void **state)
{
    struct host_fixture fixture = {.folder = ".", .is_no_node = true};
    struct settings *settings = read_text(NODES ROUTER REGISTRY, &fixture);

    (void)state;
    assert_non_null(settings);
    assert_int_equal(settings->self, SETTINGS_NO_NODE);
    assert_string_equal(settings->routers[0].params.interface, "");
    settings_free(settings);
}

/* Whoever writes a minio probe has thought about the storage; the read stays derived. */
static void test_written_probes(void **state)
{
    struct host_fixture fixture = {.folder = "."};
    struct settings *settings = read_text(
        NODES ROUTER "probes = ( { name = \"mine\"; type = \"minio\"; check = \"cluster-read\"; "
                     "url = \"http://127.0.0.1:9000\"; } );\n" REGISTRY,
        &fixture);

    (void)state;
    assert_non_null(settings);
    assert_int_equal(settings->probe_count, 2);
    assert_string_equal(find_probe(settings, "registry-read")->depends, "mine");
    settings_free(settings);
}

static void test_storage_address(void **state)
{
    struct host_fixture fixture = {.folder = "."};
    const struct settings_host host = host_fixture_settings(&fixture);
    struct settings *settings = NULL;

    (void)state;
    assert_int_equal(settings_read("storage.conf", &host, stderr, NULL, &settings), 0);
    /* MinIO here is asked at this node's address, the cluster where the registry asks it. */
    assert_string_equal(find_probe(settings, "minio")->url, "http://10.0.0.11:9000");
    assert_int_equal(find_probe(settings, "minio")->scope, PROBE_SCOPE_LOCAL);
    assert_string_equal(find_probe(settings, "cluster")->url, "http://10.0.0.101:9000");
    assert_int_equal(settings->routers[0].require_count, 1);
    assert_string_equal(settings->routers[0].requires[0], "registry-read");
    assert_int_equal(settings->routers[1].require_count, 1);
    assert_string_equal(settings->routers[1].requires[0], "minio");
    settings_free(settings);
}

static void check_watched(const char *text, size_t count, const char *first, uint16_t port)
{
    struct host_fixture fixture = {.folder = "."};
    struct settings *settings = read_text(text, &fixture);
    char address[ADDRESS_TEXT_BYTES];

    assert_non_null(settings);
    const struct settings_breaker *breaker = &settings->breaker;
    if (breaker->watch_count != count)
        fail_msg("%s: %zu are watched", text, breaker->watch_count);
    if (count > 0) {
        assert_string_equal(address_format_host(&breaker->watch[0].address, address), first);
        assert_int_equal(breaker->watch[0].port, port);
    }
    settings_free(settings);
}

/* Never this host; a witness stores nothing; of a store elsewhere nobody knows the peers. */
static void test_watched_peers(void **state)
{
    (void)state;
    check_watched(NODES ROUTER REGISTRY, 1, "10.0.0.12", 9000);
    check_watched(
        "nodes = ( { name = \"n1\"; address = \"10.0.0.11\"; }, "
        "{ name = \"n2\"; address = \"10.0.0.12\"; witness = true; } );\n" ROUTER REGISTRY,
        0, "", 0);
    check_watched(NODES ROUTER "registries = ( { config = \"/etc/docker/registry/far.yml\"; } );\n",
                  0, "", 0);
    check_watched(NODES ROUTER REGISTRY "breaker = { peers = (); };\n", 0, "", 0);
    check_watched(NODES ROUTER "breaker = { peers = ( \"127.0.0.1:1\", \"10.0.0.11:1\", "
                               "\"[fd00::9]:7480\", \"[fd00::9]:7480\" ); };\n",
                  1, "fd00::9", 7480);
}

static int enter_folder(void **state)
{
    (void)state;
    return chdir(FOLDER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shortest),
        cmocka_unit_test(test_registry_of_shortest),
        cmocka_unit_test(test_probes_of_shortest),
        cmocka_unit_test(test_facts_come_later),
        cmocka_unit_test(test_unknown_name_before_facts),
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_priority_never_below_9),
        cmocka_unit_test(test_interface_of_node),
        cmocka_unit_test(test_no_node_yet),
        cmocka_unit_test(test_written_probes),
        cmocka_unit_test(test_storage_address),
        cmocka_unit_test(test_watched_peers),
    };

    return cmocka_run_group_tests(tests, enter_folder, NULL);
}
