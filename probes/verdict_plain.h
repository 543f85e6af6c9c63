/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict_plain - what the answers of a Redis, of an address and of a file system show.
 *
 * Pure. Each is the answer of an attempt that came to its end; what broke off is judged for all
 * types alike.
 */
#ifndef PROBES_VERDICT_PLAIN_H
#define PROBES_VERDICT_PLAIN_H

#include "probes/verdict.h"
#include "probes/words.h"

void probe_verdict_plain_redis(const struct probe_facts *facts, struct probe_words *words,
                               struct probe_verdict *verdict);
void probe_verdict_plain_ping(const struct probe_facts *facts, struct probe_words *words,
                              struct probe_verdict *verdict);
/* Status 0 is up, 1 is down; any other one says nothing, for nobody knows what it means. */
void probe_verdict_plain_exec(const struct probe_facts *facts, struct probe_words *words,
                              struct probe_verdict *verdict);
void probe_verdict_plain_file(const struct probe_facts *facts, struct probe_words *words,
                              struct probe_verdict *verdict);

#endif
