/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people read when their file is wrong, to the letter, and what a right one becomes.
 *
 * Each tests/golden/settings/NAME.conf is read; NAME.expected holds the mistakes, or the warnings
 * and the dump. REGHA_WRITE_GOLDEN=1 writes them anew, to be read with git diff.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "supervisord/settings/host.h"
#include "supervisord/settings/settings_keys.h"
#include "tests/supervisord/host_fixture.h"

#define FOLDER     "../../golden/settings"
#define LIMIT      (1024 * 1024)
#define PATH_BYTES 256

/* What a reading says, all of it: mistakes, or warnings and the dump. */
static char *read_said(const char *path, struct host_fixture *fixture,
                       struct settings **ret_settings)
{
    const struct settings_host host = host_fixture_settings(fixture);
    char *said = NULL;
    size_t said_bytes = 0;
    FILE *out = open_memstream(&said, &said_bytes);
    struct settings *settings = NULL;

    assert_non_null(out);
    const int result = settings_read(path, &host, out, out, &settings);
    if (result == 0)
        settings_dump(settings, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(settings == NULL, result == -EINVAL);
    if (ret_settings)
        *ret_settings = settings;
    else
        settings_free(settings);
    return said;
}

static void write_file(const char *path, const char *bytes, size_t length_bytes)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length_bytes, out), length_bytes);
    assert_int_equal(fclose(out), 0);
}

static void check_golden(const char *path, const char *said)
{
    struct file file;
    struct err err;

    if (getenv("REGHA_WRITE_GOLDEN"))
        write_file(path, said, strlen(said));
    if (file_read(path, LIMIT, &file, &err) < 0)
        fail_msg("%s %s", path, err.text);
    if (strcmp(said, file.bytes) != 0)
        fail_msg("%s: got\n%s\nwant\n%s", path, said, file.bytes);
    file_free(&file);
}

/* The fixture is told by the file's name what to be. */
static struct host_fixture fixture_for(const char *path)
{
    return (struct host_fixture){.folder = ".",
                                 .is_no_node = strstr(path, "elsewhere") != NULL,
                                 .facts_are_unknown = strstr(path, "early") != NULL,
                                 .key_result = strstr(path, "keyless")      ? -ENOENT
                                               : strstr(path, "hidden-key") ? -EACCES
                                               : strstr(path, "open-key")   ? -EPERM
                                                                            : 0};
}

static size_t walk_golden(void (*visit)(const char *path))
{
    glob_t found;

    assert_int_equal(glob("*.conf", 0, NULL, &found), 0);
    const size_t count = found.gl_pathc;
    for (size_t at = 0; at < count; at++)
        visit(found.gl_pathv[at]);
    globfree(&found);
    return count;
}

static void visit_golden(const char *path)
{
    struct host_fixture fixture = fixture_for(path);
    char expected[PATH_BYTES];

    snprintf(expected, sizeof(expected), "%.*s.expected", (int)(strlen(path) - strlen(".conf")),
             path);
    char *said = read_said(path, &fixture, NULL);
    check_golden(expected, said);
    free(said);
}

static void test_golden(void **state)
{
    (void)state;
    assert_true(walk_golden(visit_golden) >= 10);
}

static void check_same(const struct settings *a, const struct settings *b)
{
    assert_memory_equal(&a->cluster, &b->cluster, sizeof(a->cluster));
    assert_memory_equal(&a->policy, &b->policy, sizeof(a->policy));
    assert_memory_equal(&a->control, &b->control, sizeof(a->control));
    assert_memory_equal(&a->metrics, &b->metrics, sizeof(a->metrics));
    assert_int_equal(a->self, b->self);
    assert_int_equal(a->node_count, b->node_count);
    assert_int_equal(a->router_count, b->router_count);
    assert_int_equal(a->probe_count, b->probe_count);
    assert_int_equal(a->registry_count, b->registry_count);
    assert_memory_equal(a->nodes, b->nodes, a->node_count * sizeof(*a->nodes));
    assert_memory_equal(a->routers, b->routers, a->router_count * sizeof(*a->routers));
    assert_memory_equal(a->probes, b->probes, a->probe_count * sizeof(*a->probes));
    assert_memory_equal(a->registries, b->registries, a->registry_count * sizeof(*a->registries));
}

