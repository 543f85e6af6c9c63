/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "supervisord/console/html.h"
#include "supervisord/console/http_page.h"
#include "supervisord/console/page.h"
#include "tests/supervisord/world_fixture.h"

#define WALL_NS (INT64_C(1795361700) * NS_PER_S)

static struct world_fixture fixture;

static struct http_page_answer ask(const char *method, const char *path, const char *vrouter)
{
    const struct http_page_request request = {method, path, NULL, vrouter, false};
    struct http_page_answer answer =
        http_page_answer(&fixture.world, &request, fixture.now, WALL_NS);

    assert_non_null(answer.body);
    return answer;
}

static void expect(const char *method, const char *path, unsigned status, const char *body)
{
    struct http_page_answer answer = ask(method, path, NULL);

    print_message("%s %s\n", method, path);
    assert_int_equal(answer.status, status);
    assert_string_equal(answer.body, body);
    free(answer.body);
}

static void expect_role(const char *path, const char *vrouter, unsigned status, const char *body)
{
    struct http_page_answer answer = ask("GET", path, vrouter);

    print_message("%s?vrouter=%s\n", path, vrouter ? vrouter : "");
    assert_int_equal(answer.status, status);
    assert_string_equal(answer.body, body);
    free(answer.body);
}

static void test_routes(void **state)
{
    static const char *const ways = "not here; there are /, /metrics, /api/v1/status, /active, "
                                    "/backup, /ready, /live and /health\n";
    const char *only = "only GET and HEAD are answered here\n";

    (void)state;
    world_fixture_init(&fixture);
    expect("GET", "/live", 200, "live\n");
    expect("HEAD", "/live", 200, "live\n");
    expect("OPTIONS", "/live", 200, "live\n");
    expect("OPTIONS", "/metrics", 405, only);
    expect("POST", "/metrics", 405, only);
    expect("get", "/live", 405, only);
    expect("", "/", 405, only);
    expect("GET", "/nothing", 404, ways);
    expect("GET", "", 404, ways);
    expect("GET", "/live/", 404, ways);
    expect("GET", "/../etc/passwd", 404, ways);
}

static void test_body(void **state)
{
    const struct http_page_request request = {"POST", "/live", NULL, NULL, true};
    struct http_page_answer answer;

    (void)state;
    world_fixture_init(&fixture);
    answer = http_page_answer(&fixture.world, &request, fixture.now, WALL_NS);
    assert_int_equal(answer.status, 413);
    free(answer.body);
}

static void test_types(void **state)
{
    static const struct {
        const char *path, *accept, *type;
    } rows[] = {
        {"/", NULL, "text/html; charset=utf-8"},
        {"/api/v1/status", NULL, "application/json"},
        {"/metrics", NULL, "text/plain; version=0.0.4; charset=utf-8"},
        {"/metrics", "text/plain", "text/plain; version=0.0.4; charset=utf-8"},
        {"/metrics", "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5",
         "application/openmetrics-text; version=1.0.0; charset=utf-8"},
        {"/live", NULL, "text/plain; charset=utf-8"},
    };

    (void)state;
    world_fixture_init(&fixture);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct http_page_request request = {"GET", rows[i].path, rows[i].accept, NULL, false};
        struct http_page_answer answer =
            http_page_answer(&fixture.world, &request, fixture.now, WALL_NS);

        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.type, rows[i].type);
        free(answer.body);
    }
}

/* "registry" is Active and "storage" is Backup here. */
static void test_roles(void **state)
{
    (void)state;
    world_fixture_init(&fixture);
    expect_role("/active", NULL, 200, "active\n");
    expect_role("/backup", NULL, 503, "not backup\n");
    expect_role("/active", "registry", 200, "active\n");
    expect_role("/active", "storage", 503, "not active\n");
    expect_role("/backup", "storage", 200, "backup\n");
    expect_role("/backup", "registry", 503, "not backup\n");
    expect_role("/active", "other", 404, "there is no such virtual router\n");
    fixture.routers[0].status.state = VRRP_BACKUP;
    expect_role("/active", NULL, 503, "not active\n");
    expect_role("/backup", NULL, 200, "backup\n");
    fixture.routers[0].known = fixture.routers[1].known = false;
    expect_role("/active", NULL, 503, "not active\n");
    expect_role("/backup", NULL, 503, "not backup\n");
}

static void test_ready_and_health(void **state)
{
    struct http_page_answer answer;

    (void)state;
    world_fixture_init(&fixture);
    expect("GET", "/ready", 200, "ready\n");
    fixture.routers[1].known = false;
    expect("GET", "/ready", 503, "not ready\n");
    world_fixture_init(&fixture);
    fixture.world.processes[WORLD_NET].connected = false;
    expect("GET", "/ready", 503, "not ready\n");
    expect("GET", "/live", 200, "live\n");
    answer = ask("GET", "/health", NULL);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.body, "down: regha-net is away"));
    free(answer.body);
    world_fixture_init(&fixture);
    answer = ask("GET", "/health", NULL);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "degraded: "));
    free(answer.body);
}

static void test_page(void **state)
{
    struct http_page_answer answer;

    (void)state;
    world_fixture_init(&fixture);
    answer = ask("GET", "/", NULL);
    assert_int_equal(answer.status, 200);
    golden_check("page.html", answer.body);
    free(answer.body);
}

/* What others may choose (a probe's answer, names) is text on the page, never markup. */
static void test_escaped(void **state)
{
    static const char evil[] = "<script>alert('1')</script>&\"";
    struct http_page_answer answer;
    char text[256];
    FILE *out = fmemopen(text, sizeof(text), "w");

    (void)state;
    html_write(evil, out);
    fclose(out);
    assert_string_equal(text, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;");
    world_fixture_init(&fixture);
    snprintf(fixture.probes.states[1].text, PROBE_TEXT_BYTES, "%s", evil);
    snprintf(fixture.nodes[1].name, SETTINGS_NAME_BYTES, "%s", evil);
    snprintf(fixture.settings.cluster.name, SETTINGS_NAME_BYTES, "%s", evil);
    snprintf(fixture.events[0].text, sizeof(fixture.events[0].text), "%s", evil);
    snprintf(fixture.registries[0].why, sizeof(fixture.registries[0].why), "%s", evil);
    answer = ask("GET", "/", NULL);
    assert_null(strstr(answer.body, "<script"));
    assert_non_null(strstr(answer.body, "&lt;script&gt;"));
    free(answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_ready_and_health),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
