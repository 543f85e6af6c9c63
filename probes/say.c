/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/say.h"

#define DETAIL_BYTES 100

void probe_say_outcome(struct probe_verdict *verdict, enum probe_outcome outcome,
                       enum probe_reason reason)
{
    verdict->outcome = outcome;
    verdict->reason = reason;
}

void probe_say_success(struct probe_verdict *verdict)
{
    probe_say_outcome(verdict, PROBE_OUTCOME_SUCCESS, PROBE_REASON_NONE);
}

void probe_say_failure(struct probe_verdict *verdict, enum probe_reason reason)
{
    probe_say_outcome(verdict, PROBE_OUTCOME_FAILURE, reason);
}

void probe_say_span(struct probe_words *words, const char *before, int64_t span_ns)
{
    probe_words_add(words, before);
    probe_words_span(words, span_ns);
}

void probe_say_foreign(struct probe_words *words, const char *before, const char *text,
                       const char *after)
{
    probe_words_add(words, before);
    probe_words_foreign(words, text, DETAIL_BYTES);
    probe_words_add(words, after);
}

void probe_say_answer(struct probe_words *words, const struct probe_facts *facts)
{
    probe_words_number(words, facts->reply->status);
    probe_say_span(words, " in ", facts->spent_ns);
}

void probe_say_stranger(const struct probe_facts *facts, const char *wanted,
                        struct probe_words *words, struct probe_verdict *verdict)
{
    const struct probe_reply *const reply = facts->reply;

    probe_say_failure(verdict, PROBE_REASON_CONTENT);
    probe_words_number(words, reply->status);
    if (reply->server[0] != '\0')
        probe_say_foreign(words, " from \"", reply->server, "\"");
    if (reply->html)
        probe_words_add(words, " with a web page");
    /* The words of Go's net/http, which MinIO and registries are made with. */
    if (probe_reply_begins(reply, "Client sent an HTTP request to an HTTPS server"))
        probe_words_add(words, ", which wants https");
    probe_words_add(words, wanted);
}
