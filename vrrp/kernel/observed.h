/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * observed - every address the kernel has, as its dumps and events tell.
 *
 * Pure. A hash table in memory that the caller gives, so that thousands of addresses cost no more
 * each than one. An address of another prefix length is another address to the kernel, and so it
 * is here; whoever asks for a host finds them all.
 */
#ifndef VRRP_KERNEL_OBSERVED_H
#define VRRP_KERNEL_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/monotime.h"

struct kernel_observed_entry {
    uint32_t index;             /* of the interface; 0: this place is free */
    struct address address;     /* with the kernel's prefix length */
    uint8_t scope;              /* RT_SCOPE_* */
    bool tagged;                /* IFA_PROTO says it is ours */
    bool usable;                /* may be a source now: not tentative, not a duplicate */
    struct monotime seen;       /* when the kernel last told of it: a renewal is told, too */
    uint32_t valid_s;           /* the lifetime it then had; UINT32_MAX: for ever */
    struct monotime renew_from; /* not before: it failed */
    uint32_t order;             /* the kernel's: lower ones came first */
    uint32_t dump;              /* the last dump that had it */
    uint32_t claim;             /* the last reconciliation in which a goal named its host */
    uint32_t want;              /* which one did */
};

struct kernel_observed {
    struct kernel_observed_entry *entries;
    size_t size; /* a power of two, or 0 */
    size_t count;
    uint32_t next_order;
};

/* `entries`: `size` zeroed ones, a power of two. What was in the table moves over. */
void kernel_observed_move(struct kernel_observed *observed, struct kernel_observed_entry *entries,
                          size_t size);

/* Whether one more fits; above three quarters chains grow long. */
bool kernel_observed_is_full(const struct kernel_observed *observed);

/* The same interface, host and prefix length, or NULL. */
struct kernel_observed_entry *kernel_observed_find(struct kernel_observed *observed, uint32_t index,
                                                   const struct address *address);

/*
 * The next one of the host `address` on this interface, whatever its prefix length; the first one
 * if `after` is NULL. Returns NULL after the last.
 */
struct kernel_observed_entry *kernel_observed_next(struct kernel_observed *observed, uint32_t index,
                                                   const struct address *address,
                                                   const struct kernel_observed_entry *after);

/* Insert or replace; an older one keeps its order. NULL when the table is full. */
struct kernel_observed_entry *kernel_observed_put(struct kernel_observed *observed,
                                                  const struct kernel_observed_entry *entry);

/* Entries move: pointers to others are stale afterwards. */
void kernel_observed_remove(struct kernel_observed *observed, uint32_t index,
                            const struct address *address);

/* Remove all that `dump` did not have. */
void kernel_observed_sweep(struct kernel_observed *observed, uint32_t dump);

/* Remove all of an interface that is gone. */
void kernel_observed_remove_link(struct kernel_observed *observed, uint32_t index);

#endif
