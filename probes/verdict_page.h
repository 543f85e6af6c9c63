/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict_page - what the answer to one plain request shows: of an http or a harbor probe.
 *
 * Pure. Harbor's health is always 200: its components say how it is.
 */
#ifndef PROBES_VERDICT_PAGE_H
#define PROBES_VERDICT_PAGE_H

#include "probes/verdict.h"
#include "probes/words.h"

void probe_verdict_page_http(const struct probe_facts *facts, struct probe_words *words,
                             struct probe_verdict *verdict);
void probe_verdict_page_harbor(const struct probe_facts *facts, struct probe_words *words,
                               struct probe_verdict *verdict);

#endif
