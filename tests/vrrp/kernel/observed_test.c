/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table against a list that is too simple to be wrong. */
#include "vrrp/kernel/observed.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SIZE  64
#define HOSTS 40
#define LINKS 3

static struct kernel_observed_entry entry(uint32_t index, uint8_t host, uint8_t prefix_bits)
{
    return (struct kernel_observed_entry){
        .index = index,
        .address = {.family = AF_INET, .prefix_bits = prefix_bits, .bytes = {10, 0, 0, host}},
    };
}

static void put_find_remove(void **state)
{
    struct kernel_observed_entry memory[SIZE] = {0};
    struct kernel_observed observed = {0};
    const struct kernel_observed_entry one = entry(1, 1, 24);
    const struct kernel_observed_entry other = entry(1, 1, 32);
    const struct kernel_observed_entry elsewhere = entry(2, 1, 32);

    (void)state;
    assert_null(kernel_observed_find(&observed, 1, &one.address));
    kernel_observed_move(&observed, memory, SIZE);
    assert_non_null(kernel_observed_put(&observed, &one));
    assert_non_null(kernel_observed_put(&observed, &other));
    assert_non_null(kernel_observed_put(&observed, &elsewhere));
    assert_int_equal(observed.count, 3);

    /* Both prefix lengths of the host, and not the one of another interface. */
    struct kernel_observed_entry *found = kernel_observed_next(&observed, 1, &one.address, NULL);
    assert_non_null(found);
    found = kernel_observed_next(&observed, 1, &one.address, found);
    assert_non_null(found);
    assert_null(kernel_observed_next(&observed, 1, &one.address, found));

    kernel_observed_remove(&observed, 1, &one.address);
    assert_null(kernel_observed_find(&observed, 1, &one.address));
    assert_non_null(kernel_observed_find(&observed, 1, &other.address));
    assert_non_null(kernel_observed_find(&observed, 2, &elsewhere.address));
}

static void order_survives_replacing(void **state)
{
    struct kernel_observed_entry memory[SIZE] = {0};
    struct kernel_observed observed = {0};
    struct kernel_observed_entry first = entry(1, 1, 32);
    const struct kernel_observed_entry second = entry(1, 2, 32);

    (void)state;
    kernel_observed_move(&observed, memory, SIZE);
    kernel_observed_put(&observed, &first);
    kernel_observed_put(&observed, &second);
    first.tagged = true;
    kernel_observed_put(&observed, &first);
    assert_int_equal(observed.count, 2);
    assert_true(kernel_observed_find(&observed, 1, &first.address)->tagged);
    assert_true(kernel_observed_find(&observed, 1, &first.address)->order <
                kernel_observed_find(&observed, 1, &second.address)->order);
}

static void full_is_refused_and_grows(void **state)
{
    static struct kernel_observed_entry small[8], large[16];
    struct kernel_observed observed = {0};

    (void)state;
    kernel_observed_move(&observed, small, 8);
    for (uint8_t host = 0; host < 6; host++) {
        const struct kernel_observed_entry more = entry(1, host, 32);
        assert_non_null(kernel_observed_put(&observed, &more));
    }
    const struct kernel_observed_entry last = entry(1, 6, 32);
    assert_true(kernel_observed_is_full(&observed));
    assert_null(kernel_observed_put(&observed, &last));
    kernel_observed_move(&observed, large, 16);
    assert_int_equal(observed.count, 6);
    assert_non_null(kernel_observed_put(&observed, &last));
    for (uint8_t host = 0; host < 7; host++) {
        const struct kernel_observed_entry wanted = entry(1, host, 32);
        assert_non_null(kernel_observed_find(&observed, 1, &wanted.address));
    }
}

static void compare(struct kernel_observed *observed, bool there[LINKS][HOSTS])
{
    size_t count = 0;

    for (uint32_t link = 0; link < LINKS; link++)
        for (uint8_t host = 0; host < HOSTS; host++) {
            const struct kernel_observed_entry wanted = entry(link + 1, host, 32);
            assert_int_equal(kernel_observed_find(observed, link + 1, &wanted.address) != NULL,
                             there[link][host]);
            count += there[link][host];
        }
    assert_int_equal(observed->count, count);
}

/* Chains wrap around the end of the table, and gaps close; a fixed sequence of pseudo-randoms. */
static void many_changes(void **state)
{
    static struct kernel_observed_entry memory[256];
    struct kernel_observed observed = {0};
    bool there[LINKS][HOSTS] = {0};
    uint32_t random = 1;

    (void)state;
    kernel_observed_move(&observed, memory, 256);
    for (int step = 0; step < 20000; step++) {
        random = random * 1664525U + 1013904223U;
        const uint32_t link = random >> 16 & 0xff;
        const uint8_t host = (uint8_t)(random >> 24) % HOSTS;
        struct kernel_observed_entry some = entry(link % LINKS + 1, host, 32);

        some.dump = random >> 13 & 1;
        there[link % LINKS][host] = random >> 9 & 1;
        if (there[link % LINKS][host])
            kernel_observed_put(&observed, &some);
        else
            kernel_observed_remove(&observed, some.index, &some.address);
        if (step % 500 == 0)
            compare(&observed, there);
    }
    compare(&observed, there);
    kernel_observed_remove_link(&observed, 2);
    for (uint8_t host = 0; host < HOSTS; host++)
        there[1][host] = false;
    compare(&observed, there);
    for (uint32_t link = 0; link < LINKS; link++)
        for (uint8_t host = 0; host < HOSTS; host++) {
            const struct kernel_observed_entry some = entry(link + 1, host, 32);
            const struct kernel_observed_entry *found =
                kernel_observed_find(&observed, some.index, &some.address);
            there[link][host] = found != NULL && found->dump == 1;
        }
    kernel_observed_sweep(&observed, 1);
    compare(&observed, there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_find_remove),
        cmocka_unit_test(order_survives_replacing),
        cmocka_unit_test(full_is_refused_and_grows),
        cmocka_unit_test(many_changes),
    };

    return cmocka_run_group_tests_name("vrrp/kernel/observed", tests, NULL, NULL);
}
