/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/exec.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Whoever must reap an adopted one does so at once; after this long it never will. */
#define REAPS_MAX     20
#define REAP_AGAIN_NS (5 * NS_PER_MS)

struct child {
    const struct registry_backend_start *start;
    const char *cgroup;
    int socket;
};

/* In the child. The socket closes on exec, which is the news that the program runs. */
static int run(void *argument)
{
    const struct child *child = argument;
    struct registry_program_failure failure = {.cause = REGISTRY_CAUSE_NONE};
    char go;

    if (recv(child->socket, &go, sizeof(go), 0) != sizeof(go))
        return 1; /* the launcher died before it noted us */
    /* Without a cgroup its process group must do. */
    (void)registry_cgroup_join(child->cgroup);
    registry_program_become(child->start, false, &failure);
    (void)send(child->socket, &failure, sizeof(failure), MSG_NOSIGNAL);
    return 1;
}

static void stop_waiting(struct registry_exec *exec)
{
    loop_io_stop(exec->loop, &exec->start_io);
    if (exec->start_io.fd >= 0)
        close(exec->start_io.fd);
    exec->start_io.fd = -1;
}

/* Kill what it left behind, as long as its number is still its own. */
static void clear_leftovers(struct registry_exec *exec)
{
    registry_process_signal_group(&exec->process, SIGKILL);
    (void)registry_cgroup_kill(exec->cgroup);
}

static struct registry_backend_end judge(const struct registry_exec *exec,
                                         const struct registry_process_end *end)
{
    struct registry_backend_end said = {REGISTRY_CAUSE_UNKNOWN, end->code, ""};

    if (!end->known)
        return said;
    said.cause = end->signalled ? REGISTRY_CAUSE_SIGNALLED : REGISTRY_CAUSE_EXITED;
    /* The kernel kills for want of memory with KILL, and counts it before. */
    if (end->signalled && end->code == SIGKILL && !exec->we_killed &&
        registry_cgroup_oom_kills() != exec->oom_kills)
        said.cause = REGISTRY_CAUSE_OOM;
    return said;
}

static void finish(struct registry_exec *exec, const struct registry_process_end *end,
                   struct monotime now)
{
    const struct registry_backend_end said = judge(exec, end);
    const struct registry_program_failure failure = exec->failure;

    loop_io_stop(exec->loop, &exec->end_io);
    loop_timer_cancel(exec->loop, &exec->again);
    stop_waiting(exec);
    registry_process_forget(&exec->process);
    registry_cgroup_remove(exec->cgroup);
    if (failure.cause != REGISTRY_CAUSE_NONE)
        exec->events->cannot_start(exec->owner, failure.cause, failure.words, now);
    else
        exec->events->exited(exec->owner, &said, now);
}

static void reap(struct registry_exec *exec, struct monotime now)
{
    struct registry_process_end end = {.known = false};
    /* Reaping frees the pidfd's number, which the loop must not watch any more. */
    loop_io_stop(exec->loop, &exec->end_io);
    const int failed = registry_process_reap(&exec->process, &end);

    if (failed != -EAGAIN || ++exec->reaps > REAPS_MAX)
        finish(exec, &end, now);
    else if (loop_timer_set(exec->loop, &exec->again, monotime_add(now, REAP_AGAIN_NS)) < 0)
        finish(exec, &end, now);
}

static void handle_again(struct loop_timer *timer, struct monotime now)
{
    reap(timer->owner, now);
}

