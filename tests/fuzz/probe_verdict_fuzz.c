/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of any server, judged for each type of probe: what is said of them is short, printable,
 * and never good unless the transfer was.
 *
 * Input: type, check or step, transfer, stage, what is known besides, a byte each; header lines; an
 * empty line; the body.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "probes/file_facts.h"
#include "probes/health.h"
#include "probes/redis_reply.h"
#include "probes/reply.h"
#include "probes/request.h"
#include "probes/verdict.h"

#define HEAD_BYTES 5

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Memory of exactly this size, so that reading beyond it is seen. */
static char *copy_of(const uint8_t *bytes, size_t size)
{
    char *const copy = malloc(size != 0 ? size : 1);

    assert(copy != NULL);
    memcpy(copy, bytes, size);
    return copy;
}

static void receive(struct probe_reply *reply, const uint8_t *bytes, size_t size)
{
    bool more = true;

    probe_reply_clear(reply);
    while (more && size > 0 && *bytes != '\n') {
        const uint8_t *const end = memchr(bytes, '\n', size);
        const size_t length = end != NULL ? (size_t)(end - bytes) + 1 : size;
        char *const line = copy_of(bytes, length);

        more = probe_reply_header(reply, line, length);
        free(line);
        bytes += length;
        size -= length;
    }
    while (more && size > 0) {
        const size_t length = size < 100 ? size : 100;
        char *const piece = copy_of(bytes, length);

        more = probe_reply_body(reply, piece, length);
        free(piece);
        bytes += length;
        size -= length;
    }
}

static void check(const struct probe_facts *facts, const struct probe_verdict *verdict)
{
    const size_t length = strnlen(verdict->text, sizeof(verdict->text));

    assert(length > 0 && length < sizeof(verdict->text));
    for (size_t at = 0; at < length; at++)
        assert(verdict->text[at] >= ' ' && verdict->text[at] <= '~');
    assert((verdict->outcome == PROBE_OUTCOME_SUCCESS) == (verdict->reason == PROBE_REASON_NONE));
    /* A registry answers, whatever its token server does. */
    assert(verdict->outcome != PROBE_OUTCOME_SUCCESS || verdict->shallow ||
           facts->transfer == PROBE_TRANSFER_DONE);
    assert(memchr(verdict->server_status, '\0', sizeof(verdict->server_status)) != NULL);
    assert(verdict->write_quorum >= 0 && verdict->read_quorum >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < HEAD_BYTES)
        return 0;

    static const uint8_t types[] = {PROBE_TYPE_HARBOR,   PROBE_TYPE_HTTP, PROBE_TYPE_MINIO,
                                    PROBE_TYPE_REGISTRY, PROBE_TYPE_S3,   PROBE_TYPE_TCP};
    const struct probe_params params = {
        .type = types[bytes[0] % sizeof(types)],
        .check = bytes[1] % (PROBE_CHECK_MAINTENANCE + 1),
        .status_count = 1,
        .status = {{200, 299}},
        .timeout_ns = NS_PER_S,
        .rise = 1,
        .fall = 1,
    };
    struct probe_web web = {
        .access = bytes[4] % (PROBE_WEB_HELD + 1),
        .token = bytes[4] / 4 % (PROBE_WEB_TOKEN_GOOD + 1),
        .token_asked = bytes[4] & 0x80,
        .body = bytes[4] % (PROBE_WEB_BODY_UNSURE + 1),
        .read_status = 404,
        .read_code = "NoSuchKey",
        .found = "found",
    };
    struct probe_state state = {.params = params};
    struct probe_reply reply = {.status = 0};
    struct probe_verdict verdict;
    struct probe_redis_reply redis;
    const struct probe_file_facts file = {bytes[1], bytes[4] & 1, bytes[4] * NS_PER_S};
    const struct probe_facts facts = {
        .params = &params,
        .step = params.type == PROBE_TYPE_REGISTRY ? bytes[1] % PROBE_REQUEST_WRITE
                : params.type == PROBE_TYPE_S3     ? bytes[1] % 2 * PROBE_REQUEST_WRITE
                                                   : 0,
        .transfer = bytes[2] % (PROBE_TRANSFER_OTHER + 1),
        .stage = bytes[3] % (PROBE_STAGE_FILE + 1),
        .spent_ns = NS_PER_MS,
        .detail = "words of the library",
        .reply = &reply,
        .web = &web,
        .redis = &redis,
        .file = &file,
    };

    probe_redis_reply_clear(&redis, bytes[1] & 1);
    (void)probe_redis_reply_take(&redis, (const char *)bytes + HEAD_BYTES, size - HEAD_BYTES);
    receive(&reply, bytes + HEAD_BYTES, size - HEAD_BYTES);
    probe_challenge_decode(reply.challenge, &web.challenge);
    if (probe_verdict_judge(&facts, &verdict)) {
        check(&facts, &verdict);
        probe_health_start(&state, true, (struct monotime){1});
        (void)probe_health_count(&state, &verdict, (struct monotime){1}, (struct monotime){2});
        if (verdict.outcome == PROBE_OUTCOME_UNKNOWN)
            return 0;
        assert((state.health == PROBE_UP) == (verdict.outcome == PROBE_OUTCOME_SUCCESS));
    }
    return 0;
}
