/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/digest.h"

#include <string.h>

#include <sodium.h>

void digest_of(const void *bytes, size_t length_bytes, char ret_text[DIGEST_TEXT_BYTES])
{
    unsigned char hash[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(hash, bytes, length_bytes);
    sodium_bin2hex(ret_text, DIGEST_TEXT_BYTES, hash, sizeof(hash));
}

bool digest_is_text(const char *text)
{
    return strlen(text) == DIGEST_TEXT_BYTES - 1 &&
           strspn(text, "0123456789abcdef") == DIGEST_TEXT_BYTES - 1;
}
