/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers as they stand on the wire, and transfers that break, each with its verdict in full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "probes/request.h"
#include "probes/verdict.h"

#define SUCCESS PROBE_OUTCOME_SUCCESS
#define FAILURE PROBE_OUTCOME_FAILURE
#define UNKNOWN PROBE_OUTCOME_UNKNOWN
#define PING    PROBE_REQUEST_PING
#define READ    PROBE_REQUEST_READ
#define API     "Docker-Distribution-Api-Version: registry/2.0\n"
#define JSON    "Content-Type: application/json\n"
#define CODE(c) "\n{\"errors\":[{\"code\":\"" c "\",\"message\":\"m\"}]}"
#define GOES_ON NULL /* no verdict yet: the next step is asked */

struct answer {
    const char *rule;
    unsigned which; /* step of a registry, check of MinIO */
    const char *wire;
    enum probe_outcome outcome;
    enum probe_reason reason;
    const char *text;
};

static const struct answer minio[] = {
    {"live", PROBE_CHECK_LIVE, "HTTP/1.1 200 OK\nServer: MinIO\n", SUCCESS, PROBE_REASON_NONE,
     "200 in 2 ms"},
    {"a server like MinIO is fine", PROBE_CHECK_READY,
     "HTTP/1.1 200 OK\nServer: RustFS\n" JSON "\n{}", SUCCESS, PROBE_REASON_NONE, "200 in 2 ms"},
    {"200 with all drives gone", PROBE_CHECK_LIVE,
     "HTTP/1.1 200 OK\nServer: MinIO\nX-Minio-Server-Status: offline\n", FAILURE,
     PROBE_REASON_CONTENT, "200 in 2 ms, but the server says \"offline\""},
    {"online is no complaint", PROBE_CHECK_LIVE, "HTTP/1.1 200 OK\nX-Minio-Server-Status: online\n",
     SUCCESS, PROBE_REASON_NONE, "200 in 2 ms"},
    {"overloaded", PROBE_CHECK_LIVE, "HTTP/1.1 503 Service Unavailable\nServer: MinIO\n", FAILURE,
     PROBE_REASON_STATUS, "503 in 2 ms"},
    {"write quorum", PROBE_CHECK_CLUSTER, "HTTP/1.1 200 OK\nX-Minio-Write-Quorum: 3\n", SUCCESS,
     PROBE_REASON_NONE, "200 in 2 ms, write quorum 3"},
    {"read quorum", PROBE_CHECK_CLUSTER_READ, "HTTP/1.1 200 OK\nX-Minio-Read-Quorum: 2\n", SUCCESS,
     PROBE_REASON_NONE, "200 in 2 ms, read quorum 2"},
    {"quorum lost", PROBE_CHECK_CLUSTER,
     "HTTP/1.1 503 Service Unavailable\nServer: MinIO\nX-Minio-Write-Quorum: 3\n", FAILURE,
     PROBE_REASON_STATUS, "503 in 2 ms, not enough drives, write quorum 3"},
    {"starting", PROBE_CHECK_CLUSTER,
     "HTTP/1.1 503 Service Unavailable\nX-Minio-Server-Status: iam-offline\n", FAILURE,
     PROBE_REASON_STATUS, "503 in 2 ms, but the server says \"iam-offline\""},
    {"may not leave", PROBE_CHECK_MAINTENANCE,
     "HTTP/1.1 412 Precondition Failed\nX-Minio-Write-Quorum: 3\n", FAILURE, PROBE_REASON_STATUS,
     "412 in 2 ms, this node may not leave now, write quorum 3"},
    {"may leave", PROBE_CHECK_MAINTENANCE, "HTTP/1.1 200 OK\nX-Minio-Write-Quorum: 3\n", SUCCESS,
     PROBE_REASON_NONE, "200 in 2 ms, write quorum 3"},
    {"a web server on the port", PROBE_CHECK_LIVE, "HTTP/1.1 404 Not Found\nServer: nginx\n",
     FAILURE, PROBE_REASON_CONTENT, "404 from \"nginx\", not the health answer of MinIO"},
    {"a web page on the port", PROBE_CHECK_LIVE,
     "HTTP/1.1 200 OK\nContent-Type: text/html\n\n<html>", FAILURE, PROBE_REASON_CONTENT,
     "200 with a web page, not the health answer of MinIO"},
    {"http where https is spoken", PROBE_CHECK_LIVE,
     "HTTP/1.0 400 Bad Request\n\nClient sent an HTTP request to an HTTPS server.\n", FAILURE,
     PROBE_REASON_CONTENT, "400, which wants https, not the health answer of MinIO"},
    {"MinIO's own refusal", PROBE_CHECK_READY, "HTTP/1.1 403 Forbidden\nServer: MinIO\n", FAILURE,
     PROBE_REASON_STATUS, "403 in 2 ms"},
    {"a name that steers terminals", PROBE_CHECK_LIVE, "HTTP/1.1 404 \nServer: a\x1b[2J\"b\n",
     FAILURE, PROBE_REASON_CONTENT, "404 from \"a?[2J?b\", not the health answer of MinIO"},
};

