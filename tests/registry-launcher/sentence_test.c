/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/sentence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct row {
    struct registry_sentence_end end;
    enum registry_state state;
    const char *text;
};

static const struct row rows[] = {
    {{REGISTRY_CAUSE_ASKED, 0, "", ""}, REGISTRY_STOPPED, "ended as asked"},
    {{REGISTRY_CAUSE_ASKED, 1, "", ""},
     REGISTRY_STOPPED,
     "ended as asked, still busy at the end of its own drain"},
    {{REGISTRY_CAUSE_KILLED, 9, "", ""},
     REGISTRY_STOPPED,
     "did not end within 30s after TERM, was killed"},
    {{REGISTRY_CAUSE_EXITED, 2, "", ""}, REGISTRY_BACKOFF, "exited with status 2"},
    {{REGISTRY_CAUSE_EXITED, 2, "", ""},
     REGISTRY_FAILED,
     "exited with status 2; 5 restarts within 1m are spent"},
    {{REGISTRY_CAUSE_EXITED, 1, "", "/x cannot be read by y: Permission denied"},
     REGISTRY_BACKOFF,
     "exited with status 1; /x cannot be read by y: Permission denied"},
    {{REGISTRY_CAUSE_SIGNALLED, 11, "", "/x is a FIFO"},
     REGISTRY_FAILED,
     "was killed by signal 11 (SEGV), which regha did not send; 5 restarts within 1m are spent; /x "
     "is a FIFO"},
    {{REGISTRY_CAUSE_SIGNALLED, 99, "", ""},
     REGISTRY_BACKOFF,
     "was killed by signal 99, which regha did not send"},
    {{REGISTRY_CAUSE_OOM, 9, "", ""}, REGISTRY_BACKOFF, "was killed by the kernel, out of memory"},
    {{REGISTRY_CAUSE_UNKNOWN, 0, "", ""},
     REGISTRY_BACKOFF,
     "is gone, and nobody could say how it ended"},
    {{REGISTRY_CAUSE_PORT_TAKEN, 0, "port 5000 is taken by x", "/x is a FIFO"},
     REGISTRY_BACKOFF,
     "port 5000 is taken by x"},
};

static void sentences(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        char text[REGISTRY_SENTENCE_BYTES];
        struct registry_fsm fsm;

        registry_fsm_init(&fsm);
        fsm.state = rows[at].state;
        fsm.drain_ns = 30 * NS_PER_S;
        fsm.restart = (struct registry_restart){.budget = 5, .window_ns = 60 * NS_PER_S};
        registry_sentence_write(&rows[at].end, &fsm, text);
        assert_string_equal(text, rows[at].text);
    }
}

/* Cut, never beyond the buffer, and the budget is still said. */
static void long_words(void **state)
{
    char words[400], text[REGISTRY_SENTENCE_BYTES];
    const struct registry_sentence_end end = {REGISTRY_CAUSE_REFUSED, 0, words, ""};
    struct registry_fsm fsm;

    (void)state;
    memset(words, 'w', sizeof(words));
    words[sizeof(words) - 1] = '\0';
    registry_fsm_init(&fsm);
    fsm.state = REGISTRY_FAILED;
    fsm.restart = (struct registry_restart){.budget = UINT32_MAX, .window_ns = INT64_MAX};
    registry_sentence_write(&end, &fsm, text);
    assert_true(strlen(text) < sizeof(text));
    assert_non_null(strstr(text, "restarts within"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sentences), cmocka_unit_test(long_words)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
