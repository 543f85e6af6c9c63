/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stores, registries that want to be convinced, Harbor and bodies: answers with their verdicts. */
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
#define TOKEN   PROBE_REQUEST_TOKEN
#define HEALTH  PROBE_REQUEST_HEALTH
#define WRITE   PROBE_REQUEST_WRITE
#define NONE    PROBE_REASON_NONE
#define STATUS  PROBE_REASON_STATUS
#define CONTENT PROBE_REASON_CONTENT
#define DENIED  PROBE_REASON_DENIED
#define YES     PROBE_ABILITY_YES
#define NO      PROBE_ABILITY_NO
#define MAYBE   PROBE_ABILITY_UNKNOWN
#define API     "Docker-Distribution-Api-Version: registry/2.0\n"
#define BASIC   API "WWW-Authenticate: Basic realm=\"lab\"\n"
#define BEARER  API "WWW-Authenticate: Bearer realm=\"http://t/x\",service=\"s\"\n"
#define CODE(c) "\n{\"errors\":[{\"code\":\"" c "\"}]}"
#define XML(c)  "\n<?xml version=\"1.0\"?>\n<Error><Code>" c "</Code></Error>"

/* Facts that differ from row to row. */
struct case_of {
    const char *rule;
    unsigned step;
    enum probe_transfer transfer;
    struct probe_web web;
    const char *wire;
    /* What must come of it; text NULL: step `next` comes first. */
    enum probe_outcome outcome;
    enum probe_reason reason;
    const char *text;
    unsigned next;
    enum probe_ability readable, writable;
    bool shallow;
};

#define WRITING                                                                                    \
    {                                                                                              \
        .read_status = 404, .read_ns = NS_PER_MS, .read_code = "NoSuchKey"                         \
    }

