/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules - the guard as text for nft: what leaves with a virtual address only passes while adverts do.
 *
 * One netdev table. Per interface an egress chain; per virtual router a set of the interfaces on
 * which it is alive, fed by its own marked adverts and by nothing else, so that nobody has to
 * refresh it and a process that stops advertising is silenced by the kernel. IPv4, IPv6, and every
 * ARP frame whose sender is a virtual address, requests too: a frozen host's next request would
 * steal the address back. Forwarded packets pass where the address is not this host's own, and all
 * that leave by another interface than the virtual router's.
 * Needs Linux 5.16. Writes text only. Source: nft(8).
 */
#ifndef VRRP_KERNEL_RULES_H
#define VRRP_KERNEL_RULES_H

#include "vrrp/kernel/link.h"
#include "vrrp/kernel/wanted.h"

#define KERNEL_RULES_TABLE "regha"

/*
 * The rules apply for so long after the last refresh: more than what an address can have left when
 * a regha is gone for good (KERNEL_RECONCILE_GUARDED_VALID_S, an eighth of it, and a refresh), or it
 * would answer again; and then nobody is silenced who takes the address by hand.
 */
#define KERNEL_RULES_VALID_S    14
#define KERNEL_RULES_REFRESH_NS (3 * NS_PER_S)

/* The table as the goals want it, in place of what is there. NULL: no memory; "": no guard at all. */
char *kernel_rules_table(const struct kernel_wanted *wanted, const struct kernel_links *links);

/*
 * What follows a new table in the same transaction: who holds counts as alive once, or replacing
 * the table would silence him until his next advert.
 */
char *kernel_rules_grace(const struct kernel_wanted *wanted, const struct kernel_links *links);

/* The rules of these interfaces apply on. */
char *kernel_rules_refresh(const struct kernel_wanted *wanted, const struct kernel_links *links);

/* No table. */
const char *kernel_rules_removal(void);

/* Whether a rule can name the interface, and it is there. */
bool kernel_rules_covers(const struct kernel_links *links, const struct kernel_goal *goal);

#endif
