/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sentence - how a registry ended, in words for a person.
 */
#ifndef REGISTRY_LAUNCHER_SENTENCE_H
#define REGISTRY_LAUNCHER_SENTENCE_H

#include "registry-launcher/fsm.h"

#define REGISTRY_SENTENCE_BYTES 192

struct registry_sentence_end {
    enum registry_cause cause;
    int code;
    const char *words;         /* of whoever knows more, or "" */
    const char *files_trouble; /* why its files cannot be read, or "" */
};

/*
 * What happened, and, where it has failed for good, that somebody must act: "exited with status 1;
 * 5 restarts within 60s are spent". `fsm` is as it is after the event.
 */
void registry_sentence_write(const struct registry_sentence_end *end,
                             const struct registry_fsm *fsm, char text[REGISTRY_SENTENCE_BYTES]);

#endif
