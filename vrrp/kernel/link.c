/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/link.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MIN 8

void kernel_link_fini(struct kernel_links *links)
{
    free(links->entries);
    *links = (struct kernel_links){0};
}

struct kernel_link_entry *kernel_link_at(const struct kernel_links *links, uint32_t index)
{
    for (size_t at = 0; at < links->count; at++)
        if (links->entries[at].link.index == index)
            return &links->entries[at];
    return NULL;
}

struct kernel_link_entry *kernel_link_find(const struct kernel_links *links, const char *name)
{
    for (size_t at = 0; at < links->count; at++)
        if (strcmp(links->entries[at].link.name, name) == 0)
            return &links->entries[at];
    return NULL;
}

static struct kernel_link_entry *append(struct kernel_links *links)
{
    if (links->count == links->size) {
        const size_t size = links->size == 0 ? SIZE_MIN : 2 * links->size;
        struct kernel_link_entry *entries = reallocarray(links->entries, size, sizeof(*entries));

        if (entries == NULL)
            return NULL;
        links->entries = entries;
        links->size = size;
    }
    struct kernel_link_entry *entry = &links->entries[links->count++];
    *entry = (struct kernel_link_entry){0};
    return entry;
}

int kernel_link_put(struct kernel_links *links, const struct kernel_observe_link *link,
                    uint32_t list)
{
    struct kernel_link_entry *entry = kernel_link_at(links, link->index);

    if (entry == NULL)
        entry = append(links);
    if (entry == NULL)
        return -ENOMEM;
    const bool fresh =
        link->up && (!entry->link.up || memcmp(entry->link.mac, link->mac, sizeof(link->mac)) != 0);
    entry->link = *link;
    entry->list = list;
    return fresh;
}

static void remove_at(struct kernel_links *links, size_t at)
{
    links->entries[at] = links->entries[--links->count];
}

void kernel_link_remove(struct kernel_links *links, uint32_t index)
{
    for (size_t at = 0; at < links->count; at++)
        if (links->entries[at].link.index == index)
            remove_at(links, at--);
}

void kernel_link_sweep(struct kernel_links *links, uint32_t list)
{
    for (size_t at = 0; at < links->count; at++)
        if (links->entries[at].list != list)
            remove_at(links, at--);
}

static bool is_link_local(const struct address *address)
{
    return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

/* A source for adverts: IPv4 of the widest scope there is, the first one; IPv6 link-local. */
static bool is_better(const struct kernel_observed_entry *entry,
                      const struct kernel_observed_entry *than)
{
    if (!entry->usable || entry->scope >= RT_SCOPE_HOST)
        return false;
    if (entry->address.family == AF_INET6 && !is_link_local(&entry->address))
        return false;
    if (than == NULL || entry->scope != than->scope)
        return than == NULL || entry->scope < than->scope;
    return entry->order < than->order;
}

struct kernel_link kernel_link_describe(const struct kernel_links *links, const char *name,
                                        const struct kernel_reconcile *reconcile)
{
    const struct kernel_observed *observed = reconcile->observed;
    const struct kernel_link_entry *found = kernel_link_find(links, name);
    const struct kernel_observed_entry *ipv4 = NULL, *ipv6 = NULL;
    struct kernel_link link;

    memset(&link, 0, sizeof(link)); /* padding, too: it is compared as bytes */
    memcpy(link.interface, name, strnlen(name, sizeof(link.interface) - 1));
    if (found == NULL)
        return link;
    for (size_t at = 0; at < observed->size; at++) {
        const struct kernel_observed_entry *entry = &observed->entries[at];
        const struct kernel_observed_entry **best =
            entry->address.family == AF_INET6 ? &ipv6 : &ipv4;

        if (entry->index == found->link.index && is_better(entry, *best) &&
            !kernel_reconcile_is_ours(reconcile, entry))
            *best = entry;
    }
    link.index = found->link.index;
    link.up = found->link.up;
    memcpy(link.mac, found->link.mac, sizeof(link.mac));
    link.mtu = found->link.mtu;
    if (ipv4 != NULL)
        link.ipv4 = ipv4->address;
    if (ipv6 != NULL)
        link.ipv6 = ipv6->address;
    return link;
}
