/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes from another node or from a disk as a bundle: what is taken encodes to the same bytes
 * again, so that its digest is that of its content.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct bundle bundle;

    if (bundle_decode(bytes, size, &bundle) < 0) {
        assert(bundle.count == 0);
        return 0;
    }
    uint8_t *again = malloc(size);
    assert(again != NULL);
    assert(bundle_encode(&bundle, again, size) == (int64_t)size);
    assert(memcmp(again, bytes, size) == 0);
    free(again);
    return 0;
}
