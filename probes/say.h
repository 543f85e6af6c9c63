/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * say - the outcomes and the pieces of sentences that the verdicts of several types share.
 *
 * Pure.
 */
#ifndef PROBES_SAY_H
#define PROBES_SAY_H

#include "probes/verdict.h"
#include "probes/words.h"

void probe_say_outcome(struct probe_verdict *verdict, enum probe_outcome outcome,
                       enum probe_reason reason);
void probe_say_success(struct probe_verdict *verdict);
void probe_say_failure(struct probe_verdict *verdict, enum probe_reason reason);

void probe_say_span(struct probe_words *words, const char *before, int64_t span_ns);

/* What a stranger sent, as far as it is printable, and not too much of it. */
void probe_say_foreign(struct probe_words *words, const char *before, const char *text,
                       const char *after);

/* "200 in 2 ms" */
void probe_say_answer(struct probe_words *words, const struct probe_facts *facts);

/* Something else than expected answers here: a failure that says what was found. */
void probe_say_stranger(const struct probe_facts *facts, const char *wanted,
                        struct probe_words *words, struct probe_verdict *verdict);

#endif
