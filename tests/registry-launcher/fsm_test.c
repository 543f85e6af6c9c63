/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/fsm.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND  NS_PER_S
#define DRAIN   (30 * SECOND)
#define NEVER   INT64_C(-1) /* nobody is to be woken */
#define SERIAL  7
#define STARTED (REGISTRY_FSM_CAPTURE | REGISTRY_FSM_SPAWN)

static const struct monotime now = {1000 * SECOND};

/* What the machine was before: the state, and how it got there. */
enum before {
    STOPPED,
    SPAWNING,
    STARTING,
    RUNNING,
    STOPPING,
    STOPPING_SPAWNING,
    BACKOFF,
    SPENT,        /* FAILED for good */
    FAILED,       /* FAILED, tried again from time to time */
    FAILED_AGAIN, /* an attempt out of FAILED is under way */
};

struct row {
    const char *rule;
    enum before before;
    struct registry_fsm_event event;
    enum registry_state state;
    unsigned actions;
    int64_t wake_after_ns;
};

#define GOAL(run_, serial_, changed_, first_)                                                      \
    {                                                                                              \
        .kind = REGISTRY_FSM_GOAL, .goal = {                                                       \
            .run = run_,                                                                           \
            .restart_serial = serial_,                                                             \
            .changed = changed_,                                                                   \
            .first = first_,                                                                       \
            .drain_ns = DRAIN,                                                                     \
            .restart = {3, 60 * SECOND, 100 * NS_PER_MS, SECOND}                                   \
        }                                                                                          \
    }
#define RUN         GOAL(true, SERIAL, false, false)
#define STOP        GOAL(false, SERIAL, false, false)
#define RESTART     GOAL(true, SERIAL + 1, false, false)
#define FIRST       GOAL(true, 0, false, true)
#define CHANGED     GOAL(true, SERIAL, true, false)
#define CHANGED_OFF GOAL(false, SERIAL, true, false)
#define EVENT(name)                                                                                \
    {                                                                                              \
        .kind = REGISTRY_FSM_##name                                                                \
    }
#define ENDED(name, why)                                                                           \
    {                                                                                              \
        .kind = REGISTRY_FSM_##name, .cause = REGISTRY_CAUSE_##why                                 \
    }

