/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/goal_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/monotime.h"

#define SET_LIST(params, list, text)                                                               \
    do {                                                                                           \
        memcpy((params)->list, text, sizeof(text) - 1);                                            \
        (params)->list##_bytes = sizeof(text) - 1;                                                 \
    } while (0)

static struct registry_goal sound(void)
{
    struct registry_goal goal = {
        .params = {.name = "registry-1", .config = "/etc/registry.yml", .drain_ns = NS_PER_S}};

    SET_LIST(&goal.params, argv, "/usr/bin/docker-registry\0serve\0/etc/registry.yml\0");
    SET_LIST(&goal.params, environment, "REGISTRY_HTTP_SECRET=a=b\0EMPTY=\0");
    SET_LIST(&goal.params, files, "/etc/htpasswd\0");
    return goal;
}

static void sound_goal(void **state)
{
    struct registry_goal goal = sound();

    (void)state;
    assert_null(registry_goal_check_fault(&goal));
    goal.params.environment_bytes = 0;
    goal.params.files_bytes = 0;
    assert_null(registry_goal_check_fault(&goal));
}

static void names(void **state)
{
    static const char *const bad[] = {"",   ".",   "..",  "../x", "a/b",
                                      "-a", "a b", "a\n", "a@b",  "\xc3"};

    (void)state;
    for (size_t at = 0; at < sizeof(bad) / sizeof(bad[0]); at++)
        assert_false(registry_goal_check_name(bad[at]));
    assert_true(registry_goal_check_name("Registry_1.b-c"));
}

/* Each one alone must be seen. */
static void mistakes(void **state)
{
    struct registry_goal goal;

    (void)state;
    goal = sound();
    goal.params.name[0] = '/';
    assert_non_null(registry_goal_check_fault(&goal));

    goal = sound();
    goal.params.config[0] = 'x';
    assert_non_null(registry_goal_check_fault(&goal));

    goal = sound();
    goal.params.argv_bytes--; /* the last one has no end */
    assert_non_null(registry_goal_check_fault(&goal));

    goal = sound();
    goal.params.argv_bytes = 0;
    assert_non_null(registry_goal_check_fault(&goal));

    goal = sound();
    goal.params.argv_bytes = REGISTRY_LIST_BYTES + 1;
    assert_non_null(registry_goal_check_fault(&goal));

    goal = sound();
    SET_LIST(&goal.params, argv, "docker-registry\0");
    assert_non_null(registry_goal_check_fault(&goal));

    goal = sound();
    SET_LIST(&goal.params, environment, "NOVALUE\0");
    assert_non_null(registry_goal_check_fault(&goal));

    goal = sound();
    SET_LIST(&goal.params, environment, "A=b\0=c\0");
    assert_non_null(registry_goal_check_fault(&goal));

    goal = sound();
    SET_LIST(&goal.params, environment, "A=b\0\0");
    assert_non_null(registry_goal_check_fault(&goal));

    goal = sound();
    SET_LIST(&goal.params, files, "/a\0b\0");
    assert_non_null(registry_goal_check_fault(&goal));

    goal = sound();
    goal.params.drain_ns = 3601 * NS_PER_S;
    assert_non_null(registry_goal_check_fault(&goal));

    goal = sound();
    goal.params.restart.first_ns = 1;
    assert_non_null(registry_goal_check_fault(&goal));
}

static void too_many_texts(void **state)
{
    struct registry_goal goal = sound();

    (void)state;
    for (size_t at = 0; at < REGISTRY_GOAL_TEXTS_MAX; at++)
        memcpy(goal.params.argv + 2 * at, "/", 2);
    goal.params.argv_bytes = 2 * REGISTRY_GOAL_TEXTS_MAX;
    assert_null(registry_goal_check_fault(&goal));
    memcpy(goal.params.argv + goal.params.argv_bytes, "/", 2);
    goal.params.argv_bytes = (uint16_t)(goal.params.argv_bytes + 2);
    assert_non_null(registry_goal_check_fault(&goal));
}

static void splits(void **state)
{
    const struct registry_goal goal = sound();
    const char *texts[REGISTRY_GOAL_TEXTS_MAX + 1];

    (void)state;
    assert_int_equal(registry_goal_check_split(goal.params.argv, goal.params.argv_bytes, texts), 3);
    assert_string_equal(texts[1], "serve");
    assert_null(texts[3]);
}

static void same(void **state)
{
    const struct registry_goal goal = sound();
    struct registry_goal other = sound();

    (void)state;
    other.params.argv[REGISTRY_LIST_BYTES - 1] = 'x'; /* behind the used part */
    assert_true(registry_goal_check_same(&goal.params, &other.params));
    other.params.environment[24] = 'x';
    assert_false(registry_goal_check_same(&goal.params, &other.params));
}

static void containers(void **state)
{
    (void)state;
    assert_true(registry_goal_check_is_container("/usr/bin/podman"));
    assert_true(registry_goal_check_is_container("/usr/bin/docker"));
    assert_false(registry_goal_check_is_container("/usr/bin/docker-registry"));
    assert_false(registry_goal_check_is_container("/opt/podman/registry"));
    assert_false(registry_goal_check_is_container("/usr/bin/pod"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_goal),     cmocka_unit_test(names),  cmocka_unit_test(mistakes),
        cmocka_unit_test(too_many_texts), cmocka_unit_test(splits), cmocka_unit_test(same),
        cmocka_unit_test(containers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
