/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a Redis, an address and a file system answer, each with its verdict in full. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/monotime.h"
#include "probes/file_facts.h"
#include "probes/redis_reply.h"
#include "probes/verdict.h"

#define SUCCESS PROBE_OUTCOME_SUCCESS
#define FAILURE PROBE_OUTCOME_FAILURE
#define UNKNOWN PROBE_OUTCOME_UNKNOWN
#define NONE    PROBE_REASON_NONE
#define CONTENT PROBE_REASON_CONTENT
#define STATUS  PROBE_REASON_STATUS
#define OTHER   PROBE_REASON_OTHER
#define AGE     (10 * NS_PER_S)

static struct probe_verdict judge(const struct probe_facts *facts)
{
    struct probe_verdict verdict;

    assert_true(probe_verdict_judge(facts, &verdict));
    return verdict;
}

static void check(const struct probe_verdict *verdict, enum probe_outcome outcome,
                  enum probe_reason reason, const char *text)
{
    assert_string_equal(verdict->text, text);
    assert_int_equal(verdict->outcome, outcome);
    assert_int_equal(verdict->reason, reason);
}

static const struct {
    bool with_login;
    const char *wire;
    enum probe_outcome outcome;
    enum probe_reason reason;
    const char *text;
} answers[] = {
    {false, "+PONG\r\n", SUCCESS, NONE, "PONG in 2 ms"},
    {true, "+OK\r\n+PONG\r\n", SUCCESS, NONE, "PONG in 2 ms"},
    {false, "-NOAUTH Authentication required.\r\n", FAILURE, STATUS,
     "asks for credentials: \"NOAUTH Authentication required.\""},
    {true, "-WRONGPASS invalid\r\n", FAILURE, STATUS, "refuses the credentials: \"WRONGPASS\""},
    {true, "-ERR unknown command `AUTH`, with args beginning with: `user`, `secret`\r\n", FAILURE,
     STATUS, "refuses the credentials: \"ERR\""},
    {false, "-LOADING Redis is loading\r\n", FAILURE, STATUS, "\"LOADING Redis is loading\""},
    {false, "+PING\r\n", FAILURE, CONTENT, "\"PING\""},
    {true, "+OK\r\n-LOADING it\r\n", FAILURE, STATUS, "\"LOADING it\""},
    {true, "+PONG\r\n", FAILURE, CONTENT, "refuses the credentials: \"PONG\""},
};

static void test_redis(void **unused)
{
    const struct probe_params params = {.type = PROBE_TYPE_REDIS, .timeout_ns = NS_PER_S};
    struct probe_redis_reply reply;
    const struct probe_facts facts = {.params = &params,
                                      .transfer = PROBE_TRANSFER_DONE,
                                      .spent_ns = 2 * NS_PER_MS,
                                      .detail = "",
                                      .redis = &reply};

    (void)unused;
    for (size_t at = 0; at < sizeof(answers) / sizeof(answers[0]); at++) {
        probe_redis_reply_clear(&reply, answers[at].with_login);
        assert_int_equal(probe_redis_reply_take(&reply, answers[at].wire, strlen(answers[at].wire)),
                         PROBE_REDIS_DONE);
        const struct probe_verdict verdict = judge(&facts);
        check(&verdict, answers[at].outcome, answers[at].reason, answers[at].text);
    }
}

static const struct {
    const char *rule;
    int64_t max_age_ns;
    bool mount;
    struct probe_file_facts file;
    enum probe_outcome outcome;
    enum probe_reason reason;
    const char *text;
} files[] = {
    {"there", 0, false, {0}, SUCCESS, NONE, "there, seen in 2 ms"},
    {"missing", 0, false, {.error = ENOENT}, FAILURE, CONTENT, "there is no such file"},
    {"not allowed says nothing of it",
     0,
     false,
     {.error = EACCES},
     UNKNOWN,
     OTHER,
     "reghad may not look there"},
    {"stale", 0, true, {.error = ESTALE}, FAILURE, OTHER, "it is gone from its server"},
    {"a number at least",
     0,
     false,
     {.error = ENOMEM},
     FAILURE,
     OTHER,
     "it cannot be looked at, error 12"},
    {"mounted", 0, true, {.is_mount = true}, SUCCESS, NONE, "mounted, seen in 2 ms"},
    {"only the folder below", 0, true, {0}, FAILURE, CONTENT, "nothing is mounted there"},
    {"young", AGE, false, {.age_ns = AGE}, SUCCESS, NONE, "there, changed 10 s ago"},
    {"old",
     AGE,
     false,
     {.age_ns = AGE + NS_PER_S},
     FAILURE,
     CONTENT,
     "there, changed 11 s ago, wanted at most 10 s"},
    {"a clock that was set back",
     AGE,
     false,
     {.age_ns = -NS_PER_S},
     SUCCESS,
     NONE,
     "there, changed 0.0 ms ago"},
};

