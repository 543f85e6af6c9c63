/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Header lines and bodies as they arrive, and what is kept of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "probes/reply.h"

static bool line(struct probe_reply *reply, const char *text)
{
    return probe_reply_header(reply, text, strlen(text));
}

static void test_fields(void **unused)
{
    struct probe_reply reply = {.status = 0};

    (void)unused;
    probe_reply_clear(&reply);
    assert_true(line(&reply, "HTTP/1.1 200 OK\r\n"));
    assert_true(line(&reply, "server:  MinIO \r\n"));
    assert_true(line(&reply, "X-MINIO-WRITE-QUORUM: 3\r\n"));
    assert_true(line(&reply, "x-minio-read-quorum:\t2\r\n"));
    assert_true(line(&reply, "X-Minio-Server-Status: iam-offline\r\n"));
    assert_true(line(&reply, "Docker-Distribution-Api-Version: registry/2.0\r\n"));
    assert_true(line(&reply, "Docker-Content-Digest: sha256:00\r\n"));
    assert_true(line(&reply, "Content-Type: text/html; charset=utf-8\r\n"));
    assert_true(line(&reply, "no colon\r\n"));
    assert_true(line(&reply, "\r\n"));
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.server, "MinIO");
    assert_string_equal(reply.server_status, "iam-offline");
    assert_int_equal(reply.write_quorum, 3);
    assert_int_equal(reply.read_quorum, 2);
    assert_true(reply.registry_api);
    assert_true(reply.content_digest);
    assert_true(reply.html);
}

static void test_informational_answers_are_forgotten(void **unused)
{
    struct probe_reply reply = {.status = 0};

    (void)unused;
    probe_reply_clear(&reply);
    assert_true(line(&reply, "HTTP/1.1 103 Early Hints\r\n"));
    assert_true(line(&reply, "Server: early\r\n"));
    assert_true(line(&reply, "\r\n"));
    assert_true(line(&reply, "HTTP/2 404\r\n"));
    assert_int_equal(reply.status, 404);
    assert_string_equal(reply.server, "");
    assert_int_equal(reply.header_bytes, 26 + 15 + 2 + 12);
}

static void test_numbers(void **unused)
{
    static const struct {
        const char *text;
        int wanted;
    } rows[] = {{"X-Minio-Write-Quorum: 12", 12},     {"X-Minio-Write-Quorum: 999999", 999999},
                {"X-Minio-Write-Quorum: 1000000", 0}, {"X-Minio-Write-Quorum: -1", 0},
                {"X-Minio-Write-Quorum: 3x", 0},      {"X-Minio-Write-Quorum:", 0},
                {"X-Minio-Write-Quorum", 0},          {"X-Minio-Write-Quorum : 3", 0}};

    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct probe_reply reply = {.status = 0};

        probe_reply_clear(&reply);
        line(&reply, rows[at].text);
        assert_int_equal(reply.write_quorum, rows[at].wanted);
    }
}

static void test_words_are_cut(void **unused)
{
    struct probe_reply reply = {.status = 0};

    (void)unused;
    probe_reply_clear(&reply);
    line(&reply, "Server: 0123456789012345678901234567890123456789");
    assert_string_equal(reply.server, "0123456789012345678901234567890");
}

static void test_headers_end(void **unused)
{
    struct probe_reply reply = {.status = 0};
    size_t bytes = 0;

    (void)unused;
    probe_reply_clear(&reply);
    /* Each of them begins a new answer, and still they add up. */
    while (bytes + 23 <= PROBE_REPLY_HEADERS_BYTES) {
        assert_true(line(&reply, "HTTP/1.1 100 Continue\r\n"));
        bytes += 23;
    }
    assert_false(line(&reply, "HTTP/1.1 100 Continue\r\n"));
}

static void test_bodies_end(void **unused)
{
    static const char piece[4096] = "{";
    struct probe_reply reply = {.status = 0};

    (void)unused;
    probe_reply_clear(&reply);
    for (size_t bytes = 0; bytes < PROBE_REPLY_BODY_BYTES; bytes += sizeof(piece))
        assert_true(probe_reply_body(&reply, piece, sizeof(piece)));
    assert_int_equal(reply.kept_bytes, PROBE_REPLY_KEPT_BYTES);
    assert_false(probe_reply_body(&reply, piece, 1));
}