static const struct answer registry[] = {
    {"/v2/ alone proves nothing", PING, "HTTP/1.1 200 OK\n" API "\n{}", 0, 0, GOES_ON},
    {"credentials wanted", PING, "HTTP/1.1 401 Unauthorized\n" API, SUCCESS, PROBE_REASON_NONE,
     "401 in 2 ms, asks for credentials: nothing was read"},
    {"no API header", PING, "HTTP/1.1 200 OK\nServer: nginx\nContent-Type: text/html\n", FAILURE,
     PROBE_REASON_CONTENT, "200 from \"nginx\" with a web page, not the /v2/ of a registry"},
    {"401 of something else", PING, "HTTP/1.1 401 Unauthorized\nServer: squid\n", FAILURE,
     PROBE_REASON_CONTENT, "401 from \"squid\", not the /v2/ of a registry"},
    {"another version of the API", PING,
     "HTTP/1.1 200 OK\nDocker-Distribution-Api-Version: registry/1.0\n", FAILURE,
     PROBE_REASON_CONTENT, "200, not the /v2/ of a registry"},
    {"404 of anything", PING, "HTTP/1.1 404 Not Found\n" API, FAILURE, PROBE_REASON_CONTENT,
     "404, not the /v2/ of a registry"},
    {"its health check fails", PING, "HTTP/1.1 503 Service Unavailable\n" JSON CODE("UNAVAILABLE"),
     FAILURE, PROBE_REASON_STATUS, "503 in 2 ms, UNAVAILABLE"},
    {"a proxy without registry", PING, "HTTP/1.1 502 Bad Gateway\nServer: nginx\n", FAILURE,
     PROBE_REASON_STATUS, "502 in 2 ms"},
    {"too many requests", PING, "HTTP/1.1 429 Too Many Requests\n" API CODE("TOOMANYREQUESTS"),
     FAILURE, PROBE_REASON_STATUS, "429 in 2 ms, TOOMANYREQUESTS"},
    {"read", READ, "HTTP/1.1 200 OK\n" API, SUCCESS, PROBE_REASON_NONE, "200 in 2 ms"},
    {"read without API header", READ, "HTTP/1.1 200 OK\nDocker-Content-Digest: sha256:0\n", SUCCESS,
     PROBE_REASON_NONE, "200 in 2 ms"},
    {"read of a stranger", READ, "HTTP/1.1 200 OK\nContent-Type: text/html\n", FAILURE,
     PROBE_REASON_CONTENT, "200 with a web page, not a registry's answer to a read"},
    {"no such image asks storage too", READ,
     "HTTP/1.1 404 Not Found\n" API CODE("MANIFEST_UNKNOWN"), SUCCESS, PROBE_REASON_NONE,
     "404 in 2 ms, MANIFEST_UNKNOWN"},
    {"no such repository too", READ, "HTTP/1.1 404 Not Found\n" JSON CODE("NAME_UNKNOWN"), SUCCESS,
     PROBE_REASON_NONE, "404 in 2 ms, NAME_UNKNOWN"},
    {"404 not of the API", READ, "HTTP/1.1 404 Not Found\n" API "\n404 page not found\n", FAILURE,
     PROBE_REASON_CONTENT, "404, not a registry's answer to a read"},
    {"404 of another code", READ, "HTTP/1.1 404 Not Found\n" API CODE("BLOB_UNKNOWN"), FAILURE,
     PROBE_REASON_CONTENT, "404, not a registry's answer to a read"},
    {"a code that only begins so", READ, "HTTP/1.1 404 Not Found\n" API CODE("NAME_UNKNOWN_X"),
     FAILURE, PROBE_REASON_CONTENT, "404, not a registry's answer to a read"},
    {"the read wants credentials", READ, "HTTP/1.1 401 Unauthorized\n" API CODE("UNAUTHORIZED"),
     SUCCESS, PROBE_REASON_NONE, "401 in 2 ms, asks for credentials: nothing was read"},
    {"storage fails", READ, "HTTP/1.1 500 Internal Server Error\n" API CODE("UNKNOWN"), FAILURE,
     PROBE_REASON_STATUS, "500 in 2 ms, UNKNOWN"},
    {"storage fails, the code is unknown", READ,
     "HTTP/1.1 503 Service Unavailable\n" API CODE("MANIFEST_UNKNOWN"), FAILURE,
     PROBE_REASON_STATUS, "503 in 2 ms, MANIFEST_UNKNOWN"},
};

