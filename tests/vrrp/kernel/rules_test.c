/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard's text: whole for one virtual router, and what varies. The kernel's view is in namespaces_test.py. */
#include "vrrp/kernel/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS NS_PER_MS

struct stage {
    struct kernel_wanted wanted;
    struct kernel_links links;
};

static struct kernel_goal goal(const char *name, const char *interface, const char *address,
                               int64_t guard_ns)
{
    struct kernel_goal goal = {.vrid = 51, .hold = true, .address_count = 1, .guard_ns = guard_ns};

    memcpy(goal.name, name, strlen(name));
    memcpy(goal.interface, interface, strlen(interface));
    assert_int_equal(address_parse(address, &goal.addresses[0]), 0);
    goal.family = goal.addresses[0].family;
    return goal;
}

static void set(struct stage *stage, const struct kernel_goal *one, const struct kernel_goal *other)
{
    const struct kernel_goal *goals[] = {one, other};
    const struct kernel_wanted_set wanted = {goals, other != NULL ? 2 : 1, false};
    const struct kernel_observe_link links[] = {{.index = 4, .name = "eth0"},
                                                {.index = 5, .name = "eth\"1"}};
    struct err err;

    *stage = (struct stage){0};
    assert_int_equal(kernel_wanted_apply(&stage->wanted, &wanted, &err), 0);
    for (size_t at = 0; at < 2; at++)
        assert_int_equal(kernel_link_put(&stage->links, &links[at], 0), 0);
}

static void clear(struct stage *stage)
{
    kernel_wanted_fini(&stage->wanted);
    kernel_link_fini(&stage->links);
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

static void one_router(void **state)
{
    static const char table[] =
        "add table netdev regha\n"
        "delete table netdev regha\n"
        "add table netdev regha\n"
        "add map netdev regha adverts { type mark : verdict; }\n"
        "add map netdev regha guarded_4 { type ipv4_addr : verdict; }\n"
        "add map netdev regha guarded_6 { type ipv6_addr : verdict; }\n"
        "add set netdev regha guarding { typeof meta oif; flags timeout; }\n"
        "add chain netdev regha local_4\n"
        "add rule netdev regha local_4 ip saddr vmap @guarded_4\n"
        "add chain netdev regha local_6\n"
        "add rule netdev regha local_6 ip6 saddr vmap @guarded_6\n"
        "add chain netdev regha out_4 { type filter hook egress device \"eth0\" priority 0; policy "
        "accept; }\n"
        "add rule netdev regha out_4 meta mark vmap @adverts\n"
        "add rule netdev regha out_4 meta oif != @guarding accept\n"
        "add rule netdev regha out_4 meta protocol ip fib saddr type local goto local_4\n"
        "add rule netdev regha out_4 meta protocol ip6 fib saddr type local goto local_6\n"
        "add rule netdev regha out_4 arp saddr ip vmap @guarded_4\n"
        "add set netdev regha alive_4_51 { typeof meta oif; size 1024; flags dynamic,timeout; }\n"
        "add chain netdev regha check_4_51\n"
        "add rule netdev regha check_4_51 meta oif @alive_4_51 accept\n"
        "add rule netdev regha check_4_51 meta oif != { 4 } accept\n"
        "add rule netdev regha check_4_51 drop\n"
        "add chain netdev regha advert_4_51\n"
        "add rule netdev regha advert_4_51 @th,16,8 != 0 update @alive_4_51 { meta oif timeout "
        "300ms }\n"
        "add element netdev regha adverts { 0x72000033 : goto advert_4_51 }\n"
        "add chain netdev regha pulse_4_51\n"
        "add rule netdev regha pulse_4_51 jump advert_4_51\n"
        "add rule netdev regha pulse_4_51 drop\n"
        "add element netdev regha adverts { 0x72000233 : goto pulse_4_51 }\n"
        "add element netdev regha guarded_4 { 10.0.0.100 : goto check_4_51 }\n";
    const struct kernel_goal one = goal("a", "eth0", "10.0.0.100", 303 * MS);
    struct stage stage;

    (void)state;
    set(&stage, &one, NULL);
    char *text = kernel_rules_table(&stage.wanted, &stage.links);
    assert_string_equal(text, table);
    free(text);
    text = kernel_rules_grace(&stage.wanted, &stage.links);
    assert_string_equal(text, "add element netdev regha alive_4_51 { 4 timeout 300ms }\n");
    free(text);
    text = kernel_rules_refresh(&stage.wanted, &stage.links);
    assert_string_equal(text, "flush set netdev regha guarding\n"
                              "add element netdev regha guarding { 4 timeout 14s }\n");
    free(text);
    clear(&stage);
}

static void nothing_to_guard_is_no_table(void **state)
{
    static const struct {
        const char *interface;
        int64_t guard_ns;
    } rows[] = {
        {"eth0", 0},          /* no guard wanted */
        {"eth9", 300 * MS},   /* no such interface */
        {"eth\"1", 300 * MS}, /* a name that would end its quotation */
    };
    struct stage stage;

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct kernel_goal one =
            goal("a", rows[at].interface, "10.0.0.100", rows[at].guard_ns);

        set(&stage, &one, NULL);
        char *text = kernel_rules_table(&stage.wanted, &stage.links);
        assert_string_equal(text, "");
        assert_false(kernel_rules_covers(&stage.links, &one));
        free(text);
        clear(&stage);
    }
}

