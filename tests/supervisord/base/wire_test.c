/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every kind of field there and back, and every way a message can be wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/address.h"
#include "base/wire.h"

struct sample {
    bool yes;
    uint8_t small;
    uint16_t medium;
    uint32_t large;
    int64_t signed_one;
    char text[8];
    uint8_t bytes[3];
    uint8_t address_count;
    struct address addresses[2];
    uint16_t block_bytes;
    char block[16];
};

static const struct wire_field sample_fields[] = {
    WIRE_BOOL(sample, yes),
    WIRE_UPTO(sample, small, 9),
    WIRE_INT(sample, medium),
    WIRE_INT(sample, large),
    WIRE_INT(sample, signed_one),
    WIRE_TEXT(sample, text),
    WIRE_BYTES(sample, bytes),
    WIRE_ARRAY(sample, addresses, address_count, wire_address_fields),
    WIRE_BLOCK(sample, block, block_bytes),
    WIRE_END,
};

static const struct wire_layout sample_layout = {40, 3, sizeof(struct sample), sample_fields,
                                                 "sample"};

static struct sample sample_make(void)
{
    struct sample sample;

    memset(&sample, 0, sizeof(sample));
    sample.yes = true;
    sample.small = 9;
    sample.medium = 0xfffe;
    sample.large = 0xdeadbeef;
    sample.signed_one = -5;
    memcpy(sample.text, "1234567", 8);
    memcpy(sample.bytes, "abc", 3);
    sample.address_count = 2;
    address_parse("10.0.0.1/24", &sample.addresses[0]);
    address_parse("fd00::1", &sample.addresses[1]);
    sample.block_bytes = 5;
    memcpy(sample.block, "a\0b\0c", 5);
    return sample;
}

static void a_message_comes_back_as_it_was(void **unused)
{
    const struct sample sample = sample_make();
    struct sample back;
    uint8_t bytes[WIRE_MESSAGE_BYTES];
    const int length = wire_encode(&sample_layout, &sample, bytes, sizeof(bytes));

    (void)unused;
    assert_true(length > 0);
    assert_int_equal(wire_decode(&sample_layout, bytes, (size_t)length, &back, sizeof(back)), 0);
    assert_memory_equal(&sample, &back, sizeof(back));
}

/* No shorter message is taken for a whole one, and none is read beyond its end (ASan sees it). */
static void every_truncation_is_refused(void **unused)
{
    const struct sample sample = sample_make();
    struct sample back;
    uint8_t bytes[WIRE_MESSAGE_BYTES];
    const int length = wire_encode(&sample_layout, &sample, bytes, sizeof(bytes));

    (void)unused;
    for (int cut = 0; cut < length; cut++) {
        uint8_t *exact = test_malloc((size_t)cut + 1);
        memcpy(exact, bytes, (size_t)cut);
        if (cut >= WIRE_HEADER_BYTES) { /* with a length that agrees, only the body is short */
            exact[2] = (uint8_t)(cut - WIRE_HEADER_BYTES);
            exact[3] = 0;
        }
        assert_int_equal(wire_decode(&sample_layout, exact, (size_t)cut, &back, sizeof(back)),
                         -EPROTO);
        test_free(exact);
    }
    assert_int_equal(wire_decode(&sample_layout, bytes, (size_t)length + 1, &back, sizeof(back)),
                     -EPROTO);
    for (int size = 0; size < length; size++)
        assert_int_equal(wire_encode(&sample_layout, &sample, bytes, (size_t)size), -EMSGSIZE);
}

static void wrong_values_are_refused(void **unused)
{
    static const struct {
        const char *rule;
        int at;
        uint8_t byte;
    } rows[] = {
        {"another type", 0, 41},
        {"another version", 1, 4},
        {"a length that disagrees", 2, 1},
        {"a bool of 2", 4, 2},
        {"a number above its limit", 5, 10},
        {"a text longer than its field", 20, 8},
        {"a NUL inside a text", 23, 0},
        {"more addresses than there is room for", 32, 3},
        {"a prefix of 129 bits", 34, 129},
    };
    const struct sample sample = sample_make();
    struct sample back;

    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        uint8_t bytes[WIRE_MESSAGE_BYTES];
        const int length = wire_encode(&sample_layout, &sample, bytes, sizeof(bytes));
        if (bytes[rows[at].at] == rows[at].byte)
            fail_msg("%s: the row changes nothing", rows[at].rule);
        bytes[rows[at].at] = rows[at].byte;
        if (wire_decode(&sample_layout, bytes, (size_t)length, &back, sizeof(back)) != -EPROTO)
            fail_msg("%s: accepted", rows[at].rule);
        assert_int_equal(back.large, 0);
    }
}

static void our_own_mistakes_are_not_sent(void **unused)
{
    struct sample sample = sample_make();
    uint8_t bytes[WIRE_MESSAGE_BYTES];

    (void)unused;
    sample.address_count = 3;
    assert_int_equal(wire_encode(&sample_layout, &sample, bytes, sizeof(bytes)), -EINVAL);
    sample = sample_make();
    memcpy(sample.text, "12345678", 8);
    assert_int_equal(wire_encode(&sample_layout, &sample, bytes, sizeof(bytes)), -EINVAL);
    sample = sample_make();
    sample.block_bytes = 17;
    assert_int_equal(wire_encode(&sample_layout, &sample, bytes, sizeof(bytes)), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_comes_back_as_it_was),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(wrong_values_are_refused),
        cmocka_unit_test(our_own_mistakes_are_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