static const struct answer http[] = {
    {"within", 0, "HTTP/1.1 200 OK\n", SUCCESS, PROBE_REASON_NONE, "200 in 2 ms"},
    {"the last one", 0, "HTTP/1.1 299 Fine\n", SUCCESS, PROBE_REASON_NONE, "299 in 2 ms"},
    {"above", 0, "HTTP/1.1 300 Choices\n", FAILURE, PROBE_REASON_STATUS,
     "300 in 2 ms, wanted 200 to 299"},
    {"below", 0, "HTTP/1.1 199 Odd\n", FAILURE, PROBE_REASON_STATUS,
     "199 in 2 ms, wanted 200 to 299"},
};

static void receive(struct probe_reply *reply, const char *wire)
{
    probe_reply_clear(reply);
    while (*wire != '\0' && *wire != '\n') {
        const char *const end = strchr(wire, '\n');
        const size_t bytes = end != NULL ? (size_t)(end - wire) : strlen(wire);

        assert_true(probe_reply_header(reply, wire, bytes));
        wire += bytes + (end != NULL);
    }
    if (*wire == '\n')
        assert_true(probe_reply_body(reply, wire + 1, strlen(wire + 1)));
}

static void check_answer(const struct answer *row, const struct probe_facts *facts)
{
    struct probe_verdict verdict;
    const bool final = probe_verdict_judge(facts, &verdict);

    if (final != (row->text != GOES_ON))
        fail_msg("%s: %s", row->rule, final ? verdict.text : "goes on");
    if (!final)
        return;
    if (verdict.outcome != row->outcome || verdict.reason != row->reason || !verdict.answered)
        fail_msg("%s: outcome %d, reason %s: %s", row->rule, (int)verdict.outcome,
                 probe_verdict_reason_name(verdict.reason), verdict.text);
    assert_string_equal(verdict.text, row->text);
    assert_int_equal(verdict.shallow,
                     facts->reply->status == 401 && verdict.outcome == PROBE_OUTCOME_SUCCESS);
    assert_int_equal(verdict.write_quorum, facts->reply->write_quorum);
    assert_string_equal(verdict.server_status, facts->reply->server_status);
}

