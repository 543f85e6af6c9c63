/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every packet that is dropped is counted where it belongs and told in the log, within limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/vrrp/packets.h"
#include "vrrp/dispatch.h"

#define LOG_BYTES 65536

static const struct monotime start = {1000 * NS_PER_S};

struct fixture {
    struct vrrp_shared shared;
    struct vrrp_dispatch *dispatch;
    struct vrrp_router *router;
    FILE *log; /* what stderr is meanwhile */
    off_t read_at;
    int stderr_fd;
    char folder[32];
};

static int setup(void **state)
{
    static struct vrrp_socket_batch batch;
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct vrrp_goal goal;
    struct err err;

    memset(&goal, 0, sizeof(goal));
    goal.params = packets_params();
    goal.priority = goal.params.priority;
    memcpy(fixture->folder, "/tmp/vrrp-dispatch-XXXXXX", 26);
    assert_non_null(mkdtemp(fixture->folder));
    assert_int_equal(loop_new(NS_PER_S, &fixture->shared.loop, &err), 0);
    fixture->shared.folder = fixture->folder;
    fixture->log = tmpfile();
    fixture->stderr_fd = dup(STDERR_FILENO);
    assert_non_null(fixture->log);
    dup2(fileno(fixture->log), STDERR_FILENO);
    log_open("test", LOG_LEVEL_DEBUG);
    fixture->dispatch = vrrp_dispatch_new(&fixture->shared, &batch, goal.params.interface);
    fixture->router = vrrp_router_new(&fixture->shared, &goal);
    fixture->dispatch->routers[goal.params.vrid] = fixture->router;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    dup2(fixture->stderr_fd, STDERR_FILENO);
    close(fixture->stderr_fd);
    fclose(fixture->log);
    vrrp_router_free(fixture->router, true);
    vrrp_dispatch_free(fixture->dispatch);
    loop_free(fixture->shared.loop);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static enum vrrp_drop receive(struct fixture *fixture, const uint8_t *bytes, size_t length,
                              struct monotime now)
{
    return vrrp_dispatch_packet(fixture->dispatch, bytes, length, now, now);
}

static enum vrrp_drop receive_row(struct fixture *fixture, const struct packets_row *row,
                                  struct monotime now)
{
    uint8_t bytes[PACKETS_BYTES];
    const size_t length = packets_build(row, bytes);

    return receive(fixture, bytes, length, now);
}

/* What has been logged since the last call. */
static const char *logged(struct fixture *fixture)
{
    static char text[LOG_BYTES];
    const ssize_t used = pread(fileno(fixture->log), text, sizeof(text) - 1, fixture->read_at);

    assert_true(used >= 0);
    fixture->read_at += used;
    text[used] = '\0';
    return text;
}

static size_t count(const char *text, const char *word)
{
    size_t found = 0;

    for (; (text = strstr(text, word)); text += strlen(word))
        found++;
    return found;
}

static uint64_t sum(const uint64_t *discarded)
{
    uint64_t total = 0;

    for (size_t at = 0; at < VRRP_DROP_REASONS; at++)
        total += discarded[at];
    return total;
}

/* Reasons that are found before the virtual router is known, or because there is none. */
static bool is_stray(enum vrrp_drop drop)
{
    return drop <= VRRP_DROP_VRID;
}

static void test_every_reason_is_counted_and_logged(void **state)
{
    struct fixture *fixture = *state;
    bool seen[VRRP_DROP_REASONS] = {false};
    char label[64];

    for (size_t at = 0; at < PACKETS_ROWS; at++) {
        const struct packets_row *row = &packets_rows[at];
        const uint64_t strays = sum(fixture->dispatch->strays.discarded);
        const uint64_t ours = sum(fixture->router->counters.discarded);
        const uint64_t received = fixture->router->counters.adverts_received;

        memset(&fixture->dispatch->discards, 0, sizeof(fixture->dispatch->discards));
        (void)logged(fixture);
        assert_int_equal(receive_row(fixture, row, start), row->want);
        snprintf(label, sizeof(label), "reason=%s ", vrrp_message_drop_name(row->want));
        const char *text = logged(fixture);
        if (row->want == VRRP_ACCEPTED) {
            assert_int_equal(count(text, "packet discarded"), 0);
            assert_int_equal(fixture->router->counters.adverts_received, received + 1);
            continue;
        }
        seen[row->want] = true;
        if (count(text, label) != 1)
            fail_msg("%s: no line with %s", row->what, label);
        assert_int_equal(sum(fixture->dispatch->strays.discarded), strays + is_stray(row->want));
        assert_int_equal(sum(fixture->router->counters.discarded), ours + !is_stray(row->want));
    }
    for (size_t at = VRRP_ACCEPTED + 1; at < VRRP_DROP_REASONS; at++) {
        const uint64_t *counters = is_stray((enum vrrp_drop)at)
                                       ? fixture->dispatch->strays.discarded
                                       : fixture->router->counters.discarded;
        if (!seen[at] || counters[at] == 0)
            fail_msg("%s is not counted", vrrp_message_drop_name((enum vrrp_drop)at));
    }
}

static void test_lines_are_limited(void **state)
{
    struct fixture *fixture = *state;
    static const struct packets_row ttl = {"", PACKETS_GOOD, "8:40", 0, false, VRRP_DROP_TTL};

    for (int at = 0; at < 1000; at++)
        receive_row(fixture, &ttl, monotime_add(start, at * NS_PER_MS));
    assert_int_equal(count(logged(fixture), "packet discarded"), 1);
    receive_row(fixture, &ttl, monotime_add(start, 40 * NS_PER_S));
    assert_int_equal(count(logged(fixture), "suppressed=999"), 1);
    assert_int_equal(fixture->dispatch->strays.discarded[VRRP_DROP_TTL], 1001);
}

/* Whoever invents sources gets no more lines than the table has places. */
static void test_invented_sources(void **state)
{
    struct fixture *fixture = *state;
    static const struct packets_row stray = {"", PACKETS_GOOD, "12:0a",
                                             0,  true,         VRRP_DROP_FOREIGN_SOURCE};
    uint8_t bytes[PACKETS_BYTES];
    const size_t length = packets_build(&stray, bytes);

    for (int at = 0; at < 1000; at++) {
        bytes[14] = (uint8_t)(at >> 8);
        bytes[15] = (uint8_t)at;
        packets_put_sum(bytes, length);
        assert_int_equal(receive(fixture, bytes, length, start), VRRP_DROP_FOREIGN_SOURCE);
    }
    assert_int_equal(count(logged(fixture), "packet discarded"), VRRP_DISCARDS_SOURCES);
}

static void test_remarks(void **state)
{
    struct fixture *fixture = *state;
    static const struct packets_row rows[] = {
        {"at another interval", PACKETS_GOOD, "25:32", 0, true, VRRP_ACCEPTED},
        {"other addresses", PACKETS_GOOD, "31:07", 0, true, VRRP_ACCEPTED},
        {"without pseudo-header", PACKETS_GOOD, "26:a8 27:97", 0, false, VRRP_ACCEPTED},
    };
    const struct vrrp_counters *counters = &fixture->router->counters;

    for (size_t at = 0; at < 3; at++) {
        receive_row(fixture, &rows[at], start);
        receive_row(fixture, &rows[at], start);
        assert_int_equal(count(logged(fixture), rows[at].what), 1);
    }
    assert_int_equal(counters->interval_mismatches, 2);
    assert_int_equal(counters->address_mismatches, 2);
    assert_int_equal(counters->checksums_rfc9568, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_reason_is_counted_and_logged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines_are_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(test_invented_sources, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remarks, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
