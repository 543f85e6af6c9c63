/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * digest - SHA-256 of bytes, as text.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define DIGEST_TEXT_BYTES 65 /* 64 hexadecimal digits and NUL */

void digest_of(const void *bytes, size_t length_bytes, char ret_text[DIGEST_TEXT_BYTES]);

/* 64 lower case hexadecimal digits: fit for the name of a file. */
bool digest_is_text(const char *text);

#endif
