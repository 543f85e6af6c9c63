/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bundle.h"
#include "registry-launcher/message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/monotime.h"

/* Every byte of a goal that counts comes back, and the largest goal fits into a message. */
static void goal_travels(void **state)
{
    struct registry_goal goal, back;
    uint8_t bytes[WIRE_MESSAGE_BYTES];

    (void)state;
    memset(&goal, 0, sizeof(goal));
    memset(goal.params.name, 'n', sizeof(goal.params.name) - 1);
    memset(goal.params.config, 'c', sizeof(goal.params.config) - 1);
    memset(goal.params.listen, 'l', sizeof(goal.params.listen) - 1);
    memset(goal.params.files, 'f', sizeof(goal.params.files));
    memset(goal.params.argv, 'a', sizeof(goal.params.argv));
    memset(goal.params.environment, 'e', sizeof(goal.params.environment));
    goal.params.files_bytes = sizeof(goal.params.files);
    goal.params.argv_bytes = sizeof(goal.params.argv);
    goal.params.environment_bytes = sizeof(goal.params.environment);
    goal.params.backend = REGISTRY_BACKEND_SYSTEMD;
    goal.params.drain_ns = 30 * NS_PER_S;
    goal.params.restart = (struct registry_restart){5, 60 * NS_PER_S, 100 * NS_PER_MS, NS_PER_S};
    goal.run = true;
    goal.restart_serial = 7;

    const int length = wire_encode(&registry_message_goal, &goal, bytes, sizeof(bytes));
    assert_true(length > 0);
    assert_int_equal(
        wire_decode(&registry_message_goal, bytes, (size_t)length, &back, sizeof(back)), 0);
    assert_memory_equal(&goal, &back, sizeof(goal));
    for (int cut = 0; cut < length; cut++)
        assert_int_equal(
            wire_decode(&registry_message_goal, bytes, (size_t)cut, &back, sizeof(back)), -EPROTO);
}

static void status_travels(void **state)
{
    struct registry_status status, back;
    uint8_t bytes[WIRE_MESSAGE_BYTES];

    (void)state;
    memset(&status, 0, sizeof(status));
    memcpy(status.name, "registry", sizeof("registry"));
    status.state = REGISTRY_BACKOFF;
    status.backend = REGISTRY_BACKEND_EXEC;
    status.run = true;
    status.pid = 4711;
    status.started_ns = 12 * NS_PER_S;
    status.starts = 3;
    for (uint32_t cause = 0; cause < REGISTRY_CAUSES; cause++)
        status.exits[cause] = cause + 1;
    status.cause = REGISTRY_CAUSE_EXITED;
    status.code = -1;
    memset(status.detail, 'd', sizeof(status.detail) - 1);
    memset(status.digest, '1', sizeof(status.digest) - 1);
    memset(status.captured_digest, '2', sizeof(status.captured_digest) - 1);
    memset(status.captured_error, 'e', sizeof(status.captured_error) - 1);

    const int length = wire_encode(&registry_message_status, &status, bytes, sizeof(bytes));
    assert_true(length > 0);
    assert_int_equal(
        wire_decode(&registry_message_status, bytes, (size_t)length, &back, sizeof(back)), 0);
    assert_memory_equal(&status, &back, sizeof(status));
}

static void capture_is_bounded(void **state)
{
    struct registry_capture capture = {.name = "registry", .path = "/etc/registry.yml"};
    uint8_t bytes[WIRE_MESSAGE_BYTES];

    (void)state;
    capture.bundle_bytes = BUNDLE_BYTES_MAX;
    assert_true(wire_encode(&registry_message_capture, &capture, bytes, sizeof(bytes)) > 0);
    capture.bundle_bytes = BUNDLE_BYTES_MAX + 1;
    assert_int_equal(wire_encode(&registry_message_capture, &capture, bytes, sizeof(bytes)),
                     -EINVAL);
}

/* They are labels of metrics: each has a name, and no two the same. */
static void names_are_there(void **state)
{
    (void)state;
    for (unsigned a = 0; a < REGISTRY_STATES; a++)
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(registry_message_state_name(a), registry_message_state_name(b));
    for (unsigned a = 0; a < REGISTRY_CAUSES; a++)
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(registry_message_cause_name(a), registry_message_cause_name(b));
    assert_string_equal(registry_message_state_name(REGISTRY_RUNNING), "running");
    assert_string_equal(registry_message_cause_name(REGISTRY_CAUSE_PORT_TAKEN), "port-taken");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goal_travels),
        cmocka_unit_test(status_travels),
        cmocka_unit_test(capture_is_bounded),
        cmocka_unit_test(names_are_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