static const struct case_of stores[] = {
    {"a read, then a write",
     PING,
     0,
     {0},
     "HTTP/1.1 200 OK\n\nx",
     0,
     0,
     NULL,
     WRITE,
     MAYBE,
     MAYBE,
     false},
    {"no such key: it was asked",
     PING,
     0,
     {0},
     "HTTP/1.1 404 Not Found\n" XML("NoSuchKey"),
     0,
     0,
     NULL,
     WRITE,
     MAYBE,
     MAYBE,
     false},
    {"no such bucket",
     PING,
     0,
     {0},
     "HTTP/1.1 404 Not Found\n" XML("NoSuchBucket"),
     FAILURE,
     STATUS,
     "404 in 3 ms, NoSuchBucket: there is no such bucket",
     0,
     NO,
     MAYBE,
     false},
    {"a code that only begins so",
     PING,
     0,
     {0},
     "HTTP/1.1 404 Not Found\n" XML("NoSuchKeyX"),
     FAILURE,
     STATUS,
     "404 in 3 ms, NoSuchKeyX",
     0,
     NO,
     MAYBE,
     false},
    {"read quorum lost",
     PING,
     0,
     {0},
     "HTTP/1.1 503 Slow Down\n" XML("SlowDownRead"),
     FAILURE,
     STATUS,
     "503 in 3 ms, SlowDownRead: not enough drives to read",
     0,
     NO,
     MAYBE,
     false},
    {"another store's word for it",
     PING,
     0,
     {0},
     "HTTP/1.1 503 Slow Down\n" XML("SlowDown"),
     FAILURE,
     STATUS,
     "503 in 3 ms, SlowDown: the store asks for patience, or has lost its quorum",
     0,
     NO,
     MAYBE,
     false},
    {"starting; a long code is cut",
     PING,
     0,
     {0},
     "HTTP/1.1 503 No\n" XML("XMinioBucketMetadataNotInitialized"),
     FAILURE,
     STATUS,
     "503 in 3 ms, XMinioBucketMetadataNotInitiali: the store is starting",
     0,
     NO,
     MAYBE,
     false},
    {"clocks",
     PING,
     0,
     {0},
     "HTTP/1.1 403 Forbidden\n" XML("RequestTimeTooSkewed"),
     FAILURE,
     DENIED,
     "403 in 3 ms, RequestTimeTooSkewed: this host's clock and the store's are too far apart",
     0,
     NO,
     MAYBE,
     false},
    {"a secret",
     PING,
     0,
     {0},
     "HTTP/1.1 403 Forbidden\n" XML("SignatureDoesNotMatch"),
     FAILURE,
     DENIED,
     "403 in 3 ms, SignatureDoesNotMatch: the secret key is wrong",
     0,
     NO,
     MAYBE,
     false},
    {"a code in a header",
     PING,
     0,
     {0},
     "HTTP/1.1 503 No\nX-Minio-Error-Code: SlowDownRead\n",
     FAILURE,
     STATUS,
     "503 in 3 ms, SlowDownRead: not enough drives to read",
     0,
     NO,
     MAYBE,
     false},
    {"a web server",
     PING,
     0,
     {0},
     "HTTP/1.1 404 Not Found\nServer: nginx\nContent-Type: text/html\n",
     FAILURE,
     CONTENT,
     "404 from \"nginx\" with a web page, not the answer of an S3 store",
     0,
     MAYBE,
     MAYBE,
     false},
    {"a redirect",
     PING,
     0,
     {0},
     "HTTP/1.1 301 Moved\nServer: nginx\n",
     FAILURE,
     CONTENT,
     "301 from \"nginx\", not the answer of an S3 store",
     0,
     MAYBE,
     MAYBE,
     false},
    {"another region",
     PING,
     0,
     {0},
     "HTTP/1.1 301 Moved\n" XML("PermanentRedirect"),
     FAILURE,
     STATUS,
     "301 in 3 ms, PermanentRedirect: the bucket is in another region",
     0,
     NO,
     MAYBE,
     false},
    {"written", WRITE, 0, WRITING, "HTTP/1.1 200 OK\n", SUCCESS, NONE,
     "read 404 in 1 ms (NoSuchKey), write 200 in 2 ms", 0, YES, YES, false},
    {"write quorum lost", WRITE, 0, WRITING, "HTTP/1.1 503 Slow Down\n" XML("SlowDownWrite"),
     FAILURE, STATUS,
     "read 404 in 1 ms (NoSuchKey), but write 503 in 2 ms, SlowDownWrite: not enough drives to write",
     0, YES, NO, false},
    {"may not write", WRITE, 0, WRITING, "HTTP/1.1 403 No\n" XML("AccessDenied"), FAILURE, DENIED,
     "read 404 in 1 ms (NoSuchKey), but write 403 in 2 ms, AccessDenied: the credentials do not allow this",
     0, YES, NO, false},
    {"full", WRITE, 0, WRITING, "HTTP/1.1 507 No\n" XML("XMinioStorageFull"), FAILURE, STATUS,
     "read 404 in 1 ms (NoSuchKey), but write 507 in 2 ms, XMinioStorageFull: the store is full", 0,
     YES, NO, false},
    {"a write that hangs says nothing", WRITE, PROBE_TRANSFER_TIMEOUT, WRITING, "", UNKNOWN,
     PROBE_REASON_TIMEOUT,
     "read 404 in 1 ms (NoSuchKey), but the write did not end in time: a silent peer delays it", 0,
     YES, MAYBE, false},
    {"nor one that is cut", WRITE, PROBE_TRANSFER_RESET, WRITING, "", UNKNOWN, PROBE_REASON_RESET,
     "read 404 in 1 ms (NoSuchKey), but the write was cut: whether it happened is unknown", 0, YES,
     MAYBE, false},
    {"a read that hangs",
     PING,
     PROBE_TRANSFER_TIMEOUT,
     {0},
     "",
     FAILURE,
     PROBE_REASON_TIMEOUT,
     "connected, but no answer in 1 s",
     0,
     NO,
     MAYBE,
     false},
    {"nobody there",
     PING,
     PROBE_TRANSFER_REFUSED,
     {0},
     "",
     FAILURE,
     PROBE_REASON_REFUSED,
     "connection refused",
     0,
     NO,
     MAYBE,
     false},
    {"no secret, no word",
     PING,
     PROBE_TRANSFER_OURS,
     {0},
     "",
     UNKNOWN,
     PROBE_REASON_OTHER,
     "regha itself could not ask: x does not exist",
     0,
     MAYBE,
     MAYBE,
     false},
};