static void handle_start(struct loop_io *io, unsigned events, struct monotime now)
{
    struct registry_exec *exec = io->owner;
    struct registry_program_failure failure;

    (void)events;
    const ssize_t length = recv(io->fd, &failure, sizeof(failure), MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    stop_waiting(exec);
    if (length == (ssize_t)sizeof(failure) && failure.cause < REGISTRY_CAUSES) {
        failure.words[sizeof(failure.words) - 1] = '\0';
        exec->failure = failure; /* told when it has ended */
        return;
    }
    exec->events->spawned(exec->owner, &exec->process, now);
}

static void handle_end(struct loop_io *io, unsigned events, struct monotime now)
{
    struct registry_exec *exec = io->owner;

    (void)events;
    if (exec->start_io.fd >= 0)
        handle_start(&exec->start_io, LOOP_READ, now);
    clear_leftovers(exec);
    reap(exec, now);
}

void registry_exec_init(struct registry_exec *exec, struct loop *loop,
                        const struct registry_backend_events *events, void *owner)
{
    *exec = (struct registry_exec){
        .loop = loop,
        .events = events,
        .owner = owner,
        .suffix = "",
        .process = REGISTRY_PROCESS_NONE,
        .end_io = {.name = "registry-end", .fd = -1, .handle = handle_end, .owner = exec},
        .start_io = {.name = "registry-start", .fd = -1, .handle = handle_start, .owner = exec},
    };
    loop_timer_init(&exec->again, "registry-reap", handle_again, exec);
}

static int watch(struct registry_exec *exec)
{
    exec->we_killed = false;
    exec->failure.cause = REGISTRY_CAUSE_NONE;
    exec->reaps = 0;
    exec->oom_kills = exec->oom_kills_now = registry_cgroup_oom_kills();
    exec->end_io.fd = exec->process.pidfd;
    return loop_io_start(exec->loop, &exec->end_io, LOOP_READ);
}

/* The child is there and waits: note it, watch it, let it go. */
static int release(struct registry_exec *exec, struct err *err)
{
    int failed = watch(exec);

    if (failed == 0)
        failed = loop_io_start(exec->loop, &exec->start_io, LOOP_READ);
    if (failed < 0)
        return err_set(err, -failed, "cannot watch the process");
    exec->events->forked(exec->owner, &exec->process);
    if (send(exec->start_io.fd, "g", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return err_errno(err, "cannot let the process go");
    return 0;
}

int registry_exec_start(struct registry_exec *exec, const struct registry_cgroups *cgroups,
                        const struct registry_backend_start *start, struct err *err)
{
    int sockets[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return err_errno(err, "cannot make a pair of sockets");
    CLEANUP(cleanup_close)
    int theirs = sockets[1];
    struct child child = {start, exec->cgroup, theirs};

    exec->start_io.fd = sockets[0];
    registry_cgroup_make(cgroups, start->params->name, exec->suffix, exec->cgroup);
    int failed = registry_process_start(run, &child, &exec->process, err);
    if (failed == 0)
        failed = release(exec, err);
    if (failed < 0) {
        registry_process_kill_child(&exec->process);
        registry_exec_forget(exec);
    }
    return failed;
}

int registry_exec_adopt(struct registry_exec *exec, const struct registry_process *process,
                        const char *cgroup)
{
    const size_t length = strlen(cgroup);

    if (length >= sizeof(exec->cgroup))
        return -ENAMETOOLONG;
    memcpy(exec->cgroup, cgroup, length + 1);
    exec->process = *process;
    return watch(exec);
}

bool registry_exec_term(struct registry_exec *exec)
{
    if (exec->process.pid == 0)
        return false;
    /* One that has ended already reports itself. */
    (void)registry_process_signal(&exec->process, SIGTERM);
    return true;
}

bool registry_exec_kill(struct registry_exec *exec)
{
    if (exec->process.pid == 0)
        return false;
    exec->we_killed = true;
    (void)registry_process_signal(&exec->process, SIGKILL);
    clear_leftovers(exec);
    return true;
}

void registry_exec_note_oom(struct registry_exec *exec)
{
    if (exec->process.pid == 0)
        return;
    exec->oom_kills = exec->oom_kills_now;
    exec->oom_kills_now = registry_cgroup_oom_kills();
}

void registry_exec_forget(struct registry_exec *exec)
{
    loop_io_stop(exec->loop, &exec->end_io);
    loop_timer_cancel(exec->loop, &exec->again);
    stop_waiting(exec);
    registry_process_forget(&exec->process);
}
