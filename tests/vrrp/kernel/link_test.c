/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which address an interface calls its own, and when announcements begin anew. */
#include "vrrp/kernel/link.h"

#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define INDEX 4

struct row {
    const char *rule;
    struct kernel_observed_entry entries[3];
    const char *ipv4; /* "": none */
    const char *ipv6;
};

#define IPV4(last)                                                                                 \
    {                                                                                              \
        AF_INET, 24,                                                                               \
        {                                                                                          \
            10, 0, 0, last                                                                         \
        }                                                                                          \
    }
#define IPV6(first, second)                                                                        \
    {                                                                                              \
        AF_INET6, 64,                                                                              \
        {                                                                                          \
            first, second, [15] = 1                                                                \
        }                                                                                          \
    }

static const struct row rows[] = {
    {"the first one",
     {{INDEX, .address = IPV4(9), .usable = true}, {INDEX, .address = IPV4(2), .usable = true}},
     "10.0.0.9/24",
     ""},
    {"not one of ours",
     {{INDEX, .address = IPV4(9), .usable = true, .tagged = true},
      {INDEX, .address = IPV4(2), .usable = true}},
     "10.0.0.2/24",
     ""},
    {"not one of another interface", {{INDEX + 1, .address = IPV4(9), .usable = true}}, "", ""},
    {"the widest scope",
     {{INDEX, .address = IPV4(9), .usable = true, .scope = RT_SCOPE_LINK},
      {INDEX, .address = IPV4(2), .usable = true}},
     "10.0.0.2/24",
     ""},
    {"link scope is better than none",
     {{INDEX, .address = IPV4(9), .usable = true, .scope = RT_SCOPE_LINK}},
     "10.0.0.9/24",
     ""},
    {"not one of this host only",
     {{INDEX, .address = IPV4(9), .usable = true, .scope = RT_SCOPE_HOST}},
     "",
     ""},
    {"IPv6: link-local",
     {{INDEX, .address = IPV6(0xfd, 0), .usable = true},
      {INDEX, .address = IPV6(0xfe, 0x80), .usable = true, .scope = RT_SCOPE_LINK}},
     "",
     "fe80::1/64"},
    {"IPv6: not while tentative", {{INDEX, .address = IPV6(0xfe, 0x80)}}, "", ""},
};

static void own_address(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct kernel_observed_entry memory[16] = {0};
        struct kernel_observed observed = {0};
        struct kernel_links links = {0};
        const struct kernel_reconcile reconcile = {.observed = &observed, .claim = 1};
        const struct kernel_observe_link eth0 = {
            .index = INDEX, .name = "eth0", .up = true, .mtu = 1500};
        char text[ADDRESS_TEXT_BYTES];

        kernel_observed_move(&observed, memory, 16);
        for (size_t of = 0; of < 3; of++)
            if (rows[at].entries[of].index != 0)
                kernel_observed_put(&observed, &rows[at].entries[of]);
        assert_int_equal(kernel_link_put(&links, &eth0, 0), 1);
        const struct kernel_link link = kernel_link_describe(&links, "eth0", &reconcile);
        assert_int_equal(link.index, INDEX);
        assert_true(link.up);
        if (strcmp(link.ipv4.family ? address_format(&link.ipv4, text) : "", rows[at].ipv4) != 0)
            fail_msg("%s: IPv4 is %s", rows[at].rule, link.ipv4.family ? text : "none");
        if (strcmp(link.ipv6.family ? address_format(&link.ipv6, text) : "", rows[at].ipv6) != 0)
            fail_msg("%s: IPv6 is %s", rows[at].rule, link.ipv6.family ? text : "none");
        kernel_link_fini(&links);
    }
}

static void unknown_interface_has_no_index(void **state)
{
    struct kernel_observed observed = {0};
    const struct kernel_reconcile reconcile = {.observed = &observed};
    const struct kernel_links links = {0};
    const struct kernel_link link = kernel_link_describe(&links, "eth9", &reconcile);

    (void)state;
    assert_string_equal(link.interface, "eth9");
    assert_int_equal(link.index, 0);
    assert_false(link.up);
}

/* Whoever listens there may have learnt something else meanwhile. */
static void fresh_links(void **state)
{
    struct kernel_links links = {0};
    struct kernel_observe_link link = {.index = INDEX, .name = "eth0"};

    (void)state;
    assert_int_equal(kernel_link_put(&links, &link, 0), 0); /* down */
    link.up = true;
    assert_int_equal(kernel_link_put(&links, &link, 0), 1); /* came up */
    link.mtu = 9000;
    assert_int_equal(kernel_link_put(&links, &link, 0), 0);
    link.mac[5] = 1;
    assert_int_equal(kernel_link_put(&links, &link, 0), 1); /* another device behind it */
    assert_int_equal(links.count, 1);
    kernel_link_fini(&links);
}

static void lists_replace(void **state)
{
    struct kernel_links links = {0};

    (void)state;
    for (uint32_t index = 1; index <= 40; index++) {
        const struct kernel_observe_link link = {.index = index, .name = "x"};
        assert_true(kernel_link_put(&links, &link, index % 2) >= 0);
    }
    assert_int_equal(links.count, 40);
    kernel_link_sweep(&links, 1);
    assert_int_equal(links.count, 20);
    assert_null(kernel_link_at(&links, 2));
    assert_non_null(kernel_link_at(&links, 39));
    kernel_link_remove(&links, 39);
    assert_null(kernel_link_at(&links, 39));
    kernel_link_fini(&links);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_address),
        cmocka_unit_test(unknown_interface_has_no_index),
        cmocka_unit_test(fresh_links),
        cmocka_unit_test(lists_replace),
    };

    return cmocka_run_group_tests_name("vrrp/kernel/link", tests, NULL, NULL);
}
