/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reghactl - the operator's command line. reghactl(1). */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/monotime.h"
#include "base/process.h"
#include "supervisord/ctl/answer.h"
#include "supervisord/ctl/key.h"
#include "supervisord/ctl/talk.h"

#define SOCKET     PROCESS_RUNTIME_FOLDER "/control.sock"
#define SILENCE_NS (10 * NS_PER_S)
#define EVERY_MOST (86400 * NS_PER_S)

static const char usage[] =
    "usage: reghactl [-j] [-s SOCKET] [-t TIME] [-w TIME] [WORD...]\n"
    "\n"
    "  -j, --json         JSON instead of tables, with show\n"
    "  -s, --socket PATH  reghad's control socket, " SOCKET "\n"
    "  -t, --timeout TIME give up after so long a silence, 10s\n"
    "  -w, --watch TIME   ask again and again, \"2s\"; a bare number is seconds\n"
    "  -h, --help         this\n"
    "  -V, --version      the version\n"
    "\n"
    "  reghactl help      what reghad can be asked, while it runs\n"
    "  reghactl status | start | stop | restart     reghad.service, by systemctl\n"
    "  reghactl key create FILE | key check FILE    the cluster key\n"
    "\n"
    "Without words: lines of standard input, with a prompt on a terminal.\n"
    "Result: 0 done, 1 failed, 2 usage, 3 no reghad, 4 denied, 5 timeout, 6 precondition not met.\n";

struct options {
    struct ctl_talk talk;
    int64_t every_ns; /* 0: once */
};

static int refuse(const char *what, const char *value)
{
    fprintf(stderr, "reghactl: %s \"%s\"; see reghactl --help\n", what, value);
    return CTL_ANSWER_USAGE;
}

/* "2s", "500ms" or a bare number of seconds. Returns 0 or -EINVAL. */
static int parse_time(const char *text, int64_t *ret_ns)
{
    char *end = NULL;
    int64_t span_ns = 0;
    long seconds;

    if (duration_parse(text, &span_ns) != 0) {
        errno = 0;
        seconds = strtol(text, &end, 10);
        if (end == text || *end != '\0' || errno != 0 || seconds > EVERY_MOST / NS_PER_S)
            return -EINVAL;
        span_ns = seconds * NS_PER_S;
    }
    if (span_ns < 10 * NS_PER_MS || span_ns > EVERY_MOST)
        return -EINVAL;
    *ret_ns = span_ns;
    return 0;
}

/* Returns -1 to go on, or an exit code. */
static int take_option(int option, struct options *options)
{
    switch (option) {
    case 'j':
        options->talk.json = true;
        return -1;
    case 's':
        options->talk.path = optarg;
        return -1;
    case 't':
        return parse_time(optarg, &options->talk.silence_ns) < 0 ? refuse("no time", optarg) : -1;
    case 'w':
        return parse_time(optarg, &options->every_ns) < 0 ? refuse("no time", optarg) : -1;
    case 'h':
        fputs(usage, stdout);
        return CTL_ANSWER_DONE;
    case 'V':
        puts("reghactl " REGHA_VERSION);
        return CTL_ANSWER_DONE;
    default:
        fprintf(stderr, "see reghactl --help\n");
        return CTL_ANSWER_USAGE;
    }
}

static int take_options(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {
        {"json", no_argument, NULL, 'j'},
        {"socket", required_argument, NULL, 's'},
        {"timeout", required_argument, NULL, 't'},
        {"watch", required_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option, result = -1;

    /* "+": options stand before the words, which may hold dashes of their own. */
    while (result < 0 && (option = getopt_long(argc, argv, "+js:t:w:hV", names, NULL)) >= 0)
        result = take_option(option, options);
    return result;
}

static int run_key(int count, char **words)
{
    struct err err;
    int result;

    if (count == 3 && strcmp(words[1], "create") == 0)
        result = ctl_key_create(words[2], stdout, &err);
    else if (count == 3 && strcmp(words[1], "check") == 0)
        result = ctl_key_check(words[2], stdout, &err);
    else {
        fprintf(stderr, "usage: reghactl key create FILE | key check FILE\n");
        return CTL_ANSWER_USAGE;
    }
    if (result == 0)
        return CTL_ANSWER_DONE;
    fprintf(stderr, "reghactl: %s\n", err.text);
    return result == -EACCES ? CTL_ANSWER_DENIED : CTL_ANSWER_FAILED;
}

static bool is_for_systemd(int count, char **words)
{
    static const char *const verbs[] = {"status", "start", "stop", "restart"};

    for (size_t i = 0; count == 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(words[0], verbs[i]) == 0)
            return true;
    }
    return false;
}

/* Becomes systemctl; its exit code is ours. */
static int run_systemd(const char *verb)
{
    char program[] = "systemctl", word[16], unit[] = "reghad.service";
    char *const arguments[] = {program, word, unit, NULL};

    snprintf(word, sizeof(word), "%s", verb);
    execvp(program, arguments);
    fprintf(stderr,
            "reghactl: cannot run systemctl: %s; without systemd regha-init starts and stops "
            "reghad\n",
            strerror(errno));
    return CTL_ANSWER_FAILED;
}

int main(int argc, char **argv)
{
    struct options options = {.talk = {.path = SOCKET, .silence_ns = SILENCE_NS}};
    const int early = take_options(argc, argv, &options);
    const int count = argc - optind;
    char **words = argv + optind;

    if (early >= 0)
        return early;
    if (count == 0)
        return ctl_talk_lines(&options.talk);
    if (strcmp(words[0], "key") == 0)
        return run_key(count, words);
    if (is_for_systemd(count, words))
        return run_systemd(words[0]);
    if (options.every_ns > 0)
        return ctl_talk_again(&options.talk, words, count, options.every_ns);
    return ctl_talk_words(&options.talk, words, count);
}