static void test_error_codes(void **unused)
{
    static const struct {
        const char *body, *wanted;
    } rows[] = {
        {"{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"x\"}]}", "MANIFEST_UNKNOWN"},
        {" { \"errors\" : [ {\n\"message\": \"x\", \"code\" : \"NAME_UNKNOWN\" } ] }",
         "NAME_UNKNOWN"},
        {"{\"errors\":[{\"code\":\"A\"},{\"code\":\"B\"}]}", "A"},
        {"{\"errors\":[{\"code\":\"0123456789012345678901234567890123456789\"}]}",
         "0123456789012345678901234567890"},
        {"{\"code\":\"NAME_UNKNOWN\"}", ""},
        {"{\"errors\":[]}", ""},
        {"{\"errors\":[{\"code\":7}]}", ""},
        {"{\"errors\":[{\"code\":\"NAME_UNK", ""},
        {"{\"errors\":[{\"code\":\"", ""},
        {"{\"errors\":[{\"code\":", ""},
        {"{\"errors\":[{\"code\"", ""},
        {"<html>\"errors\" \"code\":\"NAME_UNKNOWN\"", ""},
        {"", ""},
    };

    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct probe_reply reply = {.status = 0};
        char code[PROBE_REPLY_WORD_BYTES] = "untouched";

        probe_reply_clear(&reply);
        probe_reply_body(&reply, rows[at].body, strlen(rows[at].body));
        assert_int_equal(probe_reply_error_code(&reply, code), rows[at].wanted[0] != '\0');
        assert_string_equal(code, rows[at].wanted);
    }
}

/* RFC 9110 section 5.3: several lines of a field are one list. */
static void test_challenges(void **unused)
{
    struct probe_reply reply = {.status = 0};
    char longer[PROBE_REPLY_LINE_BYTES + 32] = "WWW-Authenticate: ";

    (void)unused;
    probe_reply_clear(&reply);
    assert_true(line(&reply, "WWW-Authenticate: Basic realm=a\r\n"));
    assert_true(line(&reply, "www-authenticate: Bearer realm=b\r\n"));
    assert_string_equal(reply.challenge, "Basic realm=a, Bearer realm=b");
    memset(longer + 18, 'x', sizeof(longer) - 19);
    assert_true(line(&reply, longer));
    assert_string_equal(reply.challenge, "Basic realm=a, Bearer realm=b");
    assert_true(line(&reply, "HTTP/1.1 200 OK\r\n"));
    assert_string_equal(reply.challenge, "");
}

static void test_s3_codes(void **unused)
{
    static const struct {
        const char *body, *code;
    } rows[] = {
        {"<Error><Code>NoSuchKey</Code></Error>", "NoSuchKey"},
        {"<?xml version=\"1.0\"?><Error><Message>m</Message><Code>A</Code><Code>B</Code>", "A"},
        {"<Error><Code>cut", ""},
        {"<Code></Code>", ""},
        {"<html>", ""},
        {"", ""},
    };

    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        struct probe_reply reply = {.status = 0};
        char code[PROBE_REPLY_WORD_BYTES];

        probe_reply_clear(&reply);
        assert_true(probe_reply_body(&reply, rows[at].body, strlen(rows[at].body)));
        assert_int_equal(probe_reply_s3_code(&reply, code), rows[at].code[0] != '\0');
        assert_string_equal(code, rows[at].code);
    }
}

/* More of a body than usual, in somebody's memory, and not a byte more than that has. */
static void test_whole_body(void **unused)
{
    char whole[8] = "#######";
    struct probe_reply reply = {.whole = whole, .whole_room_bytes = 6};

    (void)unused;
    probe_reply_clear(&reply);
    assert_true(probe_reply_body(&reply, "abc", 3));
    assert_true(probe_reply_body(&reply, "def", 3));
    assert_false(probe_reply_is_cut(&reply));
    assert_true(probe_reply_body(&reply, "ghi", 3));
    assert_true(probe_reply_is_cut(&reply));
    assert_int_equal(reply.whole_bytes, 6);
    assert_memory_equal(whole, "abcdef#", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_informational_answers_are_forgotten),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_words_are_cut),
        cmocka_unit_test(test_headers_end),
        cmocka_unit_test(test_bodies_end),
        cmocka_unit_test(test_error_codes),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_s3_codes),
        cmocka_unit_test(test_whole_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
