/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/kernel/observed.h"

#include <string.h>

/* FNV-1a over interface and host: all prefix lengths of a host share a chain. */
static size_t hash(uint32_t index, const struct address *address)
{
    const size_t length_bytes = address_bytes(address);
    uint64_t sum = UINT64_C(14695981039346656037) ^ index;

    for (size_t at = 0; at < length_bytes; at++)
        sum = (sum ^ address->bytes[at]) * UINT64_C(1099511628211);
    return (size_t)(sum ^ sum >> 32);
}

static size_t home(const struct kernel_observed *observed,
                   const struct kernel_observed_entry *entry)
{
    return hash(entry->index, &entry->address) & (observed->size - 1);
}

static bool is_host(const struct kernel_observed_entry *entry, uint32_t index,
                    const struct address *address)
{
    return entry->index == index && address_is_same(&entry->address, address);
}

static struct kernel_observed_entry *insert(struct kernel_observed *observed,
                                            const struct kernel_observed_entry *entry)
{
    size_t at = home(observed, entry);

    while (observed->entries[at].index != 0)
        at = (at + 1) & (observed->size - 1);
    observed->entries[at] = *entry;
    observed->count++;
    return &observed->entries[at];
}

void kernel_observed_move(struct kernel_observed *observed, struct kernel_observed_entry *entries,
                          size_t size)
{
    struct kernel_observed moved = {
        .entries = entries,
        .size = size,
        .next_order = observed->next_order,
    };

    for (size_t at = 0; at < observed->size; at++)
        if (observed->entries[at].index != 0)
            insert(&moved, &observed->entries[at]);
    *observed = moved;
}

bool kernel_observed_is_full(const struct kernel_observed *observed)
{
    return observed->count + 1 > observed->size / 4 * 3;
}

struct kernel_observed_entry *kernel_observed_next(struct kernel_observed *observed, uint32_t index,
                                                   const struct address *address,
                                                   const struct kernel_observed_entry *after)
{
    if (observed->size == 0 || index == 0)
        return NULL;

    const size_t mask = observed->size - 1;
    size_t at = after != NULL ? (size_t)(after - observed->entries + 1) & mask
                              : hash(index, address) & mask;
    for (; observed->entries[at].index != 0; at = (at + 1) & mask)
        if (is_host(&observed->entries[at], index, address))
            return &observed->entries[at];
    return NULL;
}

struct kernel_observed_entry *kernel_observed_find(struct kernel_observed *observed, uint32_t index,
                                                   const struct address *address)
{
    struct kernel_observed_entry *entry = NULL;

    do
        entry = kernel_observed_next(observed, index, address, entry);
    while (entry != NULL && entry->address.prefix_bits != address->prefix_bits);
    return entry;
}

struct kernel_observed_entry *kernel_observed_put(struct kernel_observed *observed,
                                                  const struct kernel_observed_entry *entry)
{
    struct kernel_observed_entry *old =
        kernel_observed_find(observed, entry->index, &entry->address);

    if (old == NULL && kernel_observed_is_full(observed))
        return NULL;
    struct kernel_observed_entry new = *entry;
    new.order = old != NULL ? old->order : observed->next_order++;
    new.claim = old != NULL ? old->claim : 0;
    if (old == NULL)
        return insert(observed, &new);
    *old = new;
    return old;
}

/* Close the gap, so that no chain is cut: whoever may live nearer to its home moves there. */
static void remove_at(struct kernel_observed *observed, size_t gap)
{
    const size_t mask = observed->size - 1;

    for (size_t at = (gap + 1) & mask; observed->entries[at].index != 0; at = (at + 1) & mask) {
        const size_t from_home = (at - home(observed, &observed->entries[at])) & mask;
        const size_t from_gap = (at - gap) & mask;

        if (from_home >= from_gap) {
            observed->entries[gap] = observed->entries[at];
            gap = at;
        }
    }
    memset(&observed->entries[gap], 0, sizeof(observed->entries[gap]));
    observed->count--;
}

void kernel_observed_remove(struct kernel_observed *observed, uint32_t index,
                            const struct address *address)
{
    const struct kernel_observed_entry *entry = kernel_observed_find(observed, index, address);

    if (entry != NULL)
        remove_at(observed, (size_t)(entry - observed->entries));
}

static bool is_condemned(const struct kernel_observed_entry *entry, uint32_t dump, uint32_t index)
{
    return entry->index != 0 && (index != 0 ? entry->index == index : entry->dump != dump);
}

/* Another one may move into a gap, so a place is looked at until it holds one to keep. */
static void remove_condemned(struct kernel_observed *observed, uint32_t dump, uint32_t index)
{
    bool moved = true;

    /* A gap near the end may be filled from the start of the table, behind the walk. */
    while (moved) {
        moved = false;
        for (size_t at = 0; at < observed->size; at++)
            while (is_condemned(&observed->entries[at], dump, index)) {
                remove_at(observed, at);
                moved = true;
            }
    }
}

void kernel_observed_sweep(struct kernel_observed *observed, uint32_t dump)
{
    remove_condemned(observed, dump, 0);
}

void kernel_observed_remove_link(struct kernel_observed *observed, uint32_t index)
{
    if (index != 0)
        remove_condemned(observed, 0, index);
}