static const struct row rows[] = {
    {"wanted: start", STOPPED, RUN, REGISTRY_STARTING, STARTED, REGISTRY_FSM_SPAWN_NS},
    {"not wanted: nothing", STOPPED, STOP, REGISTRY_STOPPED, 0, NEVER},
    {"changed, not wanted: its identity is read", STOPPED, CHANGED_OFF, REGISTRY_STOPPED,
     REGISTRY_FSM_CAPTURE, NEVER},
    {"found running: runs on", STOPPED, EVENT(ADOPTED), REGISTRY_RUNNING, 0, NEVER},

    {"spawned: must survive", SPAWNING, EVENT(SPAWNED), REGISTRY_STARTING, 0,
     REGISTRY_FSM_SURVIVED_NS},
    {"cannot start: slowly again", SPAWNING, ENDED(CANNOT_START, NO_BINARY), REGISTRY_FAILED, 0,
     REGISTRY_FSM_REFUSED_RETRY_NS},
    {"refused: slowly again", SPAWNING, ENDED(CANNOT_START, REFUSED), REGISTRY_FAILED, 0,
     REGISTRY_FSM_REFUSED_RETRY_NS},
    {"port taken: slowly again", SPAWNING, ENDED(CANNOT_START, PORT_TAKEN), REGISTRY_FAILED, 0,
     REGISTRY_FSM_RETRY_NS},
    {"systemd does not answer: soon again", SPAWNING, ENDED(CANNOT_START, UNKNOWN), REGISTRY_FAILED,
     0, REGISTRY_FSM_RETRY_NS},
    {"died before its program: no crash", SPAWNING, ENDED(EXITED, SIGNALLED), REGISTRY_FAILED, 0,
     REGISTRY_FSM_RETRY_NS},
    {"a spawn that hangs is killed", SPAWNING, EVENT(TIMER), REGISTRY_STARTING, REGISTRY_FSM_KILL,
     REGISTRY_FSM_KILL_AGAIN_NS},
    {"not wanted while spawning: stop", SPAWNING, STOP, REGISTRY_STOPPING, REGISTRY_FSM_TERM,
     DRAIN},
    {"wanted again: nothing", SPAWNING, RUN, REGISTRY_STARTING, 0, 0},

    {"survived: runs", STARTING, EVENT(TIMER), REGISTRY_RUNNING, 0, NEVER},
    {"first crash: restart at once", STARTING, ENDED(EXITED, EXITED), REGISTRY_STARTING, STARTED,
     REGISTRY_FSM_SPAWN_NS},
    {"exit because of the port: slowly again", STARTING, ENDED(EXITED, PORT_TAKEN), REGISTRY_FAILED,
     0, REGISTRY_FSM_RETRY_NS},
    {"a late report of a failed start is none", STARTING, ENDED(CANNOT_START, REFUSED),
     REGISTRY_STARTING, 0, 0},

    {"crash: restart at once", RUNNING, ENDED(EXITED, SIGNALLED), REGISTRY_STARTING, STARTED,
     REGISTRY_FSM_SPAWN_NS},
    {"out of memory: restart at once", RUNNING, ENDED(EXITED, OOM), REGISTRY_STARTING, STARTED,
     REGISTRY_FSM_SPAWN_NS},
    {"not wanted: drain", RUNNING, STOP, REGISTRY_STOPPING, REGISTRY_FSM_TERM, DRAIN},
    {"the same goal: nothing", RUNNING, RUN, REGISTRY_RUNNING, 0, NEVER},
    {"another serial: restart", RUNNING, RESTART, REGISTRY_STOPPING, REGISTRY_FSM_TERM, DRAIN},
    {"the serial of a new sender restarts nothing", RUNNING, FIRST, REGISTRY_RUNNING, 0, NEVER},
    {"other parameters restart nothing", RUNNING, CHANGED, REGISTRY_RUNNING, REGISTRY_FSM_CAPTURE,
     NEVER},

    {"drained: stopped", STOPPING, ENDED(EXITED, EXITED), REGISTRY_STOPPED, 0, NEVER},
    {"drain deadline: KILL", STOPPING, EVENT(TIMER), REGISTRY_STOPPING, REGISTRY_FSM_KILL,
     REGISTRY_FSM_KILL_AGAIN_NS},
    {"wanted while it drains: later", STOPPING, RUN, REGISTRY_STOPPING, 0, 0},
    {"started after the stop was asked for: still stops", STOPPING_SPAWNING, EVENT(SPAWNED),
     REGISTRY_STOPPING, 0, 0},
    {"could not start after the stop was asked for: stopped", STOPPING_SPAWNING,
     ENDED(CANNOT_START, NO_BINARY), REGISTRY_STOPPED, 0, NEVER},

    {"back-off is over: start", BACKOFF, EVENT(TIMER), REGISTRY_STARTING, STARTED,
     REGISTRY_FSM_SPAWN_NS},
    {"not wanted in back-off: stopped", BACKOFF, STOP, REGISTRY_STOPPED, 0, NEVER},
    {"the same goal in back-off: waits on", BACKOFF, RUN, REGISTRY_BACKOFF, 0, 0},
    {"another serial in back-off: at once", BACKOFF, RESTART, REGISTRY_STARTING, STARTED,
     REGISTRY_FSM_SPAWN_NS},
    {"other parameters in back-off: at once", BACKOFF, CHANGED, REGISTRY_STARTING, STARTED,
     REGISTRY_FSM_SPAWN_NS},

    {"budget spent: the same goal changes nothing", SPENT, RUN, REGISTRY_FAILED, 0, NEVER},
    {"budget spent: no timer starts it", SPENT, EVENT(TIMER), REGISTRY_FAILED, 0, NEVER},
    {"budget spent: another serial starts it", SPENT, RESTART, REGISTRY_STARTING, STARTED,
     REGISTRY_FSM_SPAWN_NS},
    {"budget spent: other parameters start it", SPENT, CHANGED, REGISTRY_STARTING, STARTED,
     REGISTRY_FSM_SPAWN_NS},
    {"budget spent, not wanted: stopped", SPENT, STOP, REGISTRY_STOPPED, 0, NEVER},

    {"failed: the next attempt is no life yet", FAILED, EVENT(TIMER), REGISTRY_FAILED, STARTED,
     REGISTRY_FSM_SPAWN_NS},
    {"failed again: slowly again", FAILED_AGAIN, ENDED(CANNOT_START, PORT_TAKEN), REGISTRY_FAILED,
     0, REGISTRY_FSM_RETRY_NS},
    {"spawned out of failed: must survive", FAILED_AGAIN, EVENT(SPAWNED), REGISTRY_STARTING, 0,
     REGISTRY_FSM_SURVIVED_NS},
    {"not wanted in an attempt out of failed: stop", FAILED_AGAIN, STOP, REGISTRY_STOPPING,
     REGISTRY_FSM_TERM, DRAIN},
};

