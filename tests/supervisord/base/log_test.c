/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line is whole or not there, and nobody waits for who reads it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

/* stderr is one end of a pipe or socket during a test. */
struct stage {
    int kept_stderr;
    int read_end;
    char text[16 * PIPE_BUF];
};

static void stage_open(struct stage *stage, const int ends[2])
{
    stage->kept_stderr = dup(STDERR_FILENO);
    stage->read_end = ends[0];
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    log_open("tested", LOG_LEVEL_INFO);
}

static void stage_open_pipe(struct stage *stage)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    stage_open(stage, ends);
}

static const char *stage_read(struct stage *stage)
{
    ssize_t used = 0;

    fcntl(stage->read_end, F_SETFL, O_NONBLOCK);
    used = read(stage->read_end, stage->text, sizeof(stage->text) - 1);
    stage->text[used > 0 ? used : 0] = '\0';
    return stage->text;
}

static void stage_close(struct stage *stage)
{
    dup2(stage->kept_stderr, STDERR_FILENO);
    close(stage->kept_stderr);
    close(stage->read_end);
    log_open("tested", LOG_LEVEL_INFO);
}

static void a_line_has_level_program_sentence_and_fields(void **state)
{
    struct stage stage;

    (void)state;
    stage_open_pipe(&stage);
    log_info("it went well", "");
    log_err("it went wrong", "vrid=%d reason=\"%s\"", 51, "two words");
    log_warning("line break", "text=a\nb");
    log_debug("too much", "");
    const char *text = stage_read(&stage);
    stage_close(&stage);
    assert_string_equal(text, "info tested: it went well\n"
                              "err tested: it went wrong vrid=51 reason=\"two words\"\n"
                              "warning tested: line break text=a b\n");
}

static void a_level_can_be_changed(void **state)
{
    struct stage stage;

    (void)state;
    stage_open_pipe(&stage);
    log_set_level(LOG_LEVEL_ERR);
    log_warning("hidden", "");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("shown", "");
    const char *text = stage_read(&stage);
    stage_close(&stage);
    assert_string_equal(text, "debug tested: shown\n");
}

static void a_socket_gets_the_same(void **state)
{
    struct stage stage;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    stage_open(&stage, ends);
    log_info("hello", "a=1");
    const char *text = stage_read(&stage);
    stage_close(&stage);
    assert_string_equal(text, "info tested: hello a=1\n");
}

static void a_long_line_is_cut_and_ends(void **state)
{
    static char words[3 * PIPE_BUF];
    struct stage stage;

    (void)state;
    memset(words, 'x', sizeof(words) - 1);
    stage_open_pipe(&stage);
    log_info("long", "text=%s", words);
    const char *text = stage_read(&stage);
    stage_close(&stage);
    assert_int_equal(strlen(text), PIPE_BUF);
    assert_string_equal(text + PIPE_BUF - 2, "x\n");
}

static void fill_until_dropped(int lines)
{
    const uint64_t before = log_dropped();

    for (int at = 0; at < 100000 && log_dropped() < before + (uint64_t)lines; at++)
        log_info("nobody reads this", "at=%d", at);
    assert_int_equal(log_dropped(), before + (uint64_t)lines);
}

static void empty(struct stage *stage)
{
    while (*stage_read(stage) != '\0')
        ;
}

/* The process would hang here, and the test's time-out say so. */
static void a_full_stderr_blocks_nobody(void **state)
{
    struct stage *stage = *state;

    fill_until_dropped(3);
    empty(stage);
    log_info("again", "");
    assert_string_equal(stage_read(stage),
                        "warning tested: lines of the log were dropped, for nobody read them "
                        "count=3\ninfo tested: again\n");
    log_info("once more", "");
    assert_string_equal(stage_read(stage), "info tested: once more\n");
}

static void a_full_pipe_blocks_nobody(void **state)
{
    struct stage stage;
    void *stage_pointer = &stage;

    (void)state;
    stage_open_pipe(&stage);
    a_full_stderr_blocks_nobody(&stage_pointer);
    stage_close(&stage);
}

static void a_full_socket_blocks_nobody(void **state)
{
    struct stage stage;
    void *stage_pointer = &stage;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    stage_open(&stage, ends);
    a_full_stderr_blocks_nobody(&stage_pointer);
    stage_close(&stage);
}

static void other_users_of_a_pipe_may_still_wait(void **state)
{
    struct stage stage;

    (void)state;
    stage_open_pipe(&stage);
    const int flags = fcntl(STDERR_FILENO, F_GETFL);
    stage_close(&stage);
    assert_int_equal(flags & O_NONBLOCK, 0);
}

static void errno_is_kept(void **state)
{
    struct stage stage;

    (void)state;
    stage_open_pipe(&stage);
    close(stage.read_end);
    stage.read_end = dup(STDIN_FILENO);
    errno = EXDEV;
    log_info("nobody is there", "");
    const int kept = errno;
    stage_close(&stage);
    assert_int_equal(kept, EXDEV);
}

struct quote_row {
    const char *rule;
    const char *text;
    size_t size_bytes;
    const char *quoted;
};

static const struct quote_row quote_rows[] = {
    {"plain", "abc ~", 32, "abc ~"},
    {"quotes and backslashes", "a\"b\\c", 32, "a\\\"b\\\\c"},
    {"control bytes", "a\n\t\x7f\x1b[2J", 32, "a\\x0a\\x09\\x7f\\x1b[2J"},
    {"not ASCII", "\xc3\xa9\xff", 32, "\\xc3\\xa9\\xff"},
    {"cut to the buffer", "abcdef", 4, "abc"},
    {"an escape is never cut in two", "ab\ncd", 5, "ab"},
    {"room for the end only", "abc", 1, ""},
};

static void quote_rows_hold(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(quote_rows) / sizeof(quote_rows[0]); at++) {
        const struct quote_row *row = &quote_rows[at];
        char quoted[32];

        log_quote(row->text, quoted, row->size_bytes);
        if (strcmp(quoted, row->quoted) != 0)
            fail_msg("%s: \"%s\", want \"%s\"", row->rule, quoted, row->quoted);
    }
}

static void a_limit_lets_one_pass_and_counts_the_rest(void **state)
{
    const struct monotime start = {1000};
    struct log_limit limit = {{0}, 0};
    uint64_t suppressed = 99;

    (void)state;
    assert_true(log_limit_pass(&limit, 10, start, &suppressed));
    assert_int_equal(suppressed, 0);
    assert_false(log_limit_pass(&limit, 10, start, &suppressed));
    assert_false(log_limit_pass(&limit, 10, monotime_add(start, 9), &suppressed));
    assert_true(log_limit_pass(&limit, 10, monotime_add(start, 10), &suppressed));
    assert_int_equal(suppressed, 2);
    assert_true(log_limit_pass(&limit, 10, monotime_add(start, 50), &suppressed));
    assert_int_equal(suppressed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_level_program_sentence_and_fields),
        cmocka_unit_test(a_level_can_be_changed),
        cmocka_unit_test(a_socket_gets_the_same),
        cmocka_unit_test(a_long_line_is_cut_and_ends),
        cmocka_unit_test(a_full_pipe_blocks_nobody),
        cmocka_unit_test(a_full_socket_blocks_nobody),
        cmocka_unit_test(other_users_of_a_pipe_may_still_wait),
        cmocka_unit_test(errno_is_kept),
        cmocka_unit_test(quote_rows_hold),
        cmocka_unit_test(a_limit_lets_one_pass_and_counts_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
