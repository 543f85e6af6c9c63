/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Good packets, of real routers too, and each way to spoil one: a row, a rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/vrrp/packets.h"

/* As the dispatcher does it, with one virtual router. */
static enum vrrp_drop judge(const uint8_t *bytes, size_t length, const struct vrrp_params *params,
                            struct vrrp_packet *ret_packet)
{
    struct vrrp_datagram datagram;
    uint8_t vrid;
    enum vrrp_drop drop = vrrp_packet_unwrap(bytes, length, &datagram);

    if (drop == VRRP_ACCEPTED)
        drop = vrrp_packet_peek(&datagram, &vrid);
    if (drop == VRRP_ACCEPTED && vrid != params->vrid)
        drop = VRRP_DROP_VRID;
    if (drop == VRRP_ACCEPTED)
        drop = vrrp_packet_decode(&datagram, params, ret_packet);
    return drop;
}

/* The packet is copied to memory of exactly its size, so that ASan sees one byte too far. */
static enum vrrp_drop judge_row(const struct packets_row *row, struct vrrp_packet *ret_packet)
{
    const struct vrrp_params params = packets_params();
    uint8_t bytes[PACKETS_BYTES];
    const size_t length = packets_build(row, bytes);
    uint8_t *exact = test_malloc(length + 1);

    memcpy(exact + 1, bytes, length);
    const enum vrrp_drop drop = judge(exact + 1, length, &params, ret_packet);
    test_free(exact);
    return drop;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t at = 0; at < PACKETS_ROWS; at++) {
        struct vrrp_packet packet = {.priority = 77};
        const enum vrrp_drop got = judge_row(&packets_rows[at], &packet);

        if (got != packets_rows[at].want)
            fail_msg("%s: %s, want %s", packets_rows[at].what, vrrp_message_drop_name(got),
                     vrrp_message_drop_name(packets_rows[at].want));
        if (got != VRRP_ACCEPTED && packet.priority != 77)
            fail_msg("%s: dropped, yet the packet was touched", packets_rows[at].what);
    }
}

static void test_every_reason_has_a_packet(void **state)
{
    bool seen[VRRP_DROP_REASONS] = {false};

    (void)state;
    for (size_t at = 0; at < PACKETS_ROWS; at++)
        seen[packets_rows[at].want] = true;
    for (size_t at = 0; at < VRRP_DROP_REASONS; at++)
        if (!seen[at])
            fail_msg("no packet is dropped for %s", vrrp_message_drop_name((enum vrrp_drop)at));
}

/* Recorded from routers and computed by tools that know nothing of this code. */
static const struct {
    const char *what;
    const char *hex;
    uint8_t vrid, priority;
    int64_t interval_cs;
    enum vrrp_checksum form;
} vectors[] = {
    {"V4 message only", "45c0002000000000ff701899c0000202e0000012310164010064a897c0000201", 1, 100,
     100, VRRP_CHECKSUM_RFC9568},
    {"V5 pseudo-header", PACKETS_GOOD, 1, 100, 100, VRRP_CHECKSUM_RFC5798},
    {"V6 priority 0", "45c0002000000000ff701899c0000202e00000123101000100646a06c0000201", 1, 0, 100,
     VRRP_CHECKSUM_RFC5798},
    {"V7 three addresses, 1 cs",
     "45c0002800000000ff70d0900a000003e000001231fffe030001b1f40a0000010a0000020a000004", 255, 254,
     1, VRRP_CHECKSUM_RFC9568},
    {"V8 three addresses, 4095 cs",
     "45c0002800000000ff70d0900a000003e000001231fffe030fffb75c0a0000010a0000020a000004", 255, 254,
     4095, VRRP_CHECKSUM_RFC5798},
    {"keepalived 2.2.7", "45c0002400010000ff701894c0000202e0000012310ac8020064df2ec0000264c0000265",
     10, 200, 100, VRRP_CHECKSUM_RFC5798},
    {"FRR 8.4.4", "45c0002094154000ff704482c0000203e0000012311496010064d37ac0000278", 20, 150, 100,
     VRRP_CHECKSUM_RFC5798},
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(vectors) / sizeof(vectors[0]); at++) {
        struct vrrp_params params = packets_params();
        struct vrrp_packet packet;
        uint8_t bytes[PACKETS_BYTES];
        const size_t length = packets_from_hex(vectors[at].hex, bytes);

        params.vrid = vectors[at].vrid;
        params.peer_count = params.foreign_count = 0;
        if (judge(bytes, length, &params, &packet) != VRRP_ACCEPTED)
            fail_msg("%s is not accepted", vectors[at].what);
        assert_int_equal(packet.priority, vectors[at].priority);
        assert_int_equal(packet.advert_interval_ns, vectors[at].interval_cs * NS_PER_CS);
        assert_int_equal(packet.checksum, vectors[at].form);
    }
}