static void step(struct registry_fsm *fsm, struct registry_fsm_event event, struct monotime at)
{
    registry_fsm_handle(fsm, &event, at);
}

static void crash(struct registry_fsm *fsm, struct monotime at)
{
    step(fsm, (struct registry_fsm_event)EVENT(SPAWNED), at);
    step(fsm, (struct registry_fsm_event)ENDED(EXITED, EXITED), at);
}

/* Its timer, if any, is due at `now`. */
static void bring(struct registry_fsm *fsm, enum before before)
{
    const struct registry_fsm_event run = RUN, stop = STOP, spawned = EVENT(SPAWNED),
                                    timer = EVENT(TIMER), taken = ENDED(CANNOT_START, PORT_TAKEN);

    registry_fsm_init(fsm);
    step(fsm, (struct registry_fsm_event)STOP, now);
    if (before == STOPPED)
        return;
    step(fsm, run, now);
    if (before == STOPPING_SPAWNING)
        step(fsm, stop, now);
    if (before == STARTING || before == RUNNING || before == STOPPING)
        step(fsm, spawned, now);
    if (before == RUNNING || before == STOPPING)
        step(fsm, timer, monotime_add(now, REGISTRY_FSM_SURVIVED_NS));
    if (before == STOPPING)
        step(fsm, stop, now);
    if (before == BACKOFF || before == SPENT)
        for (int times = 0; times < 2; times++)
            crash(fsm, now);
    while (before == SPENT && fsm->deadline.ns != MONOTIME_NEVER.ns) {
        step(fsm, timer, fsm->deadline);
        crash(fsm, now);
    }
    if (before == FAILED || before == FAILED_AGAIN)
        step(fsm, taken, now);
    if (before == FAILED_AGAIN)
        step(fsm, timer, fsm->deadline);
    if (fsm->deadline.ns != MONOTIME_NEVER.ns)
        fsm->deadline = now;
}

static void check_row(const struct row *row)
{
    struct registry_fsm fsm;

    bring(&fsm, row->before);
    const unsigned actions = registry_fsm_handle(&fsm, &row->event, now);
    const int64_t wake_ns =
        fsm.deadline.ns == MONOTIME_NEVER.ns ? NEVER : monotime_since(now, fsm.deadline);

    if (actions != row->actions || fsm.state != row->state || wake_ns != row->wake_after_ns)
        print_error("%s\n", row->rule);
    assert_int_equal(fsm.state, row->state);
    assert_int_equal(actions, row->actions);
    assert_int_equal(wake_ns, row->wake_after_ns);
}

static void table(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++)
        check_row(&rows[at]);
}

/* A timer that is early does nothing, in any state. */
static void early_timer(void **state)
{
    static const struct registry_fsm_event timer = EVENT(TIMER);

    (void)state;
    for (unsigned before = STOPPED; before <= FAILED_AGAIN; before++) {
        struct registry_fsm fsm, unchanged;

        bring(&fsm, before);
        unchanged = fsm;
        assert_int_equal(registry_fsm_handle(&fsm, &timer, monotime_add(now, -1)), 0);
        assert_memory_equal(&fsm, &unchanged, sizeof(fsm));
    }
}