static void check_answers(const struct answer *rows, size_t count, enum probe_type type)
{
    for (size_t at = 0; at < count; at++) {
        const struct probe_params params = {.type = (uint8_t)type,
                                            .check = (uint8_t)rows[at].which,
                                            .status_count = 1,
                                            .status = {{200, 299}}};
        struct probe_reply reply = {.status = 0};
        const struct probe_facts facts = {
            .params = &params,
            .step = type == PROBE_TYPE_REGISTRY ? rows[at].which : 0,
            .transfer = PROBE_TRANSFER_DONE,
            .spent_ns = 2 * NS_PER_MS,
            .detail = "",
            .reply = &reply,
        };

        receive(&reply, rows[at].wire);
        check_answer(&rows[at], &facts);
    }
}

#define CHECK_ANSWERS(rows, type) check_answers(rows, sizeof(rows) / sizeof((rows)[0]), type)

static void test_answers(void **unused)
{
    (void)unused;
    CHECK_ANSWERS(minio, PROBE_TYPE_MINIO);
    CHECK_ANSWERS(registry, PROBE_TYPE_REGISTRY);
    CHECK_ANSWERS(http, PROBE_TYPE_HTTP);
}

static const struct {
    enum probe_type type;
    unsigned which;
    enum probe_transfer transfer;
    enum probe_stage stage;
    int64_t overslept_ms;
    const char *detail;
    enum probe_outcome outcome;
    enum probe_reason reason;
    const char *text;
} broken[] = {
    {PROBE_TYPE_TCP, 0, PROBE_TRANSFER_DONE, 0, 0, "", SUCCESS, PROBE_REASON_NONE,
     "connected in 2 ms"},
    {PROBE_TYPE_TCP, 0, PROBE_TRANSFER_REFUSED, PROBE_STAGE_CONNECT, 0, "Failed to connect",
     FAILURE, PROBE_REASON_REFUSED, "connection refused"},
    {PROBE_TYPE_TCP, 0, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_CONNECT, 0, "", FAILURE,
     PROBE_REASON_TIMEOUT, "no connection in 500 ms"},
    {PROBE_TYPE_TCP, 0, PROBE_TRANSFER_UNREACHABLE, PROBE_STAGE_CONNECT, 0, "No route to host",
     FAILURE, PROBE_REASON_UNREACHABLE, "unreachable: No route to host"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_LOOKUP, 0, "", FAILURE,
     PROBE_REASON_RESOLVE, "the name was not resolved in 500 ms"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_RESOLVE, PROBE_STAGE_LOOKUP, 0, "", FAILURE,
     PROBE_REASON_RESOLVE, "the name cannot be resolved"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_HANDSHAKE, 0, "", FAILURE,
     PROBE_REASON_TIMEOUT, "connected, but the TLS handshake was not done in 500 ms"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_TLS, PROBE_STAGE_HANDSHAKE, 0, "self-signed certificate",
     FAILURE, PROBE_REASON_TLS, "TLS failed: self-signed certificate"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_RESET, PROBE_STAGE_ANSWER, 0, "Empty reply", FAILURE,
     PROBE_REASON_RESET, "the connection ended before the answer did: Empty reply"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_GARBAGE, PROBE_STAGE_ANSWER, 0, "", FAILURE,
     PROBE_REASON_CONTENT, "what answers is not an HTTP server"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_HEADERS, PROBE_STAGE_ANSWER, 0, "", FAILURE,
     PROBE_REASON_CONTENT, "the answer's headers do not end"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_OURS, PROBE_STAGE_CONNECT, 0, "Failed to connect", UNKNOWN,
     PROBE_REASON_OTHER, "regha itself could not ask: Failed to connect"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_OTHER, PROBE_STAGE_ANSWER, 0, "odd", FAILURE,
     PROBE_REASON_OTHER, "failed: odd"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ANSWER, 0, "", FAILURE,
     PROBE_REASON_TIMEOUT, "connected, but no answer in 500 ms"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_BODY, 0, "", FAILURE,
     PROBE_REASON_TIMEOUT, "200, but its end did not come in 500 ms"},
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ANSWER, 125, "", FAILURE,
     PROBE_REASON_TIMEOUT, "connected, but no answer in 500 ms"},
    /* A process that was stopped blames nobody else. */
    {PROBE_TYPE_HTTP, 0, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ANSWER, 126, "", UNKNOWN,
     PROBE_REASON_TIMEOUT,
     "connected, but no answer in 500 ms, but regha itself was late by 126 ms"},
    {PROBE_TYPE_REGISTRY, PING, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ANSWER, 0, "", FAILURE,
     PROBE_REASON_TIMEOUT, "connected, but no answer in 500 ms"},
    {PROBE_TYPE_REGISTRY, READ, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ANSWER, 0, "", FAILURE,
     PROBE_REASON_TIMEOUT, "/v2/ is well, the read hangs: connected, but no answer in 500 ms"},
    {PROBE_TYPE_MINIO, PROBE_CHECK_LIVE, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ANSWER, 0, "", FAILURE,
     PROBE_REASON_TIMEOUT, "connected, but no answer in 500 ms"},
    {PROBE_TYPE_MINIO, PROBE_CHECK_READY, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ANSWER, 0, "",
     FAILURE, PROBE_REASON_TIMEOUT, "connected, but no answer in 500 ms"},
    {PROBE_TYPE_MINIO, PROBE_CHECK_CLUSTER, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ANSWER, 0, "",
     UNKNOWN, PROBE_REASON_TIMEOUT,
     "connected, but no answer in 500 ms; a silent peer delays this check"},
    {PROBE_TYPE_MINIO, PROBE_CHECK_CLUSTER_READ, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ANSWER, 0, "",
     UNKNOWN, PROBE_REASON_TIMEOUT,
     "connected, but no answer in 500 ms; a silent peer delays this check"},
    {PROBE_TYPE_MINIO, PROBE_CHECK_MAINTENANCE, PROBE_TRANSFER_TIMEOUT, PROBE_STAGE_ANSWER, 0, "",
     UNKNOWN, PROBE_REASON_TIMEOUT,
     "connected, but no answer in 500 ms; a silent peer delays this check"},
    {PROBE_TYPE_MINIO, PROBE_CHECK_CLUSTER, PROBE_TRANSFER_REFUSED, PROBE_STAGE_CONNECT, 0, "",
     FAILURE, PROBE_REASON_REFUSED, "connection refused"},
};

static void test_broken_transfers(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(broken) / sizeof(broken[0]); at++) {
        const struct probe_params params = {.type = (uint8_t)broken[at].type,
                                            .check = (uint8_t)broken[at].which,
                                            .timeout_ns = 500 * NS_PER_MS};
        const struct probe_reply reply = {.status = broken[at].stage == PROBE_STAGE_BODY ? 200 : 0};
        const struct probe_facts facts = {
            .params = &params,
            .step = broken[at].type == PROBE_TYPE_REGISTRY ? broken[at].which : 0,
            .transfer = broken[at].transfer,
            .stage = broken[at].stage,
            .spent_ns = 2 * NS_PER_MS,
            .overslept_ns = broken[at].overslept_ms * NS_PER_MS,
            .detail = broken[at].detail,
            .reply = &reply,
        };
        struct probe_verdict verdict;

        assert_true(probe_verdict_judge(&facts, &verdict));
        assert_string_equal(verdict.text, broken[at].text);
        assert_int_equal(verdict.outcome, broken[at].outcome);
        assert_int_equal(verdict.reason, broken[at].reason);
        assert_int_equal(verdict.answered, broken[at].transfer == PROBE_TRANSFER_DONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_broken_transfers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