/* The same vectors from the sender's side, byte by byte. */
static void test_encode_vectors(void **state)
{
    (void)state;
    for (size_t at = 0; at < 5; at++) {
        struct vrrp_params params = packets_params();
        struct vrrp_packet_advert advert = {
            .priority = vectors[at].priority,
            .checksum = vectors[at].form,
            .destination = vrrp_packet_group(),
        };
        uint8_t want[PACKETS_BYTES], got[VRRP_PACKET_BYTES];
        const size_t length = packets_from_hex(vectors[at].hex, want);

        params.vrid = vectors[at].vrid;
        params.advert_interval_ns = vectors[at].interval_cs * NS_PER_CS;
        memcpy(params.source.bytes, want + 12, ADDRESS_IPV4_BYTES);
        params.address_count = want[23];
        for (size_t n = 0; n < params.address_count; n++) {
            params.addresses[n] = (struct address){.family = AF_INET, .prefix_bits = 32};
            memcpy(params.addresses[n].bytes, want + 28 + 4 * n, ADDRESS_IPV4_BYTES);
        }
        assert_int_equal(vrrp_packet_encode(&params, &advert, got), length - PACKETS_VRRP_AT);
        assert_memory_equal(got, want + PACKETS_VRRP_AT, length - PACKETS_VRRP_AT);
    }
}

static void test_differences_are_told(void **state)
{
    static const struct {
        const char *what;
        struct packets_row row;
        bool interval, addresses, greater;
    } rows[] = {
        {"nothing", {"", PACKETS_GOOD, "", 0, false, VRRP_ACCEPTED}, false, false, false},
        {"interval", {"", PACKETS_GOOD, "25:32", 0, true, VRRP_ACCEPTED}, true, false, false},
        {"address", {"", PACKETS_GOOD, "31:07", 0, true, VRRP_ACCEPTED}, false, true, false},
        {"one address more",
         {"", PACKETS_GOOD, "23:02", 4, true, VRRP_ACCEPTED},
         false,
         true,
         false},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct vrrp_packet packet;

        assert_int_equal(judge_row(&rows[at].row, &packet), VRRP_ACCEPTED);
        assert_int_equal(packet.interval_differs, rows[at].interval);
        assert_int_equal(packet.addresses_differ, rows[at].addresses);
        assert_int_equal(packet.sender_is_greater, rows[at].greater);
    }
}

/* RFC 9568 section 6.4.3: unsigned, in network order: 192.0.2.200 is above 192.0.2.9. */
static void test_sender_is_greater(void **state)
{
    static const struct packets_row row = {"", PACKETS_GOOD, "15:c8", 0, true, VRRP_ACCEPTED};
    struct vrrp_params params = packets_params();
    struct vrrp_packet packet;
    uint8_t bytes[PACKETS_BYTES];
    const size_t length = packets_build(&row, bytes);

    (void)state;
    params.peer_count = params.foreign_count = 0;
    assert_int_equal(judge(bytes, length, &params, &packet), VRRP_ACCEPTED);
    assert_true(packet.sender_is_greater);
}

