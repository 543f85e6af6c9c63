/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What does not open: another key, a changed bit, a frame turned around or passed on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "vrrp/seal.h"

#define TEXT "what the nodes tell each other"

static const struct vrrp_cluster_key keys[2] = {{{1, 2, 3}}, {{4, 5, 6}}};
static const struct vrrp_seal_route route = {
    .from = {AF_INET, 32, {10, 0, 0, 1}},
    .to = {AF_INET, 32, {10, 0, 0, 2}},
};

static int open_with(const uint8_t *sealed, size_t length, const struct vrrp_seal_route *way,
                     size_t key_count)
{
    const struct vrrp_sealed wanted = {sealed, length, keys, key_count};
    uint8_t plain[sizeof(TEXT) + VRRP_SEAL_BYTES];
    const int plain_bytes = vrrp_seal_unwrap(&wanted, way, plain);

    if (plain_bytes >= 0)
        assert_string_equal((char *)plain, TEXT);
    return plain_bytes;
}

static void test_seal(void **state)
{
    uint8_t sealed[sizeof(TEXT) + VRRP_SEAL_BYTES];
    const uint8_t text[] = TEXT;
    const struct vrrp_seal_route back = {route.to, route.from};
    struct vrrp_seal_route onward = route, foreign = route;

    (void)state;
    onward.to.bytes[3] = 3;
    foreign.from.bytes[3] = 3;
    assert_int_equal(vrrp_seal_init(), 0);
    assert_int_equal(vrrp_seal_wrap(&keys[0], &route, text, sizeof(text), sealed), sizeof(sealed));
    assert_int_equal(open_with(sealed, sizeof(sealed), &route, 2), sizeof(text));
    assert_int_equal(open_with(sealed, sizeof(sealed), &back, 2), -EBADMSG);
    assert_int_equal(open_with(sealed, sizeof(sealed), &onward, 2), -EBADMSG);
    assert_int_equal(open_with(sealed, sizeof(sealed), &foreign, 2), -EBADMSG);
    assert_int_equal(open_with(sealed, sizeof(sealed), &route, 0), -EBADMSG);
    for (size_t length = 0; length < sizeof(sealed); length++)
        assert_int_equal(open_with(sealed, length, &route, 2), -EBADMSG);
    for (size_t at = 0; at < sizeof(sealed); at++) {
        sealed[at] ^= 0x10;
        assert_int_equal(open_with(sealed, sizeof(sealed), &route, 2), -EBADMSG);
        sealed[at] ^= 0x10;
    }
}

/* While keys are being changed, frames of the old one open as well. */
static void test_second_key(void **state)
{
    uint8_t sealed[sizeof(TEXT) + VRRP_SEAL_BYTES];
    const uint8_t text[] = TEXT;

    (void)state;
    vrrp_seal_wrap(&keys[1], &route, text, sizeof(text), sealed);
    assert_int_equal(open_with(sealed, sizeof(sealed), &route, 1), -EBADMSG);
    assert_int_equal(open_with(sealed, sizeof(sealed), &route, 2), sizeof(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_second_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
