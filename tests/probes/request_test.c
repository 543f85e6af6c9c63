/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked for which parameters, and what is a mistake in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probes/message.h"
#include "probes/request.h"

#define HTTP     PROBE_TYPE_HTTP
#define MINIO    PROBE_TYPE_MINIO
#define REGISTRY PROBE_TYPE_REGISTRY
#define TCP      PROBE_TYPE_TCP

static struct probe_params params_of(enum probe_type type, const char *url, const char *read)
{
    struct probe_params params = {.name = "probe",
                                  .type = (uint8_t)type,
                                  .interval_ns = 1,
                                  .timeout_ns = 1,
                                  .rise = 1,
                                  .fall = 1,
                                  .status_count = 1,
                                  .status = {{200, 399}}};

    snprintf(params.url, sizeof(params.url), "%s", url);
    snprintf(params.read, sizeof(params.read), "%s", read);
    return params;
}

static const struct {
    enum probe_type type;
    enum probe_check check;
    unsigned step;
    const char *url, *read, *wanted;
} urls[] = {
    {HTTP, 0, 0, "http://h/a?b=c", "", "http://h/a?b=c"},
    {MINIO, PROBE_CHECK_LIVE, 0, "http://h:9000", "", "http://h:9000/minio/health/live"},
    {MINIO, PROBE_CHECK_READY, 0, "http://h:9000/", "", "http://h:9000/minio/health/ready"},
    {MINIO, PROBE_CHECK_CLUSTER, 0, "https://h", "", "https://h/minio/health/cluster"},
    {MINIO, PROBE_CHECK_CLUSTER_READ, 0, "http://h", "", "http://h/minio/health/cluster/read"},
    {MINIO, PROBE_CHECK_MAINTENANCE, 0, "http://h", "",
     "http://h/minio/health/cluster?maintenance=true"},
    {REGISTRY, 0, PROBE_REQUEST_PING, "http://h:5000/", "a/b:c", "http://h:5000/v2/"},
    {REGISTRY, 0, PROBE_REQUEST_READ, "http://h:5000/", "a/b:c",
     "http://h:5000/v2/a/b/manifests/c"},
    {REGISTRY, 0, PROBE_REQUEST_READ, "http://h", "a/b", "http://h/v2/a/b/manifests/latest"},
    {REGISTRY, 0, PROBE_REQUEST_READ, "http://h", "a@sha256:00", "http://h/v2/a/blobs/sha256:00"},
    {REGISTRY, 0, PROBE_REQUEST_READ, "http://h/base", "",
     "http://h/base/v2/regha/probe/manifests/latest"},
    {TCP, 0, 0, "tcp://h:5000", "", "http://h:5000"},
    {TCP, 0, 0, "tcp://[fd00::1]:5000/", "", "http://[fd00::1]:5000"},
};

static void test_urls(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(urls) / sizeof(urls[0]); at++) {
        struct probe_params params = params_of(urls[at].type, urls[at].url, urls[at].read);
        char url[PROBE_REQUEST_BYTES];

        params.check = (uint8_t)urls[at].check;
        assert_null(probe_request_mistake(&params));
        probe_request_url(&params, urls[at].step, url);
        assert_string_equal(url, urls[at].wanted);
    }
}