static void test_unicast(void **state)
{
    static const struct {
        const char *what;
        struct packets_row row;
        enum vrrp_drop want;
    } rows[] = {
        {"to us, from a peer",
         {"", PACKETS_GOOD, "16:c0 17:00 18:02 19:09", 0, true, VRRP_ACCEPTED},
         VRRP_ACCEPTED},
        {"to us, from a stranger",
         {"", PACKETS_GOOD, "15:06 16:c0 17:00 18:02 19:09", 0, true, VRRP_ACCEPTED},
         VRRP_DROP_FOREIGN_SOURCE},
        {"to the group", {"", PACKETS_GOOD, "", 0, false, VRRP_ACCEPTED}, VRRP_DROP_DESTINATION},
        {"across a router",
         {"", PACKETS_GOOD, "8:fe 16:c0 17:00 18:02 19:09", 0, true, VRRP_ACCEPTED},
         VRRP_DROP_TTL},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct vrrp_params params = packets_params();
        struct vrrp_packet packet;
        uint8_t bytes[PACKETS_BYTES];
        const size_t length = packets_build(&rows[at].row, bytes);

        params.transport = VRRP_TRANSPORT_UNICAST;
        if (judge(bytes, length, &params, &packet) != rows[at].want)
            fail_msg("%s", rows[at].what);
    }
}

/* A unicast router without peers must not believe everybody. */
static void test_unicast_without_peers(void **state)
{
    static const struct packets_row row = {"", PACKETS_GOOD, "16:c0 17:00 18:02 19:09",
                                           0,  true,         VRRP_ACCEPTED};
    struct vrrp_params params = packets_params();
    struct vrrp_packet packet;
    uint8_t bytes[PACKETS_BYTES];
    const size_t length = packets_build(&row, bytes);

    (void)state;
    params.transport = VRRP_TRANSPORT_UNICAST;
    params.peer_count = params.foreign_count = 0;
    assert_int_equal(judge(bytes, length, &params, &packet), VRRP_DROP_FOREIGN_SOURCE);
}

/* We mirror a peer that only speaks the other form, and go back at the first sign of ours. */
static void test_checksum_habit(void **state)
{
    struct vrrp_packet_habit habit = {0};

    (void)state;
    assert_int_equal(vrrp_packet_form(&habit, VRRP_CHECKSUM_AUTO), VRRP_CHECKSUM_RFC5798);
    vrrp_packet_heard(&habit, VRRP_CHECKSUM_RFC9568);
    vrrp_packet_heard(&habit, VRRP_CHECKSUM_RFC9568);
    assert_int_equal(vrrp_packet_form(&habit, VRRP_CHECKSUM_AUTO), VRRP_CHECKSUM_RFC5798);
    for (int more = 0; more < 1000; more++)
        vrrp_packet_heard(&habit, VRRP_CHECKSUM_RFC9568);
    assert_int_equal(vrrp_packet_form(&habit, VRRP_CHECKSUM_AUTO), VRRP_CHECKSUM_RFC9568);
    assert_int_equal(vrrp_packet_form(&habit, VRRP_CHECKSUM_RFC5798), VRRP_CHECKSUM_RFC5798);
    vrrp_packet_heard(&habit, VRRP_CHECKSUM_RFC5798);
    assert_int_equal(vrrp_packet_form(&habit, VRRP_CHECKSUM_AUTO), VRRP_CHECKSUM_RFC5798);
    assert_int_equal(vrrp_packet_form(&habit, VRRP_CHECKSUM_RFC9568), VRRP_CHECKSUM_RFC9568);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_reason_has_a_packet),
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_encode_vectors),
        cmocka_unit_test(test_differences_are_told),
        cmocka_unit_test(test_sender_is_greater),
        cmocka_unit_test(test_unicast),
        cmocka_unit_test(test_unicast_without_peers),
        cmocka_unit_test(test_checksum_habit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
