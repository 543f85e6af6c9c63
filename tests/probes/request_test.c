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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_mistakes_of_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
