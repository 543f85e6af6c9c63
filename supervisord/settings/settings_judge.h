/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings_judge - what supervisord/settings/settings_check.c finds, as sentences for people.
 */
#ifndef SUPERVISORD_SETTINGS_JUDGE_H
#define SUPERVISORD_SETTINGS_JUDGE_H

#include "supervisord/settings/mistake.h"
#include "supervisord/settings/origin.h"
#include "supervisord/settings/settings.h"

struct settings_judge {
    const struct settings *settings;
    const struct origins *origins;
    const char *main_path; /* for what has no line of its own */
    struct mistakes *mistakes;
    struct mistakes *warnings;
};

/* 0 or -ENOMEM. */
int settings_judge_all(const struct settings_judge *judge);

/*
 * Begin a mistake (or a warning, by the list) about `field`, at its line and with its path; the
 * caller writes the rest to the stream and calls mistake_end(list).
 */
FILE *settings_judge_begin(const struct settings_judge *judge, struct mistakes *list,
                           const void *field);

#endif
