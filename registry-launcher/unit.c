/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define CHECK_EVERY_NS (500 * NS_PER_MS)
#define ASK_EVERY_NS   (50 * NS_PER_MS) /* while the bus is not connected, as at our own start */
/* The main process has ended, and systemd says nothing: it waits for others of the unit. */
#define CHECKS_TO_KILL    2
#define CHECKS_TO_GIVE_UP 10
/* A start that systemd says nothing of. */
#define CHECKS_TO_START 60

static int report_path(char path[PATH_MAX], const char *folder, const char *name)
{
    const int length = snprintf(path, PATH_MAX, "%s/%s.failure", folder, name);

    return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int registry_unit_open_report(const char *folder, const char *name)
{
    char path[PATH_MAX];
    const int failed = report_path(path, folder, name);

    if (failed < 0)
        return failed;
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? -errno : fd;
}

/* What the unit said on its way; false: nothing. */
static bool take_report(const struct registry_unit *unit,
                        struct registry_program_failure *ret_failure)
{
    struct registry_program_failure failure;
    char path[PATH_MAX];

    if (report_path(path, unit->folder, unit->name) < 0)
        return false;
    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    (void)unlink(path);
    if (read(fd, &failure, sizeof(failure)) != (ssize_t)sizeof(failure) ||
        (unsigned)failure.cause >= REGISTRY_CAUSES)
        return false;
    failure.words[sizeof(failure.words) - 1] = '\0';
    *ret_failure = failure;
    return true;
}

static int64_t check_every_ns(const struct registry_unit *unit)
{
    return unit->phase == REGISTRY_UNIT_STARTING && !unit->asked ? ASK_EVERY_NS : CHECK_EVERY_NS;
}

static void enter(struct registry_unit *unit, enum registry_unit_phase phase, struct monotime now)
{
    unit->phase = phase;
    unit->checks = 0;
    if (phase == REGISTRY_UNIT_STARTING || phase == REGISTRY_UNIT_ENDING)
        (void)loop_timer_set(unit->loop, &unit->check, monotime_add(now, check_every_ns(unit)));
    else
        loop_timer_cancel(unit->loop, &unit->check);
}

static int ask_start(struct registry_unit *unit)
{
    const int failed = registry_bus_start_unit(&unit->watch);

    unit->asked = failed == 0;
    return failed == -ENOTCONN ? 0 : failed; /* a check asks again */
}

static struct registry_backend_end judge(const struct registry_bus_unit *state)
{
    struct registry_backend_end end = {REGISTRY_CAUSE_UNKNOWN, state->main_status, ""};

    if (strcmp(state->result, "oom-kill") == 0)
        end.cause = REGISTRY_CAUSE_OOM;
    else if (state->main_code == CLD_EXITED)
        end.cause = REGISTRY_CAUSE_EXITED;
    else if (state->main_code == CLD_KILLED || state->main_code == CLD_DUMPED)
        end.cause = REGISTRY_CAUSE_SIGNALLED;
    return end;
}

static void cannot_start(struct registry_unit *unit, const char *words, struct monotime now)
{
    registry_unit_forget(unit);
    unit->events->cannot_start(unit->owner, REGISTRY_CAUSE_REFUSED, words, now);
}

/* The unit is down, or nobody will say more. */
static void finish(struct registry_unit *unit, struct registry_backend_end end, struct monotime now)
{
    struct registry_program_failure failure;
    char words[REGISTRY_BACKEND_WORDS_BYTES];

    if (take_report(unit, &failure)) {
        end = (struct registry_backend_end){failure.cause, 0, failure.words};
    } else if (unit->phase == REGISTRY_UNIT_STARTING) {
        snprintf(words, sizeof(words), "%s did not start: %s", unit->watch.unit,
                 unit->watch.state.result);
        cannot_start(unit, words, now);
        return;
    }
    registry_unit_forget(unit);
    unit->events->exited(unit->owner, &end, now);
}

static bool is_down(const struct registry_bus_unit *state)
{
    return strcmp(state->active_state, "inactive") == 0 ||
           strcmp(state->active_state, "failed") == 0;
}

/* From here on its end is known at once. */
static int take_process(struct registry_unit *unit, const struct registry_process *process,
                        struct monotime now)
{
    unit->process = *process;
    unit->end_io.fd = process->pidfd;
    enter(unit, REGISTRY_UNIT_RUNNING, now);
    return loop_io_start(unit->loop, &unit->end_io, LOOP_READ);
}

static void handle_running(struct registry_unit *unit, struct monotime now)
{
    struct registry_process process;

    if (registry_process_find_any((pid_t)unit->watch.state.main_pid, &process) < 0)
        return; /* ended already: the unit will say so */
    if (take_process(unit, &process, now) < 0) {
        registry_unit_kill(unit); /* nobody would see its end */
        return;
    }
    unit->events->forked(unit->owner, &unit->process);
    unit->events->spawned(unit->owner, &unit->process, now);
}

static void handle_changed(void *owner, struct monotime now)
{
    struct registry_unit *unit = owner;
    const struct registry_bus_unit *state = &unit->watch.state;

    /* Before its job is done the unit may still tell of its last life. */
    if (unit->phase == REGISTRY_UNIT_STARTING && state->main_pid != 0 &&
        strcmp(state->active_state, "active") == 0)
        handle_running(unit, now);
    else if (unit->phase == REGISTRY_UNIT_STARTING && is_down(state) && !state->has_job &&
             unit->queued)
        finish(unit, judge(state), now);
    else if (unit->phase == REGISTRY_UNIT_ENDING && is_down(state))
        finish(unit, judge(state), now);
}

static void handle_queued(void *owner, const char *error, struct monotime now)
{
    struct registry_unit *unit = owner;

    if (unit->phase != REGISTRY_UNIT_STARTING)
        return;
    if (error != NULL) {
        cannot_start(unit, error, now);
        return;
    }
    unit->queued = true;
    registry_bus_ask(&unit->watch);
}

static void handle_end(struct loop_io *io, unsigned events, struct monotime now)
{
    struct registry_unit *unit = io->owner;

    (void)events;
    loop_io_stop(unit->loop, io);
    registry_process_forget(&unit->process);
    enter(unit, REGISTRY_UNIT_ENDING, now);
    registry_bus_ask(&unit->watch);
}

static void handle_check(struct loop_timer *timer, struct monotime now)
{
    struct registry_unit *unit = timer->owner;
    const struct registry_backend_end unknown = {REGISTRY_CAUSE_UNKNOWN, 0, ""};

    unit->checks++;
    if (unit->phase == REGISTRY_UNIT_STARTING && !unit->asked && ask_start(unit) < 0) {
        cannot_start(unit, "systemd cannot be asked over the system bus", now);
        return;
    }
    if (unit->phase == REGISTRY_UNIT_ENDING && unit->checks >= CHECKS_TO_GIVE_UP) {
        finish(unit, unknown, now);
        return;
    }
    if (unit->phase == REGISTRY_UNIT_STARTING && unit->checks >= CHECKS_TO_START) {
        (void)registry_bus_stop_unit(&unit->watch);
        cannot_start(unit, "systemd does not answer", now);
        return;
    }
    if (unit->phase == REGISTRY_UNIT_ENDING && unit->checks == CHECKS_TO_KILL)
        registry_bus_kill_unit(&unit->watch);
    registry_bus_ask(&unit->watch);
    (void)loop_timer_set(unit->loop, timer, monotime_add(now, check_every_ns(unit)));
}

void registry_unit_init(struct registry_unit *unit, struct loop *loop, const char *folder,
                        const struct registry_backend_events *events, void *owner)
{
    *unit = (struct registry_unit){
        .loop = loop,
        .folder = folder,
        .events = events,
        .owner = owner,
        .process = REGISTRY_PROCESS_NONE,
        .watch = {.owner = unit, .changed = handle_changed, .queued = handle_queued},
        .end_io = {.name = "unit-end", .fd = -1, .handle = handle_end, .owner = unit},
    };
    loop_timer_init(&unit->check, "unit-check", handle_check, unit);
}

static int watch(struct registry_unit *unit, struct registry_bus *bus, const char *name)
{
    snprintf(unit->name, sizeof(unit->name), "%s", name);
    return registry_bus_watch(bus, &unit->watch, name);
}

int registry_unit_start(struct registry_unit *unit, struct registry_bus *bus, const char *name,
                        struct err *err)
{
    struct registry_program_failure old;

    if (bus == NULL)
        return err_set(err, EOPNOTSUPP, "systemd does not run here: use the backend \"exec\"");
    int failed = watch(unit, bus, name);
    if (failed == 0) {
        (void)take_report(unit, &old); /* of a former start */
        unit->queued = false;
        failed = ask_start(unit);
        enter(unit, REGISTRY_UNIT_STARTING, monotime_now());
    }
    if (failed == 0)
        return 0;
    registry_unit_forget(unit);
    return err_set(err, -failed, "systemd cannot be reached over the system bus");
}

int registry_unit_adopt(struct registry_unit *unit, struct registry_bus *bus, const char *name,
                        const struct registry_process *process)
{
    const int failed = bus == NULL ? -EOPNOTSUPP : watch(unit, bus, name);

    if (failed < 0)
        return failed;
    registry_bus_ask(&unit->watch);
    return take_process(unit, process, monotime_now());
}

bool registry_unit_term(struct registry_unit *unit)
{
    if (unit->phase == REGISTRY_UNIT_STARTING && !unit->asked)
        registry_unit_forget(unit); /* nobody was asked yet, nobody will be */
    if (unit->phase == REGISTRY_UNIT_IDLE)
        return false;
    if (unit->process.pid != 0)
        (void)registry_process_signal(&unit->process, SIGTERM);
    else
        (void)registry_bus_stop_unit(&unit->watch);
    return true;
}

bool registry_unit_kill(struct registry_unit *unit)
{
    if (unit->phase == REGISTRY_UNIT_IDLE)
        return false;
    (void)registry_process_signal(&unit->process, SIGKILL);
    registry_bus_kill_unit(&unit->watch);
    return true;
}

void registry_unit_forget(struct registry_unit *unit)
{
    loop_io_stop(unit->loop, &unit->end_io);
    loop_timer_cancel(unit->loop, &unit->check);
    registry_process_forget(&unit->process);
    registry_bus_unwatch(&unit->watch);
    unit->phase = REGISTRY_UNIT_IDLE;
}