#define HELD(...)                                                                                  \
    {                                                                                              \
        .access = PROBE_WEB_HELD, __VA_ARGS__                                                      \
    }
#define BY_BASIC  .challenge.scheme = PROBE_SCHEME_BASIC
#define BY_BEARER .challenge.scheme = PROBE_SCHEME_BEARER, .challenge.realm = "http://t/x"
#define GOOD      .token = PROBE_WEB_TOKEN_GOOD
#define OLD       .token = PROBE_WEB_TOKEN_OLD

static const struct case_of registries[] = {
    {"nobody asks", PING, 0, HELD(.token = 0), "HTTP/1.1 200 OK\n" API "\n{}", 0, 0, NULL, READ, 0,
     0, false},
    {"Basic", PING, 0, HELD(BY_BASIC), "HTTP/1.1 401 No\n" BASIC, 0, 0, NULL, READ, 0, 0, false},
    {"Bearer", PING, 0, HELD(BY_BEARER), "HTTP/1.1 401 No\n" BEARER, 0, 0, NULL, TOKEN, 0, 0,
     false},
    {"Bearer, with a token", PING, 0, HELD(BY_BEARER, GOOD), "HTTP/1.1 401 No\n" BEARER, 0, 0, NULL,
     READ, 0, 0, false},
    {"renewed before its end", PING, 0, HELD(BY_BEARER, OLD), "HTTP/1.1 401 No\n" BEARER, 0, 0,
     NULL, TOKEN, 0, 0, false},
    {"no credentials",
     PING,
     0,
     {BY_BASIC},
     "HTTP/1.1 401 No\n" BASIC,
     SUCCESS,
     NONE,
     "401 in 3 ms, asks for credentials: nothing was read",
     0,
     0,
     0,
     true},
    {"credentials that are not there",
     PING,
     0,
     {.access = PROBE_WEB_UNREADABLE, BY_BASIC},
     "HTTP/1.1 401 No\n" BASIC,
     SUCCESS,
     NONE,
     "401 in 3 ms, asks for credentials, which regha cannot read: nothing was read",
     0,
     0,
     0,
     true},
    {"a scheme of others", PING, 0, HELD(.token = 0), "HTTP/1.1 401 No\n" API, SUCCESS, NONE,
     "401 in 3 ms, asks for neither Basic nor Bearer: nothing was read", 0, 0, 0, true},
    {"a realm that is none", PING, 0, HELD(.challenge = {PROBE_SCHEME_BEARER, "lab", ""}),
     "HTTP/1.1 401 No\n" API, SUCCESS, NONE,
     "401 in 3 ms, but its realm \"lab\" is no http(s) URL: nothing was read", 0, 0, 0, true},
    {"a token", TOKEN, 0, HELD(BY_BEARER, GOOD), "HTTP/1.1 200 OK\n", 0, 0, NULL, READ, 0, 0,
     false},
    {"an old one is better than none", TOKEN, 0, HELD(BY_BEARER, OLD), "HTTP/1.1 500 No\n", 0, 0,
     NULL, READ, 0, 0, false},
    {"also where nobody answers", TOKEN, PROBE_TRANSFER_REFUSED, HELD(BY_BEARER, OLD), "", 0, 0,
     NULL, READ, 0, 0, false},
    {"refused", TOKEN, 0, HELD(BY_BEARER), "HTTP/1.1 401 No\n", SUCCESS, NONE,
     "/v2/ is well, the token server answers 401, the credentials are refused: nothing was read", 0,
     0, 0, true},
    {"no token in it", TOKEN, 0, HELD(BY_BEARER), "HTTP/1.1 200 OK\n", SUCCESS, NONE,
     "/v2/ is well, the token server answers 200 without a token: nothing was read", 0, 0, 0, true},
    {"the token server is gone", TOKEN, PROBE_TRANSFER_REFUSED, HELD(BY_BEARER), "", SUCCESS, NONE,
     "/v2/ is well, the token server cannot be asked: nothing was read", 0, 0, 0, true},
    {"the token server hangs", TOKEN, PROBE_TRANSFER_TIMEOUT, HELD(BY_BEARER, OLD), "", SUCCESS,
     NONE, "/v2/ is well, the token server does not answer in time: nothing was read", 0, 0, 0,
     true},
    {"a real read", READ, 0, HELD(BY_BASIC), "HTTP/1.1 200 OK\n" API, SUCCESS, NONE, "200 in 3 ms",
     0, 0, 0, false},
    {"a token that was taken back", READ, 0, HELD(BY_BEARER, GOOD), "HTTP/1.1 401 No\n" API, 0, 0,
     NULL, TOKEN, 0, 0, false},
    {"only once in an attempt", READ, 0, HELD(BY_BEARER, GOOD, .token_asked = true),
     "HTTP/1.1 401 No\n" API, SUCCESS, NONE,
     "401 in 3 ms, refuses the credentials: nothing was read", 0, 0, 0, true},
    {"a wrong password", READ, 0, HELD(BY_BASIC), "HTTP/1.1 401 No\n" API, SUCCESS, NONE,
     "401 in 3 ms, refuses the credentials: nothing was read", 0, 0, 0, true},
    {"not for this repository", READ, 0, HELD(BY_BASIC), "HTTP/1.1 403 No\n" API CODE("DENIED"),
     SUCCESS, NONE, "403 in 3 ms, refuses the credentials: nothing was read", 0, 0, 0, true},
    {"who is not asked for credentials is not refused",
     READ,
     0,
     {0},
     "HTTP/1.1 403 No\n" API CODE("DENIED"),
     FAILURE,
     STATUS,
     "403 in 3 ms, DENIED",
     0,
     0,
     0,
     false},
    {"/debug/health",
     HEALTH,
     0,
     {0},
     "HTTP/1.1 200 OK\n\n{}",
     SUCCESS,
     NONE,
     "200 in 3 ms, read and /debug/health",
     0,
     0,
     0,
     false},
    {"/debug/health complains",
     HEALTH,
     0,
     {0},
     "HTTP/1.1 503 No\n",
     FAILURE,
     STATUS,
     "the read is well, /debug/health says 503",
     0,
     0,
     0,
     false},
    {"no debug server",
     HEALTH,
     PROBE_TRANSFER_REFUSED,
     {0},
     "",
     FAILURE,
     PROBE_REASON_REFUSED,
     "the read is well, the debug server: connection refused",
     0,
     0,
     0,
     false},
};