/* A start while it stops comes after the end, whatever the end was; so does a restart. */
static void start_after_stop(void **state)
{
    static const struct registry_fsm_event exited = ENDED(EXITED, SIGNALLED), run = RUN,
                                           restart = RESTART;
    struct registry_fsm fsm;

    (void)state;
    bring(&fsm, STOPPING);
    step(&fsm, run, now);
    assert_int_equal(registry_fsm_handle(&fsm, &exited, now), STARTED);
    assert_int_equal(fsm.state, REGISTRY_STARTING);
    assert_int_equal(fsm.cause, REGISTRY_CAUSE_ASKED);

    bring(&fsm, RUNNING);
    step(&fsm, restart, now);
    assert_int_equal(registry_fsm_handle(&fsm, &exited, now), STARTED);
}

/* Nobody is served while the old one drains: wanted again, it has 2 s at most, and not more. */
static void wanted_again_hurries(void **state)
{
    static const struct registry_fsm_event run = RUN, stop = STOP, restart = RESTART;
    struct registry_fsm fsm;

    (void)state;
    bring(&fsm, RUNNING);
    step(&fsm, stop, now);
    step(&fsm, run, now);
    assert_int_equal(fsm.deadline.ns - now.ns, REGISTRY_FSM_HURRY_NS);
    step(&fsm, run, monotime_add(now, SECOND));
    assert_int_equal(fsm.deadline.ns - now.ns, REGISTRY_FSM_HURRY_NS);

    bring(&fsm, RUNNING);
    step(&fsm, restart, now);
    step(&fsm, restart, now);
    assert_int_equal(fsm.deadline.ns - now.ns, DRAIN); /* a restart in order drains in full */

    bring(&fsm, STOPPING); /* with its deadline due now */
    step(&fsm, run, now);
    assert_int_equal(fsm.deadline.ns, now.ns);
}

/* Whatever its wait status says: after our KILL it was killed, before it was as asked. */
static void cause_of_stop(void **state)
{
    static const struct registry_fsm_event exited = ENDED(EXITED, SIGNALLED);
    struct registry_fsm fsm;

    (void)state;
    bring(&fsm, STOPPING);
    step(&fsm, (struct registry_fsm_event)EVENT(TIMER), now);
    registry_fsm_handle(&fsm, &exited, now);
    assert_int_equal(fsm.cause, REGISTRY_CAUSE_KILLED);
}

/* Budget 3: at once, 100 ms, 200 ms, then failed. A new order begins anew. */
static void budget(void **state)
{
    static const struct registry_fsm_event timer = EVENT(TIMER), restart = RESTART;
    struct registry_fsm fsm;

    (void)state;
    bring(&fsm, RUNNING);
    crash(&fsm, now);
    assert_int_equal(fsm.state, REGISTRY_STARTING);
    crash(&fsm, now);
    assert_int_equal(fsm.state, REGISTRY_BACKOFF);
    assert_int_equal(fsm.deadline.ns - now.ns, 100 * NS_PER_MS);
    step(&fsm, timer, fsm.deadline);
    crash(&fsm, now);
    assert_int_equal(fsm.deadline.ns - now.ns, 200 * NS_PER_MS);
    step(&fsm, timer, fsm.deadline);
    crash(&fsm, now);
    assert_int_equal(fsm.state, REGISTRY_FAILED);
    step(&fsm, restart, now);
    crash(&fsm, now);
    assert_int_equal(fsm.state, REGISTRY_STARTING);
}

/* What is not its own fault leaves the budget alone. */
static void port_spends_nothing(void **state)
{
    static const struct registry_fsm_event timer = EVENT(TIMER),
                                           taken = ENDED(CANNOT_START, PORT_TAKEN);
    struct registry_fsm fsm;

    (void)state;
    bring(&fsm, FAILED);
    for (int times = 0; times < 100; times++) {
        step(&fsm, timer, fsm.deadline);
        step(&fsm, taken, now);
    }
    assert_int_equal(fsm.history.count, 0);
    step(&fsm, timer, fsm.deadline);
    crash(&fsm, now);
    assert_int_equal(fsm.state, REGISTRY_STARTING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(early_timer),
        cmocka_unit_test(start_after_stop),
        cmocka_unit_test(wanted_again_hurries),
        cmocka_unit_test(cause_of_stop),
        cmocka_unit_test(budget),
        cmocka_unit_test(port_spends_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
