/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/breaker_rules.h"

#include <ctype.h>
#include <string.h>

#include "vrrp/kernel/text.h"

#define TABLE "inet " KERNEL_BREAKER_RULES_TABLE
#define REMOVAL                                                                                    \
    "add table " TABLE "\n"                                                                        \
    "delete table " TABLE "\n"

const char *kernel_breaker_rules_removal(void)
{
    return REMOVAL;
}

const char *kernel_breaker_rules_question(uint8_t of)
{
    return of == AF_INET6 ? "list set " TABLE " through_6\n" : "list set " TABLE " through_4\n";
}

static bool may_cut_ipv4(const uint8_t bytes[])
{
    return bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224;
}

static bool may_cut_ipv6(const struct in6_addr *ipv6)
{
    return !IN6_IS_ADDR_UNSPECIFIED(ipv6) && !IN6_IS_ADDR_LOOPBACK(ipv6) &&
           !IN6_IS_ADDR_MULTICAST(ipv6) && !IN6_IS_ADDR_LINKLOCAL(ipv6) &&
           !IN6_IS_ADDR_V4MAPPED(ipv6);
}

bool kernel_breaker_rules_may_cut(const struct kernel_breaker_peer *peer)
{
    struct in6_addr ipv6;

    if (peer->port == 0)
        return false;
    if (peer->address.family == AF_INET)
        return may_cut_ipv4(peer->address.bytes);
    memcpy(&ipv6, peer->address.bytes, sizeof(ipv6));
    return peer->address.family == AF_INET6 && may_cut_ipv6(&ipv6);
}

/* "192.0.2.11 . 9000", as nft reads and writes it. */
static const char *describe(const struct kernel_breaker_peer *peer, char text[], size_t size_bytes)
{
    char address[ADDRESS_TEXT_BYTES];

    snprintf(text, size_bytes, "%s . %u", address_format_host(&peer->address, address), peer->port);
    return text;
}

static int family(const struct kernel_breaker_peer *peer)
{
    return peer->address.family == AF_INET6 ? 6 : 4;
}

/* `local`: what this host sends. An address of its own is reached by way of the loopback. */
static void write_rules(FILE *file, uid_t exempt)
{
    fputs("add chain " TABLE " cut\n"
          "add rule " TABLE " cut tcp flags rst accept\n"
          "add rule " TABLE " cut reject with tcp reset\n"
          "add chain " TABLE " local\n"
          "add rule " TABLE " local meta oifname \"lo\" accept\n",
          file);
    fprintf(file, "add rule " TABLE " local meta skuid %lu accept\n", (unsigned long)exempt);
    fputs("add rule " TABLE " local goto cut\n"
          "add chain " TABLE " output { type filter hook output priority 0; policy accept; }\n"
          "add rule " TABLE " output ip daddr . tcp dport @cut_4 goto local\n"
          "add rule " TABLE " output ip6 daddr . tcp dport @cut_6 goto local\n"
          "add chain " TABLE " forward { type filter hook forward priority 0; policy accept; }\n"
          "add rule " TABLE " forward ip daddr . tcp dport @watched_4 "
          "update @through_4 { ip daddr . tcp dport }\n"
          "add rule " TABLE " forward ip6 daddr . tcp dport @watched_6 "
          "update @through_6 { ip6 daddr . tcp dport }\n"
          "add rule " TABLE " forward ip daddr . tcp dport @cut_4 goto cut\n"
          "add rule " TABLE " forward ip6 daddr . tcp dport @cut_6 goto cut\n",
          file);
}

char *kernel_breaker_rules_table(const struct kernel_breaker_goal *goal, uid_t exempt)
{
    struct kernel_text text;
    char peer[ADDRESS_TEXT_BYTES + 10];

    if (!kernel_text_begin(&text))
        return NULL;
    fputs(REMOVAL "add table " TABLE "\n", text.file);
    for (int of = 4; of <= 6; of += 2) {
        fprintf(text.file,
                "add set " TABLE " cut_%d { type ipv%d_addr . inet_service; flags timeout; }\n", of,
                of);
        fprintf(text.file, "add set " TABLE " watched_%d { type ipv%d_addr . inet_service; }\n", of,
                of);
        fprintf(text.file,
                "add set " TABLE " through_%d { type ipv%d_addr . inet_service; size %d; "
                "flags dynamic,timeout; timeout 10m; }\n",
                of, of, KERNEL_BREAKER_PEERS);
    }
    write_rules(text.file, exempt);
    for (size_t at = 0; at < goal->peer_count; at++)
        if (kernel_breaker_rules_may_cut(&goal->peers[at]))
            fprintf(text.file, "add element " TABLE " watched_%d { %s }\n",
                    family(&goal->peers[at]), describe(&goal->peers[at], peer, sizeof(peer)));
    return kernel_text_end(&text);
}

char *kernel_breaker_rules_elements(const struct kernel_breaker_goal *goal,
                                    const struct monotime *until, struct monotime now)
{
    struct kernel_text text;
    char peer[ADDRESS_TEXT_BYTES + 10];

    if (!kernel_text_begin(&text))
        return NULL;
    fputs("flush set " TABLE " cut_4\n"
          "flush set " TABLE " cut_6\n",
          text.file);
    for (size_t at = 0; at < goal->peer_count; at++) {
        const int64_t left_ms = monotime_since(now, until[at]) / NS_PER_MS;

        if (left_ms > 0 && kernel_breaker_rules_may_cut(&goal->peers[at]))
            fprintf(text.file, "add element " TABLE " cut_%d { %s timeout %lldms }\n",
                    family(&goal->peers[at]), describe(&goal->peers[at], peer, sizeof(peer)),
                    (long long)left_ms);
    }
    return kernel_text_end(&text);
}

bool kernel_breaker_rules_names(const char *answer, const struct kernel_breaker_peer *peer)
{
    char text[ADDRESS_TEXT_BYTES + 10];
    const size_t length = strlen(describe(peer, text, sizeof(text)));

    for (const char *at = strstr(answer, text); at != NULL; at = strstr(at + 1, text))
        if (at > answer && isspace((unsigned char)at[-1]) && !isdigit((unsigned char)at[length]))
            return true;
    return false;
}