/* What is dumped reads back to the same settings, and is dumped the same but for the origins. */
static void visit_dump(const char *path)
{
    struct host_fixture fixture = fixture_for(path);
    char dumped[] = "/tmp/regha-settings-XXXXXX";
    struct settings *settings, *again;
    char *said = read_said(path, &fixture, &settings);

    free(said);
    if (!settings || fixture.facts_are_unknown) {
        settings_free(settings);
        return;
    }
    const int fd = mkstemp(dumped);
    assert_true(fd >= 0);
    FILE *out = fdopen(fd, "w");
    settings_dump(settings, out);
    assert_int_equal(fclose(out), 0);
    said = read_said(dumped, &fixture, &again);
    unlink(dumped);
    if (!again)
        fail_msg("%s: the dump does not read back:\n%s", path, said);
    check_same(settings, again);
    free(said);
    settings_free(settings);
    settings_free(again);
}

static void test_dump_reads_back(void **state)
{
    (void)state;
    walk_golden(visit_dump);
}

static void test_keys(void **state)
{
    char *said = NULL;
    size_t said_bytes = 0;
    FILE *out = open_memstream(&said, &said_bytes);

    (void)state;
    settings_describe(out);
    fclose(out);
    check_golden("keys.expected", said);
    free(said);
}

/* A default is text, too: each must be one that its key allows. */
static void check_defaults(const struct key *keys)
{
    static union {
        struct settings settings;
        struct settings_router router;
        struct settings_registry registry;
        struct probe_params probe;
    } room;

    for (const struct key *key = keys; key->name; key++) {
        if (key->members)
            check_defaults(key->members);
        if (!key->fallback || key->kind == KEY_KIND_GROUP)
            continue;
        memset(&room, 0, sizeof(room));
        const bool stored = key->many == KEY_MANY_ONE ? key_store(key, key->fallback, &room)
                                                      : key_append(key, key->fallback, &room);
        if (!stored)
            fail_msg("the default %s of %s is not allowed", key->fallback, key->name);
        if (key->kind != KEY_KIND_LATER)
            assert_non_null(key->help);
    }
}

static void test_defaults(void **state)
{
    (void)state;
    check_defaults(settings_keys_root());
}

struct said_row {
    const char *rule;
    const char *path;
    const char *said;
};

static void check_said(const struct said_row *row)
{
    struct host_fixture fixture = {.folder = "."};
    char *said = read_said(row->path, &fixture, NULL);

    if (strcmp(said, row->said) != 0)
        fail_msg("%s: got %s, want %s", row->rule, said, row->said);
    free(said);
}

static void test_unreadable(void **state)
{
    static const struct said_row rows[] = {
        {"no file", "none", "none: cannot be opened: No such file or directory\n"},
        {"a folder", "/", "/: is a folder, must be a file\n"},
        {"a device", "/dev/null", "/dev/null: is a device or a socket, must be a file\n"},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++)
        check_said(&rows[at]);
}

static void make_path(char path[PATH_BYTES], const char *folder, const char *name)
{
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
}

static void check_made(const char *path, const char *want)
{
    struct host_fixture fixture = {.folder = "."};
    char *said = read_said(path, &fixture, NULL);

    /* The temporary folder's name is not known beforehand. */
    if (!strstr(said, want))
        fail_msg("%s: got %s, want %s", path, said, want);
    free(said);
}

/* Files that cannot be kept in a repository. */
static void test_strange_files(void **state)
{
    char folder[] = "/tmp/regha-settings-XXXXXX", path[PATH_BYTES], other[PATH_BYTES];
    char *big = calloc(1, LIMIT + 2);

    (void)state;
    assert_non_null(big);
    assert_non_null(mkdtemp(folder));
    make_path(path, folder, "strange.conf");
    assert_int_equal(mkfifo(path, 0600), 0);
    check_made(path, "strange.conf: is a FIFO, must be a file\n");
    unlink(path);
    write_file(path, "", 0);
    check_made(path, "strange.conf: is empty\n");
    memset(big, ' ', LIMIT + 1);
    write_file(path, big, LIMIT + 1);
    check_made(path, "strange.conf: has 1048577 bytes, must have at most 1048576\n");
    write_file(path, "nodes = (\n\0);", 13);
    check_made(path, "strange.conf:2: holds a NUL byte, must be text\n");
    write_file(path, "\n@include \".\"\n", 14);
    check_made(path, "/. is a folder, must be a file\n");
    write_file(path, "@include \"fifo\"\n", 16);
    make_path(other, folder, "fifo");
    assert_int_equal(mkfifo(other, 0600), 0);
    check_made(path, "/fifo is a FIFO, must be a file\n");
    unlink(other);
    write_file(path, "@include \"strange.conf\"\n", 24);
    check_made(path, "@include: nested too deep, at most 8 files\n");
    unlink(path);
    rmdir(folder);
    free(big);
}

