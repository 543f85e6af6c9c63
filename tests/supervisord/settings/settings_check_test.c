/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row per fault that only settings as a whole can have, and one without: none is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "supervisord/settings/settings_check.h"

#define NODES      2
#define ROUTERS    2
#define PROBES     3
#define REGISTRIES 1

struct bench {
    struct settings settings;
    struct settings_node nodes[NODES];
    struct settings_router routers[ROUTERS];
    struct probe_params probes[PROBES];
    struct settings_registry registries[REGISTRIES];
};

static struct address ipv4(uint8_t last)
{
    return (struct address){.family = AF_INET, .prefix_bits = 32, .bytes = {10, 0, 0, last}};
}

/* Settings without any fault. */
static void set_right(struct bench *bench)
{
    *bench = (struct bench){
        .settings = {.node_count = NODES,
                     .router_count = ROUTERS,
                     .probe_count = PROBES,
                     .registry_count = REGISTRIES,
                     .cluster.port = 9652,
                     .metrics.port = 9651},
        .nodes = {{.name = "n1", .address = ipv4(11), .priority = 150},
                  {.name = "n2", .address = ipv4(12), .priority = 140}},
        .probes = {{.name = "live",
                    .type = PROBE_TYPE_MINIO,
                    .url = "http://10.0.0.11:9000",
                    .interval_ns = NS_PER_S,
                    .timeout_ns = NS_PER_S},
                   {.name = "read",
                    .type = PROBE_TYPE_REGISTRY,
                    .url = "https://10.0.0.11:5000",
                    .read = "a/b:c",
                    .depends = "live",
                    .interval_ns = NS_PER_S,
                    .timeout_ns = 2 * NS_PER_S},
                   {.name = "page",
                    .type = PROBE_TYPE_HTTP,
                    .url = "http://[::1]/path?query",
                    .status_count = 1,
                    .status = {{200, 399}}}},
        .registries = {{.params = {.name = "registry",
                                   .config = "/config.yml",
                                   .argv = "/bin/registry",
                                   .argv_bytes = sizeof("/bin/registry"),
                                   .restart = {.first_ns = 1, .max_ns = 1}},
                        .follows = "b",
                        .ready = "read",
                        .user = "registry"}},
    };
    for (uint8_t at = 0; at < ROUTERS; at++) {
        struct vrrp_params *params = &bench->routers[at].params;
        params->name[0] = (char)('a' + at);
        params->vrid = (uint8_t)(at + 1);
        params->advert_interval_ns = NS_PER_CS;
        params->address_count = 1;
        params->addresses[0] = ipv4((uint8_t)(100 + at));
        params->foreign_count = 1;
        params->foreign[0] = ipv4(1);
    }
    bench->routers[0].require_count = 1;
    memcpy(bench->routers[0].requires[0], "live", sizeof("live"));
    bench->settings.nodes = bench->nodes;
    bench->settings.routers = bench->routers;
    bench->settings.probes = bench->probes;
    bench->settings.registries = bench->registries;
}

#define SET(field, text) snprintf(field, sizeof(field), "%s", text)

static void node_name(struct bench *bench)
{
    SET(bench->nodes[1].name, "n1");
}

static void own_address(struct bench *bench)
{
    bench->routers[1].params.addresses[0] = ipv4(12);
}

static void foreign_node(struct bench *bench)
{
    bench->routers[1].params.foreign[0] = ipv4(12);
}

static void ipv6_address(struct bench *bench)
{
    bench->routers[0].params.addresses[0].family = AF_INET6;
}

static void loopback(struct bench *bench)
{
    bench->nodes[0].address.bytes[0] = 127;
}

static void alone(struct bench *bench)
{
    bench->settings.node_count = 1;
    bench->routers[1].params.transport = VRRP_TRANSPORT_UNICAST;
    bench->routers[1].params.foreign_count = 0;
}

static void witnesses(struct bench *bench)
{
    bench->nodes[0].witness = bench->nodes[1].witness = true;
}

static void priorities(struct bench *bench)
{
    bench->nodes[1].priority = 150;
}

static void step(struct bench *bench)
{
    bench->routers[0].params.advert_interval_ns = NS_PER_CS + NS_PER_MS;
}

static void short_guard(struct bench *bench)
{
    bench->settings.guard.timeout_ns = 3 * bench->routers[0].params.advert_interval_ns - 1;
}

static void unknown_probe(struct bench *bench)
{
    SET(bench->routers[0].requires[0], "lives");
}

static void unknown_ready(struct bench *bench)
{
    SET(bench->registries[0].ready, "ready");
}

