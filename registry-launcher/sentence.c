/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/sentence.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"

#define PART_BYTES 160

static void name_signal(int number, char text[PART_BYTES])
{
    const char *name = sigabbrev_np(number);

    snprintf(text, PART_BYTES, "was killed by signal %d%s%s%s, which regha did not send", number,
             name != NULL ? " (" : "", name != NULL ? name : "", name != NULL ? ")" : "");
}

static void name_end(const struct registry_sentence_end *end, const struct registry_fsm *fsm,
                     char text[PART_BYTES])
{
    const struct duration drain = duration_of(fsm->drain_ns);

    switch (end->cause) {
    case REGISTRY_CAUSE_ASKED:
        /* docker-registry and Distribution: http.draintimeout was over, and somebody still there. */
        snprintf(text, PART_BYTES, "ended as asked%s",
                 end->code == 1 ? ", still busy at the end of its own drain" : "");
        return;
    case REGISTRY_CAUSE_KILLED:
        snprintf(text, PART_BYTES, "did not end within %lld%s after TERM, was killed",
                 (long long)drain.count, drain.unit);
        return;
    case REGISTRY_CAUSE_EXITED:
        snprintf(text, PART_BYTES, "exited with status %d", end->code);
        return;
    case REGISTRY_CAUSE_SIGNALLED:
        name_signal(end->code, text);
        return;
    case REGISTRY_CAUSE_OOM:
        snprintf(text, PART_BYTES, "was killed by the kernel, out of memory");
        return;
    case REGISTRY_CAUSE_NONE:
    case REGISTRY_CAUSE_NO_BINARY:
    case REGISTRY_CAUSE_PORT_TAKEN:
    case REGISTRY_CAUSE_REFUSED:
        snprintf(text, PART_BYTES, "cannot be started");
        return;
    case REGISTRY_CAUSE_UNKNOWN:
    case REGISTRY_CAUSES:
        snprintf(text, PART_BYTES, "is gone, and nobody could say how it ended");
        return;
    }
}

void registry_sentence_write(const struct registry_sentence_end *end,
                             const struct registry_fsm *fsm, char text[REGISTRY_SENTENCE_BYTES])
{
    const bool spent = fsm->state == REGISTRY_FAILED && fsm->deadline.ns == MONOTIME_NEVER.ns;
    const bool by_itself =
        end->cause == REGISTRY_CAUSE_EXITED || end->cause == REGISTRY_CAUSE_SIGNALLED;
    const struct duration window = duration_of(fsm->restart.window_ns);
    char what[PART_BYTES], budget[64] = "";

    name_end(end, fsm, what);
    if (spent)
        snprintf(budget, sizeof(budget), "; %u restarts within %lld%s are spent",
                 fsm->restart.budget, (long long)window.count, window.unit);
    if (end->words[0] != '\0')
        snprintf(what, sizeof(what), "%.*s", REGISTRY_SENTENCE_BYTES - 66, end->words);
    const int left = REGISTRY_SENTENCE_BYTES - 3 - (int)(strlen(what) + strlen(budget));
    if (end->words[0] == '\0' && by_itself && end->files_trouble[0] != '\0' && left > 0)
        snprintf(text, REGISTRY_SENTENCE_BYTES, "%.80s%.64s; %.*s", what, budget, left,
                 end->files_trouble);
    else
        snprintf(text, REGISTRY_SENTENCE_BYTES, "%.126s%.64s", what, budget);
}
