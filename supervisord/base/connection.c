/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/wire.h"

/* So many messages of one peer before the others have their turn. */
#define MESSAGES_PER_TURN 64

struct parcel {
    struct parcel *next;
    int fd;
    size_t length_bytes;
    uint8_t bytes[];
};

union fd_control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int connection_address(struct sockaddr_un *ret_address, const char *path)
{
    const size_t length = strlen(path);

    if (length >= sizeof(ret_address->sun_path))
        return -ENAMETOOLONG;
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret_address->sun_path, path, length);
    return 0;
}

int connection_socket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int connection_peer_user(int fd, uid_t *ret_user)
{
    struct ucred credentials;
    socklen_t length = sizeof(credentials);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
        return -errno;
    *ret_user = credentials.uid;
    return 0;
}

static ssize_t send_now(int socket, const uint8_t *bytes, size_t length_bytes, int fd)
{
    struct iovec part = {.iov_len = length_bytes};
    union fd_control control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    /* sendmsg(2) does not write there, its type serves recvmsg(2) too. */
    memcpy(&part.iov_base, &bytes, sizeof(part.iov_base));
    if (fd >= 0) {
        memset(&control, 0, sizeof(control));
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void parcel_free(struct parcel *parcel)
{
    if (parcel->fd >= 0)
        close(parcel->fd);
    free(parcel);
}

static int enqueue(struct connection *connection, const uint8_t *bytes, size_t length_bytes, int fd)
{
    struct parcel *parcel;

    if (connection->queued_bytes + length_bytes > CONNECTION_QUEUE_BYTES)
        return -ENOBUFS;
    parcel = malloc(sizeof(*parcel) + length_bytes);
    if (!parcel)
        return -ENOMEM;
    *parcel = (struct parcel){.fd = -1, .length_bytes = length_bytes};
    memcpy(parcel->bytes, bytes, length_bytes);
    if (fd >= 0) {
        parcel->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (parcel->fd < 0) {
            const int code = -errno;
            free(parcel);
            return code;
        }
    }
    *connection->last = parcel;
    connection->last = &parcel->next;
    connection->queued_bytes += length_bytes;
    return loop_io_start(connection->loop, &connection->io, LOOP_READ | LOOP_WRITE);
}

int connection_send(struct connection *connection, const uint8_t *bytes, size_t length_bytes,
                    int fd)
{
    int code = 0;

    if (connection->io.fd < 0 || connection->is_broken)
        return -ENOTCONN;
    if (!connection->first && send_now(connection->io.fd, bytes, length_bytes, fd) >= 0)
        return 0;
    if (connection->first || errno == EAGAIN || errno == ENOBUFS)
        code = enqueue(connection, bytes, length_bytes, fd);
    else
        code = -errno;
    if (code < 0)
        connection_break(connection);
    return code;
}

static void flush(struct connection *connection)
{
    while (connection->first) {
        struct parcel *parcel = connection->first;
        if (send_now(connection->io.fd, parcel->bytes, parcel->length_bytes, parcel->fd) < 0) {
            if (errno != EAGAIN && errno != ENOBUFS)
                connection_break(connection);
            return;
        }
        connection->first = parcel->next;
        connection->queued_bytes -= parcel->length_bytes;
        parcel_free(parcel);
    }
    connection->last = &connection->first;
    if (loop_io_start(connection->loop, &connection->io, LOOP_READ) < 0)
        connection_break(connection);
}

/* The one descriptor that may come along; -1 if none did. */
static int take_control(struct msghdr *message)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int fd = -1;

    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    return fd;
}

/* Returns whether there may be more. */
static bool receive_one(struct connection *connection, struct monotime now)
{
    uint8_t bytes[WIRE_MESSAGE_BYTES];
    struct iovec part = {bytes, sizeof(bytes)};
    union fd_control control;
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    const ssize_t length = recvmsg(connection->io.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    bool closed = false;

    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    int fd = length > 0 ? take_control(&message) : -1;
    if (length <= 0 || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        if (fd >= 0)
            close(fd);
        connection_break(connection);
        return false;
    }
    /* cppcheck-suppress autoVariables ; reset below, or the connection is gone with it */
    connection->closed_in_callback = &closed;
    connection->received(connection->owner, bytes, (size_t)length, &fd, now);
    if (fd >= 0)
        close(fd);
    if (closed)
        return false;
    connection->closed_in_callback = NULL;
    return !connection->is_broken;
}

static void handle_io(struct loop_io *io, unsigned events, struct monotime now)
{
    struct connection *connection = io->owner;

    if (events & LOOP_WRITE)
        flush(connection);
    if (!(events & LOOP_READ))
        return;
    for (int turn = 0; turn < MESSAGES_PER_TURN; turn++)
        if (!receive_one(connection, now))
            return;
}

static void handle_break(struct loop_timer *timer, struct monotime now)
{
    struct connection *connection = timer->owner;

    connection->broken(connection->owner, now);
}

int connection_open(struct connection *connection, struct loop *loop, int fd)
{
    connection->loop = loop;
    connection->io =
        (struct loop_io){.name = "channel", .fd = fd, .handle = handle_io, .owner = connection};
    connection->first = NULL;
    connection->last = &connection->first;
    connection->queued_bytes = 0;
    connection->is_broken = false;
    connection->closed_in_callback = NULL;
    loop_timer_init(&connection->break_timer, "channel break", handle_break, connection);
    const int failed = loop_io_start(loop, &connection->io, LOOP_READ);
    if (failed < 0)
        connection_close(connection);
    return failed;
}

void connection_close(struct connection *connection)
{
    if (connection->io.fd < 0)
        return;
    loop_io_stop(connection->loop, &connection->io);
    loop_timer_cancel(connection->loop, &connection->break_timer);
    close(connection->io.fd);
    connection->io.fd = -1;
    while (connection->first) {
        struct parcel *parcel = connection->first;
        connection->first = parcel->next;
        parcel_free(parcel);
    }
    if (connection->closed_in_callback)
        *connection->closed_in_callback = true;
}

void connection_break(struct connection *connection)
{
    if (connection->is_broken || connection->io.fd < 0)
        return;
    connection->is_broken = true;
    /* Level-triggered: what is unread would wake the loop until the deadline runs. */
    (void)loop_io_start(connection->loop, &connection->io, 0);
    (void)loop_timer_set(connection->loop, &connection->break_timer, monotime_now());
}
