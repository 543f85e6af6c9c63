/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict_registry - what the answers of a registry show.
 *
 * Pure. Source: the distribution specification, "Determining Support", "Pulling manifests",
 * "Token Authentication".
 */
#ifndef PROBES_VERDICT_REGISTRY_H
#define PROBES_VERDICT_REGISTRY_H

#include "probes/verdict.h"
#include "probes/words.h"

/* Returns true with the verdict, or false if another step has to be asked first. */
bool probe_verdict_registry_judge(const struct probe_facts *facts, struct probe_words *words,
                                  struct probe_verdict *verdict);

/*
 * The same for a transfer that did not end well, if that has a meaning of its own: then true, and
 * without words if step `next` goes on. Else false, and the sentence may have begun.
 */
bool probe_verdict_registry_judge_broken(const struct probe_facts *facts, struct probe_words *words,
                                         struct probe_verdict *verdict);

#endif
