/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * talk - words to reghad and its answer to a person: once, again and again, or line by line.
 */
#ifndef SUPERVISORD_CTL_TALK_H
#define SUPERVISORD_CTL_TALK_H

#include <stdbool.h>
#include <stdint.h>

struct ctl_talk {
    const char *path;
    int64_t silence_ns;
    bool json;
};

/* Ask for `words`, joined by blanks. Prints the answer; returns the exit code. */
int ctl_talk_words(const struct ctl_talk *talk, char *const *words, int count);

/* The same every `every_ns`, until a signal ends the program or nothing can be printed. */
int ctl_talk_again(const struct ctl_talk *talk, char *const *words, int count, int64_t every_ns);

/* Lines of standard input, with a prompt if it is a terminal. Returns the worst exit code. */
int ctl_talk_lines(const struct ctl_talk *talk);

#endif