static const struct case_of blobs[] = {
    {"found", READ, 0, {0}, "HTTP/1.1 200 OK\n" API, 0, 0, NULL, HEALTH, 0, 0, false},
    {"to be had from the storage",
     READ,
     0,
     {0},
     "HTTP/1.1 307 There\n" API,
     0,
     0,
     NULL,
     HEALTH,
     0,
     0,
     false},
    {"not known, and HEAD has no body",
     READ,
     0,
     {0},
     "HTTP/1.1 404 No\n" API,
     0,
     0,
     NULL,
     HEALTH,
     0,
     0,
     false},
    {"not known to something else",
     READ,
     0,
     {0},
     "HTTP/1.1 404 No\nServer: nginx\n",
     FAILURE,
     CONTENT,
     "404 from \"nginx\", not a registry's answer to a read",
     0,
     0,
     0,
     false},
};

static const struct case_of harbors[] = {
    {"well", PING, 0, {0}, "HTTP/1.1 200 OK\n", SUCCESS, NONE, "200 in 3 ms", 0, 0, 0, false},
    {"200, and ill",
     PING,
     0,
     {.body = PROBE_WEB_BODY_OTHER_VALUE, .found = "redis"},
     "HTTP/1.1 200 OK\n",
     FAILURE,
     CONTENT,
     "200 in 3 ms, unhealthy: redis",
     0,
     0,
     0,
     false},
    {"without one that is wanted",
     PING,
     0,
     {.body = PROBE_WEB_BODY_NO_MEMBER, .found = "trivy"},
     "HTTP/1.1 200 OK\n",
     FAILURE,
     CONTENT,
     "200 in 3 ms, but it has no component \"trivy\"",
     0,
     0,
     0,
     false},
    {"something else",
     PING,
     0,
     {.body = PROBE_WEB_BODY_NO_JSON},
     "HTTP/1.1 200 OK\nServer: nginx\n",
     FAILURE,
     CONTENT,
     "200 from \"nginx\", not the health of a Harbor",
     0,
     0,
     0,
     false},
    {"down", PING, 0, {0}, "HTTP/1.1 502 No\n", FAILURE, STATUS, "502 in 3 ms", 0, 0, 0, false},
};