static void shared(struct bench *bench)
{
    bench->probes[0].scope = PROBE_SCOPE_SHARED;
}

static void unknown_router(struct bench *bench)
{
    SET(bench->registries[0].follows, "c");
}

static void no_router(struct bench *bench)
{
    SET(bench->registries[0].follows, "");
}

static void itself(struct bench *bench)
{
    SET(bench->probes[1].depends, "read");
}

static void no_scheme(struct bench *bench)
{
    SET(bench->probes[0].url, "10.0.0.11:9000");
}

static void no_host(struct bench *bench)
{
    SET(bench->probes[0].url, "http://:9000");
}

static void bytes(struct bench *bench)
{
    SET(bench->probes[2].url, "http://h/a b");
}

static void bad_port(struct bench *bench)
{
    SET(bench->probes[0].url, "http://h:0");
}

static void tcp_without_port(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_TCP;
    SET(bench->probes[0].url, "tcp://h");
}

static void user(struct bench *bench)
{
    SET(bench->probes[0].url, "http://me:secret@h");
}

static void query(struct bench *bench)
{
    SET(bench->probes[0].url, "http://h/?q");
}

static void path(struct bench *bench)
{
    SET(bench->probes[0].url, "http://h/minio");
}

static void not_http(struct bench *bench)
{
    SET(bench->probes[0].url, "tcp://h:1");
}

static void not_tcp(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_TCP;
}

static void not_redis(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_REDIS;
    SET(bench->probes[0].url, "redis://h");
}

static void redis(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_REDIS;
    SET(bench->probes[0].url, "redis://h:6379");
    SET(bench->probes[0].credentials, "key");
}

static void not_ping(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_PING;
    SET(bench->probes[0].url, "ping://gateway");
}

static void ping(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_PING;
    SET(bench->probes[0].url, "ping://[fe80::1%eth0]");
}

static void not_exec(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_EXEC;
    SET(bench->probes[0].url, "exec://check");
}

static void exec_hash(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_EXEC;
    SET(bench->probes[0].url, "exec:///a#b");
}

static void only_exec(struct bench *bench)
{
    SET(bench->probes[0].arguments, "-v");
    bench->probes[0].arguments_bytes = sizeof("-v");
}

static void not_file(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_FILE;
    SET(bench->probes[0].url, "file://srv");
}

static void file(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_FILE;
    SET(bench->probes[0].url, "file:///srv");
    bench->probes[0].file.mount = true;
    bench->probes[0].file.max_age_ns = NS_PER_S;
}

/* A second has a byte of 0 first. */
static void only_file_age(struct bench *bench)
{
    bench->probes[0].file.max_age_ns = NS_PER_S;
}

static void only_file_mount(struct bench *bench)
{
    bench->probes[0].file.mount = true;
}

static void only_minio(struct bench *bench)
{
    bench->probes[1].check = PROBE_CHECK_CLUSTER;
}

static void only_registry(struct bench *bench)
{
    SET(bench->probes[2].read, "a:b");
}

static void only_http(struct bench *bench)
{
    bench->probes[1].status_count = 1;
}

static void reference(struct bench *bench)
{
    SET(bench->probes[1].read, "library/any:");
}

static void timeout(struct bench *bench)
{
    bench->probes[0].timeout_ns++;
}

static void cluster_timeout(struct bench *bench)
{
    bench->probes[0].check = PROBE_CHECK_CLUSTER_READ;
    bench->probes[0].timeout_ns++;
}

static void set_store(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_S3;
    SET(bench->probes[0].bucket.name, "registry");
    SET(bench->probes[0].bucket.read_key, "regha/read");
    SET(bench->probes[0].bucket.write_key, "regha/write");
    SET(bench->probes[0].credentials, "store");
}

static void only_http_s3(struct bench *bench)
{
    bench->probes[0].method = PROBE_METHOD_HEAD;
}

static void only_s3(struct bench *bench)
{
    SET(bench->probes[2].bucket.write_key, "a");
}

static void only_harbor(struct bench *bench)
{
    SET(bench->probes[0].components, "core");
}

static void no_credentials(struct bench *bench)
{
    SET(bench->probes[0].credentials, "key");
}

static void no_tls(struct bench *bench)
{
    bench->probes[0].type = PROBE_TYPE_TCP;
    SET(bench->probes[0].url, "tcp://h:1");
    SET(bench->probes[0].server_name, "h");
}

static void not_https(struct bench *bench)
{
    SET(bench->probes[0].cert_file, "/c");
}

