/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of a Redis and of ICMP: whatever comes is taken in bounds, the same in any pieces, and what
 * is kept of it ends.
 *
 * Input: a byte of flags (login, IPv6), a byte for the length of pieces, then the answer.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "probes/echo.h"
#include "probes/redis_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static enum probe_redis_progress take(struct probe_redis_reply *reply, const char *answer,
                                      size_t size, size_t piece)
{
    enum probe_redis_progress progress = PROBE_REDIS_MORE;

    for (size_t from = 0; from < size && progress == PROBE_REDIS_MORE; from += piece)
        progress =
            probe_redis_reply_take(reply, answer + from, size - from < piece ? size - from : piece);
    return progress;
}

static void check_redis(bool with_login, const char *answer, size_t size, size_t piece)
{
    struct probe_redis_reply whole, pieces;

    probe_redis_reply_clear(&whole, with_login);
    probe_redis_reply_clear(&pieces, with_login);
    assert(take(&whole, answer, size, size + 1) == take(&pieces, answer, size, piece));
    assert(strcmp(whole.kept, pieces.kept) == 0);
    assert(strlen(whole.kept) == whole.kept_bytes && whole.kept_bytes < sizeof(whole.kept));
}

/* Only who has the token can answer: an input that is taken for an answer holds it. */
static void check_echo(bool is_ipv6, const uint8_t *answer, size_t size)
{
    const struct probe_echo echo = {is_ipv6, 7, UINT64_C(0x4142434445464748)};

    if (probe_echo_is_answer(&echo, answer, size))
        assert(size >= 16 && memcmp(answer + 8, "ABCDEFGH", 8) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    char *const copy = malloc(size > 2 ? size - 2 : 1);

    assert(copy != NULL);
    memcpy(copy, bytes + 2, size - 2);
    check_redis(bytes[0] & 1, copy, size - 2, bytes[1] % 16 + 1u);
    check_echo((bytes[0] & 2) != 0, (const uint8_t *)copy, size - 2);
    free(copy);
    return 0;
}
