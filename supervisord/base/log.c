/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/event_id.h"
#include "base/field.h"

/*
 * The journal's native protocol is spoken here and not through sd_journal_sendv(3), for that one
 * waits while the journal's queue is full: a stopped journald would stop the adverts.
 */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

#define FIELDS_MAX     24
#define LINE_BYTES     PIPE_BUF /* written whole or not at all */
#define SENTENCE_BYTES 1024

enum sink {
    SINK_LINES_SOCKET, /* sent without waiting */
    SINK_LINES_OWN,    /* our own non-blocking description of stderr's pipe or terminal */
    SINK_LINES_SHARED, /* stderr as it is, asked before each line whether it would block */
    SINK_JOURNAL,
};

/* One process has one stderr: the only state in base that no caller owns. */
static struct {
    const char *program;
    char node[LOG_NODE_BYTES];
    enum log_level most;
    enum sink sink;
    int fd;
    uint64_t dropped;
    uint64_t reported; /* of the dropped ones */
} log_state = {.most = LOG_LEVEL_INFO, .sink = SINK_LINES_SHARED, .fd = STDERR_FILENO};

/* One line on its way, cut where it is too long. */
struct line {
    char text[SENTENCE_BYTES + LINE_BYTES];
    size_t length_bytes;
};

/* $JOURNAL_STREAM names the stream that was given to us; stderr may have been redirected since. */
static bool is_journal(const struct stat *stderr_stat)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device;
    unsigned long long inode;

    return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           device == stderr_stat->st_dev && inode == stderr_stat->st_ino;
}

static int open_journal(void)
{
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* O_NONBLOCK belongs to the open file, which others share: it takes one of our own. */
static int reopen_stderr(void)
{
    return open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void use(enum sink sink, int fd)
{
    log_state.sink = sink;
    log_state.fd = fd;
}

static void choose_sink(void)
{
    struct stat stat;
    int fd;

    use(SINK_LINES_SHARED, STDERR_FILENO);
    if (fstat(STDERR_FILENO, &stat) < 0)
        return;
    if (is_journal(&stat) && (fd = open_journal()) >= 0)
        use(SINK_JOURNAL, fd);
    else if (S_ISSOCK(stat.st_mode))
        use(SINK_LINES_SOCKET, STDERR_FILENO);
    else if ((S_ISFIFO(stat.st_mode) || S_ISCHR(stat.st_mode)) && (fd = reopen_stderr()) >= 0)
        use(SINK_LINES_OWN, fd);
}

void log_open(const char *program, enum log_level most)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};

    /* A reader of the log that goes away takes nobody along. */
    sigaction(SIGPIPE, &ignore, NULL);
    if (log_state.fd != STDERR_FILENO)
        close(log_state.fd);
    log_state.program = program;
    log_state.most = most;
    choose_sink();
}

void log_set_level(enum log_level most)
{
    log_state.most = most;
}

void log_set_node(const char *name)
{
    log_quote(name, log_state.node, sizeof(log_state.node));
}

static const char *program_name(void)
{
    return log_state.program != NULL ? log_state.program : program_invocation_short_name;
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERR:
        return "err";
    case LOG_LEVEL_WARNING:
        return "warning";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        return "debug";
    }
    return "err";
}

/* Append; what does not fit is left out, but never the end of the line. */
__attribute__((format(printf, 2, 3))) static void append(struct line *line, const char *format, ...)
{
    const size_t left_bytes = sizeof(line->text) - line->length_bytes;
    va_list args;

    va_start(args, format);
    int wanted = vsnprintf(line->text + line->length_bytes, left_bytes, format, args);
    va_end(args);
    if (wanted > 0)
        line->length_bytes +=
            (size_t)wanted < left_bytes ? (size_t)wanted : left_bytes - 1; /* without its NUL */
}

/* A line break or another control byte would begin a line that nobody wrote. */
static void flatten(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
}

static struct iovec text_vector(char *text)
{
    return (struct iovec){text, strlen(text)};
}

