/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/verdict.h"

#include <string.h>

#include "probes/request.h"
#include "probes/words.h"

/* A deadline noticed this much of its timeout too late was missed by us, not by the server. */
#define OVERSLEPT_DIVISOR 4

#define DETAIL_BYTES 100

static bool is_cluster_check(const struct probe_params *params)
{
    return params->type == PROBE_TYPE_MINIO && params->check != PROBE_CHECK_LIVE &&
           params->check != PROBE_CHECK_READY;
}

static void judge(struct probe_verdict *verdict, enum probe_outcome outcome,
                  enum probe_reason reason)
{
    verdict->outcome = outcome;
    verdict->reason = reason;
}

static void succeed(struct probe_verdict *verdict)
{
    judge(verdict, PROBE_OUTCOME_SUCCESS, PROBE_REASON_NONE);
}

static void fail(struct probe_verdict *verdict, enum probe_reason reason)
{
    judge(verdict, PROBE_OUTCOME_FAILURE, reason);
}

static void add_span(struct probe_words *words, const char *before, int64_t span_ns)
{
    probe_words_add(words, before);
    probe_words_span(words, span_ns);
}

static void add_foreign(struct probe_words *words, const char *before, const char *text,
                        const char *after)
{
    probe_words_add(words, before);
    probe_words_foreign(words, text, DETAIL_BYTES);
    probe_words_add(words, after);
}

/* "200 in 2 ms" */
static void add_answer(struct probe_words *words, const struct probe_facts *facts)
{
    probe_words_number(words, facts->reply->status);
    add_span(words, " in ", facts->spent_ns);
}

static const char *stage_words(enum probe_stage stage)
{
    switch (stage) {
    case PROBE_STAGE_LOOKUP:
        return "the name was not resolved in ";
    case PROBE_STAGE_CONNECT:
        return "no connection in ";
    case PROBE_STAGE_HANDSHAKE:
        return "connected, but the TLS handshake was not done in ";
    case PROBE_STAGE_ANSWER:
        return "connected, but no answer in ";
    case PROBE_STAGE_BODY:
        return ", but its end did not come in ";
    }
    return "not done in ";
}

static void judge_timeout(const struct probe_facts *facts, struct probe_words *words,
                          struct probe_verdict *verdict)
{
    const struct probe_params *const params = facts->params;

    if (facts->stage == PROBE_STAGE_BODY)
        probe_words_number(words, facts->reply->status);
    if (params->type == PROBE_TYPE_REGISTRY && facts->step == PROBE_REQUEST_READ)
        probe_words_add(words, "/v2/ is well, the read hangs: ");
    add_span(words, stage_words(facts->stage), params->timeout_ns);
    if (facts->overslept_ns > params->timeout_ns / OVERSLEPT_DIVISOR) {
        add_span(words, ", but regha itself was late by ", facts->overslept_ns);
        judge(verdict, PROBE_OUTCOME_UNKNOWN, PROBE_REASON_TIMEOUT);
    } else if (is_cluster_check(params)) {
        probe_words_add(words, "; a silent peer delays this check");
        judge(verdict, PROBE_OUTCOME_UNKNOWN, PROBE_REASON_TIMEOUT);
    } else {
        fail(verdict,
             facts->stage == PROBE_STAGE_LOOKUP ? PROBE_REASON_RESOLVE : PROBE_REASON_TIMEOUT);
    }
}

/* The reason and the words of a transfer that neither succeeded nor timed out. */
static const struct {
    enum probe_reason reason;
    const char *text;
} broken[] = {
    [PROBE_TRANSFER_DONE] = {PROBE_REASON_NONE, ""},
    [PROBE_TRANSFER_TIMEOUT] = {PROBE_REASON_TIMEOUT, "timeout"},
    [PROBE_TRANSFER_REFUSED] = {PROBE_REASON_REFUSED, "connection refused"},
    [PROBE_TRANSFER_UNREACHABLE] = {PROBE_REASON_UNREACHABLE, "unreachable"},
    [PROBE_TRANSFER_RESOLVE] = {PROBE_REASON_RESOLVE, "the name cannot be resolved"},
    [PROBE_TRANSFER_TLS] = {PROBE_REASON_TLS, "TLS failed"},
    [PROBE_TRANSFER_RESET] = {PROBE_REASON_RESET, "the connection ended before the answer did"},
    [PROBE_TRANSFER_GARBAGE] = {PROBE_REASON_CONTENT, "what answers is not an HTTP server"},
    [PROBE_TRANSFER_HEADERS] = {PROBE_REASON_CONTENT, "the answer's headers do not end"},
    [PROBE_TRANSFER_OURS] = {PROBE_REASON_OTHER, "regha itself could not ask"},
    [PROBE_TRANSFER_OTHER] = {PROBE_REASON_OTHER, "failed"},
};

