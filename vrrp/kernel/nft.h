/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft - one table of ours in the packet filter: commands for it, and news when somebody else
 * removes it or a part of it.
 *
 * The only user of libnftables. What the table says is the caller's.
 */
#ifndef VRRP_KERNEL_NFT_H
#define VRRP_KERNEL_NFT_H

#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"

struct kernel_nft;

struct kernel_nft_params {
    uint8_t family; /* NFPROTO_* */
    const char *table;
    const char *refused; /* the sentence for the log when commands are refused */
    void *owner;
    /* Some of the table may be gone. Comes from the loop, never for what we did ourselves. */
    void (*lost)(void *owner, struct monotime now);
};

int kernel_nft_open(struct loop *loop, const struct kernel_nft_params *params,
                    struct kernel_nft **ret_nft, struct err *err);
void kernel_nft_close(struct kernel_nft *nft); /* NULL is fine; the table stays */

/* One transaction. Returns 0, or a negative errno with nothing changed, which has been logged. */
int kernel_nft_run(struct kernel_nft *nft, const char *commands, struct monotime now);

/* What the last commands printed. Valid until the next ones. */
const char *kernel_nft_output(const struct kernel_nft *nft);

/*
 * Whether some of the table may have gone since this was asked last. `ret_certain`: it has; else
 * news were lost, as they are while somebody loads a very big ruleset.
 */
bool kernel_nft_take_lost(struct kernel_nft *nft, bool *ret_certain);

#endif