static void add_text(char *text, size_t size_bytes, const char *more)
{
    const size_t used = strlen(text);

    snprintf(text + used, size_bytes - used, "%s", more);
}

/* As many includes as are allowed, one more, and more text in them than one file may have. */
static void test_many_includes(void **state)
{
    char folder[] = "/tmp/regha-settings-XXXXXX", path[PATH_BYTES], part[PATH_BYTES];
    char text[65 * sizeof("@include \"part\"\n")] = "";
    char *big = calloc(1, LIMIT / 2 + 2);

    (void)state;
    assert_non_null(big);
    assert_non_null(mkdtemp(folder));
    make_path(path, folder, "many.conf");
    make_path(part, folder, "part");
    write_file(part, "# nothing\n", 10);
    for (int at = 0; at < 64; at++)
        add_text(text, sizeof(text), "@include \"part\"\n");
    write_file(path, text, strlen(text));
    check_made(path, "many.conf:1: nodes: is missing");
    add_text(text, sizeof(text), "@include \"part\"\n");
    write_file(path, text, strlen(text));
    check_made(path, "many.conf:65: @include: too many, at most 64 in all\n");
    memset(big, ' ', LIMIT / 2 + 1);
    write_file(part, big, LIMIT / 2 + 1);
    check_made(path, "many.conf:2: @include: all files together exceed 1048576 bytes\n");
    unlink(part);
    unlink(path);
    rmdir(folder);
    free(big);
}

/* The kinds of mistakes do not end with the first hundred. */
static void test_many_mistakes(void **state)
{
    char path[] = "/tmp/regha-settings-XXXXXX";
    const int fd = mkstemp(path);
    struct host_fixture fixture = {.folder = "."};
    FILE *out = fdopen(fd, "w");

    (void)state;
    for (int at = 0; at < 10000; at++)
        fprintf(out, "x%d = 1;\n", at);
    fclose(out);
    char *said = read_said(path, &fixture, NULL);
    assert_non_null(strstr(said, ":1: x0: unknown"));
    assert_non_null(strstr(said, ":499: x498: unknown"));
    /* The others, and nodes and virtual_routers missing. */
    assert_non_null(strstr(said, "... and 9502 more\n"));
    free(said);
    out = fopen(path, "a");
    fputs("one_more = 1;\n", out);
    fclose(out);
    check_made(path, ":10001: has too many settings, at most 10000\n");
    unlink(path);
}

/* The derived secret is in the environment, and nowhere people look. */
static void test_secret(void **state)
{
    struct host_fixture fixture = {.folder = "."};
    struct settings *settings;
    char *said = read_said("shortest.conf", &fixture, &settings);
    const struct registry_params *params = &settings->registries[0].params;
    static const char name[] = "REGISTRY_HTTP_SECRET=";

    (void)state;
    assert_true(settings->registries[0].secret_derived);
    assert_memory_equal(params->environment, name, sizeof(name) - 1);
    assert_int_equal(params->environment_bytes, sizeof(name) + 64);
    assert_null(strstr(said, params->environment + sizeof(name) - 1));
    assert_non_null(strstr(said, "(derived from the cluster key)"));
    free(said);
    settings_free(settings);
}

static void test_policy(void **state)
{
    struct host_fixture fixture = {.folder = "."};
    struct settings *settings;
    char *said = read_said("shortest.conf", &fixture, &settings);
    char text[512] = "";
    FILE *out = fmemopen(text, sizeof(text), "w");

    (void)state;
    settings_write_policy(settings, out);
    fclose(out);
    assert_string_equal(text, "# name user binary\n"
                              "registry docker-registry /usr/bin/docker-registry\n");
    out = fmemopen(text, sizeof(text), "w");
    settings_write_ports(settings, out);
    fclose(out);
    check_golden("ports.expected", text);
    free(said);
    settings_free(settings);
}

static int enter_folder(void **state)
{
    (void)state;
    return chdir(FOLDER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),        cmocka_unit_test(test_dump_reads_back),
        cmocka_unit_test(test_keys),          cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_unreadable),    cmocka_unit_test(test_strange_files),
        cmocka_unit_test(test_many_mistakes), cmocka_unit_test(test_many_includes),
        cmocka_unit_test(test_secret),        cmocka_unit_test(test_policy),
    };

    return cmocka_run_group_tests(tests, enter_folder, NULL);
}
