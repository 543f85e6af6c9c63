/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/monotime.h"

/* A full backlog is a busy reghad, or one that stands still. */
#define RETRY_NS (50 * NS_PER_MS)
#define PART     65536

struct answer {
    char *text;
    size_t used, told; /* bytes there; bytes whose lines were looked at for progress */
};

static int say_errno(struct err *err, int code, const char *path)
{
    switch (code) {
    case ENOENT:
    case ECONNREFUSED:
        return err_set(err, code,
                       "reghad does not answer at %s: it is not running. Start it with: "
                       "systemctl start reghad",
                       path);
    case EACCES:
    case EPERM:
        return err_set(err, EACCES, "you may not use %s: be root, or a member of group regha",
                       path);
    case ETIMEDOUT:
        return err_set(err, code, "reghad is there but says nothing; see systemctl status reghad");
    default:
        return err_set(err, code, "cannot reach reghad at %s: %s", path, strerror(code));
    }
}

static void pause_for(int64_t span_ns)
{
    const struct timespec span = {span_ns / NS_PER_S, span_ns % NS_PER_S};

    (void)nanosleep(&span, NULL); /* a signal only makes it shorter */
}

static int connect_to(const struct ctl_client_params *params, struct err *err)
{
    const struct monotime deadline = monotime_add(monotime_now(), params->silence_ns);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(params->path) >= sizeof(address.sun_path))
        return err_set(err, ENAMETOOLONG, "the socket's path %s is too long", params->path);
    memcpy(address.sun_path, params->path, strlen(params->path) + 1);

    CLEANUP(cleanup_close)
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, "cannot open a socket");
    while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno != EAGAIN && errno != EINTR)
            return say_errno(err, errno, params->path);
        if (monotime_reached(deadline, monotime_now()))
            return say_errno(err, ETIMEDOUT, params->path);
        pause_for(RETRY_NS);
    }
    return cleanup_take_fd(&fd);
}

/* Returns 1 when `events` came, or a negative errno. */
static int wait_for(int fd, short events, int64_t silence_ns)
{
    struct pollfd wait = {.fd = fd, .events = events};
    int ready;

    do {
        ready = poll(&wait, 1, (int)(silence_ns / NS_PER_MS));
    } while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return -errno;
    return ready == 0 ? -ETIMEDOUT : 1;
}

static int send_line(int fd, const struct ctl_client_params *params, const char *line)
{
    const size_t length = strlen(line);
    size_t sent = 0;

    while (sent < length) {
        const ssize_t bytes = send(fd, line + sent, length - sent, MSG_NOSIGNAL);
        int ready;

        if (bytes >= 0) {
            sent += (size_t)bytes;
            continue;
        }
        if (errno != EAGAIN)
            return errno == EPIPE ? 0 : -errno; /* refused already: its answer says why */
        ready = wait_for(fd, POLLOUT, params->silence_ns);
        if (ready < 0)
            return ready;
    }
    return 0;
}

static bool is_progress(const char *line)
{
    return strncmp(line, "# ", 2) == 0 && strncmp(line, "# rc=", 5) != 0;
}

/* Tell the lines of progress that are complete, and take them out of the answer. */
static void take_progress(const struct ctl_client_params *params, struct answer *answer)
{
    char *newline;

    while ((newline = strchr(answer->text + answer->told, '\n')) != NULL) {
        char *line = answer->text + answer->told;
        const size_t length = (size_t)(newline - line) + 1;

        if (!is_progress(line)) {
            answer->told += length;
            continue;
        }
        *newline = '\0';
        if (params->progress)
            params->progress(params->owner, line + 2);
        memmove(line, line + length, answer->used - answer->told - length + 1);
        answer->used -= length;
    }
}

static int grow(struct answer *answer)
{
    char *grown = realloc(answer->text, answer->used + PART + 1);

    if (!grown)
        return -ENOMEM;
    answer->text = grown;
    answer->text[answer->used] = '\0';
    return 0;
}

static int receive(int fd, const struct ctl_client_params *params, struct answer *answer)
{
    for (;;) {
        ssize_t got;
        int result = grow(answer);

        if (result == 0)
            result = wait_for(fd, POLLIN, params->silence_ns);
        if (result < 0)
            return result;
        got = recv(fd, answer->text + answer->used, PART, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        /* unix(7): what is told to a line that is not read comes with a reset behind it. */
        if (got < 0 && errno == ECONNRESET && answer->used > 0)
            return 0;
        if (got < 0)
            return -errno;
        answer->used += (size_t)got;
        answer->text[answer->used] = '\0';
        take_progress(params, answer);
        if (got == 0)
            return 0;
        if (answer->used > CTL_CLIENT_ANSWER_BYTES)
            return -EMSGSIZE;
    }
}

int ctl_client_ask(const struct ctl_client_params *params, const char *line, char **ret_answer,
                   struct err *err)
{
    struct answer answer = {0};
    int result;

    CLEANUP(cleanup_close)
    int fd = connect_to(params, err);
    if (fd < 0)
        return fd;
    result = send_line(fd, params, line);
    if (result == 0)
        result = receive(fd, params, &answer);
    if (result < 0) {
        free(answer.text);
        return say_errno(err, -result, params->path);
    }
    *ret_answer = answer.text;
    return 0;
}
