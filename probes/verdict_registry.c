/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/verdict_registry.h"

#include <string.h>

#include "probes/request.h"
#include "probes/say.h"

static const struct probe_web *web_of(const struct probe_facts *facts)
{
    static const struct probe_web nothing = {.access = PROBE_WEB_ANONYMOUS};

    return facts->web != NULL ? facts->web : &nothing;
}

/* It is a registry, and answers; what is behind it nobody knows. */
static bool judge_shallow(struct probe_words *words, const char *why, struct probe_verdict *verdict)
{
    probe_words_add(words, why);
    probe_words_add(words, ": nothing was read");
    verdict->shallow = true;
    probe_say_success(verdict);
    return true;
}

static bool go_on(struct probe_verdict *verdict, enum probe_request_step next)
{
    verdict->next = next;
    return false;
}

/* An answer of the registry that is neither good nor bad by itself. */
static void judge_registry_status(const struct probe_facts *facts, struct probe_words *words,
                                  struct probe_verdict *verdict)
{
    char code[PROBE_REPLY_WORD_BYTES];

    probe_say_answer(words, facts);
    if (probe_reply_error_code(facts->reply, code))
        probe_say_foreign(words, ", ", code, "");
    probe_say_failure(verdict, PROBE_REASON_STATUS);
}

static bool judge_bearer(const struct probe_facts *facts, struct probe_words *words,
                         struct probe_verdict *verdict)
{
    const struct probe_web *const web = web_of(facts);
    const char *const mistake = probe_challenge_mistake(&web->challenge, facts->params->url);

    if (web->token == PROBE_WEB_TOKEN_GOOD)
        return go_on(verdict, PROBE_REQUEST_READ);
    if (mistake == NULL)
        return go_on(verdict, PROBE_REQUEST_TOKEN);
    probe_say_answer(words, facts);
    probe_say_foreign(words, ", but its realm \"", web->challenge.realm, "\" ");
    return judge_shallow(words, mistake, verdict);
}

/* 401 of /v2/: how to go on depends on what it asks for, and what we have. */
static bool judge_challenge(const struct probe_facts *facts, struct probe_words *words,
                            struct probe_verdict *verdict)
{
    const struct probe_web *const web = web_of(facts);

    if (web->access == PROBE_WEB_HELD && web->challenge.scheme == PROBE_SCHEME_BEARER)
        return judge_bearer(facts, words, verdict);
    if (web->access == PROBE_WEB_HELD && web->challenge.scheme == PROBE_SCHEME_BASIC)
        return go_on(verdict, PROBE_REQUEST_READ);
    probe_say_answer(words, facts);
    switch (web->access) {
    case PROBE_WEB_ANONYMOUS:
        return judge_shallow(words, ", asks for credentials", verdict);
    case PROBE_WEB_UNREADABLE:
        return judge_shallow(words, ", asks for credentials, which regha cannot read", verdict);
    case PROBE_WEB_HELD:
        break;
    }
    return judge_shallow(words, ", asks for neither Basic nor Bearer", verdict);
}

static bool judge_ping(const struct probe_facts *facts, struct probe_words *words,
                       struct probe_verdict *verdict)
{
    const struct probe_reply *const reply = facts->reply;

    if ((reply->status < 500 && !reply->registry_api) || reply->status == 404) {
        probe_say_stranger(facts, ", not the /v2/ of a registry", words, verdict);
        return true;
    }
    if (reply->status == 200)
        return go_on(verdict, PROBE_REQUEST_READ);
    if (reply->status == 401)
        return judge_challenge(facts, words, verdict);
    judge_registry_status(facts, words, verdict);
    return true;
}

static bool is_code(const char *code, const char *wanted)
{
    const size_t bytes = strlen(wanted) + 1;

    return strlen(code) + 1 == bytes && memcmp(code, wanted, bytes) == 0;
}

/* Its token server is somebody else: what that one does is not the registry's fault. */
static bool judge_token(const struct probe_facts *facts, struct probe_words *words,
                        struct probe_verdict *verdict)
{
    const struct probe_web *const web = web_of(facts);
    const int status = facts->reply->status;

    if (web->token == PROBE_WEB_TOKEN_GOOD || web->token == PROBE_WEB_TOKEN_OLD)
        return go_on(verdict, PROBE_REQUEST_READ);
    probe_words_add(words, "/v2/ is well, the token server answers ");
    probe_words_number(words, status);
    if (status == 401 || status == 403)
        return judge_shallow(words, ", the credentials are refused", verdict);
    return judge_shallow(words, status == 200 ? " without a token" : "", verdict);
}

static bool judge_refusal(const struct probe_facts *facts, struct probe_words *words,
                          struct probe_verdict *verdict)
{
    const struct probe_web *const web = web_of(facts);

