/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "supervisord/console/show.h"
#include "supervisord/console/show_log.h"
#include "tests/supervisord/world_fixture.h"

static struct world_fixture fixture;

static char *shown(const struct show *show, enum show_what what, bool json, int want)
{
    char *text = NULL;
    size_t bytes = 0;
    struct err err = {""};
    FILE *out = open_memstream(&text, &bytes);

    assert_int_equal(show_write(show, what, json, out, &err), want);
    fclose(out);
    if (want < 0) {
        assert_int_equal(bytes, 0);
        free(text);
        return strdup(err.text);
    }
    return text;
}

static void check(const struct show *show, enum show_what what, const char *name)
{
    char *text = shown(show, what, false, 0), *json = shown(show, what, true, 0), file[64];
    struct json_object *parsed = json_tokener_parse(json);

    snprintf(file, sizeof(file), "show_%s.txt", name);
    golden_check(file, text);
    snprintf(file, sizeof(file), "show_%s.json", name);
    golden_check(file, json);
    assert_non_null(parsed);
    json_object_put(parsed);
    free(text);
    free(json);
}

static void test_golden(void **state)
{
    static const struct {
        enum show_what what;
        const char *name;
    } rows[] = {
        {SHOW_INFO, "info"},           {SHOW_HEALTH, "health"},     {SHOW_NODES, "nodes"},
        {SHOW_ROUTERS, "routers"},     {SHOW_GUARD, "guard"},       {SHOW_VIPS, "vips"},
        {SHOW_PROBES, "probes"},       {SHOW_BREAKERS, "breakers"}, {SHOW_REGISTRIES, "registries"},
        {SHOW_PROCESSES, "processes"}, {SHOW_HISTORY, "history"},   {SHOW_EVENTS, "events"},
        {SHOW_CONFIG, "config"},       {SHOW_ERRORS, "errors"},
    };
    struct show show = {.world = &fixture.world};

    (void)state;
    world_fixture_init(&fixture);
    show.now = fixture.now;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&show, rows[i].what, rows[i].name);
    show.argument = "minio-write";
    check(&show, SHOW_PROBES, "probe");
}

/* Before anybody has reported, and with nothing configured, there is still an answer. */
static void test_unknown(void **state)
{
    struct show show = {.world = &fixture.world};
    char *text;

    (void)state;
    world_fixture_init(&fixture);
    show.now = fixture.now;
    fixture.routers[0].known = fixture.routers[0].kernel_known = false;
    fixture.registries[0].known = false;
    fixture.probes.states[0].attempts = 0;
    fixture.probes.states[0].health = PROBE_UNKNOWN;
    fixture.probes.states[0].changed = fixture.probes.states[0].ended = (struct monotime){0};
    fixture.peers[0].seen.ns = 0;
    fixture.peers[0].reachable = false;
    check(&show, SHOW_ROUTERS, "routers_unknown");
    check(&show, SHOW_VIPS, "vips_unknown");
    check(&show, SHOW_GUARD, "guard_unknown");
    check(&show, SHOW_PROBES, "probes_unknown");
    check(&show, SHOW_REGISTRIES, "registries_unknown");
    check(&show, SHOW_NODES, "nodes_unknown");
    fixture.world.router_count = fixture.world.registry_count = fixture.world.node_count = 0;
    fixture.world.event_count = 0;
    fixture.world.probes = NULL;
    fixture.settings.self = SETTINGS_NO_NODE;
    for (int what = 0; what < SHOW_WHATS; what++) {
        text = shown(&show, (enum show_what)what, false, 0);
        assert_true(strlen(text) > 0);
        free(text);
    }
}

