/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/verdict_page.h"

#include "probes/say.h"

#define STATUS_MIN 200
#define STATUS_MAX 399

static const struct probe_span usual = {STATUS_MIN, STATUS_MAX};

static const struct probe_span *spans_of(const struct probe_params *params, size_t *ret_count)
{
    *ret_count = params->status_count > 0 ? params->status_count : 1;
    return params->status_count > 0 ? params->status : &usual;
}

static bool is_status_good(const struct probe_params *params, int status)
{
    size_t count;
    const struct probe_span *const spans = spans_of(params, &count);

    for (size_t at = 0; at < count; at++)
        if (status >= spans[at].least && status <= spans[at].most)
            return true;
    return false;
}

/* "200 to 299 or 401" */
static void add_spans(struct probe_words *words, const struct probe_params *params)
{
    size_t count;
    const struct probe_span *const spans = spans_of(params, &count);

    for (size_t at = 0; at < count; at++) {
        probe_words_add(words, at > 0 ? " or " : "");
        probe_words_number(words, spans[at].least);
        if (spans[at].most == spans[at].least)
            continue;
        probe_words_add(words, " to ");
        probe_words_number(words, spans[at].most);
    }
}

static void miss(struct probe_words *words, struct probe_verdict *verdict, const char *text)
{
    probe_words_add(words, text);
    probe_say_failure(verdict, PROBE_REASON_CONTENT);
}

static void judge_body(const struct probe_facts *facts, struct probe_words *words,
                       struct probe_verdict *verdict)
{
    switch (facts->web != NULL ? facts->web->body : PROBE_WEB_BODY_FITS) {
    case PROBE_WEB_BODY_FITS:
        probe_say_success(verdict);
        break;
    case PROBE_WEB_BODY_LONG:
        miss(words, verdict, ", but the body is longer than 16 KB");
        break;
    case PROBE_WEB_BODY_DIFFERS:
        miss(words, verdict, ", but the body is not as wanted");
        break;
    case PROBE_WEB_BODY_NO_JSON:
        miss(words, verdict, ", but the body is no JSON");
        break;
    case PROBE_WEB_BODY_NO_MEMBER:
        miss(words, verdict, ", but the body has no ");
        probe_say_foreign(words, "", facts->params->wanted.json, "");
        break;
    case PROBE_WEB_BODY_OTHER_VALUE:
        probe_say_foreign(words, ", but ", facts->params->wanted.json, "");
        probe_say_foreign(words, " is \"", facts->web->found, "\"");
        probe_say_failure(verdict, PROBE_REASON_CONTENT);
        break;
    case PROBE_WEB_BODY_UNSURE:
        probe_words_add(words, ", but regha had no memory to look at the body");
        probe_say_outcome(verdict, PROBE_OUTCOME_UNKNOWN, PROBE_REASON_OTHER);
        break;
    }
}

void probe_verdict_page_http(const struct probe_facts *facts, struct probe_words *words,
                             struct probe_verdict *verdict)
{
    const struct probe_params *const params = facts->params;
    const struct probe_reply *const reply = facts->reply;

    probe_say_answer(words, facts);
    if (!is_status_good(params, reply->status)) {
        probe_words_add(words, ", wanted ");
        add_spans(words, params);
        probe_say_failure(verdict, reply->status == 401 && params->credentials[0] != '\0'
                                       ? PROBE_REASON_DENIED
                                       : PROBE_REASON_STATUS);
    } else if (params->wanted.header[0] != '\0' && !reply->header_is_good) {
        miss(words, verdict,
             reply->has_header ? ", but the header has another value than "
                               : ", but without the header ");
        probe_say_foreign(words, "", params->wanted.header, "");
    } else {
        judge_body(facts, words, verdict);
    }
}

void probe_verdict_page_harbor(const struct probe_facts *facts, struct probe_words *words,
                               struct probe_verdict *verdict)
{
    const enum probe_web_body body = facts->web != NULL ? facts->web->body : PROBE_WEB_BODY_NO_JSON;

    if (facts->reply->status != 200) {
        probe_say_answer(words, facts);
        probe_say_failure(verdict, PROBE_REASON_STATUS);
        return;
    }
    if (body == PROBE_WEB_BODY_NO_JSON ||
        (body == PROBE_WEB_BODY_NO_MEMBER && facts->web->found[0] == '\0')) {
        probe_say_stranger(facts, ", not the health of a Harbor", words, verdict);
        return;
    }
    probe_say_answer(words, facts);
    if (body == PROBE_WEB_BODY_OTHER_VALUE) {
        probe_say_foreign(words, ", unhealthy: ", facts->web->found, "");
        probe_say_failure(verdict, PROBE_REASON_CONTENT);
    } else if (body == PROBE_WEB_BODY_NO_MEMBER) {
        probe_say_foreign(words, ", but it has no component \"", facts->web->found, "\"");
        probe_say_failure(verdict, PROBE_REASON_CONTENT);
    } else {
        judge_body(facts, words, verdict);
    }
}
