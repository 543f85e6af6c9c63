/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of results and the health they add up to: one letter each, and nothing else is remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "probes/health.h"

#define START INT64_C(1000)
#define STEP  INT64_C(10)
#define TOOK  INT64_C(3)

/* Results: S success, F failure, ? says nothing. Health: U up, D down, - unknown. */
static const struct {
    const char *rule;
    const char *results;
    const char *healths;
} rows[] = {
    {"the first success is enough", "S", "U"},
    {"nothing is known before fall failures", "FFF", "--D"},
    {"the first success is enough after failures", "FFS", "--U"},
    {"fall failures in a row make it down", "SFFF", "UUUD"},
    {"a success breaks the row", "SFFSFFF", "UUUUUUD"},
    {"rise successes in a row make it up", "SFFFSS", "UUUDDU"},
    {"a failure breaks the row", "FFFSFSS", "--DDDDU"},
    {"what says nothing does not lower", "S?????", "UUUUUU"},
    {"what says nothing does not raise", "FFF????", "--DDDDD"},
    {"what says nothing does not break the row", "SF?F?F", "UUUUUD"},
    {"what says nothing does not break the rise", "FFFS?S", "--DDDU"},
    {"what says nothing leaves it unknown", "????", "----"},
};

static enum probe_health health_of(char letter)
{
    return letter == 'U' ? PROBE_UP : letter == 'D' ? PROBE_DOWN : PROBE_UNKNOWN;
}

static struct probe_verdict verdict_of(char letter)
{
    struct probe_verdict verdict = {.text = "words"};

    if (letter == 'S')
        verdict.outcome = PROBE_OUTCOME_SUCCESS;
    else if (letter == 'F')
        verdict.outcome = PROBE_OUTCOME_FAILURE;
    if (letter != 'S')
        verdict.reason = PROBE_REASON_TIMEOUT;
    return verdict;
}

static struct probe_state started_state(void)
{
    struct probe_state state = {.params = {.rise = 2, .fall = 3}};

    probe_health_start(&state, true, (struct monotime){START});
    return state;
}

static struct monotime at(size_t step, int64_t after_ns)
{
    return (struct monotime){START + (int64_t)step * STEP + after_ns};
}

static bool count(struct probe_state *state, char letter, size_t step)
{
    const struct probe_verdict verdict = verdict_of(letter);

    return probe_health_count(state, &verdict, at(step, 0), at(step, TOOK));
}

static void test_rows(void **unused)
{
    (void)unused;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct probe_state state = started_state();
        enum probe_health before = state.health;

        for (size_t step = 0; rows[row].results[step] != '\0'; step++) {
            const bool changed = count(&state, rows[row].results[step], step);

            if (state.health != health_of(rows[row].healths[step]) ||
                changed != (state.health != before) ||
                (changed && state.changed.ns != at(step, TOOK).ns))
                fail_msg("%s: step %zu: %s", rows[row].rule, step, probe_health_name(state.health));
            before = state.health;
        }
        assert_int_equal(state.attempts, strlen(rows[row].results));
        assert_int_equal(state.durations.count, state.attempts);
    }
}

static void test_times(void **unused)
{
    struct probe_state state = started_state();

    (void)unused;
    count(&state, 'S', 0);
    assert_int_equal(state.success_started.ns, at(0, 0).ns);
    assert_int_equal(state.failure_started.ns, 0);
    count(&state, '?', 1);
    count(&state, 'F', 2);
    count(&state, 'F', 3);
    assert_int_equal(state.success_started.ns, at(0, 0).ns);
    assert_int_equal(state.failure_started.ns, at(2, 0).ns);
    assert_int_equal(state.failures[PROBE_REASON_TIMEOUT], 3);
    assert_int_equal(state.duration_ns, TOOK);
    assert_int_equal(state.streak, 2);
    count(&state, 'S', 4);
    assert_int_equal(state.success_started.ns, at(4, 0).ns);
    assert_int_equal(state.failure_started.ns, 0);
    assert_int_equal(state.ended.ns, at(4, TOOK).ns);
}

static void test_pending(void **unused)
{
    struct probe_state state = started_state();

    (void)unused;
    assert_false(probe_health_is_pending(&state));
    count(&state, 'F', 0);
    assert_true(probe_health_is_pending(&state));
    count(&state, 'S', 1);
    assert_false(probe_health_is_pending(&state));
    count(&state, '?', 2);
    assert_false(probe_health_is_pending(&state));
    for (size_t step = 3; step < 6; step++) {
        count(&state, 'F', step);
        assert_int_equal(probe_health_is_pending(&state), step != 5);
    }
    count(&state, 'S', 6);
    assert_true(probe_health_is_pending(&state));
}

