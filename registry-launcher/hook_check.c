/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/hook_check.h"

#include <string.h>

#include "base/monotime.h"
#include "registry-launcher/goal_check.h"

#define LIMIT_MAX_NS (3600 * NS_PER_S)

/* Printable: it becomes a variable of the environment. */
static bool is_plain(const char *text)
{
    while (*text >= ' ' && *text <= '~')
        text++;
    return *text == '\0';
}

static bool is_limit(int64_t limit_ns)
{
    return limit_ns > 0 && limit_ns <= LIMIT_MAX_NS;
}

const char *registry_hook_check_fault(const struct registry_hook_goal *goal)
{
    if (!registry_goal_check_name(goal->name))
        return "its name must have letters, digits, '.', '_' and '-' only";
    if (!is_plain(goal->node) || !is_plain(goal->interface) || !is_plain(goal->reason) ||
        !is_plain(goal->addresses))
        return "its texts hold control bytes";
    if (!registry_goal_check_are_absolute(goal->programs, goal->programs_bytes,
                                          REGISTRY_HOOK_PROGRAMS_MAX))
        return "its programs are no list of absolute paths";
    if (!is_limit(goal->timeout_ns))
        return "its time limit is not within an hour";
    return NULL;
}

const char *registry_hook_check_exec_fault(const struct registry_exec_goal *goal)
{
    if (!registry_goal_check_name(goal->name))
        return "its name must have letters, digits, '.', '_' and '-' only";
    if (goal->argv[0] != '/' ||
        !registry_goal_check_is_list(goal->argv, goal->argv_bytes, REGISTRY_GOAL_TEXTS_MAX))
        return "its command is no list that begins with an absolute path";
    if (!is_limit(goal->timeout_ns))
        return "its time limit is not within an hour";
    return NULL;
}