static const struct case_of pages[] = {
    {"as wanted",
     PING,
     0,
     {0},
     "HTTP/1.1 401 No\nX-Role:  primary \n",
     SUCCESS,
     NONE,
     "401 in 3 ms",
     0,
     0,
     0,
     false},
    {"another status",
     PING,
     0,
     {0},
     "HTTP/1.1 302 No\n",
     FAILURE,
     STATUS,
     "302 in 3 ms, wanted 200 to 299 or 401",
     0,
     0,
     0,
     false},
    {"another value",
     PING,
     0,
     {0},
     "HTTP/1.1 200 No\nx-role: Primary\n",
     FAILURE,
     CONTENT,
     "200 in 3 ms, but the header has another value than X-Role: primary",
     0,
     0,
     0,
     false},
    {"no such header",
     PING,
     0,
     {0},
     "HTTP/1.1 200 No\nX-Roles: primary\n",
     FAILURE,
     CONTENT,
     "200 in 3 ms, but without the header X-Role: primary",
     0,
     0,
     0,
     false},
    {"one of two",
     PING,
     0,
     {0},
     "HTTP/1.1 200 No\nX-Role: a\nX-Role: primary\n",
     SUCCESS,
     NONE,
     "200 in 3 ms",
     0,
     0,
     0,
     false},
    {"another body",
     PING,
     0,
     {.body = PROBE_WEB_BODY_DIFFERS},
     "HTTP/1.1 200 No\nX-Role: primary\n",
     FAILURE,
     CONTENT,
     "200 in 3 ms, but the body is not as wanted",
     0,
     0,
     0,
     false},
    {"another value in it",
     PING,
     0,
     {.body = PROBE_WEB_BODY_OTHER_VALUE, .found = "down"},
     "HTTP/1.1 200 No\nX-Role: primary\n",
     FAILURE,
     CONTENT,
     "200 in 3 ms, but /status is \"down\"",
     0,
     0,
     0,
     false},
    {"our memory is no fault of theirs",
     PING,
     0,
     {.body = PROBE_WEB_BODY_UNSURE},
     "HTTP/1.1 200 No\nX-Role: primary\n",
     UNKNOWN,
     PROBE_REASON_OTHER,
     "200 in 3 ms, but regha had no memory to look at the body",
     0,
     0,
     0,
     false},
};

