/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers to AUTH and PING in any pieces, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probes/redis_reply.h"

#define MORE    PROBE_REDIS_MORE
#define DONE    PROBE_REDIS_DONE
#define GARBAGE PROBE_REDIS_GARBAGE

static const struct {
    const char *rule;
    bool with_login;
    const char *wire;
    enum probe_redis_progress progress;
    bool is_error, is_login;
    const char *kept;
} rows[] = {
    {"PONG", false, "+PONG\r\n", DONE, false, false, "PONG"},
    {"no end yet", false, "+PONG\r", MORE, false, false, "PONG"},
    {"nothing yet", false, "", MORE, false, false, ""},
    {"an error is an answer", false, "-LOADING it loads\r\n", DONE, true, false,
     "LOADING it loads"},
    {"OK of AUTH, then PONG", true, "+OK\r\n+PONG\r\n", DONE, false, false, "PONG"},
    {"OK of AUTH alone", true, "+OK\r\n", MORE, false, false, ""},
    {"AUTH refused, what follows does not count", true, "-WRONGPASS no\r\n-NOAUTH\r\n", DONE, true,
     true, "WRONGPASS no"},
    {"AUTH answered by something else", true, "+OKAY\r\n+PONG\r\n", DONE, false, true, "OKAY"},
    {"a web server", false, "HTTP/1.1 400 Bad Request\r\n", GARBAGE, false, false, ""},
    {"a number", false, ":1\r\n", GARBAGE, false, false, ""},
    {"a long string", false, "$4\r\nPONG\r\n", GARBAGE, false, false, ""},
    {"LF without CR", false, "+PONG\n", GARBAGE, false, false, "PONG"},
    {"CR without LF", false, "+PO\rNG\r\n", GARBAGE, false, false, "PO"},
    {"a control character", false, "+PO\x1bNG\r\n", GARBAGE, false, false, "PO"},
};

static void check(size_t at, size_t piece)
{
    const size_t size = strlen(rows[at].wire);
    enum probe_redis_progress progress = MORE;
    struct probe_redis_reply reply;

    probe_redis_reply_clear(&reply, rows[at].with_login);
    for (size_t from = 0; from < size && progress == MORE; from += piece)
        progress = probe_redis_reply_take(&reply, rows[at].wire + from,
                                          size - from < piece ? size - from : piece);
    assert_int_equal(progress, rows[at].progress);
    assert_string_equal(reply.kept, rows[at].kept);
    if (progress != DONE)
        return;
    assert_int_equal(reply.is_error, rows[at].is_error);
    assert_int_equal(reply.is_login, rows[at].is_login);
}

static void test_answers(void **unused)
{
    (void)unused;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        print_message("%s\n", rows[at].rule);
        for (size_t piece = 1; piece <= 32; piece++)
            check(at, piece);
    }
}

/* A line without end is no Redis; a long one that ends is cut where it is kept. */
static void test_long(void **unused)
{
    char line[PROBE_REDIS_LINE_BYTES + 8];
    struct probe_redis_reply reply;

    (void)unused;
    memset(line, 'a', sizeof(line));
    line[0] = '-';
    probe_redis_reply_clear(&reply, false);
    assert_int_equal(probe_redis_reply_take(&reply, line, sizeof(line)), GARBAGE);
    memcpy(line + 200, "\r\n", 2);
    probe_redis_reply_clear(&reply, false);
    assert_int_equal(probe_redis_reply_take(&reply, line, 202), DONE);
    assert_int_equal(strlen(reply.kept), PROBE_REDIS_KEPT_BYTES - 1);
}

static void test_words(void **unused)
{
    struct probe_redis_reply reply;

    (void)unused;
    probe_redis_reply_clear(&reply, false);
    assert_int_equal(probe_redis_reply_take(&reply, "-NOAUTH Authentication required.\r\n", 34),
                     DONE);
    assert_true(probe_redis_reply_is(&reply, "NOAUTH"));
    assert_false(probe_redis_reply_is(&reply, "NO"));
    assert_false(probe_redis_reply_is(&reply, "NOAUTH Authentication required. And"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
