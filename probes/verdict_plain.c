/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probes/verdict_plain.h"

#include <errno.h>

#include "probes/file_facts.h"
#include "probes/redis_reply.h"
#include "probes/say.h"

/* Some repeat in an error what they were sent, the password with it: only the error's name is told. */
static void say_login(struct probe_words *words, const struct probe_redis_reply *reply)
{
    char name[PROBE_REDIS_KEPT_BYTES];
    size_t bytes = 0;

    for (; reply->kept[bytes] != '\0' && reply->kept[bytes] != ' '; bytes++)
        name[bytes] = reply->kept[bytes];
    name[bytes] = '\0';
    probe_say_foreign(words, "\"", name, "\"");
}

/* A server that is loading, or whose master is gone, answers PING by an error that says so. */
void probe_verdict_plain_redis(const struct probe_facts *facts, struct probe_words *words,
                               struct probe_verdict *verdict)
{
    const struct probe_redis_reply *const reply = facts->redis;

    if (!reply->is_error && !reply->is_login && probe_redis_reply_is(reply, "PONG")) {
        probe_say_span(words, "PONG in ", facts->spent_ns);
        probe_say_success(verdict);
        return;
    }
    if (reply->is_error && probe_redis_reply_is(reply, "NOAUTH"))
        probe_words_add(words, "asks for credentials: ");
    else if (reply->is_login)
        probe_words_add(words, "refuses the credentials: ");
    if (reply->is_login)
        say_login(words, reply);
    else
        probe_say_foreign(words, "\"", reply->kept, "\"");
    probe_say_failure(verdict, reply->is_error ? PROBE_REASON_STATUS : PROBE_REASON_CONTENT);
}

void probe_verdict_plain_ping(const struct probe_facts *facts, struct probe_words *words,
                              struct probe_verdict *verdict)
{
    probe_say_span(words, "echo in ", facts->spent_ns);
    probe_say_success(verdict);
}

static const char *error_words(int error)
{
    switch (error) {
    case ENOENT:
        return "there is no such file";
    case ENOTDIR:
        return "there is a file where its folder should be";
    case EACCES:
    case EPERM:
        return "reghad may not look there";
    case ESTALE:
        return "it is gone from its server";
    case EIO:
        return "its disk or server fails to read";
    case ENOTCONN:
        return "the program behind its file system is gone";
    case ELOOP:
        return "its links go round in a circle";
    case ETIMEDOUT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
        return "its server does not answer";
    default:
        return NULL;
    }
}

static void judge_error(int error, struct probe_words *words, struct probe_verdict *verdict)
{
    const char *const text = error_words(error);

    if (text != NULL) {
        probe_words_add(words, text);
    } else {
        probe_words_add(words, "it cannot be looked at, error ");
        probe_words_number(words, error);
    }
    if (error == EACCES || error == EPERM)
        probe_say_outcome(verdict, PROBE_OUTCOME_UNKNOWN, PROBE_REASON_OTHER);
    else
        probe_say_failure(verdict, error == ENOENT || error == ENOTDIR ? PROBE_REASON_CONTENT
                                                                       : PROBE_REASON_OTHER);
}

void probe_verdict_plain_file(const struct probe_facts *facts, struct probe_words *words,
                              struct probe_verdict *verdict)
{
    const struct probe_file_facts *const file = facts->file;
    const struct probe_params *const params = facts->params;

    if (file->error != 0) {
        judge_error(file->error, words, verdict);
        return;
    }
    if (params->file.mount && !file->is_mount) {
        probe_words_add(words, "nothing is mounted there");
        probe_say_failure(verdict, PROBE_REASON_CONTENT);
        return;
    }
    probe_words_add(words, params->file.mount ? "mounted" : "there");
    if (params->file.max_age_ns == 0) {
        probe_say_span(words, ", seen in ", facts->spent_ns);
        probe_say_success(verdict);
        return;
    }
    probe_say_span(words, ", changed ", file->age_ns > 0 ? file->age_ns : 0);
    probe_words_add(words, " ago");
    if (file->age_ns <= params->file.max_age_ns) {
        probe_say_success(verdict);
        return;
    }
    probe_say_span(words, ", wanted at most ", params->file.max_age_ns);
    probe_say_failure(verdict, PROBE_REASON_CONTENT);
}

static void add_words(const struct probe_facts *facts, struct probe_words *words)
{
    if (facts->exec->words[0] != '\0')
        probe_say_foreign(words, ", \"", facts->exec->words, "\"");
}

static void judge_status(const struct probe_facts *facts, struct probe_words *words,
                         struct probe_verdict *verdict)
{
    const int code = facts->exec->code;

    probe_words_add(words, "status ");
    probe_words_number(words, code);
    probe_say_span(words, " in ", facts->spent_ns);
    add_words(facts, words);
    if (code == 0)
        probe_say_success(verdict);
    else if (code == 1)
        probe_say_failure(verdict, PROBE_REASON_STATUS);
    else
        probe_say_outcome(verdict, PROBE_OUTCOME_UNKNOWN, PROBE_REASON_STATUS);
}

void probe_verdict_plain_exec(const struct probe_facts *facts, struct probe_words *words,
                              struct probe_verdict *verdict)
{
    switch (facts->exec->kind) {
    case PROBE_EXEC_STATUS:
        judge_status(facts, words, verdict);
        return;
    case PROBE_EXEC_TIMEOUT:
        probe_say_span(words, "the command was killed after ", facts->params->timeout_ns);
        probe_say_failure(verdict, PROBE_REASON_TIMEOUT);
        return;
    case PROBE_EXEC_SIGNAL:
        probe_words_add(words, "the command was killed by signal ");
        probe_words_number(words, facts->exec->code);
        break;
    case PROBE_EXEC_REFUSED:
    case PROBE_EXEC_NONE:
        probe_words_add(words, "the command was not run");
        add_words(facts, words);
        break;
    }
    probe_say_outcome(verdict, PROBE_OUTCOME_UNKNOWN, PROBE_REASON_OTHER);
}