/* What two goals have in common is written once, or nft refuses all of it. */
static void shared_names_are_written_once(void **state)
{
    const struct kernel_goal one = goal("a", "eth0", "10.0.0.100", 300 * MS);
    const struct kernel_goal same = goal("b", "eth0", "10.0.0.100", 300 * MS);
    struct stage stage;

    (void)state;
    set(&stage, &one, &same);
    char *text = kernel_rules_table(&stage.wanted, &stage.links);
    assert_int_equal(occurrences(text, "add chain netdev regha check_4_51\n"), 1);
    assert_int_equal(occurrences(text, "10.0.0.100"), 1);
    assert_int_equal(occurrences(text, "hook egress"), 1);
    free(text);
    clear(&stage);
}

/* Two families of one VRID are two virtual routers. */
static void families_are_apart(void **state)
{
    const struct kernel_goal four = goal("a", "eth0", "10.0.0.100", 300 * MS);
    const struct kernel_goal six = goal("a", "eth0", "fd00::100", 50 * MS);
    struct stage stage;

    (void)state;
    set(&stage, &four, &six);
    char *text = kernel_rules_table(&stage.wanted, &stage.links);
    assert_non_null(strstr(text, "adverts { 0x72000033 : goto advert_4_51 }"));
    assert_non_null(strstr(text, "adverts { 0x72000133 : goto advert_6_51 }"));
    assert_non_null(strstr(text, "guarded_6 { fd00::100 : goto check_6_51 }"));
    assert_non_null(strstr(text, "@th,64,128 0xfd000000000000000000000000000100 goto check_6_51"));
    assert_non_null(strstr(text, "timeout 48ms"));
    free(text);
    clear(&stage);
}

/* An answer may leave by the interface of another virtual router, where none of its adverts does. */
static void other_interfaces_are_not_looked_at(void **state)
{
    const struct kernel_goal front = goal("a", "eth0", "10.0.0.100", 300 * MS);
    struct kernel_goal back = goal("b", "eth2", "10.1.0.100", 300 * MS);
    const struct kernel_observe_link link = {.index = 6, .name = "eth2"};
    struct stage stage;

    (void)state;
    for (back.vrid = 51; back.vrid <= 52; back.vrid++) {
        set(&stage, &front, &back);
        assert_int_equal(kernel_link_put(&stage.links, &link, 0), 0);
        char *text = kernel_rules_table(&stage.wanted, &stage.links);
        assert_int_equal(occurrences(text, "check_4_51 meta oif != { 4 } accept\n"),
                         back.vrid == 52);
        assert_int_equal(occurrences(text, "check_4_52 meta oif != { 6 } accept\n"),
                         back.vrid == 52);
        assert_int_equal(occurrences(text, "check_4_51 meta oif != { 4, 6 } accept\n"),
                         back.vrid == 51);
        free(text);
        clear(&stage);
    }
}

/* Who holds what changes each time a router moves; the table does not. */
static void table_does_not_depend_on_who_holds(void **state)
{
    struct kernel_goal one = goal("a", "eth0", "10.0.0.100", 300 * MS);
    struct stage held, idle;

    (void)state;
    set(&held, &one, NULL);
    one.hold = false;
    set(&idle, &one, NULL);
    char *text = kernel_rules_table(&held.wanted, &held.links);
    char *other = kernel_rules_table(&idle.wanted, &idle.links);
    assert_string_equal(text, other);
    free(text);
    free(other);
    text = kernel_rules_grace(&idle.wanted, &idle.links);
    assert_string_equal(text, "");
    free(text);
    clear(&held);
    clear(&idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_router),
        cmocka_unit_test(nothing_to_guard_is_no_table),
        cmocka_unit_test(shared_names_are_written_once),
        cmocka_unit_test(families_are_apart),
        cmocka_unit_test(other_interfaces_are_not_looked_at),
        cmocka_unit_test(table_does_not_depend_on_who_holds),
    };

    return cmocka_run_group_tests_name("vrrp/kernel/rules", tests, NULL, NULL);
}
