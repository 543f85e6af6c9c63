/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text - a text that grows: commands for nft, written by rules and breaker_rules.
 */
#ifndef VRRP_KERNEL_TEXT_H
#define VRRP_KERNEL_TEXT_H

#include <stdbool.h>
#include <stdio.h>

struct kernel_text {
    FILE *file; /* to be written to */
    char *bytes;
    size_t length;
};

/* false: no memory. */
bool kernel_text_begin(struct kernel_text *text);

/* What was written; the caller frees it. NULL: no memory. */
char *kernel_text_end(struct kernel_text *text);

/* One after the other; NULL: no memory, also if `first` or `second` is NULL. */
char *kernel_text_join(const char *first, const char *second);

#endif
