/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/verdict_store.h"

#include <string.h>

#include "probes/request.h"
#include "probes/say.h"

/* What a person makes of an error code. */
static const struct {
    const char *code, *words;
} meanings[] = {
    {"NoSuchKey", ""},
    {"NoSuchBucket", "there is no such bucket"},
    {"SlowDown", "the store asks for patience, or has lost its quorum"},
    {"SlowDownRead", "not enough drives to read"},
    {"SlowDownWrite", "not enough drives to write"},
    {"ServiceUnavailable", "the store is not ready"},
    {"ServerBusy", "the store is overloaded"},
    {"TooManyRequests", "the store is overloaded"},
    {"RequestTimeout", "the store could not lock the object in time"},
    {"XMinioServerNotInitialized", "the store is starting"},
    {"XMinioIAMNotInitialized", "the store is starting"},
    {"XMinioBucketMetadataNotInitialized", "the store is starting"},
    {"XMinioStorageFull", "the store is full"},
    {"QuotaExceeded", "the quota is used up"},
    {"RequestTimeTooSkewed", "this host's clock and the store's are too far apart"},
    {"SignatureDoesNotMatch", "the secret key is wrong"},
    {"InvalidAccessKeyId", "the access key is unknown"},
    {"AccessDenied", "the credentials do not allow this"},
    {"AuthorizationHeaderMalformed", "most likely the region is another one"},
    {"PermanentRedirect", "the bucket is in another region"},
};

static bool is_same(const char *a, const char *b)
{
    const size_t bytes = strlen(a) + 1;

    return strlen(b) + 1 == bytes && memcmp(a, b, bytes) == 0;
}

/* A code may be cut to the room it has. */
static const char *meaning_of(const char *code)
{
    for (size_t at = 0; at < sizeof(meanings) / sizeof(meanings[0]); at++) {
        const size_t bytes = strlen(meanings[at].code), most = PROBE_REPLY_WORD_BYTES - 1;

        if (strlen(code) == (bytes < most ? bytes : most) &&
            memcmp(code, meanings[at].code, strlen(code)) == 0)
            return meanings[at].words;
    }
    return "";
}

/* In the body, or, of an answer to HEAD from MinIO, in a header. */
static const char *code_of(const struct probe_reply *reply, char code[PROBE_REPLY_WORD_BYTES])
{
    if (probe_reply_s3_code(reply, code))
        return code;
    return reply->error_code;
}

static void add_code(struct probe_words *words, const char *code)
{
    const char *const meaning = meaning_of(code);

    if (code[0] != '\0')
        probe_say_foreign(words, ", ", code, "");
    if (meaning[0] != '\0') {
        probe_words_add(words, ": ");
        probe_words_add(words, meaning);
    }
}

/* Asked and answered: also that it is not there. HEAD has no body to say which of the two. */
static bool is_asked(const struct probe_params *params, const struct probe_reply *reply,
                     const char *code)
{
    if (reply->status == 200)
        return true;
    return reply->status == 404 && !reply->html &&
           (is_same(code, "NoSuchKey") || (code[0] == '\0' && params->method == PROBE_METHOD_HEAD));
}

static enum probe_reason reason_of(int status)
{
    return status == 401 || status == 403 ? PROBE_REASON_DENIED : PROBE_REASON_STATUS;
}

/* Whatever speaks HTTP may be on the port; a store says what it is by an error code. */
static bool is_stranger(const struct probe_reply *reply, const char *code)
{
    return reply->html || (reply->status >= 300 && reply->status < 500 && code[0] == '\0');
}

static bool judge_read(const struct probe_facts *facts, struct probe_words *words,
                       struct probe_verdict *verdict)
{
    const struct probe_params *const params = facts->params;
    char room[PROBE_REPLY_WORD_BYTES];
    const char *const code = code_of(facts->reply, room);
    const bool is_good = is_asked(params, facts->reply, code);

    if (is_good && params->bucket.write_key[0] != '\0') {
        verdict->next = PROBE_REQUEST_WRITE;
        return false;
    }
    if (!is_good && params->method == PROBE_METHOD_GET && is_stranger(facts->reply, code)) {
        probe_say_stranger(facts, ", not the answer of an S3 store", words, verdict);
        return true;
    }
    probe_say_answer(words, facts);
    add_code(words, code);
    verdict->readable = is_good ? PROBE_ABILITY_YES : PROBE_ABILITY_NO;
    if (is_good)
        probe_say_success(verdict);
    else
        probe_say_failure(verdict, reason_of(facts->reply->status));
    return true;
}

/* "read 200 in 5 ms, " */
static void add_read(struct probe_words *words, const struct probe_facts *facts)
{
    probe_words_add(words, "read ");
    probe_words_number(words, facts->web->read_status);
    probe_say_span(words, " in ", facts->web->read_ns);
    if (facts->web->read_code[0] != '\0')
        probe_say_foreign(words, " (", facts->web->read_code, ")");
    probe_words_add(words, ", ");
}

static void judge_write(const struct probe_facts *facts, struct probe_words *words,
                        struct probe_verdict *verdict)
{
    const struct probe_reply *const reply = facts->reply;
    char room[PROBE_REPLY_WORD_BYTES];

    add_read(words, facts);
    verdict->readable = PROBE_ABILITY_YES;
    probe_words_add(words, reply->status == 200 ? "write " : "but write ");
    probe_words_number(words, reply->status);
    probe_say_span(words, " in ", facts->spent_ns - facts->web->read_ns);
    if (reply->status == 200) {
        verdict->writable = PROBE_ABILITY_YES;
        probe_say_success(verdict);
        return;
    }
    verdict->writable = PROBE_ABILITY_NO;
    add_code(words, code_of(reply, room));
    probe_say_failure(verdict, reason_of(reply->status));
}

bool probe_verdict_store_judge(const struct probe_facts *facts, struct probe_words *words,
                               struct probe_verdict *verdict)
{
    if (facts->step != PROBE_REQUEST_WRITE || facts->web == NULL)
        return judge_read(facts, words, verdict);
    judge_write(facts, words, verdict);
    return true;
}

bool probe_verdict_store_judge_broken(const struct probe_facts *facts, struct probe_words *words,
                                      struct probe_verdict *verdict)
{
    const bool is_late = facts->transfer == PROBE_TRANSFER_TIMEOUT;

    if (facts->transfer == PROBE_TRANSFER_OURS)
        return false;
    if (facts->step != PROBE_REQUEST_WRITE || facts->web == NULL) {
        verdict->readable = PROBE_ABILITY_NO;
        return false;
    }
    add_read(words, facts);
    verdict->readable = PROBE_ABILITY_YES;
    probe_words_add(words, is_late ? "but the write did not end in time: a silent peer delays it"
                                   : "but the write was cut: whether it happened is unknown");
    probe_say_outcome(verdict, PROBE_OUTCOME_UNKNOWN,
                      is_late ? PROBE_REASON_TIMEOUT : PROBE_REASON_RESET);
    return true;
}
