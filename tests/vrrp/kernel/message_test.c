/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one process writes the other one reads; what breaks a limit is refused. */
#include "vrrp/kernel/message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct address ipv4(uint8_t last)
{
    return address_from_ipv4((struct in_addr){htonl(0x0a000000U + last)});
}

static struct kernel_goal full_goal(void)
{
    struct kernel_goal goal = {
        .name = "registry",
        .interface = "eth0",
        .vrid = 255,
        .family = AF_INET,
        .hold = true,
        .address_count = KERNEL_ADDRESSES,
        .announce_repeat = 5,
        .announce_refresh_ns = 60 * INT64_C(1000000000),
        .announce_serial = 0xfedcba98,
    };

    for (uint8_t at = 0; at < KERNEL_ADDRESSES; at++)
        goal.addresses[at] = ipv4(at);
    return goal;
}

static void goal_travels(void **state)
{
    const struct kernel_goal goal = full_goal();
    struct kernel_goal back;
    uint8_t bytes[WIRE_MESSAGE_BYTES];
    const int length = wire_encode(&kernel_message_goal, &goal, bytes, sizeof(bytes));

    (void)state;
    assert_true(length > 0);
    assert_int_equal(wire_decode(&kernel_message_goal, bytes, (size_t)length, &back, sizeof(back)),
                     0);
    assert_string_equal(back.name, goal.name);
    assert_string_equal(back.interface, goal.interface);
    assert_int_equal(back.vrid, goal.vrid);
    assert_true(back.hold);
    assert_int_equal(back.address_count, goal.address_count);
    assert_memory_equal(back.addresses, goal.addresses, sizeof(goal.addresses));
    assert_int_equal(back.announce_refresh_ns, goal.announce_refresh_ns);
    assert_int_equal(back.announce_serial, goal.announce_serial);
}

static void status_travels(void **state)
{
    struct kernel_status status = {
        .name = "registry",
        .interface = "eth0",
        .address_count = 3,
        .present = {true, false, true},
        .settled = true,
        .error = ENODEV,
        .restored = UINT64_MAX,
        .changed_ns = INT64_MAX,
    };
    struct kernel_status back;
    uint8_t bytes[WIRE_MESSAGE_BYTES];

    (void)state;
    for (uint8_t at = 0; at < status.address_count; at++)
        status.addresses[at] = ipv4(at);
    const int length = wire_encode(&kernel_message_status, &status, bytes, sizeof(bytes));
    assert_true(length > 0);
    assert_int_equal(
        wire_decode(&kernel_message_status, bytes, (size_t)length, &back, sizeof(back)), 0);
    assert_int_equal(back.address_count, 3);
    assert_true(back.present[0]);
    assert_false(back.present[1]);
    assert_true(back.present[2]);
    assert_int_equal(back.error, ENODEV);
    assert_true(back.restored == UINT64_MAX);
    assert_true(back.changed_ns == INT64_MAX);
}

static void link_travels(void **state)
{
    const struct kernel_link link = {
        .interface = "a-name-of-15-by",
        .index = UINT32_MAX,
        .up = true,
        .mac = {2, 0, 0, 0, 0, 1},
        .mtu = 9000,
        .ipv4 = ipv4(1),
    };
    struct kernel_link back;
    uint8_t bytes[WIRE_MESSAGE_BYTES];
    const int length = wire_encode(&kernel_message_link, &link, bytes, sizeof(bytes));

    (void)state;
    assert_true(length > 0);
    assert_int_equal(wire_decode(&kernel_message_link, bytes, (size_t)length, &back, sizeof(back)),
                     0);
    assert_string_equal(back.interface, link.interface);
    assert_true(back.up);
    assert_memory_equal(back.mac, link.mac, sizeof(link.mac));
    assert_true(address_is_same(&back.ipv4, &link.ipv4));
    assert_int_equal(back.ipv6.family, 0);
}

/* Every length but the right one is refused, and nothing beyond the bytes is read (ASan). */
static void cut_is_refused(void **state)
{
    const struct kernel_goal goal = full_goal();
    struct kernel_goal back;
    uint8_t bytes[WIRE_MESSAGE_BYTES];
    const int length = wire_encode(&kernel_message_goal, &goal, bytes, sizeof(bytes));

    (void)state;
    for (int cut = 0; cut < length; cut++)
        assert_int_equal(wire_decode(&kernel_message_goal, bytes, (size_t)cut, &back, sizeof(back)),
                         -EPROTO);
}

static void limits_are_kept(void **state)
{
    struct kernel_goal goal = full_goal();
    uint8_t bytes[WIRE_MESSAGE_BYTES];

    (void)state;
    goal.address_count = KERNEL_ADDRESSES + 1;
    assert_int_equal(wire_encode(&kernel_message_goal, &goal, bytes, sizeof(bytes)), -EINVAL);
    goal = full_goal();
    goal.addresses[7].prefix_bits = 129;
    assert_int_equal(wire_encode(&kernel_message_goal, &goal, bytes, sizeof(bytes)), -EINVAL);
    goal = full_goal();
    goal.announce_refresh_ns = -1;
    assert_int_equal(wire_encode(&kernel_message_goal, &goal, bytes, sizeof(bytes)), -EINVAL);
}

/* `addresses` and `present` share their count: a message that gives them two is nonsense. */
static void counts_agree(void **state)
{
    const size_t second_count = WIRE_HEADER_BYTES + 2 + 1 + 2 + 1 + 3 + 1 + 3 * 18;
    struct kernel_status status = {.name = "r", .interface = "i", .address_count = 3}, back;
    uint8_t bytes[WIRE_MESSAGE_BYTES];
    int length = wire_encode(&kernel_message_status, &status, bytes, sizeof(bytes));

    (void)state;
    assert_int_equal(bytes[second_count], 3);
    memmove(bytes + second_count + 1, bytes + second_count + 2,
            (size_t)length - second_count - 2); /* one truth less */
    length--;
    bytes[second_count] = 2;
    bytes[2]--;
    assert_int_equal(
        wire_decode(&kernel_message_status, bytes, (size_t)length, &back, sizeof(back)), -EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goal_travels),    cmocka_unit_test(status_travels),
        cmocka_unit_test(link_travels),    cmocka_unit_test(cut_is_refused),
        cmocka_unit_test(limits_are_kept), cmocka_unit_test(counts_agree),
    };

    return cmocka_run_group_tests_name("vrrp/kernel/message", tests, NULL, NULL);
}