static bool send_journal(enum log_level level, const char *sentence, const char *pairs)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET};
    struct line head = {.length_bytes = 0};
    char fields[FIELDS_MAX][FIELD_BYTES];
    struct iovec parts[FIELDS_MAX + 1];
    char id[EVENT_ID_BYTES];
    size_t count = 0;

    if (log_state.node[0] != '\0')
        append(&head, "REGHA_NODE=%s\n", log_state.node);
    append(&head, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE_ID=%s\nMESSAGE=%s%s%s\n", (int)level,
           program_name(), event_id_format(sentence, id), sentence, *pairs == '\0' ? "" : " ",
           pairs);
    head.text[head.length_bytes - 1] = '\n'; /* also of one that was cut */
    parts[0] = (struct iovec){head.text, head.length_bytes};
    while (count < FIELDS_MAX && field_next(&pairs, fields[count])) {
        parts[count + 1] = text_vector(fields[count]);
        count++;
    }

    struct msghdr message = {
        .msg_name = &address,
        .msg_namelen = sizeof(address),
        .msg_iov = parts,
        .msg_iovlen = count + 1,
    };
    return sendmsg(log_state.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static bool is_writable(int fd)
{
    struct pollfd asked = {.fd = fd, .events = POLLOUT};

    return poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0;
}

static bool write_line(enum log_level level, const char *sentence, const char *pairs)
{
    struct line line = {.length_bytes = 0};

    append(&line, "%s %s: %s%s%s\n", level_name(level), program_name(), sentence,
           *pairs == '\0' ? "" : " ", pairs);
    if (line.length_bytes > LINE_BYTES)
        line.length_bytes = LINE_BYTES;
    line.text[line.length_bytes - 1] = '\n'; /* also of one that was cut */

    const enum sink sink = log_state.sink;
    if (sink == SINK_LINES_SOCKET)
        return send(log_state.fd, line.text, line.length_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
    /* A pipe that is ready takes PIPE_BUF bytes at once: pipe(7). */
    const int fd = sink == SINK_JOURNAL ? STDERR_FILENO : log_state.fd;
    if (sink != SINK_LINES_OWN && !is_writable(fd))
        return false;
    return write(fd, line.text, line.length_bytes) >= 0;
}

static bool emit(enum log_level level, const char *sentence, const char *pairs)
{
    if (log_state.sink == SINK_JOURNAL && send_journal(level, sentence, pairs))
        return true;
    /* A full queue is no reason to try the stream, which ends in the same daemon. */
    if (log_state.sink == SINK_JOURNAL && errno == EAGAIN)
        return false;
    return write_line(level, sentence, pairs);
}

static void report_dropped(void)
{
    char pairs[32];

    if (log_state.dropped == log_state.reported)
        return;
    snprintf(pairs, sizeof(pairs), "count=%llu",
             (unsigned long long)(log_state.dropped - log_state.reported));
    if (emit(LOG_LEVEL_WARNING, "lines of the log were dropped, for nobody read them", pairs))
        log_state.reported = log_state.dropped;
}

void log_write(enum log_level level, const char *sentence, const char *fields, ...)
{
    const int kept_errno = errno;
    char pairs[LINE_BYTES];
    va_list args;

    if (level > log_state.most)
        return;
    va_start(args, fields);
    vsnprintf(pairs, sizeof(pairs), fields, args);
    va_end(args);
    flatten(pairs);
    report_dropped();
    if (!emit(level, sentence, pairs))
        log_state.dropped++;
    errno = kept_errno;
}

/* `byte` as a person may see it and no terminal or parser obeys it. */
static size_t escape(unsigned char byte, char escaped[5])
{
    if (byte == '"' || byte == '\\')
        return (size_t)snprintf(escaped, 5, "\\%c", byte);
    if (byte < ' ' || byte > '~')
        return (size_t)snprintf(escaped, 5, "\\x%02x", byte);
    escaped[0] = (char)byte;
    return 1;
}

int log_level_parse(const char *text, enum log_level *ret_level)
{
    static const struct {
        const char *name;
        enum log_level level;
    } names[] = {
        {"err", LOG_LEVEL_ERR},
        {"warning", LOG_LEVEL_WARNING},
        {"info", LOG_LEVEL_INFO},
        {"debug", LOG_LEVEL_DEBUG},
    };

    for (size_t at = 0; at < sizeof(names) / sizeof(names[0]); at++)
        if (strcmp(text, names[at].name) == 0) {
            *ret_level = names[at].level;
            return 0;
        }
    return -EINVAL;
}

const char *log_quote(const char *text, char *quoted, size_t size_bytes)
{
    size_t used = 0;

    for (; *text != '\0' && size_bytes > 0; text++) {
        char escaped[5];
        const size_t length = escape((unsigned char)*text, escaped);
        if (used + length >= size_bytes)
            break;
        memcpy(quoted + used, escaped, length);
        used += length;
    }
    if (size_bytes > 0)
        quoted[used] = '\0';
    return quoted;
}

uint64_t log_dropped(void)
{
    return log_state.dropped;
}

bool log_limit_pass(struct log_limit *limit, int64_t every_ns, struct monotime now,
                    uint64_t *ret_suppressed)
{
    if (!monotime_reached(limit->next, now)) {
        limit->suppressed++;
        return false;
    }
    *ret_suppressed = limit->suppressed;
    limit->suppressed = 0;
    limit->next = monotime_add(now, every_ns);
    return true;
}
