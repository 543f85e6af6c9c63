/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/edit.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* costs[j]: from the first i characters of `from` to the first j of `to`; one row serves every i. */
size_t edit_distance(const char *from, const char *to)
{
    const size_t from_bytes = least(strlen(from), EDIT_WORD_BYTES);
    const size_t to_bytes = least(strlen(to), EDIT_WORD_BYTES);
    size_t costs[EDIT_WORD_BYTES + 1];

    for (size_t j = 0; j <= to_bytes; j++)
        costs[j] = j;
    for (size_t i = 1; i <= from_bytes; i++) {
        size_t diagonal = costs[0];
        costs[0] = i;
        for (size_t j = 1; j <= to_bytes; j++) {
            const size_t replaced = diagonal + (from[i - 1] != to[j - 1]);
            diagonal = costs[j];
            costs[j] = least(replaced, 1 + least(costs[j - 1], costs[j]));
        }
    }
    return costs[to_bytes];
}