    /* A token that was good may have been taken back, or the registry's keys are new. */
    if (web->access == PROBE_WEB_HELD && web->challenge.scheme == PROBE_SCHEME_BEARER &&
        !web->token_asked)
        return go_on(verdict, PROBE_REQUEST_TOKEN);
    probe_say_answer(words, facts);
    return judge_shallow(words,
                         web->access == PROBE_WEB_HELD ? ", refuses the credentials"
                                                       : ", asks for credentials",
                         verdict);
}

/* HEAD has no body: that it is the registry that does not know the blob, its header says. */
static bool is_absence(const struct probe_facts *facts, const char *code)
{
    if (facts->reply->status != 404)
        return false;
    if (probe_request_is_blob(facts->params))
        return facts->reply->registry_api;
    return is_code(code, "MANIFEST_UNKNOWN") || is_code(code, "NAME_UNKNOWN");
}

/* A blob may be had from the storage itself, which the registry found it in before it says so. */
static bool is_found(const struct probe_facts *facts)
{
    const struct probe_reply *const reply = facts->reply;

    if (reply->status == 307 && probe_request_is_blob(facts->params))
        return reply->registry_api || reply->content_digest;
    return reply->status == 200 && (reply->registry_api || reply->content_digest);
}

static bool judge_good(const struct probe_facts *facts, struct probe_words *words, const char *code,
                       struct probe_verdict *verdict)
{
    if (facts->params->debug_url[0] != '\0')
        return go_on(verdict, PROBE_REQUEST_HEALTH);
    probe_say_answer(words, facts);
    if (code[0] != '\0')
        probe_say_foreign(words, ", ", code, "");
    probe_say_success(verdict);
    return true;
}

static bool judge_read(const struct probe_facts *facts, struct probe_words *words,
                       struct probe_verdict *verdict)
{
    const struct probe_reply *const reply = facts->reply;
    char code[PROBE_REPLY_WORD_BYTES];

    (void)probe_reply_error_code(reply, code); /* then it is "" */
    if (is_found(facts))
        return judge_good(facts, words, "", verdict);
    if (is_absence(facts, code)) /* the storage was asked, and answered */
        return judge_good(facts, words, code, verdict);
    if (reply->status == 401 || (reply->status == 403 && web_of(facts)->access == PROBE_WEB_HELD &&
                                 web_of(facts)->challenge.scheme != PROBE_SCHEME_NONE))
        return judge_refusal(facts, words, verdict);
    if (reply->status == 200 || reply->status == 404)
        probe_say_stranger(facts, ", not a registry's answer to a read", words, verdict);
    else
        judge_registry_status(facts, words, verdict);
    return true;
}

/* 200 and {}, or 503 and {"CHECK":"ERROR"}. */
static bool judge_health(const struct probe_facts *facts, struct probe_words *words,
                         struct probe_verdict *verdict)
{
    if (facts->reply->status == 200) {
        probe_say_answer(words, facts);
        probe_words_add(words, ", read and /debug/health");
        probe_say_success(verdict);
        return true;
    }
    probe_words_add(words, "the read is well, /debug/health says ");
    probe_words_number(words, facts->reply->status);
    probe_say_failure(verdict, PROBE_REASON_STATUS);
    return true;
}

bool probe_verdict_registry_judge(const struct probe_facts *facts, struct probe_words *words,
                                  struct probe_verdict *verdict)
{
    switch (facts->step) {
    case PROBE_REQUEST_PING:
        return judge_ping(facts, words, verdict);
    case PROBE_REQUEST_TOKEN:
        return judge_token(facts, words, verdict);
    case PROBE_REQUEST_HEALTH:
        return judge_health(facts, words, verdict);
    default:
        return judge_read(facts, words, verdict);
    }
}

bool probe_verdict_registry_judge_broken(const struct probe_facts *facts, struct probe_words *words,
                                         struct probe_verdict *verdict)
{
    const struct probe_web *const web = web_of(facts);

    if (facts->step == PROBE_REQUEST_HEALTH)
        probe_words_add(words, "the read is well, the debug server: ");
    if (facts->step != PROBE_REQUEST_TOKEN || facts->transfer == PROBE_TRANSFER_OURS)
        return false;
    if (web->token == PROBE_WEB_TOKEN_OLD && facts->transfer != PROBE_TRANSFER_TIMEOUT) {
        verdict->next = PROBE_REQUEST_READ;
        return true;
    }
    /* Not even then is it the registry's fault. */
    verdict->answered = true;
    return judge_shallow(words,
                         facts->transfer == PROBE_TRANSFER_TIMEOUT
                             ? "/v2/ is well, the token server does not answer in time"
                             : "/v2/ is well, the token server cannot be asked",
                         verdict);
}