static void judge_broken(const struct probe_facts *facts, struct probe_words *words,
                         struct probe_verdict *verdict)
{
    if (facts->transfer == PROBE_TRANSFER_TIMEOUT) {
        judge_timeout(facts, words, verdict);
        return;
    }
    /* Without descriptors or memory we know nothing of anybody. */
    judge(verdict,
          facts->transfer == PROBE_TRANSFER_OURS ? PROBE_OUTCOME_UNKNOWN : PROBE_OUTCOME_FAILURE,
          broken[facts->transfer].reason);
    probe_words_add(words, broken[facts->transfer].text);
    if (facts->detail[0] != '\0' && facts->transfer != PROBE_TRANSFER_REFUSED)
        add_foreign(words, ": ", facts->detail, "");
}

/* Something else than expected answers here: say what was found. */
static void judge_stranger(const struct probe_facts *facts, const char *wanted,
                           struct probe_words *words, struct probe_verdict *verdict)
{
    const struct probe_reply *const reply = facts->reply;

    fail(verdict, PROBE_REASON_CONTENT);
    probe_words_number(words, reply->status);
    if (reply->server[0] != '\0')
        add_foreign(words, " from \"", reply->server, "\"");
    if (reply->html)
        probe_words_add(words, " with a web page");
    /* The words of Go's net/http, which MinIO and registries are made with. */
    if (probe_reply_begins(reply, "Client sent an HTTP request to an HTTPS server"))
        probe_words_add(words, ", which wants https");
    probe_words_add(words, wanted);
}

static void judge_http(const struct probe_facts *facts, struct probe_words *words,
                       struct probe_verdict *verdict)
{
    const struct probe_params *const params = facts->params;

    add_answer(words, facts);
    if (facts->reply->status >= params->status_min && facts->reply->status <= params->status_max) {
        succeed(verdict);
        return;
    }
    fail(verdict, PROBE_REASON_STATUS);
    probe_words_add(words, ", wanted ");
    probe_words_number(words, params->status_min);
    if (params->status_max == params->status_min)
        return;
    probe_words_add(words, " to ");
    probe_words_number(words, params->status_max);
}

static bool is_minio(const struct probe_reply *reply)
{
    return memcmp(reply->server, "MinIO", sizeof("MinIO") - 1) == 0 ||
           reply->server_status[0] != '\0' || reply->write_quorum > 0 || reply->read_quorum > 0;
}

static void add_quorum(struct probe_words *words, const struct probe_reply *reply)
{
    if (reply->write_quorum > 0) {
        probe_words_add(words, ", write quorum ");
        probe_words_number(words, reply->write_quorum);
    }
    if (reply->read_quorum > 0) {
        probe_words_add(words, ", read quorum ");
        probe_words_number(words, reply->read_quorum);
    }
}

/* Only a server that is not ready sends the header; live and ready are 200 all the same. */
static bool is_ready_status(const char *server_status)
{
    return server_status[0] == '\0' || memcmp(server_status, "online", sizeof("online")) == 0;
}

static void judge_minio(const struct probe_facts *facts, struct probe_words *words,
                        struct probe_verdict *verdict)
{
    const struct probe_reply *const reply = facts->reply;
    const bool good = reply->status == 200;

    /* Its health answers are empty, but those of servers like it need not be. */
    if ((good && reply->html) || (!good && reply->status < 500 && !is_minio(reply))) {
        judge_stranger(facts, ", not the health answer of MinIO", words, verdict);
        return;
    }
    add_answer(words, facts);
    if (!is_ready_status(reply->server_status)) {
        add_foreign(words, ", but the server says \"", reply->server_status, "\"");
        fail(verdict, good ? PROBE_REASON_CONTENT : PROBE_REASON_STATUS);
        return;
    }
    if (reply->status == 412 && facts->params->check == PROBE_CHECK_MAINTENANCE)
        probe_words_add(words, ", this node may not leave now");
    else if (!good && is_cluster_check(facts->params))
        probe_words_add(words, ", not enough drives");
    add_quorum(words, reply);
    if (good)
        succeed(verdict);
    else
        fail(verdict, PROBE_REASON_STATUS);
}

static void judge_shallow(struct probe_words *words, struct probe_verdict *verdict)
{
    probe_words_add(words, ", asks for credentials: nothing was read");
    verdict->shallow = true;
    succeed(verdict);
}

/* An answer of the registry that is neither good nor bad by itself. */
static void judge_registry_status(const struct probe_facts *facts, struct probe_words *words,
                                  struct probe_verdict *verdict)
{
    char code[PROBE_REPLY_WORD_BYTES];

