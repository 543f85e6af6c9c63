/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory - what a virtual router leaves behind for the next regha-vrrp: when it last advertised.
 *
 * A mapped file in the runtime folder, which is memory too, so that noting an advert is a store:
 * no system call, no disk. It carries the boot id, for CLOCK_MONOTONIC starts anew with each boot.
 */
#ifndef VRRP_MEMORY_H
#define VRRP_MEMORY_H

#include "base/err.h"
#include "base/monotime.h"
#include "vrrp/params.h"

struct vrrp_memory_page;

struct vrrp_memory {
    struct vrrp_memory_page *page; /* NULL: there is none, and nothing is ever fresh */
    char path[128];
};

/* Returns 0, or a negative errno and `err`; `memory` can be used all the same. */
int vrrp_memory_open(struct vrrp_memory *memory, const char *folder,
                     const struct vrrp_params *params, struct err *err);

/* `forget`: the file goes, too. */
void vrrp_memory_close(struct vrrp_memory *memory, bool forget);

void vrrp_memory_note_advert(struct vrrp_memory *memory, struct monotime now);
void vrrp_memory_note_end(struct vrrp_memory *memory); /* no longer Active */

/* Whether we were Active and advertised less than `within_ns` ago. */
bool vrrp_memory_is_fresh(const struct vrrp_memory *memory, int64_t within_ns, struct monotime now);

#endif