static void receive(struct probe_reply *reply, const struct probe_params *params, const char *wire)
{
    *reply = (struct probe_reply){
        .wanted_header = params->type == PROBE_TYPE_HTTP ? params->wanted.header : NULL};
    while (*wire != '\0' && *wire != '\n') {
        const char *const end = strchr(wire, '\n');
        const size_t bytes = end != NULL ? (size_t)(end - wire) : strlen(wire);

        assert_true(probe_reply_header(reply, wire, bytes));
        wire += bytes + (end != NULL);
    }
    if (*wire == '\n')
        assert_true(probe_reply_body(reply, wire + 1, strlen(wire + 1)));
}

static void check(const struct case_of *row, const struct probe_params *params)
{
    struct probe_reply reply;
    struct probe_verdict got;
    const struct probe_facts facts = {
        .params = params,
        .step = row->step,
        .transfer = row->transfer,
        .stage = PROBE_STAGE_ANSWER,
        .spent_ns = 3 * NS_PER_MS,
        .overslept_ns = -1,
        .detail = row->transfer == PROBE_TRANSFER_OURS ? "x does not exist" : "",
        .reply = &reply,
        .web = &row->web,
    };

    receive(&reply, params, row->wire);
    if (probe_verdict_judge(&facts, &got) != (row->text != NULL))
        fail_msg("%s: %s", row->rule, row->text == NULL ? got.text : "goes on");
    if (row->text == NULL && got.next != row->next)
        fail_msg("%s: goes on with %u", row->rule, got.next);
    if (row->text == NULL)
        return;
    if (got.outcome != row->outcome || got.reason != row->reason || got.shallow != row->shallow ||
        got.readable != row->readable || got.writable != row->writable)
        fail_msg("%s: %d %s %d, readable %d, writable %d: %s", row->rule, (int)got.outcome,
                 probe_verdict_reason_name(got.reason), got.shallow, (int)got.readable,
                 (int)got.writable, got.text);
    if (strcmp(got.text, row->text) != 0)
        fail_msg("%s: %s", row->rule, got.text);
}

#define CHECK(rows, params)                                                                        \
    for (size_t at = 0; at < sizeof(rows) / sizeof((rows)[0]); at++)                               \
    check(&(rows)[at], params)

static void test_stores(void **unused)
{
    const struct probe_params params = {
        .type = PROBE_TYPE_S3, .timeout_ns = NS_PER_S, .bucket = {"b", "r", "read", "write"}};

    (void)unused;
    CHECK(stores, &params);
}

/* HEAD has no body: 404 may be of the object as well as of the bucket. */
static void test_head(void **unused)
{
    static const struct case_of absent = {"404 to HEAD",
                                          PING,
                                          0,
                                          {0},
                                          "HTTP/1.1 404 Not Found\n",
                                          SUCCESS,
                                          NONE,
                                          "404 in 3 ms",
                                          0,
                                          YES,
                                          MAYBE,
                                          false};
    const struct probe_params params = {
        .type = PROBE_TYPE_S3, .method = PROBE_METHOD_HEAD, .bucket = {"b", "r", "read", ""}};

    (void)unused;
    check(&absent, &params);
}

static void test_registries(void **unused)
{
    struct probe_params params = {.type = PROBE_TYPE_REGISTRY, .url = "http://h:5000"};

    (void)unused;
    CHECK(registries, &params);
    memcpy(params.read, "a@sha256:00", sizeof("a@sha256:00"));
    memcpy(params.debug_url, "http://h:1", sizeof("http://h:1"));
    CHECK(blobs, &params);
}

static void test_pages(void **unused)
{
    const struct probe_params harbor = {.type = PROBE_TYPE_HARBOR};
    const struct probe_params page = {.type = PROBE_TYPE_HTTP,
                                      .status_count = 2,
                                      .status = {{200, 299}, {401, 401}},
                                      .wanted = {.header = "X-Role: primary", .json = "/status"}};

    (void)unused;
    CHECK(harbors, &harbor);
    CHECK(pages, &page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stores),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_registries),
        cmocka_unit_test(test_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
