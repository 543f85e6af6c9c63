/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/rules.h"

#include <stdio.h>
#include <string.h>

#include "vrrp/kernel/text.h"

/* Timers of the kernel tick each 4 ms on Debian; later than asked is too late. */
#define TICK_MS 4

#define REMOVAL                                                                                    \
    "add table netdev " KERNEL_RULES_TABLE "\n"                                                    \
    "delete table netdev " KERNEL_RULES_TABLE "\n"

const char *kernel_rules_removal(void)
{
    return REMOVAL;
}

/* What needs no quoting and cannot end a quotation. */
static bool is_plain(const char *name)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:@-";

    return name[0] != '\0' && name[strspn(name, plain)] == '\0';
}

bool kernel_rules_covers(const struct kernel_links *links, const struct kernel_goal *goal)
{
    return goal->guard_ns > 0 && is_plain(goal->interface) &&
           kernel_link_find(links, goal->interface) != NULL;
}

static int family(const struct kernel_goal *goal)
{
    return goal->family == AF_INET6 ? 6 : 4;
}

static uint32_t mark(const struct kernel_goal *goal)
{
    return KERNEL_GUARD_MARK | (goal->family == AF_INET6 ? KERNEL_GUARD_MARK_IPV6 : 0U) |
           goal->vrid;
}

static int64_t timeout_ms(const struct kernel_goal *goal)
{
    const int64_t rounded = goal->guard_ns / NS_PER_MS / TICK_MS * TICK_MS;

    return rounded > TICK_MS ? rounded : TICK_MS;
}

/* A VRID may be in use on several interfaces: the first goal of it writes its rules. */
static bool is_first_of_vrid(const struct kernel_wanted *wanted, const struct kernel_links *links,
                             size_t at)
{
    for (size_t other = 0; other < at; other++)
        if (mark(&wanted->goals[other].goal) == mark(&wanted->goals[at].goal) &&
            kernel_rules_covers(links, &wanted->goals[other].goal))
            return false;
    return true;
}

static bool is_first_of_address(const struct kernel_wanted *wanted,
                                const struct kernel_links *links, size_t ordinal)
{
    for (size_t other = 0; other < ordinal; other++)
        if (address_is_same(&wanted->wants[other].address, &wanted->wants[ordinal].address) &&
            kernel_rules_covers(links, &wanted->goals[wanted->goal_of[other]].goal))
            return false;
    return true;
}

/*
 * What leaves by another interface than the adverts do, as an answer that takes another way back,
 * says nothing on the link where the address may have moved to another node.
 */
static void write_elsewhere(FILE *file, const struct kernel_wanted *wanted,
                            const struct kernel_links *links, const struct kernel_goal *goal)
{
    const char *separator = "";

    fprintf(file, "add rule netdev " KERNEL_RULES_TABLE " check_%d_%u meta oif != {", family(goal),
            goal->vrid);
    for (size_t at = 0; at < wanted->goal_count; at++) {
        const struct kernel_goal *other = &wanted->goals[at].goal;

        if (mark(other) != mark(goal) || !kernel_rules_covers(links, other))
            continue;
        fprintf(file, "%s %u", separator, kernel_link_find(links, other->interface)->link.index);
        separator = ",";
    }
    fputs(" } accept\n", file);
}

static void write_router(FILE *file, const struct kernel_wanted *wanted,
                         const struct kernel_links *links, const struct kernel_goal *goal)
{
    const char *const table = "netdev " KERNEL_RULES_TABLE;
    const int of = family(goal);
    const unsigned vrid = goal->vrid;

    fprintf(file, "add set %s alive_%d_%u { typeof meta oif; size 1024; flags dynamic,timeout; }\n",
            table, of, vrid);
    fprintf(file, "add chain %s check_%d_%u\n", table, of, vrid);
    fprintf(file, "add rule %s check_%d_%u meta oif @alive_%d_%u accept\n", table, of, vrid, of,
            vrid);
    write_elsewhere(file, wanted, links, goal);
    fprintf(file, "add rule %s check_%d_%u drop\n", table, of, vrid);
    fprintf(file, "add chain %s advert_%d_%u\n", table, of, vrid);
    /* Not those of priority 0: byte 2 of the message, in version 2 as in 3. */
    fprintf(file,
            "add rule %s advert_%d_%u @th,16,8 != 0 update @alive_%d_%u { meta oif timeout "
            "%lldms }\n",
            table, of, vrid, of, vrid, (long long)timeout_ms(goal));
    fprintf(file, "add element %s adverts { 0x%08x : goto advert_%d_%u }\n", table, mark(goal), of,
            vrid);
    fprintf(file, "add chain %s pulse_%d_%u\n", table, of, vrid);
    fprintf(file, "add rule %s pulse_%d_%u jump advert_%d_%u\n", table, of, vrid, of, vrid);
    fprintf(file, "add rule %s pulse_%d_%u drop\n", table, of, vrid);
    fprintf(file, "add element %s adverts { 0x%08x : goto pulse_%d_%u }\n", table,
            mark(goal) | KERNEL_GUARD_MARK_PULSE, of, vrid);
}

/* nft 1.0.6 cannot look up the target of an advertisement in a set, only compare it. */
static void write_target(FILE *file, const struct address *address, unsigned vrid)
{
    fputs("add rule netdev " KERNEL_RULES_TABLE
          " local_6 icmpv6 type nd-neighbor-advert @th,64,128 0x",
          file);
    for (size_t at = 0; at < ADDRESS_IPV6_BYTES; at++)
        fprintf(file, "%02x", address->bytes[at]);
    fprintf(file, " goto check_6_%u\n", vrid);
}

