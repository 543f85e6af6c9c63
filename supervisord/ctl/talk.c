/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisord/ctl/talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/monotime.h"
#include "supervisord/ctl/answer.h"
#include "supervisord/ctl/client.h"
#include "supervisord/ctl/paint.h"

#define LINE_BYTES 4096 /* as much as reghad takes */
#define FIRST      "set exit-status on; "

static int code_of(int result)
{
    switch (-result) {
    case ENOENT:
    case ECONNREFUSED:
    case ECONNRESET:
        return CTL_ANSWER_NO_DAEMON;
    case EACCES:
        return CTL_ANSWER_DENIED;
    case ETIMEDOUT:
        return CTL_ANSWER_TIMEOUT;
    default:
        return CTL_ANSWER_FAILED;
    }
}

/* On a terminal: the state of what takes longer, on one line that is written over. */
static void show_progress(void *owner, const char *line)
{
    bool *shown = owner;

    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%s", line);
    *shown = true;
}

static void clear_progress(bool shown)
{
    if (shown)
        fputs("\r\033[K", stderr);
}

/* Mistakes go where they do not end up in somebody's pipe; a nagios line is always an answer. */
static FILE *stream_of(int code, bool nagios)
{
    return code == CTL_ANSWER_DONE || nagios ? stdout : stderr;
}

static int print_answer(const char *answer, bool nagios)
{
    struct ctl_answer_part part;
    size_t at = 0;
    int worst = CTL_ANSWER_CUT;

    while (ctl_answer_next(answer, &at, &part)) {
        FILE *out = stream_of(part.code, nagios);

        if (ctl_paint_wanted(out))
            ctl_paint_write(part.text, part.text_bytes, out);
        else
            fwrite(part.text, 1, part.text_bytes, out);
        if (part.code == CTL_ANSWER_CUT) {
            worst = CTL_ANSWER_CUT;
            break;
        }
        worst = worst == CTL_ANSWER_CUT || part.code > worst ? part.code : worst;
    }
    if (worst != CTL_ANSWER_CUT)
        return worst;
    fprintf(stderr, "reghactl: reghad ended the connection within its answer\n");
    return CTL_ANSWER_NO_DAEMON;
}

/* A monitoring system reads standard output, and 3 is its UNKNOWN. */
static int say_failure(const struct err *err, int code, bool nagios)
{
    if (nagios)
        printf("REGHA UNKNOWN - %s\n", err->text);
    else
        fprintf(stderr, "reghactl: %s\n", err->text);
    return nagios ? 3 : code;
}

static int ask(const struct ctl_talk *talk, const char *line, bool nagios)
{
    bool shown = false;
    const struct ctl_client_params params = {
        .path = talk->path,
        .silence_ns = talk->silence_ns,
        .progress = show_progress,
        .owner = &shown,
    };
    char *answer = NULL;
    struct err err;
    int code;

    const int result = ctl_client_ask(&params, line, &answer, &err);
    clear_progress(shown);
    if (result < 0)
        return say_failure(&err, code_of(result), nagios);
    code = print_answer(answer, nagios);
    free(answer);
    if (fflush(stdout) != 0)
        return CTL_ANSWER_FAILED;
    return code;
}

/* Returns false if the words do not fit, or hold what would begin another line. */
static bool join(const struct ctl_talk *talk, char *const *words, int count, char line[LINE_BYTES])
{
    int used = snprintf(line, LINE_BYTES, FIRST);

    for (int i = 0; i < count && used < LINE_BYTES; i++) {
        if (strpbrk(words[i], "\r\n"))
            return false;
        used += snprintf(line + used, (size_t)(LINE_BYTES - used), "%s%s", i ? " " : "", words[i]);
    }
    if (used < LINE_BYTES)
        used += snprintf(line + used, (size_t)(LINE_BYTES - used), "%s\n", talk->json ? " -j" : "");
    return used < LINE_BYTES;
}

/* What makes sense only to somebody who speaks with the socket himself. */
static bool is_about_connection(const char *word)
{
    return strcmp(word, "prompt") == 0 || strcmp(word, "quit") == 0 || strcmp(word, "set") == 0 ||
           strncmp(word, "set exit-status", 15) == 0;
}

int ctl_talk_words(const struct ctl_talk *talk, char *const *words, int count)
{
    const bool nagios = count == 1 && strcmp(words[0], "nagios") == 0;
    char line[LINE_BYTES];

    if (is_about_connection(words[0])) {
        fprintf(stderr,
                "reghactl: %s is for the socket itself; reghactl without words reads "
                "lines\n",
                words[0]);
        return CTL_ANSWER_USAGE;
    }
    if (!join(talk, words, count, line)) {
        fprintf(stderr, "reghactl: the words are too long, or hold a line break\n");
        return CTL_ANSWER_USAGE;
    }
    return ask(talk, line, nagios);
}

int ctl_talk_again(const struct ctl_talk *talk, char *const *words, int count, int64_t every_ns)
{
    const struct timespec pause = {every_ns / NS_PER_S, every_ns % NS_PER_S};
    const bool terminal = isatty(STDOUT_FILENO);
    int code;

    do {
        if (terminal)
            fputs("\033[H\033[2J", stdout);
        code = ctl_talk_words(talk, words, count);
        if (!terminal)
            putchar('\n');
        fflush(stdout);
        if (code == CTL_ANSWER_USAGE || code == CTL_ANSWER_DENIED)
            return code;
        (void)nanosleep(&pause, NULL); /* a signal that does not end us makes it shorter */
    } while (!ferror(stdout));
    return CTL_ANSWER_FAILED;
}

static bool is_end(const char *line)
{
    return strcmp(line, "quit") == 0 || strcmp(line, "exit") == 0;
}

int ctl_talk_lines(const struct ctl_talk *talk)
{
    const bool terminal = isatty(STDIN_FILENO);
    int worst = CTL_ANSWER_DONE;
    char *line = NULL;
    size_t room = 0;

    for (;;) {
        if (terminal)
            fputs("regha> ", stdout);
        fflush(stdout);
        if (getline(&line, &room, stdin) < 0)
            break;
        line[strcspn(line, "\r\n")] = '\0';
        if (is_end(line))
            break;
        if (line[strspn(line, " \t")] != '\0') {
            const int code = ctl_talk_words(talk, &line, 1);

            worst = code > worst ? code : worst;
        }
    }
    if (terminal)
        putchar('\n');
    free(line);
    return worst;
}
