/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/console/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the connection waits for. */
enum phase {
    PHASE_NONE,
    PHASE_READ,
    PHASE_WRITE,
    PHASE_POLL,
};

struct session {
    struct loop *loop;
    struct session_params params;
    struct command_caller caller;
    struct loop_io io;
    struct loop_timer timer;
    char input[LINE_BYTES + 1]; /* and the NUL that line_next() may need */
    size_t input_bytes;
    size_t line_bytes; /* 0: no line is being run */
    size_t line_at;    /* so much of it has been run */
    char *output;
    size_t output_bytes, output_sent;
    bool end;                 /* close when the output is written */
    bool input_over;          /* the client sends no more */
    struct monotime progress; /* when to say again that a command is at work */
    enum phase phase;
    struct monotime deadline; /* of the phase; a byte now and then does not move it */
};

#define SESSION_PROGRESS_NS NS_PER_S

const struct session_limits session_limits_default = {
    .line_ns = 10 * NS_PER_S,
    .prompt_ns = 300 * NS_PER_S,
    .write_ns = 10 * NS_PER_S,
    .poll_ns = 50 * NS_PER_MS,
};

static void drop_output(struct session *session)
{
    free(session->output);
    session->output = NULL;
    session->output_bytes = session->output_sent = 0;
}

void session_free(struct session *session)
{
    loop_timer_cancel(session->loop, &session->timer);
    loop_io_stop(session->loop, &session->io);
    close(session->io.fd);
    drop_output(session);
    free(session);
}

static void finish(struct session *session)
{
    session->params.ended(session->params.owner, session);
    session_free(session);
}

/* An empty line ends an answer, so there is none inside of it. */
static size_t squeeze(char *text, size_t bytes)
{
    size_t kept = 0;

    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n' && (kept == 0 || text[kept - 1] == '\n'))
            continue;
        text[kept++] = text[i];
    }
    return kept;
}

/* Append to what is to be written; without memory the connection ends. */
static void put(struct session *session, const char *text, size_t bytes)
{
    char *grown = realloc(session->output, session->output_bytes + bytes);

    if (!grown) {
        session->end = true;
        return;
    }
    memcpy(grown + session->output_bytes, text, bytes);
    session->output = grown;
    session->output_bytes += bytes;
}

static void put_text(struct session *session, const char *text)
{
    put(session, text, strlen(text));
}

/* The answer, its number, and the empty line. */
static void answer(struct session *session, char *text, size_t bytes, int result)
{
    char status[32];

    put(session, text, squeeze(text, bytes));
    if (session->caller.exit_status) {
        snprintf(status, sizeof(status), "# rc=%d\n", result);
        put_text(session, status);
    }
    put_text(session, "\n");
}

static void answer_mistake(struct session *session, const char *sentence)
{
    char text[128];
    const int bytes = snprintf(text, sizeof(text), "%s\n", sentence);

    command_count_mistake(session->params.desk);
    answer(session, text, (size_t)bytes, WORLD_USAGE);
}

/* Run or poll; what it says is an answer unless it waits or is mute. */
static int with_output(struct session *session, const struct line_command *command,
                       struct monotime now)
{
    struct command_desk *desk = session->params.desk;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    int result;

    if (!out) {
        session->end = true;
        return WORLD_FAILED;
    }
    result = command ? command_run(desk, &session->caller, command, now, out)
                     : command_poll(desk, &session->caller, now, out);
    if (fclose(out) != 0) {
        session->end = true;
        free(text);
        return WORLD_FAILED;
    }
    if (result >= 0)
        answer(session, text, bytes, result);
    free(text);
    return result;
}

static void line_is_done(struct session *session)
{
    memmove(session->input, session->input + session->line_bytes,
            session->input_bytes - session->line_bytes);
    session->input_bytes -= session->line_bytes;
    session->line_bytes = session->line_at = 0;
    session->phase = PHASE_NONE;
    if (session->caller.quit || !session->caller.prompt)
        session->end = true;
    else
        put_text(session, "> ");
}

/* The commands of the line, up to one that waits. */
static void run_line(struct session *session, struct monotime now)
{
    while (session->line_at < session->line_bytes && !session->caller.quit && !session->end) {
        struct line_command command;
        const enum line_mistake mistake =
            line_next(session->input, session->line_bytes - 1, &session->line_at, &command);

        if (mistake != LINE_GOOD)
            answer_mistake(session, line_mistake_text(mistake));
        if (command.count > 0 && with_output(session, &command, now) == COMMAND_WAITS)
            return;
        if (session->line_at >= session->line_bytes - 1)
            break;
    }
    line_is_done(session);
}

static bool find_line(struct session *session)
{
    const char *newline = memchr(session->input, '\n', session->input_bytes);

    if (!newline)
        return false;
    session->line_bytes = (size_t)(newline - session->input) + 1;
    session->line_at = 0;
    if (session->line_bytes > 1 && newline[-1] == '\r') /* telnet's habit */
        session->input[session->line_bytes - 2] = ' ';
    return true;
}

static bool has_output(const struct session *session)
{
    return session->output_sent < session->output_bytes;
}