static const struct {
    enum probe_type type;
    const char *url, *read, *wanted; /* the words that must be in it; NULL: no mistake */
} mistakes[] = {
    {HTTP, "http://10.0.0.1", "", NULL},
    {HTTP, "https://[::1]:5000/x", "", NULL},
    {HTTP, "http://[::1]/", "", NULL},
    {TCP, "tcp://[::1]:1", "", NULL},
    {REGISTRY, "http://h", "a.b/c_d-e:1.0-rc", NULL},
    {HTTP, "", "", "http://"},
    {HTTP, "ftp://h", "", "http://"},
    {HTTP, "tcp://h:1", "", "http://"},
    {TCP, "http://h:1", "", "tcp://"},
    {HTTP, "http://", "", "no host"},
    {HTTP, "http:///x", "", "no host"},
    {HTTP, "http://:80", "", "no host"},
    {HTTP, "http://h:0", "", "65535"},
    {HTTP, "http://h:", "", "65535"},
    {HTTP, "http://h:65536", "", "65535"},
    {HTTP, "http://h:99999999999999999999", "", "65535"},
    {HTTP, "http://h:8x", "", "65535"},
    {HTTP, "http://::1:80", "", "brackets"},
    {HTTP, "http://[::1", "", "brackets"},
    {HTTP, "http://::1]:80", "", "brackets"},
    {HTTP, "http://u:p@h", "", "user"},
    {HTTP, "http://h/a b", "", "space"},
    {HTTP, "http://h\r\nHost: x", "", "space"},
    {HTTP, "http://h\xc3\xa4", "", "ASCII"},
    {MINIO, "http://h?x", "", "query"},
    {REGISTRY, "http://h#x", "", "query"},
    {TCP, "tcp://h", "", "no port"},
    {TCP, "tcp://[::1]", "", "no port"},
    {TCP, "tcp://h:1/x", "", "path"},
    {REGISTRY, "http://h", ":tag", "no repository"},
    {REGISTRY, "http://h", "/a:tag", "no repository"},
    {REGISTRY, "http://h", "a:", "no tag"},
    {REGISTRY, "http://h", "a?b:c", "repository:tag"},
    {REGISTRY, "http://h", "../../x:c", "repository:tag"},
};

static void test_mistakes(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(mistakes) / sizeof(mistakes[0]); at++) {
        const struct probe_params params =
            params_of(mistakes[at].type, mistakes[at].url, mistakes[at].read);
        const char *const got = probe_request_mistake(&params), *const wanted = mistakes[at].wanted;

        if ((got == NULL) != (wanted == NULL) || (wanted != NULL && strstr(got, wanted) == NULL))
            fail_msg("%s %s: %s", params.url, params.read, got != NULL ? got : "no mistake");
    }
}

static void test_mistakes_of_numbers(void **unused)
{
    struct probe_params params = params_of(HTTP, "http://h", "");

    (void)unused;
    assert_null(probe_request_mistake(&params));
    params.rise = 0;
    assert_non_null(probe_request_mistake(&params));
    params = params_of(HTTP, "http://h", "");
    params.timeout_ns = 0;
    assert_non_null(probe_request_mistake(&params));
    params = params_of(HTTP, "http://h", "");
    params.status[0].least = 400;
    assert_non_null(probe_request_mistake(&params));
    params = params_of(HTTP, "http://h", "");
    params.type = PROBE_TYPES;
    assert_non_null(probe_request_mistake(&params));
    params = params_of(MINIO, "http://h", "");
    params.check = PROBE_CHECK_MAINTENANCE + 1;
    assert_non_null(probe_request_mistake(&params));
}

static struct probe_params store(void)
{
    struct probe_params params = params_of(PROBE_TYPE_S3, "https://[fd00::1]:9000/", "");

    params.bucket = (struct probe_bucket){"registry", "us-east-1", "regha/read", "regha/write"};
    memcpy(params.credentials, "store", sizeof("store"));
    return params;
}

static void test_store(void **unused)
{
    struct probe_params params = store();
    char url[PROBE_REQUEST_BYTES];

    (void)unused;
    assert_null(probe_request_mistake(&params));
    probe_request_url(&params, PROBE_REQUEST_PING, url);
    assert_string_equal(url, "https://[fd00::1]:9000/registry/regha/read");
    probe_request_url(&params, PROBE_REQUEST_WRITE, url);
    assert_string_equal(url, "https://[fd00::1]:9000/registry/regha/write");
    params.credentials[0] = '\0';
    assert_string_equal(probe_request_mistake(&params), "it has no credentials");
    params = store();
    params.bucket.write_key[6] = params.bucket.read_key[6] = '\0';
    params.bucket.write_key[5] = params.bucket.read_key[5] = 'x';
    assert_string_equal(probe_request_mistake(&params), "its write_key is its read_key");
    params = store();
    params.bucket.name[3] = '/';
    assert_non_null(strstr(probe_request_mistake(&params), "its bucket"));
    params = store();
    params.bucket.read_key[0] = '/';
    assert_non_null(strstr(probe_request_mistake(&params), "its read_key"));
    params = store();
    params.bucket.write_key[2] = '?';
    assert_non_null(strstr(probe_request_mistake(&params), "its write_key"));
}

