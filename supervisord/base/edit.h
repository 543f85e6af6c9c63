/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * edit - how far apart two words are, to name the one somebody meant.
 *
 * Pure. Source: V. I. Levenshtein, 1966.
 */
#ifndef BASE_EDIT_H
#define BASE_EDIT_H

#include <stddef.h>

#define EDIT_WORD_BYTES 64

/*
 * The fewest characters to insert, remove or replace to make `to` of `from`. Of a word only
 * the first EDIT_WORD_BYTES count.
 */
size_t edit_distance(const char *from, const char *to);

#endif