static bool waits(const struct session *session)
{
    return session->caller.wait != COMMAND_WAIT_NONE;
}

/* Returns whether the connection still stands. */
static bool write_some(struct session *session)
{
    while (has_output(session)) {
        const ssize_t sent = send(session->io.fd, session->output + session->output_sent,
                                  session->output_bytes - session->output_sent, MSG_NOSIGNAL);

        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (sent < 0)
            return false;
        session->output_sent += (size_t)sent;
    }
    drop_output(session);
    return true;
}

static enum phase phase_of(const struct session *session)
{
    if (has_output(session))
        return PHASE_WRITE;
    return waits(session) ? PHASE_POLL : PHASE_READ;
}

static int64_t longest_ns(const struct session *session)
{
    const struct session_limits *limits = session->params.limits;

    switch (session->phase) {
    case PHASE_WRITE:
        return limits->write_ns;
    case PHASE_POLL:
        return limits->poll_ns;
    case PHASE_NONE:
    case PHASE_READ:
        break;
    }
    return session->caller.prompt ? limits->prompt_ns : limits->line_ns;
}

/* Watch for what the next step needs, and no longer than its deadline. */
static void wait_for_more(struct session *session, struct monotime now)
{
    static const unsigned events[] = {
        [PHASE_NONE] = 0,
        [PHASE_READ] = LOOP_READ,
        [PHASE_WRITE] = LOOP_WRITE,
        [PHASE_POLL] = 0,
    };
    const enum phase phase = phase_of(session);

    if (phase != session->phase || phase == PHASE_POLL) {
        session->phase = phase;
        session->deadline = monotime_add(now, longest_ns(session));
    }
    if (loop_io_start(session->loop, &session->io, events[phase]) < 0 ||
        loop_timer_set(session->loop, &session->timer, session->deadline) < 0)
        finish(session);
}

/* As far as it goes without waiting. */
static void step(struct session *session, struct monotime now)
{
    for (;;) {
        if (!write_some(session)) {
            finish(session);
            return;
        }
        if (has_output(session) || waits(session) || session->end)
            break;
        if (session->line_bytes == 0 && !find_line(session))
            break;
        run_line(session, now);
    }
    if (!has_output(session) && !waits(session) && (session->end || session->input_over)) {
        finish(session);
        return;
    }
    wait_for_more(session, now);
}

static void refuse_long_line(struct session *session)
{
    answer_mistake(session, "the line is longer than 4095 characters");
    session->end = true;
}

/* Returns whether the connection still stands. */
static bool read_some(struct session *session)
{
    const ssize_t got = recv(session->io.fd, session->input + session->input_bytes,
                             LINE_BYTES - session->input_bytes, 0);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0)
        session->input_over = true; /* half a line is no command */
    session->input_bytes += (size_t)got;
    if (session->input_bytes == LINE_BYTES && !memchr(session->input, '\n', LINE_BYTES))
        refuse_long_line(session);
    return true;
}

static void handle_io(struct loop_io *io, unsigned events, struct monotime now)
{
    struct session *session = io->owner;

    if ((events & LOOP_READ) && !read_some(session)) {
        finish(session);
        return;
    }
    step(session, now);
}

/* A client that reads "# rc=N" skips other lines of that kind; reghactl shows them meanwhile. */
static void tell_progress(struct session *session, struct monotime now)
{
    const int64_t waited_ns = monotime_since(session->caller.wait_since, now);
    const char *doing = session->caller.doing;
    char text[128];

    if (!session->caller.exit_status || !monotime_reached(session->progress, now))
        return;
    session->progress = monotime_add(now, SESSION_PROGRESS_NS);
    snprintf(text, sizeof(text), "# at work for %d s%s%s\n", (int)(waited_ns / NS_PER_S),
             doing[0] ? ": " : "", doing);
    if (waited_ns >= SESSION_PROGRESS_NS)
        put_text(session, text);
}

static void handle_timer(struct loop_timer *timer, struct monotime now)
{
    struct session *session = timer->owner;

    if (has_output(session) || !waits(session)) {
        finish(session); /* it does not read, or has nothing to say */
        return;
    }
    if (with_output(session, NULL, now) != COMMAND_WAITS)
        run_line(session, now);
    else
        tell_progress(session, now);
    step(session, now);
}

struct session *session_new(struct loop *loop, const struct session_params *params,
                            struct monotime now)
{
    struct session *session = calloc(1, sizeof(*session));

    if (!session)
        return NULL;
    session->loop = loop;
    session->params = *params;
    session->caller.uid = params->uid;
    session->caller.level = params->level;
    session->io = (struct loop_io){
        .name = "control client",
        .fd = params->fd,
        .handle = handle_io,
        .owner = session,
    };
    loop_timer_init(&session->timer, "control client", handle_timer, session);
    session->phase = PHASE_READ;
    session->deadline = monotime_add(now, params->limits->line_ns);
    if (loop_io_start(loop, &session->io, LOOP_READ) < 0)
        goto fail;
    if (loop_timer_set(loop, &session->timer, session->deadline) < 0)
        goto fail;
    return session;

fail:
    loop_io_stop(loop, &session->io);
    free(session);
    return NULL;
}
