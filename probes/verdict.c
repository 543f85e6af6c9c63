/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/verdict.h"

#include <string.h>

#include "probes/request.h"
#include "probes/say.h"
#include "probes/verdict_page.h"
#include "probes/verdict_plain.h"
#include "probes/verdict_registry.h"
#include "probes/verdict_store.h"

/* A deadline noticed this much of its timeout too late was missed by us, not by the server. */
#define OVERSLEPT_DIVISOR 4

static bool is_cluster_check(const struct probe_params *params)
{
    return params->type == PROBE_TYPE_MINIO && params->check != PROBE_CHECK_LIVE &&
           params->check != PROBE_CHECK_READY;
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
    case PROBE_STAGE_ECHO:
        return "no echo in ";
    case PROBE_STAGE_COMMAND:
        return "the command did not end in ";
    case PROBE_STAGE_FILE:
        return "its file system did not answer in ";
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
    probe_say_span(words, stage_words(facts->stage), params->timeout_ns);
    if (facts->overslept_ns > params->timeout_ns / OVERSLEPT_DIVISOR) {
        probe_say_span(words, ", but regha itself was late by ", facts->overslept_ns);
        probe_say_outcome(verdict, PROBE_OUTCOME_UNKNOWN, PROBE_REASON_TIMEOUT);
    } else if (is_cluster_check(params)) {
        probe_words_add(words, "; a silent peer delays this check");
        probe_say_outcome(verdict, PROBE_OUTCOME_UNKNOWN, PROBE_REASON_TIMEOUT);
    } else {
        probe_say_failure(verdict, facts->stage == PROBE_STAGE_LOOKUP ? PROBE_REASON_RESOLVE
                                                                      : PROBE_REASON_TIMEOUT);
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

static const char *broken_text(const struct probe_facts *facts)
{
    if (facts->transfer == PROBE_TRANSFER_GARBAGE && facts->params->type == PROBE_TYPE_REDIS)
        return "what answers is not Redis";
    return broken[facts->transfer].text;
}

static void judge_broken(const struct probe_facts *facts, struct probe_words *words,
                         struct probe_verdict *verdict)
{
    if (facts->transfer == PROBE_TRANSFER_TIMEOUT) {
        judge_timeout(facts, words, verdict);
        return;
    }
    /* Without descriptors or memory we know nothing of anybody. */
    probe_say_outcome(verdict,
                      facts->transfer == PROBE_TRANSFER_OURS ? PROBE_OUTCOME_UNKNOWN
                                                             : PROBE_OUTCOME_FAILURE,
                      broken[facts->transfer].reason);
    probe_words_add(words, broken_text(facts));
    if (facts->detail[0] != '\0' && facts->transfer != PROBE_TRANSFER_REFUSED)
        probe_say_foreign(words, ": ", facts->detail, "");
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

static void note_abilities(const struct probe_params *params, bool good,
                           struct probe_verdict *verdict)
{
    const enum probe_ability ability = good ? PROBE_ABILITY_YES : PROBE_ABILITY_NO;

    if (params->check == PROBE_CHECK_CLUSTER)
        verdict->writable = ability;
    if (params->check == PROBE_CHECK_CLUSTER_READ)
        verdict->readable = ability;
}

static void judge_minio(const struct probe_facts *facts, struct probe_words *words,
                        struct probe_verdict *verdict)
{
    const struct probe_reply *const reply = facts->reply;
    const bool good = reply->status == 200;

    /* Its health answers are empty, but those of servers like it need not be. */
    if ((good && reply->html) || (!good && reply->status < 500 && !is_minio(reply))) {
        probe_say_stranger(facts, ", not the health answer of MinIO", words, verdict);
        return;
    }
    note_abilities(facts->params, good && is_ready_status(reply->server_status), verdict);
    probe_say_answer(words, facts);
    if (!is_ready_status(reply->server_status)) {
        probe_say_foreign(words, ", but the server says \"", reply->server_status, "\"");
        probe_say_failure(verdict, good ? PROBE_REASON_CONTENT : PROBE_REASON_STATUS);
        return;
    }
    if (reply->status == 412 && facts->params->check == PROBE_CHECK_MAINTENANCE)
        probe_words_add(words, ", this node may not leave now");
    else if (!good && is_cluster_check(facts->params))
        probe_words_add(words, ", not enough drives");
    add_quorum(words, reply);
    if (good)
        probe_say_success(verdict);
    else
        probe_say_failure(verdict, PROBE_REASON_STATUS);
}

static bool judge_answer(const struct probe_facts *facts, struct probe_words *words,
                         struct probe_verdict *verdict)
{
    switch ((enum probe_type)facts->params->type) {
    case PROBE_TYPE_HARBOR:
        probe_verdict_page_harbor(facts, words, verdict);
        break;
    case PROBE_TYPE_HTTP:
        probe_verdict_page_http(facts, words, verdict);
        break;
    case PROBE_TYPE_MINIO:
        judge_minio(facts, words, verdict);
        break;
    case PROBE_TYPE_REGISTRY:
        return probe_verdict_registry_judge(facts, words, verdict);
    case PROBE_TYPE_S3:
        return probe_verdict_store_judge(facts, words, verdict);
    case PROBE_TYPE_TCP:
        probe_say_span(words, "connected in ", facts->spent_ns);
        probe_say_success(verdict);
        break;
    case PROBE_TYPE_PING:
        probe_verdict_plain_ping(facts, words, verdict);
        break;
    case PROBE_TYPE_REDIS:
        probe_verdict_plain_redis(facts, words, verdict);
        break;
    case PROBE_TYPE_EXEC:
        probe_verdict_plain_exec(facts, words, verdict);
        break;
    case PROBE_TYPE_FILE:
        probe_verdict_plain_file(facts, words, verdict);
        break;
    case PROBE_TYPES:
        break;
    }
    return true;
}

/* What a transfer that ended badly means, unless the type knows better. */
static bool judge_unanswered(const struct probe_facts *facts, struct probe_words *words,
                             struct probe_verdict *verdict)
{
    const enum probe_type type = (enum probe_type)facts->params->type;

    if ((type == PROBE_TYPE_REGISTRY &&
         probe_verdict_registry_judge_broken(facts, words, verdict)) ||
        (type == PROBE_TYPE_S3 && probe_verdict_store_judge_broken(facts, words, verdict)))
        return verdict->text[0] != '\0';
    judge_broken(facts, words, verdict);
    return true;
}

bool probe_verdict_judge(const struct probe_facts *facts, struct probe_verdict *ret_verdict)
{
    struct probe_words words;

    memset(ret_verdict, 0, sizeof(*ret_verdict));
    probe_words_start(&words, ret_verdict->text, sizeof(ret_verdict->text));
    if (facts->transfer != PROBE_TRANSFER_DONE)
        return judge_unanswered(facts, &words, ret_verdict);
    ret_verdict->answered = true;
    if (facts->reply != NULL) {
        ret_verdict->write_quorum = facts->reply->write_quorum;
        ret_verdict->read_quorum = facts->reply->read_quorum;
        memcpy(ret_verdict->server_status, facts->reply->server_status,
               sizeof(ret_verdict->server_status));
    }
    return judge_answer(facts, &words, ret_verdict);
}

const char *probe_verdict_reason_name(enum probe_reason reason)
{
    static const char *const names[PROBE_REASONS] = {
        [PROBE_REASON_NONE] = "none",       [PROBE_REASON_TIMEOUT] = "timeout",
        [PROBE_REASON_REFUSED] = "refused", [PROBE_REASON_UNREACHABLE] = "unreachable",
        [PROBE_REASON_RESOLVE] = "resolve", [PROBE_REASON_TLS] = "tls",
        [PROBE_REASON_RESET] = "reset",     [PROBE_REASON_STATUS] = "status",
        [PROBE_REASON_CONTENT] = "content", [PROBE_REASON_DENIED] = "denied",
        [PROBE_REASON_OTHER] = "other",
    };

    return (unsigned)reason < PROBE_REASONS ? names[reason] : "other";
}
