/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/helper.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "registry-launcher/child.h"

/* First byte of each message. */
#define KIND_ANSWER  'A'
#define KIND_FAILURE 'F' /* a sentence follows */

/* Where the child has its socket; all behind it is closed. */
#define CHILD_SOCKET 3

struct message {
    char kind;
    char bytes[REGISTRY_HELPER_ANSWER_BYTES];
};

union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

struct start {
    const struct registry_helper_job *job;
    int socket;
};

static void send_kind(int socket, char kind, const void *bytes, size_t length_bytes, int fd)
{
    union control control = {.bytes = {0}};
    struct iovec parts[] = {{&kind, 1}, {.iov_len = length_bytes}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

    memcpy(&parts[1].iov_base, &bytes, sizeof(bytes)); /* sendmsg() does not write there */
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(fd));
        memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    }
    (void)sendmsg(socket, &message, MSG_NOSIGNAL); /* nobody there: nobody to tell */
}

void registry_helper_send(int socket, const void *bytes, size_t length_bytes, int fd)
{
    send_kind(socket, KIND_ANSWER, bytes, length_bytes, fd);
}

/* In the child. */
static int run(void *argument)
{
    const struct start *start = argument;
    struct err err;

    if (dup2(start->socket, CHILD_SOCKET) < 0)
        return 1;
    registry_child_close_from(CHILD_SOCKET + 1);
    const int failed = registry_child_reset(&err);
    if (failed == 0 && start->job->prepare != NULL)
        start->job->prepare(start->job->argument);
    if (failed < 0 || registry_child_become(start->job->user, &err) < 0) {
        send_kind(CHILD_SOCKET, KIND_FAILURE, err.text, strlen(err.text), -1);
        return 1;
    }
    start->job->work(start->job->argument, CHILD_SOCKET);
    return 0;
}

static void answer(struct registry_helper *helper, struct registry_helper_answer *said,
                   struct monotime now)
{
    loop_io_stop(helper->loop, &helper->answer_io);
    loop_timer_cancel(helper->loop, &helper->deadline);
    close(helper->answer_io.fd);
    helper->answer_io.fd = -1;
    helper->answered = true;
    helper->done(helper->owner, said, now);
    if (said->fd >= 0)
        close(said->fd);
}

static void fail(struct registry_helper *helper, const char *failure, struct monotime now)
{
    struct registry_helper_answer said = {.failure = failure, .fd = -1};

    answer(helper, &said, now);
}

static int received_fd(struct msghdr *message)
{
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int fd;

    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(fd)))
        return -1;
    memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    return fd;
}

static void handle_answer(struct loop_io *io, unsigned events, struct monotime now)
{
    struct registry_helper *helper = io->owner;
    struct message message;
    union control control;
    struct iovec part = {&message, sizeof(message) - 1}; /* room for the end of a sentence */
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = CMSG_LEN(sizeof(int))}; /* one, no more */

    (void)events;
    const ssize_t length = recvmsg(io->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length < 1) {
        fail(helper, "the process that was to do it died", now);
        return;
    }
    message.bytes[length - 1] = '\0';
    struct registry_helper_answer said = {
        .failure = message.kind == KIND_ANSWER ? NULL : message.bytes,
        .bytes = message.bytes,
        .length_bytes = (size_t)length - 1,
        .fd = received_fd(&header),
    };
    answer(helper, &said, now);
}

static void handle_end(struct loop_io *io, unsigned events, struct monotime now)
{
    struct registry_helper *helper = io->owner;
    struct registry_process_end end;

    (void)events;
    /* Its answer, if any, is there before its end; read it first. */
    if (!helper->answered)
        handle_answer(&helper->answer_io, LOOP_READ, now);
    /* Reaping closes the descriptor, which the loop must not watch any more. */
    loop_io_stop(helper->loop, io);
    if (registry_process_reap(&helper->process, &end) == -EAGAIN) {
        (void)loop_io_start(helper->loop, io, LOOP_READ);
        return;
    }
    registry_process_forget(&helper->process);
    io->fd = -1;
    if (helper->idle != NULL)
        helper->idle(helper->owner, now);
}

static void handle_deadline(struct loop_timer *timer, struct monotime now)
{
    struct registry_helper *helper = timer->owner;

    registry_process_signal_group(&helper->process, SIGKILL);
    (void)registry_process_signal(&helper->process, SIGKILL);
    fail(helper, "no answer in time", now);
}

void registry_helper_init(struct registry_helper *helper, struct loop *loop, const char *name,
                          void *owner)
{
    *helper = (struct registry_helper){
        .loop = loop,
        .name = name,
        .owner = owner,
        .answered = true,
        .process = REGISTRY_PROCESS_NONE,
        .answer_io = {.name = name, .fd = -1, .handle = handle_answer, .owner = helper},
        .end_io = {.name = name, .fd = -1, .handle = handle_end, .owner = helper},
    };
    loop_timer_init(&helper->deadline, name, handle_deadline, helper);
}

bool registry_helper_is_busy(const struct registry_helper *helper)
{
    return helper->process.pid != 0;
}

int registry_helper_start(struct registry_helper *helper, const struct registry_helper_job *job,
                          int64_t limit_ns, struct monotime now, struct err *err)
{
    int sockets[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return err_errno(err, "cannot make a pair of sockets");
    CLEANUP(cleanup_close)
    int ours = sockets[0];
    CLEANUP(cleanup_close)
    int theirs = sockets[1];
    struct start start = {job, theirs};

    int failed = registry_process_start(run, &start, &helper->process, err);
    if (failed < 0)
        return failed;
    helper->answered = false;
    helper->answer_io.fd = cleanup_take_fd(&ours);
    helper->end_io.fd = helper->process.pidfd;
    failed = loop_io_start(helper->loop, &helper->answer_io, LOOP_READ);
    if (failed == 0)
        failed = loop_io_start(helper->loop, &helper->end_io, LOOP_READ);
    if (failed == 0)
        failed = loop_timer_set(helper->loop, &helper->deadline, monotime_add(now, limit_ns));
    if (failed < 0) {
        registry_helper_stop(helper);
        loop_io_stop(helper->loop, &helper->end_io);
        registry_process_kill_child(&helper->process);
        return err_set(err, -failed, "cannot watch a process");
    }
    return 0;
}

void registry_helper_stop(struct registry_helper *helper)
{
    if (helper->process.pid == 0)
        return;
    (void)registry_process_signal(&helper->process, SIGKILL);
    loop_timer_cancel(helper->loop, &helper->deadline);
    loop_io_stop(helper->loop, &helper->answer_io);
    if (helper->answer_io.fd >= 0)
        close(helper->answer_io.fd);
    helper->answer_io.fd = -1;
    helper->answered = true;
    /* Still watched: it must be reaped. */
}

void registry_helper_fini(struct registry_helper *helper)
{
    registry_helper_stop(helper);
    loop_io_stop(helper->loop, &helper->end_io);
    registry_process_forget(&helper->process);
}