static void test_arguments(void **state)
{
    static const struct {
        enum show_what what;
        const char *argument;
        int want;
        const char *sentence;
    } rows[] = {
        {SHOW_PROBES, "minio-wirte", -ENOENT,
         "there is no probe \"minio-wirte\", the nearest name is minio-write"},
        {SHOW_PROBES, "xxxxxxxxxxxxxx", -ENOENT,
         "there is no probe \"xxxxxxxxxxxxxx\"; see show probes"},
        {SHOW_HISTORY, "0", -EINVAL, "\"0\" is no number of lines, must be 1 to 512"},
        {SHOW_HISTORY, "-1", -EINVAL, "\"-1\" is no number of lines, must be 1 to 512"},
        {SHOW_HISTORY, "513", -EINVAL, "\"513\" is no number of lines, must be 1 to 512"},
        {SHOW_EVENTS, "1x", -EINVAL, "\"1x\" is no number of lines, must be 1 to 512"},
        {SHOW_EVENTS, "99999999999999999999", -EINVAL,
         "\"99999999999999999999\" is no number of lines, must be 1 to 512"},
    };

    (void)state;
    world_fixture_init(&fixture);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct show show = {&fixture.world, fixture.now, rows[i].argument, NULL};
        char *sentence = shown(&show, rows[i].what, false, rows[i].want);

        assert_string_equal(sentence, rows[i].sentence);
        free(sentence);
    }
}

static void test_last_events(void **state)
{
    const struct show show = {&fixture.world, fixture.now, "1", NULL};
    char *text;

    (void)state;
    world_fixture_init(&fixture);
    text = shown(&show, SHOW_HISTORY, false, 0);
    assert_null(strstr(text, "backup"));
    assert_non_null(strstr(text, "running"));
    free(text);
    text = shown(&show, SHOW_EVENTS, false, 0);
    assert_null(strstr(text, "running"));
    assert_non_null(strstr(text, "decision"));
    free(text);
}

/* clear counters: show errors counts from there; a counter that began again counts whole. */
static void test_baseline(void **state)
{
    struct show show = {.world = &fixture.world};
    struct show_baseline *baseline;
    char *text;

    (void)state;
    world_fixture_init(&fixture);
    baseline = show_log_baseline(&fixture.world);
    assert_non_null(baseline);
    show.baseline = baseline;
    text = shown(&show, SHOW_ERRORS, false, 0);
    assert_string_equal(text, "no errors\n");
    free(text);
    fixture.routers[0].counters.discarded[VRRP_DROP_FOREIGN_SOURCE] += 4;
    fixture.probes.states[1].failures[PROBE_REASON_STATUS] = 2;
    text = shown(&show, SHOW_ERRORS, false, 0);
    assert_string_equal(text, "COUNT  KIND    NAME           WHAT\n"
                              "    4  router  registry/ipv4  discarded foreign-source\n"
                              "    2  probe   minio-write    failed status\n");
    free(text);
    show_log_baseline_free(baseline);
}

static void test_environment(void **state)
{
    const struct show show = {&fixture.world, fixture.now, NULL, NULL};
    char *text;

    (void)state;
    world_fixture_init(&fixture);
    setenv("REGHA_TEST_WORD", "plain", 1);
    setenv("REGISTRY_HTTP_Secret", "hidden-value", 1);
    setenv("AWS_ACCESS_KEY_ID", "hidden-value", 1);
    text = shown(&show, SHOW_ENV, false, 0);
    assert_non_null(strstr(text, "plain"));
    assert_non_null(strstr(text, "REGISTRY_HTTP_Secret"));
    assert_null(strstr(text, "hidden-value"));
    free(text);
}

static void test_status(void **state)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    struct json_object *parsed;

    (void)state;
    world_fixture_init(&fixture);
    assert_int_equal(show_write_status(&fixture.world, fixture.now, out), 0);
    fclose(out);
    golden_check("status.json", text);
    parsed = json_tokener_parse(text);
    assert_int_equal(json_object_object_length(parsed), 11);
    json_object_put(parsed);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),    cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_arguments), cmocka_unit_test(test_last_events),
        cmocka_unit_test(test_baseline),  cmocka_unit_test(test_environment),
        cmocka_unit_test(test_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
