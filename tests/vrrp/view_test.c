/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the addresses count as held, and when as gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "vrrp/view.h"

static const struct vrrp_params params = {
    .interface = "eth0",
    .vrid = 51,
    .family = AF_INET,
    .address_count = 2,
    .addresses = {{AF_INET, 32, {10, 0, 0, 1}}, {AF_INET, 32, {10, 0, 0, 2}}},
};

static const struct row {
    const char *rule;
    bool link_up, hold, settled, first, second;
    uint8_t vrid;
    bool held, gone;
} rows[] = {
    {"all as it was", true, true, true, true, true, 51, true, false},
    {"not yet settled", true, true, false, true, true, 51, true, false},
    {"no link", false, true, true, true, true, 51, false, false},
    {"one address is missing", true, true, true, true, false, 51, false, false},
    {"they are there, but not for us", true, false, false, true, true, 51, false, false},
    {"removed", true, false, true, false, false, 51, false, true},
    {"removed; somebody else's stays", true, false, true, true, true, 51, false, true},
    {"another virtual router", true, true, true, true, true, 52, false, true},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct row *row = &rows[at];
        const struct kernel_link link = {.interface = "eth0", .index = 2, .up = row->link_up};
        const struct kernel_status status = {
            .interface = "eth0",
            .vrid = row->vrid,
            .family = AF_INET,
            .hold = row->hold,
            .settled = row->settled,
            .address_count = 2,
            .addresses = {params.addresses[1], params.addresses[0]}, /* in another order */
            .present = {row->second, row->first},
        };
        struct vrrp_view view = {0};

        assert_int_equal(vrrp_view_put_link(&view, &link), 0);
        assert_int_equal(vrrp_view_put_status(&view, &status), 0);
        if (vrrp_view_holds(&view, &params) != row->held ||
            vrrp_view_has_removed(&view, &params) != row->gone)
            fail_msg("%s", row->rule);
        vrrp_view_fini(&view);
    }
}

static void test_newest_word_counts(void **state)
{
    struct kernel_link link = {.interface = "eth0", .index = 2, .up = true};
    struct vrrp_view view = {0};

    (void)state;
    assert_null(vrrp_view_link(&view, "eth0"));
    for (unsigned index = 1; index < 40; index++) {
        link.index = index;
        assert_int_equal(vrrp_view_put_link(&view, &link), 0);
    }
    assert_int_equal(view.link_count, 1);
    assert_int_equal(vrrp_view_link(&view, "eth0")->index, 39);
    assert_null(vrrp_view_link(&view, "eth1"));
    vrrp_view_fini(&view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_newest_word_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
