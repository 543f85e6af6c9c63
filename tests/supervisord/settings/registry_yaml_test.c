/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a registry's own configuration says, in the forms of 2.8 and 3, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/monotime.h"
#include "supervisord/settings/registry_yaml.h"

#define HEAD "version: 0.1\n"
#define S3   "storage: {s3: {bucket: b, regionendpoint: \"127.0.0.1:9000\"}}\n"
#define HTTP "http: {addr: \":5000\"}\n"

static struct registry_facts read_right(const char *text)
{
    struct registry_facts facts;
    struct err err = {""};

    if (registry_yaml_read(text, strlen(text), &facts, &err) != 0)
        fail_msg("%s in\n%s", err.text, text);
    return facts;
}

struct wrong_row {
    const char *rule;
    const char *text;
    const char *said;
};

static void test_wrong(void **state)
{
    static const struct wrong_row rows[] = {
        {"empty", "", "is empty"},
        {"a comment", "# nothing\n",
         "line 1: version: is missing, so this is no registry's configuration"},
        {"another file", "nodes: 3\n",
         "line 1: version: is missing, so this is no registry's configuration"},
        {"a list", "- a\n", "line 1: is a list, must be a registry's configuration"},
        {"a word", "registry\n", "line 1: is one value, must be a registry's configuration"},
        {"no addr", HEAD S3, "line 1: http.addr: is missing, must be host:port as in \":5000\""},
        {"addr without port", HEAD S3 "http:\n  addr: localhost\n",
         "line 4: http.addr: is \"localhost\", must be host:port as in \":5000\""},
        {"addr with a named port", HEAD "http: {addr: \":http\"}",
         "line 2: http.addr: is \":http\", must be host:port as in \":5000\""},
        {"addr with a blank", HEAD "http: {addr: \"my host:5000\"}",
         "line 2: http.addr: is \"my host:5000\", must be host:port as in \":5000\""},
        {"a socket file", HEAD "http: {net: unix}", "line 2: http.net: is \"unix\", must be tcp"},
        {"no storage", HEAD HTTP, "line 1: storage: is missing, must have a driver"},
        {"two drivers", HEAD "storage: {s3: {bucket: b}, filesystem: {rootdirectory: /a}}",
         "line 2: storage: has both s3 and filesystem, must have one driver"},
        {"an alias", HEAD "a: &x 1\nb: *x\n",
         "line 3: an alias (*name) is not supported here, write the value itself"},
        {"a bomb", "a: &a [x,x]\nb: &b [*a,*a]\n",
         "line 2: an alias (*name) is not supported here, write the value itself"},
        {"a tab", HEAD "http:\n\taddr: :5000\n",
         "line 3: is no YAML: found character that cannot start any token"},
        {"a secret is not shown", HEAD "http:\n  secret: \"abc\n",
         "line 4: is no YAML: found unexpected end of stream"},
        {"a relative path", HEAD "http: {tls: {certificate: tls.pem}}",
         "line 2: http.tls.certificate: is \"tls.pem\", must be an absolute path"},
        {"a span without unit", HEAD "http: {draintimeout: 60}",
         "line 2: http.draintimeout: is \"60\", must be a duration as in \"30s\""},
        {"a long span", HEAD "http: {draintimeout: 25h}",
         "line 2: http.draintimeout: is \"25h\", must be at most \"24h\""},
        {"a mapping as a name", HEAD "? {a: b}\n: c\n",
         "line 2: a list or a mapping as a name is not supported"},
        {"not UTF-8", HEAD "a: \xff\n", "line 1: is no YAML: invalid leading UTF-8 octet"},
        {"control characters", HEAD "storage: {s3: {bucket: \"a\\nb\"}}",
         "line 2: storage.s3.bucket: holds a control character"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct registry_facts facts;
        struct err err = {""};
        const int result = registry_yaml_read(rows[at].text, strlen(rows[at].text), &facts, &err);
        if (result != -EINVAL || strcmp(err.text, rows[at].said) != 0)
            fail_msg("%s: got %d, %s; want %s", rows[at].rule, result, err.text, rows[at].said);
    }
}

static void check_refused(const char *rule, const char *text, size_t length_bytes, const char *said)
{
    struct registry_facts facts;
    struct err err = {""};

    if (registry_yaml_read(text, length_bytes, &facts, &err) != -EINVAL || !strstr(err.text, said))
        fail_msg("%s: got %s, want %s", rule, err.text, said);
}

static void test_bounds(void **state)
{
    const size_t room = REGISTRY_YAML_BYTES_MAX + 1;
    char *text = malloc(room);

    (void)state;
    assert_non_null(text);
    memset(text, ' ', room);
    check_refused("too big", text, room, "has 1048577 bytes");
    memset(text, '[', 1000);
    memcpy(text, "a: ", 3);
    check_refused("too deep", text, 1000, "nested deeper than 24");
    for (size_t at = 1; at + 1 < room; at += 2)
        memcpy(text + at, "1,", 2);
    memcpy(text, "a: [1", 5);
    check_refused("too many", text, room - 1, "has more than 20000 values");
    memset(text, 'k', 100);
    memcpy(text + 100, ": 1", 3);
    check_refused("a long name", text, 103, "a name has 100 characters");
    check_refused("NUL", "version: \"a\\0b\"", 15, "holds a NUL character");
    free(text);
}

static void test_distribution_2(void **state)
{
    const struct registry_facts facts =
        read_right("version: 0.1\n"
                   "log: {fields: {service: registry}}\n"
                   "storage:\n"
                   "  cache: {blobdescriptor: inmemory}\n"
                   "  s3:\n"
                   "    region: us-east-1\n"
                   "    regionendpoint: https://minio.example.org:9000/\n"
                   "    skipverify: true\n"
                   "    bucket: registry\n"
                   "    accesskey: A\n"
                   "    secretkey: hidden\n"
                   "  maintenance:\n"
                   "    uploadpurging: {enabled: true}\n"
                   "    readonly: {enabled: true}\n"
                   "http:\n"
                   "  addr: 10.0.0.100:5000\n"
                   "  secret: hidden\n"
                   "  draintimeout: 1m30s\n"
                   "  tls: {certificate: /c.pem, key: /k.pem, clientcas: [/a.pem, /b.pem]}\n"
                   "  debug: {addr: localhost:5001}\n"
                   "auth: {htpasswd: {realm: r, path: /htpasswd}}\n"
                   "middleware: {storage: [{name: cloudfront, options: {privatekey: /cf.pem}}]}\n"
                   "proxy: {remoteurl: https://registry-1.docker.io}\n");
    static const char files[] = "/c.pem\0/k.pem\0/a.pem\0/b.pem\0/htpasswd\0/cf.pem";

    (void)state;
    assert_string_equal(facts.addr, "10.0.0.100:5000");
    assert_string_equal(facts.host, "10.0.0.100");
    assert_int_equal(facts.port, 5000);
    assert_true(facts.tls && facts.client_certificates && facts.has_secret && facts.readonly);
    assert_true(facts.is_proxy && !facts.endpoint_verify);
    assert_int_equal(facts.drain_ns, 90 * NS_PER_S);
    assert_string_equal(facts.auth, "htpasswd");
    assert_string_equal(facts.storage, "s3");
    assert_string_equal(facts.endpoint, "https://minio.example.org:9000");
    assert_string_equal(facts.bucket, "registry");
    assert_int_equal(facts.files_bytes, sizeof(files));
    assert_memory_equal(facts.files, files, sizeof(files));
}

static void test_distribution_3(void **state)
{
    const struct registry_facts facts =
        read_right("version: 0.1\n"
                   "storage:\n"
                   "  s3: {region: us-east-1, regionendpoint: 'minio:9000', bucket: registry,\n"
                   "       forcepathstyle: true, secure: false}\n"
                   "  tag: {concurrencylimit: 8}\n"
                   "http: {addr: '[::]:5000', tls: {letsencrypt: {cachefile: /x, email: a@b}}}\n"
                   "auth: {token: {rootcertbundle: /root.pem, jwks: /jwks.json}}\n"
                   "redis: {tls: {certificate: /r.pem, key: /rk.pem, clientcas: [/ra.pem]}}\n");

    (void)state;
    assert_string_equal(facts.host, "::");
    assert_true(facts.tls && !facts.client_certificates && !facts.has_secret && !facts.readonly);
    assert_string_equal(facts.endpoint, "http://minio:9000");
    assert_true(facts.endpoint_verify);
    assert_string_equal(facts.auth, "token");
    assert_string_equal(facts.files, "/root.pem");
    assert_int_equal(facts.files_bytes, sizeof("/root.pem\0/jwks.json\0/r.pem\0/rk.pem\0/ra.pem"));
}

static void test_forms(void **state)
{
    struct registry_facts facts = read_right(HEAD "storage: inmemory\nauth: silly\n" HTTP);

    (void)state;
    assert_string_equal(facts.storage, "inmemory");
    assert_string_equal(facts.auth, "silly");
    assert_string_equal(facts.host, "");
    facts = read_right(HEAD S3 HTTP "auth: {none: {}}\n");
    assert_string_equal(facts.auth, "");
    /* Without a scheme it is https unless told otherwise, as the driver has it. */
    assert_string_equal(facts.endpoint, "https://127.0.0.1:9000");
    facts = read_right(HEAD "storage: {s3: {bucket: b}}\nhttp: {addr: \":5000\", secret: ~, "
                            "tls: {certificate: , key: null}}\n");
    assert_string_equal(facts.endpoint, "");
    assert_false(facts.has_secret || facts.tls);
    /* The first document is the registry's. */
    facts = read_right(HEAD S3 HTTP "---\nversion: 0.2\nhttp: {addr: nonsense}\n");
    assert_int_equal(facts.port, 5000);
    /* The parser ends at the length, not at a NUL. */
    assert_int_equal(facts.files_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong),          cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_distribution_2), cmocka_unit_test(test_distribution_3),
        cmocka_unit_test(test_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
