/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * goal_check - whether a goal makes sense, and its lists of texts.
 *
 * Pure. A goal comes from another process and may say anything: its name becomes a file name and a
 * unit's, its argv a program's.
 */
#ifndef REGISTRY_LAUNCHER_GOAL_CHECK_H
#define REGISTRY_LAUNCHER_GOAL_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "registry-launcher/message.h"

/* Texts of one list; more are refused. */
#define REGISTRY_GOAL_TEXTS_MAX 128

/* NULL: it makes sense; else what is wrong, in words. */
const char *registry_goal_check_fault(const struct registry_goal *goal);

/*
 * Letters, digits, '.', '_', '-', the first one a letter or a digit: fit for a file and a unit.
 */
bool registry_goal_check_name(const char *name);

/* Points `texts` at the texts of `list`, behind the last one NULL; returns their number. */
size_t registry_goal_check_split(const char *list, size_t list_bytes,
                                 const char *texts[REGISTRY_GOAL_TEXTS_MAX + 1]);

/*
 * A program that runs containers. Killed, it leaves the container behind, which holds the port, and
 * which its next start (run --replace) clears away: so a taken port is no reason not to try.
 */
bool registry_goal_check_is_container(const char *program);

/* At most `most` texts, each of which ends inside the list and is not empty. */
bool registry_goal_check_is_list(const char *list, size_t list_bytes, size_t most);

/* The same, and each an absolute path. */
bool registry_goal_check_are_absolute(const char *list, size_t list_bytes, size_t most);

/* The same parameters, whatever is behind the used part of lists and texts. */
bool registry_goal_check_same(const struct registry_params *a, const struct registry_params *b);

#endif