static void key_alone(struct bench *bench)
{
    SET(bench->probes[1].key_file, "/k");
}

static void incomplete(struct bench *bench)
{
    set_store(bench);
    SET(bench->probes[0].credentials, "");
}

static void object_form(struct bench *bench)
{
    set_store(bench);
    SET(bench->probes[0].bucket.read_key, "a//b");
}

static void header_form(struct bench *bench)
{
    SET(bench->probes[2].wanted.header, "X y");
}

static void pointer_form(struct bench *bench)
{
    SET(bench->probes[2].wanted.json, "status");
}

static void value_alone(struct bench *bench)
{
    SET(bench->probes[2].wanted.json_value, "up");
}

static void head_body(struct bench *bench)
{
    bench->probes[2].method = PROBE_METHOD_HEAD;
    SET(bench->probes[2].wanted.body, "up");
}

static void debug_url(struct bench *bench)
{
    SET(bench->probes[1].debug_url, "http://h:1/debug");
}

static void same_key(struct bench *bench)
{
    set_store(bench);
    SET(bench->probes[0].bucket.write_key, "regha/read");
}

static void store(struct bench *bench)
{
    set_store(bench);
}

static void digest(struct bench *bench)
{
    SET(bench->probes[1].read, "a/b@sha256:00");
}

static void restart(struct bench *bench)
{
    bench->registries[0].params.restart.first_ns = 2;
}

static void command_path(struct bench *bench)
{
    SET(bench->registries[0].params.argv, "bin/registry");
}

static void command_blank(struct bench *bench)
{
    SET(bench->registries[0].params.argv, "/bin/my prog");
}

static void bundle(struct bench *bench)
{
    SET(bench->registries[0].params.config, "/{bundle}/a");
}

static void set_environment(struct bench *bench, const char *texts, size_t texts_bytes)
{
    memcpy(bench->registries[0].environment, texts, texts_bytes);
    bench->registries[0].environment_bytes = (uint16_t)texts_bytes;
}

static void environment(struct bench *bench)
{
    set_environment(bench, "A=1\0LD_PRELOAD=x", sizeof("A=1\0LD_PRELOAD=x"));
}

static void environment_secret(struct bench *bench)
{
    set_environment(bench, "AWS_SESSION_TOKEN=x", sizeof("AWS_SESSION_TOKEN=x"));
}

static void environment_realm(struct bench *bench)
{
    set_environment(bench, "AUTH_TOKEN_REALM=SECRET", sizeof("AUTH_TOKEN_REALM=SECRET"));
}

static void environment_reserved(struct bench *bench)
{
    set_environment(bench,
                    "REGISTRY_STORAGE_MAINTENANCE=", sizeof("REGISTRY_STORAGE_MAINTENANCE="));
}

static void environment_twice(struct bench *bench)
{
    set_environment(bench, "A=1\0AB=1\0A=2", sizeof("A=1\0AB=1\0A=2"));
}

static void hook_root(struct bench *bench)
{
    SET(bench->settings.hooks.user, "root");
}

static void hook_blank(struct bench *bench)
{
    SET(bench->settings.hooks.on_transition, "/a b");
    bench->settings.hooks.on_transition_bytes = sizeof("/a b");
}

static void root(struct bench *bench)
{
    SET(bench->registries[0].user, "root");
}

static void ports(struct bench *bench)
{
    bench->settings.metrics.port = 9652;
}

static void metrics_off(struct bench *bench)
{
    bench->settings.metrics.port = bench->settings.cluster.port = 0;
}

static void many_open(struct bench *bench)
{
    bench->settings.breaker.max_open = 2;
}

static void half_drives(struct bench *bench)
{
    bench->settings.breaker.drives_per_set = 16;
}

static void few_drives(struct bench *bench)
{
    bench->settings.breaker.drives_per_set = 4;
    bench->settings.breaker.drives_per_node = 5;
}

static void short_answer(struct bench *bench)
{
    bench->settings.breaker.connect_timeout_ns = 800 * NS_PER_MS;
    bench->settings.breaker.answer_timeout_ns = 1500 * NS_PER_MS;
}

static void drives(struct bench *bench)
{
    bench->settings.breaker.max_open = 2;
    bench->settings.breaker.drives_per_set = 16;
    bench->settings.breaker.drives_per_node = 2;
}

static void nameless(struct bench *bench)
{
    SET(bench->probes[2].name, "");
    SET(bench->routers[0].requires[0], "lost");
}

#define NO_FAULT SETTINGS_FAULTS