    add_answer(words, facts);
    if (probe_reply_error_code(facts->reply, code))
        add_foreign(words, ", ", code, "");
    fail(verdict, PROBE_REASON_STATUS);
}

static bool judge_ping(const struct probe_facts *facts, struct probe_words *words,
                       struct probe_verdict *verdict)
{
    const struct probe_reply *const reply = facts->reply;

    if ((reply->status < 500 && !reply->registry_api) || reply->status == 404) {
        judge_stranger(facts, ", not the /v2/ of a registry", words, verdict);
        return true;
    }
    if (reply->status == 200)
        return false;
    if (reply->status == 401) {
        add_answer(words, facts);
        judge_shallow(words, verdict);
        return true;
    }
    judge_registry_status(facts, words, verdict);
    return true;
}

static bool is_code(const char *code, const char *wanted)
{
    const size_t bytes = strlen(wanted) + 1;

    return strlen(code) + 1 == bytes && memcmp(code, wanted, bytes) == 0;
}

static void judge_read(const struct probe_facts *facts, struct probe_words *words,
                       struct probe_verdict *verdict)
{
    const struct probe_reply *const reply = facts->reply;
    char code[PROBE_REPLY_WORD_BYTES];

    (void)probe_reply_error_code(reply, code); /* then it is "" */
    if (reply->status == 200 && (reply->registry_api || reply->content_digest)) {
        add_answer(words, facts);
        succeed(verdict);
    } else if (reply->status == 404 &&
               (is_code(code, "MANIFEST_UNKNOWN") || is_code(code, "NAME_UNKNOWN"))) {
        add_answer(words, facts);
        /* The storage was asked, and answered. */
        add_foreign(words, ", ", code, "");
        succeed(verdict);
    } else if (reply->status == 401) {
        add_answer(words, facts);
        judge_shallow(words, verdict);
    } else if (reply->status == 200 || reply->status == 404) {
        judge_stranger(facts, ", not a registry's answer to a read", words, verdict);
    } else {
        judge_registry_status(facts, words, verdict);
    }
}

static bool judge_registry(const struct probe_facts *facts, struct probe_words *words,
                           struct probe_verdict *verdict)
{
    if (facts->step == PROBE_REQUEST_PING)
        return judge_ping(facts, words, verdict);
    judge_read(facts, words, verdict);
    return true;
}

static bool judge_answer(const struct probe_facts *facts, struct probe_words *words,
                         struct probe_verdict *verdict)
{
    switch ((enum probe_type)facts->params->type) {
    case PROBE_TYPE_HTTP:
        judge_http(facts, words, verdict);
        break;
    case PROBE_TYPE_MINIO:
        judge_minio(facts, words, verdict);
        break;
    case PROBE_TYPE_REGISTRY:
        return judge_registry(facts, words, verdict);
    case PROBE_TYPE_TCP:
        add_span(words, "connected in ", facts->spent_ns);
        succeed(verdict);
        break;
    case PROBE_TYPES:
        break;
    }
    return true;
}

bool probe_verdict_judge(const struct probe_facts *facts, struct probe_verdict *ret_verdict)
{
    struct probe_words words;

    memset(ret_verdict, 0, sizeof(*ret_verdict));
    probe_words_start(&words, ret_verdict->text, sizeof(ret_verdict->text));
    if (facts->transfer != PROBE_TRANSFER_DONE) {
        judge_broken(facts, &words, ret_verdict);
        return true;
    }
    ret_verdict->answered = true;
    ret_verdict->write_quorum = facts->reply->write_quorum;
    ret_verdict->read_quorum = facts->reply->read_quorum;
    memcpy(ret_verdict->server_status, facts->reply->server_status,
           sizeof(ret_verdict->server_status));
    return judge_answer(facts, &words, ret_verdict);
}

const char *probe_verdict_reason_name(enum probe_reason reason)
{
    static const char *const names[PROBE_REASONS] = {
        [PROBE_REASON_NONE] = "none",       [PROBE_REASON_TIMEOUT] = "timeout",
        [PROBE_REASON_REFUSED] = "refused", [PROBE_REASON_UNREACHABLE] = "unreachable",
        [PROBE_REASON_RESOLVE] = "resolve", [PROBE_REASON_TLS] = "tls",
        [PROBE_REASON_RESET] = "reset",     [PROBE_REASON_STATUS] = "status",
        [PROBE_REASON_CONTENT] = "content", [PROBE_REASON_OTHER] = "other",
    };

    return (unsigned)reason < PROBE_REASONS ? names[reason] : "other";
}
