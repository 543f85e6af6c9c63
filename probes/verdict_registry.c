/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/verdict_registry.h"

#include <string.h>

#include "probes/request.h"
#include "probes/say.h"

static void judge_shallow(struct probe_words *words, struct probe_verdict *verdict)
{
    probe_words_add(words, ", asks for credentials: nothing was read");
    verdict->shallow = true;
    probe_say_success(verdict);
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

static bool judge_ping(const struct probe_facts *facts, struct probe_words *words,
                       struct probe_verdict *verdict)
{
    const struct probe_reply *const reply = facts->reply;

    if ((reply->status < 500 && !reply->registry_api) || reply->status == 404) {
        probe_say_stranger(facts, ", not the /v2/ of a registry", words, verdict);
        return true;
    }
    if (reply->status == 200) {
        verdict->next = PROBE_REQUEST_READ;
        return false;
    }
    if (reply->status == 401) {
        probe_say_answer(words, facts);
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
        probe_say_answer(words, facts);
        probe_say_success(verdict);
    } else if (reply->status == 404 &&
               (is_code(code, "MANIFEST_UNKNOWN") || is_code(code, "NAME_UNKNOWN"))) {
        probe_say_answer(words, facts);
        /* The storage was asked, and answered. */
        probe_say_foreign(words, ", ", code, "");
        probe_say_success(verdict);
    } else if (reply->status == 401) {
        probe_say_answer(words, facts);
        judge_shallow(words, verdict);
    } else if (reply->status == 200 || reply->status == 404) {
        probe_say_stranger(facts, ", not a registry's answer to a read", words, verdict);
    } else {
        judge_registry_status(facts, words, verdict);
    }
}

bool probe_verdict_registry_judge(const struct probe_facts *facts, struct probe_words *words,
                                  struct probe_verdict *verdict)
{
    if (facts->step == PROBE_REQUEST_PING)
        return judge_ping(facts, words, verdict);
    judge_read(facts, words, verdict);
    return true;
}