static void write_address(FILE *file, const struct kernel_goal *goal, const struct address *address)
{
    char text[ADDRESS_TEXT_BYTES];

    fprintf(file,
            "add element netdev " KERNEL_RULES_TABLE " guarded_%d { %s : goto check_%d_%u }\n",
            family(goal), address_format_host(address, text), family(goal), goal->vrid);
    if (goal->family == AF_INET6)
        write_target(file, address, goal->vrid);
}

/* In an egress chain everything is looked at once, and what is not ours leaves after two lookups. */
static void write_interface(FILE *file, const struct kernel_link_entry *link)
{
    const unsigned index = link->link.index;
    const char *const rule = "add rule netdev " KERNEL_RULES_TABLE;

    fprintf(file,
            "add chain netdev " KERNEL_RULES_TABLE
            " out_%u { type filter hook egress device \"%s\" priority 0; policy accept; }\n",
            index, link->link.name);
    fprintf(file, "%s out_%u meta mark vmap @adverts\n", rule, index);
    fprintf(file, "%s out_%u meta oif != @guarding accept\n", rule, index);
    fprintf(file, "%s out_%u meta protocol ip fib saddr type local goto local_4\n", rule, index);
    fprintf(file, "%s out_%u meta protocol ip6 fib saddr type local goto local_6\n", rule, index);
    fprintf(file, "%s out_%u arp saddr ip vmap @guarded_4\n", rule, index);
}

static const struct kernel_link_entry *find_link(const struct kernel_wanted *wanted,
                                                 const struct kernel_links *links, size_t interface)
{
    const char *name = wanted->interfaces[interface].name;

    for (size_t at = 0; at < wanted->goal_count; at++)
        if (strcmp(wanted->goals[at].goal.interface, name) == 0 &&
            kernel_rules_covers(links, &wanted->goals[at].goal))
            return kernel_link_find(links, name);
    return NULL;
}

static void write_all(FILE *file, const struct kernel_wanted *wanted,
                      const struct kernel_links *links)
{
    for (size_t at = 0; at < wanted->goal_count; at++)
        if (kernel_rules_covers(links, &wanted->goals[at].goal) &&
            is_first_of_vrid(wanted, links, at))
            write_router(file, wanted, links, &wanted->goals[at].goal);
    for (size_t at = 0; at < wanted->want_count; at++) {
        const struct kernel_goal *goal = &wanted->goals[wanted->goal_of[at]].goal;

        if (kernel_rules_covers(links, goal) && is_first_of_address(wanted, links, at))
            write_address(file, goal, &wanted->wants[at].address);
    }
}

char *kernel_rules_table(const struct kernel_wanted *wanted, const struct kernel_links *links)
{
    static const char head[] = REMOVAL
        "add table netdev " KERNEL_RULES_TABLE "\n"
        "add map netdev " KERNEL_RULES_TABLE " adverts { type mark : verdict; }\n"
        "add map netdev " KERNEL_RULES_TABLE " guarded_4 { type ipv4_addr : verdict; }\n"
        "add map netdev " KERNEL_RULES_TABLE " guarded_6 { type ipv6_addr : verdict; }\n"
        "add set netdev " KERNEL_RULES_TABLE " guarding { typeof meta oif; flags timeout; }\n"
        "add chain netdev " KERNEL_RULES_TABLE " local_4\n"
        "add rule netdev " KERNEL_RULES_TABLE " local_4 ip saddr vmap @guarded_4\n"
        "add chain netdev " KERNEL_RULES_TABLE " local_6\n"
        "add rule netdev " KERNEL_RULES_TABLE " local_6 ip6 saddr vmap @guarded_6\n";
    struct kernel_text text;
    bool any = false;

    if (!kernel_text_begin(&text))
        return NULL;
    for (size_t at = 0; at < wanted->interface_count; at++) {
        const struct kernel_link_entry *link = find_link(wanted, links, at);

        if (link == NULL)
            continue;
        if (!any)
            fputs(head, text.file);
        any = true;
        write_interface(text.file, link);
    }
    if (any)
        write_all(text.file, wanted, links);
    return kernel_text_end(&text);
}

char *kernel_rules_grace(const struct kernel_wanted *wanted, const struct kernel_links *links)
{
    struct kernel_text text;

    if (!kernel_text_begin(&text))
        return NULL;
    for (size_t at = 0; at < wanted->goal_count; at++) {
        const struct kernel_goal *goal = &wanted->goals[at].goal;

        if (goal->hold && kernel_rules_covers(links, goal))
            fprintf(text.file,
                    "add element netdev " KERNEL_RULES_TABLE " alive_%d_%u { %u timeout %lldms }\n",
                    family(goal), goal->vrid, kernel_link_find(links, goal->interface)->link.index,
                    (long long)timeout_ms(goal));
    }
    return kernel_text_end(&text);
}

char *kernel_rules_refresh(const struct kernel_wanted *wanted, const struct kernel_links *links)
{
    struct kernel_text text;

    if (!kernel_text_begin(&text))
        return NULL;
    fputs("flush set netdev " KERNEL_RULES_TABLE " guarding\n", text.file);
    for (size_t at = 0; at < wanted->interface_count; at++) {
        const struct kernel_link_entry *link = find_link(wanted, links, at);

        if (link != NULL)
            fprintf(text.file,
                    "add element netdev " KERNEL_RULES_TABLE " guarding { %u timeout %ds }\n",
                    link->link.index, KERNEL_RULES_VALID_S);
    }
    return kernel_text_end(&text);
}
