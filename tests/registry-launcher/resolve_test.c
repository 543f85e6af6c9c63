/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths of captured files lead into the folder of the bundle, and nothing else is touched. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "registry-launcher/resolve.h"

#define FOLDER "/run/b"

static const struct bundle bundle = {
    .count = 6,
    .items = {{BUNDLE_CONFIG, "", "", 0},
              {BUNDLE_FILE, "/etc/docker/registry/htpasswd", "a:b", 3},
              {BUNDLE_FILE, "/etc/tls/the key.pem", "k", 1},
              {BUNDLE_ABSENT, "/etc/tls/none", "", 0},
              {BUNDLE_FOLDER, "/etc/docker", "", 0},
              {BUNDLE_ARGUMENT, "", "x", 1}},
};

static void test_text(void **state)
{
    static const struct {
        const char *rule;
        bool has_word;
        const char *text, *resolved;
    } rows[] = {
        {"nothing to replace", true, "http: {addr: :5000}", "http: {addr: :5000}"},
        {"the folder", true, "{bundle}/registry.yml", FOLDER "/registry.yml"},
        {"more than once", true, "-v={bundle}:{bundle}:ro", "-v=" FOLDER ":" FOLDER ":ro"},
        {"not in a configuration", false, "path: \"{bundle}\"", "path: \"{bundle}\""},
        {"a plain scalar", false, "path: /etc/docker/registry/htpasswd\n",
         "path: " FOLDER "/1-htpasswd\n"},
        {"a quoted one", false, "path: \"/etc/docker/registry/htpasswd\"",
         "path: \"" FOLDER "/1-htpasswd\""},
        {"in a list", false, "[/etc/docker/registry/htpasswd,'/etc/tls/the key.pem']",
         "[" FOLDER "/1-htpasswd,'" FOLDER "/2-the_key.pem']"},
        {"one that is absent", false, "/etc/tls/none", FOLDER "/3-none"},
        {"not a folder", false, "path: /etc/docker", "path: /etc/docker"},
        {"not the begin of a longer one", false, "/etc/docker/registry/htpasswd.old",
         "/etc/docker/registry/htpasswd.old"},
        {"not what is in it", false, "/etc/tls/none/x", "/etc/tls/none/x"},
        {"not the end of a longer one", false, "/mnt/etc/tls/none", "/mnt/etc/tls/none"},
        {"at the end", false, "\n/etc/tls/none", "\n" FOLDER "/3-none"},
    };
    char resolved[128];

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct registry_resolve resolve = {&bundle, FOLDER, rows[at].has_word};
        const size_t want = strlen(rows[at].resolved);
        const int64_t length = registry_resolve_text(&resolve, rows[at].text, strlen(rows[at].text),
                                                     resolved, sizeof(resolved));

        if (length != (int64_t)want || strcmp(resolved, rows[at].resolved) != 0)
            fail_msg("%s: %s", rows[at].rule, length < 0 ? "no room" : resolved);
        assert_int_equal(
            registry_resolve_text(&resolve, rows[at].text, strlen(rows[at].text), resolved, want),
            -EMSGSIZE);
    }
}

static void test_name(void **state)
{
    static const char path[] =
        "/etc/0123456789012345678901234567890123456789012345678901234567890123456789";
    const struct bundle one = {.count = 1, .items = {{BUNDLE_FILE, path, "", 0}}};
    char name[REGISTRY_RESOLVE_NAME_BYTES];

    (void)state;
    registry_resolve_name(&one, 0, name);
    assert_int_equal(strlen(name), sizeof(name) - 1);
    assert_memory_equal(name, "0-0123", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_name)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