static const struct row {
    const char *rule;
    void (*break_it)(struct bench *bench);
    enum settings_fault fault;
} rows[] = {
    {"names differ", node_name, SETTINGS_FAULT_TWICE},
    {"a virtual address is no node's", own_address, SETTINGS_FAULT_NODE_ADDRESS},
    {"a foreign router is no node", foreign_node, SETTINGS_FAULT_NODE_ADDRESS},
    {"this version elects IPv4", ipv6_address, SETTINGS_FAULT_IPV6},
    {"loopback is no node", loopback, SETTINGS_FAULT_NO_HOST_ADDRESS},
    {"unicast needs somebody", alone, SETTINGS_FAULT_NO_PEERS},
    {"somebody holds it", witnesses, SETTINGS_FAULT_ONLY_WITNESSES},
    {"priorities should differ", priorities, SETTINGS_FAULT_PRIORITY_TWICE},
    {"5.2.7 centiseconds", step, SETTINGS_FAULT_INTERVAL_STEP},
    {"guard >= 3 * advert_interval", short_guard, SETTINGS_FAULT_GUARD},
    {"requires is a probe", unknown_probe, SETTINGS_FAULT_UNKNOWN_PROBE},
    {"ready is a probe", unknown_ready, SETTINGS_FAULT_UNKNOWN_PROBE},
    {"shared moves nothing", shared, SETTINGS_FAULT_SHARED_REQUIRED},
    {"follows is a virtual router", unknown_router, SETTINGS_FAULT_UNKNOWN_ROUTER},
    {"one of several", no_router, SETTINGS_FAULT_WHICH_ROUTER},
    {"depends on another", itself, SETTINGS_FAULT_ITSELF},
    {"url: scheme", no_scheme, SETTINGS_FAULT_URL_SCHEME_MISSING},
    {"url: host", no_host, SETTINGS_FAULT_URL_HOST},
    {"url: as it travels", bytes, SETTINGS_FAULT_URL_BYTES},
    {"url: port", bad_port, SETTINGS_FAULT_URL_PORT},
    {"url: tcp has no usual port", tcp_without_port, SETTINGS_FAULT_URL_PORT},
    {"url: password", user, SETTINGS_FAULT_URL_USER},
    {"url: query", query, SETTINGS_FAULT_URL_QUERY},
    {"url: path", path, SETTINGS_FAULT_URL_PATH},
    {"url: tcp for http", not_http, SETTINGS_FAULT_URL_NOT_HTTP},
    {"url: http for tcp", not_tcp, SETTINGS_FAULT_URL_NOT_TCP},
    {"url: redis has a port", not_redis, SETTINGS_FAULT_URL_NOT_REDIS},
    {"redis", redis, NO_FAULT},
    {"url: ping has no name", not_ping, SETTINGS_FAULT_URL_NOT_PING},
    {"ping", ping, NO_FAULT},
    {"url: a program is absolute", not_exec, SETTINGS_FAULT_URL_NOT_EXEC},
    {"url: one word of the policy", exec_hash, SETTINGS_FAULT_URL_NOT_EXEC},
    {"arguments are an exec probe's", only_exec, SETTINGS_FAULT_ONLY_EXEC},
    {"url: a path is absolute", not_file, SETTINGS_FAULT_URL_NOT_FILE},
    {"file", file, NO_FAULT},
    {"max_age is a file's", only_file_age, SETTINGS_FAULT_ONLY_FILE},
    {"mount is a file's", only_file_mount, SETTINGS_FAULT_ONLY_FILE},
    {"check is MinIO's", only_minio, SETTINGS_FAULT_ONLY_MINIO},
    {"read is a registry's", only_registry, SETTINGS_FAULT_ONLY_REGISTRY},
    {"status is http's", only_http, SETTINGS_FAULT_ONLY_HTTP},
    {"repository:tag", reference, SETTINGS_FAULT_READ_FORM},
    {"timeout <= interval", timeout, SETTINGS_FAULT_TIMEOUT},
    {"but for cluster checks", cluster_timeout, NO_FAULT},
    {"method is http's and s3's", only_http_s3, SETTINGS_FAULT_ONLY_HTTP_S3},
    {"a bucket is s3's", only_s3, SETTINGS_FAULT_ONLY_S3},
    {"components are Harbor's", only_harbor, SETTINGS_FAULT_ONLY_HARBOR},
    {"MinIO answers everybody", no_credentials, SETTINGS_FAULT_NO_CREDENTIALS},
    {"a connection has no TLS", no_tls, SETTINGS_FAULT_NO_TLS},
    {"a certificate is for TLS", not_https, SETTINGS_FAULT_NOT_HTTPS},
    {"a key has a certificate", key_alone, SETTINGS_FAULT_KEY_ALONE},
    {"a store is signed for", incomplete, SETTINGS_FAULT_S3_INCOMPLETE},
    {"a key as it is signed", object_form, SETTINGS_FAULT_OBJECT_FORM},
    {"a header", header_form, SETTINGS_FAULT_HEADER_FORM},
    {"a JSON pointer", pointer_form, SETTINGS_FAULT_POINTER_FORM},
    {"a value is somewhere", value_alone, SETTINGS_FAULT_VALUE_ALONE},
    {"HEAD has no body", head_body, SETTINGS_FAULT_HEAD_BODY},
    {"the debug server's url", debug_url, SETTINGS_FAULT_DEBUG_URL},
    {"two objects", same_key, SETTINGS_FAULT_TWICE},
    {"a store", store, NO_FAULT},
    {"repository@digest", digest, NO_FAULT},
    {"first <= max", restart, SETTINGS_FAULT_RESTART_MAX},
    {"an absolute path", command_path, SETTINGS_FAULT_COMMAND_PATH},
    {"one word of the policy", command_blank, SETTINGS_FAULT_COMMAND_PATH},
    {"no bundle yet", bundle, SETTINGS_FAULT_BUNDLE},
    {"never root", root, SETTINGS_FAULT_ROOT},
    {"no hook as root", hook_root, SETTINGS_FAULT_HOOK_ROOT},
    {"a hook is one word of the policy", hook_blank, SETTINGS_FAULT_COMMAND_PATH},
    {"no loader's variable", environment, SETTINGS_FAULT_ENVIRONMENT},
    {"no secret in this file", environment_secret, SETTINGS_FAULT_ENVIRONMENT_SECRET},
    {"a realm is no secret", environment_realm, NO_FAULT},
    {"what regha says", environment_reserved, SETTINGS_FAULT_ENVIRONMENT_RESERVED},
    {"no variable twice", environment_twice, SETTINGS_FAULT_ENVIRONMENT_TWICE},
    {"ports differ", ports, SETTINGS_FAULT_PORT_TWICE},
    {"no port is no conflict", metrics_off, NO_FAULT},
    {"more than one needs drives", many_open, SETTINGS_FAULT_MAX_OPEN},
    {"drives come in pairs", half_drives, SETTINGS_FAULT_DRIVES_HALF},
    {"a node has no more drives than a set", few_drives, SETTINGS_FAULT_DRIVES},
    {"two connections before an answer", short_answer, SETTINGS_FAULT_ANSWER},
    {"drives and two", drives, NO_FAULT},
    {"a nameless probe may be meant", nameless, NO_FAULT},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void test_rows(void **state)
{
    struct bench *bench = malloc(sizeof(*bench));

    (void)state;
    assert_non_null(bench);
    set_right(bench);
    assert_int_equal(settings_check_all(&bench->settings, NULL, 0), 0);
    for (size_t at = 0; at < ROWS; at++) {
        struct settings_finding findings[4];
        set_right(bench);
        rows[at].break_it(bench);
        const size_t found = settings_check_all(&bench->settings, findings, 4);
        const size_t want = rows[at].fault == NO_FAULT ? 0 : 1;
        if (found != want || (want == 1 && findings[0].fault != rows[at].fault))
            fail_msg("%s: %zu findings, the first is %d, want %d", rows[at].rule, found,
                     found > 0 ? (int)findings[0].fault : -1, (int)rows[at].fault);
    }
    free(bench);
}

static void test_none_forgotten(void **state)
{
    bool seen[SETTINGS_FAULTS + 1] = {false};

    (void)state;
    for (size_t at = 0; at < ROWS; at++)
        seen[rows[at].fault] = true;
    for (size_t fault = 0; fault < SETTINGS_FAULTS; fault++)
        if (!seen[fault])
            fail_msg("fault %zu has no row", fault);
}

/* More findings than room: all are counted, only the room is written. */
static void test_room(void **state)
{
    struct bench *bench = malloc(sizeof(*bench));
    struct settings_finding findings[2] = {{.fault = SETTINGS_FAULTS}, {.fault = SETTINGS_FAULTS}};

    (void)state;
    assert_non_null(bench);
    set_right(bench);
    node_name(bench);
    ports(bench);
    assert_int_equal(settings_check_all(&bench->settings, findings, 1), 2);
    assert_int_equal(findings[0].fault, SETTINGS_FAULT_TWICE);
    assert_int_equal(findings[1].fault, SETTINGS_FAULTS);
    free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_none_forgotten),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
