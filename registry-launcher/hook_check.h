/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hook_check - whether what is asked of the operator's programs makes sense.
 *
 * Pure. Such a goal comes from another process and may say anything; what a program finds in its
 * arguments and its environment is written from it.
 */
#ifndef REGISTRY_LAUNCHER_HOOK_CHECK_H
#define REGISTRY_LAUNCHER_HOOK_CHECK_H

#include "registry-launcher/message.h"

/* NULL: it makes sense; else what is wrong, in words. */
const char *registry_hook_check_fault(const struct registry_hook_goal *goal);
const char *registry_hook_check_exec_fault(const struct registry_exec_goal *goal);

#endif