static void test_not_applicable(void **unused)
{
    struct probe_state state = started_state();

    (void)unused;
    count(&state, 'S', 0);
    probe_health_start(&state, false, at(1, 0));
    assert_int_equal(state.health, PROBE_NOT_APPLICABLE);
    assert_int_equal(state.changed.ns, at(1, 0).ns);
    assert_false(count(&state, 'F', 2));
    assert_int_equal(state.attempts, 1);
    probe_health_start(&state, true, at(3, 0));
    assert_int_equal(state.health, PROBE_UNKNOWN);
    assert_int_equal(state.success_started.ns, 0);
    /* The failures before do not count. */
    count(&state, 'F', 4);
    count(&state, 'F', 5);
    assert_int_equal(state.health, PROBE_UNKNOWN);
}

/* What has just been started refuses until it listens; that is no failure of its own. */
static void test_patience(void **unused)
{
    struct probe_state state = started_state();

    (void)unused;
    state.patient_until = at(10, 0);
    for (size_t step = 0; step < 10; step++)
        assert_false(count(&state, 'F', step));
    assert_int_equal(state.health, PROBE_UNKNOWN);
    assert_int_equal(state.failures[PROBE_REASON_TIMEOUT], 10);
    for (size_t step = 10; step < 13; step++)
        assert_int_equal(count(&state, 'F', step), step == 12);
    assert_int_equal(state.health, PROBE_DOWN);
    /* Once it has answered, it is judged like any other. */
    state = started_state();
    state.patient_until = at(10, 0);
    count(&state, 'S', 0);
    for (size_t step = 1; step < 4; step++)
        count(&state, 'F', step);
    assert_int_equal(state.health, PROBE_DOWN);
}

static void test_what_servers_said(void **unused)
{
    struct probe_state state = started_state();
    struct probe_verdict said = verdict_of('S');

    (void)unused;
    said.answered = true;
    said.write_quorum = 3;
    said.shallow = true;
    memcpy(said.server_status, "offline", sizeof("offline"));
    probe_health_count(&state, &said, at(0, 0), at(0, TOOK));
    /* No answer: the last word of the server stands. */
    count(&state, '?', 1);
    assert_int_equal(state.write_quorum, 3);
    assert_true(state.shallow);
    assert_string_equal(state.server_status, "offline");
    said = verdict_of('S');
    said.answered = true;
    probe_health_count(&state, &said, at(2, 0), at(2, TOOK));
    assert_int_equal(state.write_quorum, 0);
    assert_false(state.shallow);
    assert_string_equal(state.server_status, "");
}

static void test_names(void **unused)
{
    (void)unused;
    assert_string_equal(probe_health_name(PROBE_UP), "up");
    assert_string_equal(probe_health_name(PROBE_NOT_APPLICABLE), "not-applicable");
    assert_string_equal(probe_health_name(PROBE_HEALTHS), "unknown");
    assert_string_equal(probe_type_name(PROBE_TYPE_REGISTRY), "registry");
    assert_string_equal(probe_scope_name(PROBE_SCOPE_SHARED), "shared");
    for (enum probe_reason reason = 0; reason < PROBE_REASONS; reason++)
        assert_non_null(probe_verdict_reason_name(reason));
}

/* A ring of the last outcomes, and what a store was last seen to do. */
static void test_history(void **unused)
{
    struct probe_state state = {.params = {.rise = 1, .fall = 1}};
    struct probe_verdict verdict = {.outcome = PROBE_OUTCOME_SUCCESS,
                                    .readable = PROBE_ABILITY_YES,
                                    .writable = PROBE_ABILITY_NO};

    (void)unused;
    probe_health_start(&state, true, (struct monotime){1});
    for (unsigned at = 0; at < PROBE_HISTORY + 2; at++) {
        verdict.outcome = at == PROBE_HISTORY ? PROBE_OUTCOME_FAILURE : PROBE_OUTCOME_SUCCESS;
        verdict.reason = at == PROBE_HISTORY ? PROBE_REASON_STATUS : PROBE_REASON_NONE;
        (void)probe_health_count(&state, &verdict, (struct monotime){at + 2},
                                 (struct monotime){at + 3});
        verdict.readable = verdict.writable = PROBE_ABILITY_UNKNOWN;
    }
    assert_int_equal(state.history_count, PROBE_HISTORY);
    assert_int_equal(state.history_at, 2);
    assert_int_equal(state.history[0], PROBE_OUTCOME_FAILURE);
    assert_int_equal(state.history[1], PROBE_OUTCOME_SUCCESS);
    assert_int_equal(state.readable, PROBE_ABILITY_YES);
    assert_int_equal(state.writable, PROBE_ABILITY_NO);
    probe_health_start(&state, true, (struct monotime){100});
    assert_int_equal(state.writable, PROBE_ABILITY_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_times),
        cmocka_unit_test(test_pending),  cmocka_unit_test(test_not_applicable),
        cmocka_unit_test(test_patience), cmocka_unit_test(test_what_servers_said),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
