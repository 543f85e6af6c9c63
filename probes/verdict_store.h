/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verdict_store - what a read from a bucket and a write to it show.
 *
 * Pure. A store that answers that there is no such object has been asked and is readable. A write
 * that times out says nothing: one silent peer delays all writes of a MinIO that is well otherwise.
 * Sources: the S3 API, "Error responses"; MinIO's cmd/api-errors.go; Ceph's rgw_common.cc.
 */
#ifndef PROBES_VERDICT_STORE_H
#define PROBES_VERDICT_STORE_H

#include "probes/verdict.h"
#include "probes/words.h"

/* Returns true with the verdict, or false if the write has to be asked first. */
bool probe_verdict_store_judge(const struct probe_facts *facts, struct probe_words *words,
                               struct probe_verdict *verdict);

/* The same for a transfer that did not end well, if that has a meaning of its own; else false. */
bool probe_verdict_store_judge_broken(const struct probe_facts *facts, struct probe_words *words,
                                      struct probe_verdict *verdict);

#endif
