/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real host: keys that are too open, files that are none, addresses that are there. */
#include <errno.h>
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

#include "supervisord/settings/host.h"

#define DIGITS     "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define PATH_BYTES 128

struct stage {
    char folder[PATH_BYTES];
    char path[PATH_BYTES + 16];
};

static int set_up(void **state)
{
    static struct stage stage;

    snprintf(stage.folder, sizeof(stage.folder), "/tmp/regha-host-XXXXXX");
    if (!mkdtemp(stage.folder))
        return -1;
    snprintf(stage.path, sizeof(stage.path), "%s/cluster.key", stage.folder);
    *state = &stage;
    return 0;
}

static int tear_down(void **state)
{
    const struct stage *stage = *state;

    unlink(stage->path);
    return rmdir(stage->folder);
}

static void write_key(const struct stage *stage, const char *text, mode_t mode)
{
    FILE *out = fopen(stage->path, "w");

    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(stage->path, mode), 0);
}

struct key_row {
    const char *rule;
    const char *text;
    mode_t mode;
    int result;
};

static void test_key(void **state)
{
    static const struct key_row rows[] = {
        {"64 digits", DIGITS, 0600, 0},
        {"and a line's end", DIGITS "\r\n", 0400, 0},
        {"for the group, too", DIGITS, 0640, -EPERM},
        {"for everybody", DIGITS, 0604, -EPERM},
        {"writable by others", DIGITS, 0602, -EPERM},
        {"empty", "", 0600, -EINVAL},
        {"62 digits", "00112233445566778899aabbccddeeff00112233445566778899aabbccddee", 0600,
         -EINVAL},
        {"66 digits", DIGITS "00", 0600, -EINVAL},
        {"no digits", "not hexadecimal at all", 0600, -EINVAL},
        {"two lines", DIGITS "\n" DIGITS, 0600, -EINVAL},
    };

    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        uint8_t key[HOST_KEY_BYTES] = {0};
        write_key(*state, rows[at].text, rows[at].mode);
        const int result = host_read_key(((struct stage *)*state)->path, key);
        if (result != rows[at].result)
            fail_msg("%s: got %d, want %d", rows[at].rule, result, rows[at].result);
        if (result == 0)
            assert_true(key[1] == 0x11 && key[HOST_KEY_BYTES - 1] == 0xff);
    }
}

static void test_key_is_no_file(void **state)
{
    const struct stage *stage = *state;
    uint8_t key[HOST_KEY_BYTES];

    unlink(stage->path);
    assert_int_equal(host_read_key(stage->path, key), -ENOENT);
    assert_int_equal(host_read_key(stage->folder, key), -EINVAL);
    assert_int_equal(mkfifo(stage->path, 0600), 0);
    assert_int_equal(host_read_key(stage->path, key), -EINVAL);
    unlink(stage->path);
}

/* systemd hands a copy over to a user who may not read the file itself. */
static void test_credential(void **state)
{
    const struct stage *stage = *state;
    uint8_t key[HOST_KEY_BYTES] = {0};

    write_key(stage, DIGITS, 0400);
    setenv("CREDENTIALS_DIRECTORY", stage->folder, 1);
    assert_int_equal(host_read_key("/nowhere/cluster.key", key), 0);
    assert_int_equal(key[1], 0x11);
    assert_int_equal(host_read_key("/nowhere/other.key", key), -ENOENT);
    /* By an access list: its mask is where the group's bits are. */
    assert_int_equal(chmod(stage->path, 0440), 0);
    assert_int_equal(host_read_key("/nowhere/cluster.key", key), 0);
    assert_int_equal(chmod(stage->path, 0444), 0);
    assert_int_equal(host_read_key("/nowhere/cluster.key", key), -EPERM);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_int_equal(host_read_key("/nowhere/cluster.key", key), -ENOENT);
}

static struct address address_of(const char *text)
{
    struct address address;

    assert_int_equal(address_parse(text, &address), 0);
    return address;
}

static void test_addresses(void **state)
{
    struct host *host;
    struct err err;
    char interface[IFNAMSIZ] = "";

    (void)state;
    assert_int_equal(host_new(&host, &err), 0);
    const struct settings_host asked = host_settings(host);
    struct address address = address_of("127.0.0.1");
    assert_int_equal(asked.find_address(asked.owner, &address, interface), 0);
    assert_string_equal(interface, "lo");
    memset(interface, 0, sizeof(interface));
    address = address_of("127.9.9.9");
    assert_int_equal(asked.find_address(asked.owner, &address, interface), -ENOENT);
    assert_int_equal(asked.find_prefix(asked.owner, &address, interface), 0);
    assert_string_equal(interface, "lo");
    address = address_of("240.0.0.1");
    assert_int_equal(asked.find_prefix(asked.owner, &address, interface), -ENOENT);
    host_free(host);
}

static void test_users_and_programs(void **state)
{
    struct host *host;
    struct err err;

    (void)state;
    assert_int_equal(host_new(&host, &err), 0);
    const struct settings_host asked = host_settings(host);
    assert_int_equal(asked.find_user(asked.owner, "root"), -EPERM);
    assert_int_equal(asked.find_user(asked.owner, "nobody"), 0);
    assert_int_equal(asked.find_user(asked.owner, "no such user"), -ENOENT);
    assert_int_equal(asked.find_binary(asked.owner, "/bin/sh"), 0);
    assert_int_equal(asked.find_binary(asked.owner, "/etc/passwd"), -EACCES);
    assert_int_equal(asked.find_binary(asked.owner, "/bin"), -EACCES);
    assert_int_equal(asked.find_binary(asked.owner, "/nowhere"), -ENOENT);
    host_free(host);
}

static void test_facts(void **state)
{
    const struct stage *stage = *state;
    const struct registry_facts *facts = NULL;
    struct host *host;
    struct err err;

    assert_int_equal(host_new(&host, &err), 0);
    const struct settings_host asked = host_settings(host);
    write_key(stage, "version: 0.1\nstorage: inmemory\nhttp: {addr: \":5000\"}\n", 0644);
    assert_int_equal(asked.find_facts(asked.owner, stage->path, &facts), 0);
    assert_int_equal(facts->port, 5000);
    assert_null(asked.facts_error(asked.owner, stage->path));
    assert_int_equal(asked.find_facts(asked.owner, "/nowhere", &facts), -ENOENT);
    assert_string_equal(asked.facts_error(asked.owner, "/nowhere"),
                        "cannot be opened: No such file or directory");
    assert_int_equal(asked.find_facts(asked.owner, "/", &facts), -EISDIR);
    assert_null(host_owner(host));
    host_set_owner(host, &err);
    assert_ptr_equal(host_owner(host), &err);
    host_free(host);
    host_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_key_is_no_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_credential, set_up, tear_down),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_users_and_programs),
        cmocka_unit_test_setup_teardown(test_facts, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