static void test_files(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(files) / sizeof(files[0]); at++) {
        const struct probe_params params = {
            .type = PROBE_TYPE_FILE,
            .timeout_ns = NS_PER_S,
            .file = {.max_age_ns = files[at].max_age_ns, .mount = files[at].mount}};
        const struct probe_facts facts = {.params = &params,
                                          .transfer = PROBE_TRANSFER_DONE,
                                          .spent_ns = 2 * NS_PER_MS,
                                          .detail = "",
                                          .file = &files[at].file};

        print_message("%s\n", files[at].rule);
        const struct probe_verdict verdict = judge(&facts);
        check(&verdict, files[at].outcome, files[at].reason, files[at].text);
    }
}

static const struct {
    struct probe_exec_end end;
    enum probe_outcome outcome;
    enum probe_reason reason;
    const char *text;
} commands[] = {
    {{PROBE_EXEC_STATUS, 0, "all well"}, SUCCESS, NONE, "status 0 in 2 ms, \"all well\""},
    {{PROBE_EXEC_STATUS, 0, ""}, SUCCESS, NONE, "status 0 in 2 ms"},
    {{PROBE_EXEC_STATUS, 1, "no table"},
     FAILURE,
     PROBE_REASON_STATUS,
     "status 1 in 2 ms, \"no table\""},
    {{PROBE_EXEC_STATUS, 3, ""}, PROBE_OUTCOME_UNKNOWN, PROBE_REASON_STATUS, "status 3 in 2 ms"},
    {{PROBE_EXEC_TIMEOUT, 0, ""},
     FAILURE,
     PROBE_REASON_TIMEOUT,
     "the command was killed after 1 s"},
    {{PROBE_EXEC_SIGNAL, 11, ""},
     PROBE_OUTCOME_UNKNOWN,
     PROBE_REASON_OTHER,
     "the command was killed by signal 11"},
    {{PROBE_EXEC_REFUSED, 0, "no policy"},
     PROBE_OUTCOME_UNKNOWN,
     PROBE_REASON_OTHER,
     "the command was not run, \"no policy\""},
};

static void test_commands(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(commands) / sizeof(commands[0]); at++) {
        const struct probe_params params = {.type = PROBE_TYPE_EXEC, .timeout_ns = NS_PER_S};
        const struct probe_facts facts = {.params = &params,
                                          .transfer = PROBE_TRANSFER_DONE,
                                          .spent_ns = 2 * NS_PER_MS,
                                          .detail = "",
                                          .exec = &commands[at].end};

        print_message("%s\n", commands[at].text);
        const struct probe_verdict verdict = judge(&facts);
        check(&verdict, commands[at].outcome, commands[at].reason, commands[at].text);
    }
}

static const struct {
    enum probe_type type;
    enum probe_transfer transfer;
    enum probe_stage stage;
    enum probe_outcome outcome;
    enum probe_reason reason;
    const char *text;
} breaks[] = {
    {PROBE_TYPE_PING, PROBE_TRANSFER_DONE, PROBE_STAGE_ECHO, SUCCESS, NONE, "echo in 2 ms"},
    {PROBE_TYPE_PING, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ECHO, FAILURE, PROBE_REASON_TIMEOUT,
     "no echo in 1 s"},
    {PROBE_TYPE_FILE, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_FILE, FAILURE, PROBE_REASON_TIMEOUT,
     "its file system did not answer in 1 s"},
    {PROBE_TYPE_REDIS, PROBE_TRANSFER_GARBAGE, PROBE_STAGE_ANSWER, FAILURE, CONTENT,
     "what answers is not Redis"},
    {PROBE_TYPE_REDIS, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ANSWER, FAILURE, PROBE_REASON_TIMEOUT,
     "connected, but no answer in 1 s"},
};

static void test_breaks(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(breaks) / sizeof(breaks[0]); at++) {
        const struct probe_params params = {.type = (uint8_t)breaks[at].type,
                                            .timeout_ns = NS_PER_S};
        const struct probe_facts facts = {.params = &params,
                                          .transfer = breaks[at].transfer,
                                          .stage = breaks[at].stage,
                                          .spent_ns = 2 * NS_PER_MS,
                                          .detail = ""};
        const struct probe_verdict verdict = judge(&facts);

        check(&verdict, breaks[at].outcome, breaks[at].reason, breaks[at].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_redis),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_breaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
