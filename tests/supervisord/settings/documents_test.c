/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every configuration that is printed anywhere is one that works, and the mistakes that the manual
 * shows are those that are made.
 *
 * In a manual page: the block after a line .\" configuration. In a .md file: an indented block that
 * names virtual_routers. In etc: all of each *.conf.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/supervisord/host_fixture.h"

#define ROOT        "../../.."
#define YAML_FOLDER "tests/golden/settings"
#define LIMIT       (1024 * 1024)
#define BLOCK_BYTES 16384

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void check_configuration(const char *where, const char *text)
{
    struct host_fixture fixture = {.folder = YAML_FOLDER};
    const struct settings_host host = host_fixture_settings(&fixture);
    char path[] = "/tmp/regha-document-XXXXXX", *said = NULL;
    size_t said_bytes = 0;
    FILE *out = open_memstream(&said, &said_bytes);
    struct settings *settings = NULL;
    const int fd = mkstemp(path);

    assert_true(fd >= 0 && out);
    close(fd);
    write_file(path, text);
    const int result = settings_read(path, &host, out, out, &settings);
    fclose(out);
    unlink(path);
    if (result < 0)
        fail_msg("%s: %s", where, said);
    free(said);
    settings_free(settings);
}

/* The next line of `at`; NULL at the end. */
static const char *next_line(const char *at)
{
    at = strchr(at, '\n');
    return at && at[1] ? at + 1 : NULL;
}

static void add_line(char block[BLOCK_BYTES], const char *line)
{
    const size_t used = strlen(block);

    assert_true(used + strcspn(line, "\n") + 2 < BLOCK_BYTES);
    snprintf(block + used, BLOCK_BYTES - used, "%.*s\n", (int)strcspn(line, "\n"), line);
}

/* The block of a manual page from the marker at `line` on, as a reader sees it. */
static void take_block(const char *line, char block[BLOCK_BYTES])
{
    block[0] = '\0';
    line = next_line(line);
    assert_non_null(line);
    assert_memory_equal(line, ".Bd -literal", strlen(".Bd -literal"));
    for (line = next_line(line); strncmp(line, ".Ed", 3) != 0; line = next_line(line)) {
        assert_non_null(line);
        assert_int_not_equal(line[0], '.');
        add_line(block, line);
    }
    assert_null(strchr(block, '\\'));
}

static size_t check_page(const char *path, const char *text)
{
    char block[BLOCK_BYTES];
    size_t count = 0;

    for (const char *line = text; line; line = next_line(line)) {
        if (strncmp(line, ".\\\" configuration\n", strlen(".\\\" configuration\n")) != 0)
            continue;
        take_block(line, block);
        check_configuration(path, block);
        count++;
    }
    return count;
}

static size_t check_markdown(const char *path, const char *text)
{
    char block[BLOCK_BYTES] = "";
    size_t count = 0;

    for (const char *line = text; line; line = next_line(line)) {
        const bool is_inside = strncmp(line, "    ", 4) == 0;
        if (is_inside)
            add_line(block, line);
        if (is_inside && next_line(line))
            continue;
        if (strstr(block, "virtual_routers = ")) {
            check_configuration(path, block);
            count++;
        }
        block[0] = '\0';
    }
    return count;
}

static size_t check_whole(const char *path, const char *text)
{
    check_configuration(path, text);
    return 1;
}

static size_t check_all(const char *pattern, size_t (*check)(const char *path, const char *text))
{
    glob_t found;
    size_t count = 0;

    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t at = 0; at < found.gl_pathc; at++) {
        struct file file;
        struct err err;
        assert_int_equal(file_read(found.gl_pathv[at], LIMIT, &file, &err), 0);
        count += check(found.gl_pathv[at], file.bytes);
        file_free(&file);
    }
    globfree(&found);
    return count;
}

static void test_pages(void **state)
{
    (void)state;
    assert_true(check_all("man/*.[1-8]", check_page) >= 2);
}

static void test_markdown(void **state)
{
    (void)state;
    assert_true(check_all("*.md", check_markdown) >= 1);
}

static void test_samples(void **state)
{
    (void)state;
    assert_true(check_all("etc/*.conf", check_whole) >= 1);
}

/* A long line is continued in the next one, four blanks from the margin. */
static void unfold(char *text)
{
    char *fold;

    while ((fold = strstr(text, "\n    ")))
        memmove(fold + 1, fold + 5, strlen(fold + 5) + 1), *fold = ' ';
}

/* Above the empty line the file, below it what is said of it. */
static void check_shown_mistakes(char *block)
{
    struct host_fixture fixture = {.folder = YAML_FOLDER};
    const struct settings_host host = host_fixture_settings(&fixture);
    char folder[] = "/tmp/regha-document-XXXXXX", said[4096] = "";
    char *split = strstr(block, "\n\n");
    struct settings *settings = NULL;
    FILE *out = fmemopen(said, sizeof(said), "w");

    assert_non_null(split);
    split[1] = '\0';
    unfold(split + 2);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    write_file("regha.conf", block);
    assert_int_not_equal(settings_read("regha.conf", &host, out, NULL, &settings), 0);
    fclose(out);
    unlink("regha.conf");
    rmdir(folder);
    assert_string_equal(said, split + 2);
}

static void test_shown_mistakes(void **state)
{
    char block[BLOCK_BYTES];
    struct file file;
    struct err err;

    (void)state;
    assert_int_equal(file_read("man/regha.conf.5", LIMIT, &file, &err), 0);
    const char *marker = strstr(file.bytes, "\n.\\\" mistakes\n");
    assert_non_null(marker);
    take_block(marker + 1, block);
    file_free(&file);
    check_shown_mistakes(block);
}

static int enter_root(void **state)
{
    (void)state;
    return chdir(ROOT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages), cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_shown_mistakes), /* the last one: it goes elsewhere */
    };

    return cmocka_run_group_tests(tests, enter_root, NULL);
}