static const struct {
    enum probe_type type;
    const char *url, *name, *wanted, *connect_to;
} named[] = {
    {PROBE_TYPE_HTTP, "https://[fd00::1]:5443/x?y#z", "a.example", "https://a.example:5443/x?y#z",
     "a.example:5443:[fd00::1]:5443"},
    {PROBE_TYPE_HTTP, "https://10.0.0.1/", "a.example", "https://a.example/",
     "a.example:443:10.0.0.1:443"},
    {PROBE_TYPE_HTTP, "http://h/a:b", "n", "http://n/a:b", "n:80:h:80"},
    {PROBE_TYPE_MINIO, "https://h:9000/", "n", "https://n:9000/minio/health/live", "n:9000:h:9000"},
    {PROBE_TYPE_HARBOR, "https://h", "n", "https://n/api/v2.0/health", "n:443:h:443"},
    {PROBE_TYPE_HARBOR, "http://h:80/", "", "http://h:80/api/v2.0/health", ""},
};

static void test_server_names(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(named) / sizeof(named[0]); at++) {
        struct probe_params params = params_of(named[at].type, named[at].url, "");
        char text[PROBE_REQUEST_BYTES];

        memcpy(params.server_name, named[at].name, strlen(named[at].name) + 1);
        probe_request_url(&params, 0, text);
        assert_string_equal(text, named[at].wanted);
        probe_request_connect_to(&params, text);
        assert_string_equal(text, named[at].connect_to);
    }
}

static void test_token_urls(void **unused)
{
    struct probe_params params = params_of(REGISTRY, "http://h", "lib.rary/a_b-c:1.0");
    struct probe_challenge challenge = {PROBE_SCHEME_BEARER, "https://auth/t", "a registry&x=1"};
    char url[PROBE_REQUEST_BYTES];

    (void)unused;
    assert_true(probe_request_token_url(&params, &challenge, url));
    assert_string_equal(url, "https://auth/t?service=a%20registry%26x%3D1&"
                             "scope=repository%3Alib.rary%2Fa_b-c%3Apull");
    challenge = (struct probe_challenge){PROBE_SCHEME_BEARER, "https://auth/t?a=b", ""};
    params.read[0] = '\0';
    assert_true(probe_request_token_url(&params, &challenge, url));
    assert_string_equal(url, "https://auth/t?a=b&scope=repository%3Aregha%2Fprobe%3Apull");
    /* The longest of each has room. */
    memset(challenge.realm, 'a', sizeof(challenge.realm) - 1);
    memset(challenge.service, '&', sizeof(challenge.service) - 1);
    memset(params.read, '/', sizeof(params.read) - 1);
    assert_true(probe_request_token_url(&params, &challenge, url));
}

static void test_debug_urls(void **unused)
{
    struct probe_params params = params_of(REGISTRY, "http://h", "");
    char url[PROBE_REQUEST_BYTES];

    (void)unused;
    memcpy(params.debug_url, "http://127.0.0.1:5001/", sizeof("http://127.0.0.1:5001/"));
    probe_request_url(&params, PROBE_REQUEST_HEALTH, url);
    assert_string_equal(url, "http://127.0.0.1:5001/debug/health");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_mistakes_of_numbers),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_server_names),
        cmocka_unit_test(test_token_urls),
        cmocka_unit_test(test_debug_urls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
