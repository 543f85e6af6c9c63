/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The breaker's text, and what it reads of nft's. The kernel's view is in breaker_test.py. */
#include "vrrp/kernel/breaker_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS NS_PER_MS

static struct kernel_breaker_peer peer(const char *address, uint16_t port)
{
    struct kernel_breaker_peer peer = {.port = port};

    assert_int_equal(address_parse(address, &peer.address), 0);
    return peer;
}

static struct kernel_breaker_goal two(void)
{
    struct kernel_breaker_goal goal = {.peer_count = 2};

    goal.peers[0] = peer("192.0.2.11", 9000);
    goal.peers[1] = peer("2001:db8::11", 9001);
    return goal;
}

static void the_table_is_whole(void **state)
{
    static const char table[] =
        "add table inet regha_breaker\n"
        "delete table inet regha_breaker\n"
        "add table inet regha_breaker\n"
        "add set inet regha_breaker cut_4 { type ipv4_addr . inet_service; flags timeout; }\n"
        "add set inet regha_breaker watched_4 { type ipv4_addr . inet_service; }\n"
        "add set inet regha_breaker through_4 { type ipv4_addr . inet_service; size 64; flags "
        "dynamic,timeout; timeout 10m; }\n"
        "add set inet regha_breaker cut_6 { type ipv6_addr . inet_service; flags timeout; }\n"
        "add set inet regha_breaker watched_6 { type ipv6_addr . inet_service; }\n"
        "add set inet regha_breaker through_6 { type ipv6_addr . inet_service; size 64; flags "
        "dynamic,timeout; timeout 10m; }\n"
        "add chain inet regha_breaker cut\n"
        "add rule inet regha_breaker cut tcp flags rst accept\n"
        "add rule inet regha_breaker cut reject with tcp reset\n"
        "add chain inet regha_breaker local\n"
        "add rule inet regha_breaker local meta oifname \"lo\" accept\n"
        "add rule inet regha_breaker local meta skuid 990 accept\n"
        "add rule inet regha_breaker local goto cut\n"
        "add chain inet regha_breaker output { type filter hook output priority 0; policy accept; "
        "}\n"
        "add rule inet regha_breaker output ip daddr . tcp dport @cut_4 goto local\n"
        "add rule inet regha_breaker output ip6 daddr . tcp dport @cut_6 goto local\n"
        "add chain inet regha_breaker forward { type filter hook forward priority 0; policy "
        "accept; }\n"
        "add rule inet regha_breaker forward ip daddr . tcp dport @watched_4 update @through_4 { "
        "ip daddr . tcp dport }\n"
        "add rule inet regha_breaker forward ip6 daddr . tcp dport @watched_6 update @through_6 { "
        "ip6 daddr . tcp dport }\n"
        "add rule inet regha_breaker forward ip daddr . tcp dport @cut_4 goto cut\n"
        "add rule inet regha_breaker forward ip6 daddr . tcp dport @cut_6 goto cut\n"
        "add element inet regha_breaker watched_4 { 192.0.2.11 . 9000 }\n"
        "add element inet regha_breaker watched_6 { 2001:db8::11 . 9001 }\n";
    const struct kernel_breaker_goal goal = two();
    char *text = kernel_breaker_rules_table(&goal, 990);

    (void)state;
    assert_string_equal(text, table);
    free(text);
}

static void elements_live_for_what_is_left(void **state)
{
    static const struct {
        const char *rule;
        int64_t until_ms[2];
        const char *text;
    } rows[] = {
        {"never opened, or over", {0, 5000}, ""},
        {"one",
         {6000, 0},
         "add element inet regha_breaker cut_4 { 192.0.2.11 . 9000 timeout 1000ms }\n"},
        {"never longer than it has left",
         {5250, 5001},
         "add element inet regha_breaker cut_4 { 192.0.2.11 . 9000 timeout 250ms }\n"
         "add element inet regha_breaker cut_6 { 2001:db8::11 . 9001 timeout 1ms }\n"},
    };
    static const char head[] = "flush set inet regha_breaker cut_4\n"
                               "flush set inet regha_breaker cut_6\n";
    const struct kernel_breaker_goal goal = two();

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct monotime until[2] = {{rows[at].until_ms[0] * MS}, {rows[at].until_ms[1] * MS}};
        char *text = kernel_breaker_rules_elements(&goal, until, (struct monotime){5000 * MS});

        print_message("%s\n", rows[at].rule);
        assert_memory_equal(text, head, strlen(head));
        assert_string_equal(text + strlen(head), rows[at].text);
        free(text);
    }
}

static void what_may_be_cut(void **state)
{
    static const struct {
        const char *address;
        uint16_t port;
        bool may;
    } rows[] = {
        {"192.0.2.11", 9000, true}, {"192.0.2.11", 0, false},          {"127.0.0.1", 9000, false},
        {"127.9.9.9", 9000, false}, {"0.0.0.0", 9000, false},          {"224.0.0.18", 9000, false},
        {"126.0.0.1", 9000, true},  {"2001:db8::11", 9000, true},      {"::1", 9000, false},
        {"::", 9000, false},        {"fe80::1", 9000, false},          {"ff02::12", 9000, false},
        {"fd00::1", 9000, true},    {"::ffff:127.0.0.1", 9000, false},
    };
    const struct kernel_breaker_peer none = {.port = 9000};

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct kernel_breaker_peer one = peer(rows[at].address, rows[at].port);

        print_message("%s\n", rows[at].address);
        assert_int_equal(kernel_breaker_rules_may_cut(&one), rows[at].may);
    }
    assert_false(kernel_breaker_rules_may_cut(&none));
}

/* An address that may not be cut is in no set, whatever the goal says. */
static void loopback_is_never_written(void **state)
{
    struct kernel_breaker_goal goal = {.peer_count = 1};
    const struct monotime until = {6000 * MS};

    (void)state;
    goal.peers[0] = peer("127.0.0.1", 9000);
    char *text = kernel_breaker_rules_elements(&goal, &until, (struct monotime){5000 * MS});
    assert_null(strstr(text, "add element"));
    free(text);
    text = kernel_breaker_rules_table(&goal, 990);
    assert_null(strstr(text, "add element"));
    free(text);
}

static void answers_are_read(void **state)
{
    static const char answer[] = "\t\telements = { 192.0.2.11 . 9000 expires 9m59s,\n"
                                 "\t\t\t     10.192.0.2 . 9000 expires 1s }\n"
                                 "\t\telements = { 2001:db8::11 . 9001 expires 9m59s }\n";
    static const struct {
        const char *address;
        uint16_t port;
        bool is_named;
    } rows[] = {
        {"192.0.2.11", 9000, true},   {"192.0.2.11", 900, false},   {"192.0.2.11", 9001, false},
        {"10.192.0.2", 9000, true},   {"0.192.0.2", 9000, false},   {"192.0.2.1", 9000, false},
        {"2001:db8::11", 9001, true}, {"2001:db8::1", 9001, false},
    };

    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        const struct kernel_breaker_peer one = peer(rows[at].address, rows[at].port);

        print_message("%s %u\n", rows[at].address, rows[at].port);
        assert_int_equal(kernel_breaker_rules_names(answer, &one), rows[at].is_named);
        assert_false(kernel_breaker_rules_names("", &one));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_whole), cmocka_unit_test(elements_live_for_what_is_left),
        cmocka_unit_test(what_may_be_cut),    cmocka_unit_test(loopback_is_never_written),
        cmocka_unit_test(answers_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
