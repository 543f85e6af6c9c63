/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/goal_check.h"

#include <string.h>

#include "base/monotime.h"
#include "registry-launcher/environment.h"

/* A drain that takes longer than an hour is a mistake in a unit. */
#define DRAIN_MAX_NS (3600 * NS_PER_S)

static bool is_letter_or_digit(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

bool registry_goal_check_name(const char *name)
{
    if (!is_letter_or_digit(name[0]))
        return false;
    for (const char *at = name; *at != '\0'; at++)
        if (!is_letter_or_digit(*at) && *at != '.' && *at != '_' && *at != '-')
            return false;
    return true;
}

size_t registry_goal_check_split(const char *list, size_t list_bytes,
                                 const char *texts[REGISTRY_GOAL_TEXTS_MAX + 1])
{
    size_t count = 0;

    for (size_t at = 0; at < list_bytes && count < REGISTRY_GOAL_TEXTS_MAX;
         at += strlen(list + at) + 1)
        texts[count++] = list + at;
    texts[count] = NULL;
    return count;
}

bool registry_goal_check_is_container(const char *program)
{
    static const char *const names[] = {"podman", "docker", "nerdctl"};
    const char *name = program;

    for (const char *at = program; *at != '\0'; at++)
        if (*at == '/')
            name = at + 1;
    for (size_t at = 0; at < sizeof(names) / sizeof(names[0]); at++)
        if (strlen(name) == strlen(names[at]) && memcmp(name, names[at], strlen(name)) == 0)
            return true;
    return false;
}

bool registry_goal_check_is_list(const char *list, size_t list_bytes, size_t most)
{
    size_t count = 0;

    if (list_bytes > REGISTRY_LIST_BYTES)
        return false;
    if (list_bytes == 0)
        return true;
    if (list[list_bytes - 1] != '\0')
        return false;
    for (size_t at = 0; at < list_bytes; at += strlen(list + at) + 1, count++)
        if (list[at] == '\0')
            return false;
    return count <= most;
}

static bool is_environment(const char *list, size_t list_bytes)
{
    for (size_t at = 0; at < list_bytes; at += strlen(list + at) + 1)
        if (!registry_environment_is_text(list + at))
            return false;
    return true;
}

/* Each text ends inside the list, is not empty, and there are not too many. */
static bool is_list(const char *list, size_t list_bytes)
{
    return registry_goal_check_is_list(list, list_bytes, REGISTRY_GOAL_TEXTS_MAX);
}

static bool are_absolute(const char *list, size_t list_bytes)
{
    for (size_t at = 0; at < list_bytes; at += strlen(list + at) + 1)
        if (list[at] != '/')
            return false;
    return true;
}

static bool is_digest(const char *text)
{
    size_t length = 0;

    for (; text[length] != '\0'; length++)
        if (!((text[length] >= '0' && text[length] <= '9') ||
              (text[length] >= 'a' && text[length] <= 'f')))
            return false;
    return length == REGISTRY_DIGEST_BYTES - 1;
}

bool registry_goal_check_are_absolute(const char *list, size_t list_bytes, size_t most)
{
    return registry_goal_check_is_list(list, list_bytes, most) && are_absolute(list, list_bytes);
}

static bool is_restart(const struct registry_restart *restart)
{
    return restart->window_ns >= 0 && restart->first_ns >= 0 &&
           restart->max_ns >= restart->first_ns;
}

const char *registry_goal_check_fault(const struct registry_goal *goal)
{
    const struct registry_params *params = &goal->params;

    if (!registry_goal_check_name(params->name))
        return "its name must have letters, digits, '.', '_' and '-' only";
    if (params->config[0] != '/')
        return "the path of its configuration is not absolute";
    if (!is_list(params->argv, params->argv_bytes) || params->argv_bytes == 0)
        return "its command is no list of texts";
    if (params->argv[0] != '/')
        return "its command does not begin with an absolute path";
    if (!is_list(params->environment, params->environment_bytes) ||
        !is_environment(params->environment, params->environment_bytes))
        return "its environment is no list of NAME=value, or steers the dynamic loader";
    if (params->environment_file[0] != '\0' && params->environment_file[0] != '/')
        return "the path of its environment is not absolute";
    if (!is_list(params->files, params->files_bytes) ||
        !are_absolute(params->files, params->files_bytes))
        return "its files are no list of absolute paths";
    if (goal->bundle[0] != '\0' && !is_digest(goal->bundle))
        return "its bundle is no digest";
    if (params->drain_ns < 0 || params->drain_ns > DRAIN_MAX_NS)
        return "its drain time is not within an hour";
    if (!is_restart(&params->restart))
        return "its restart times make no sense";
    return NULL;
}

static bool is_same_list(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    return a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0;
}

static bool is_same_text(const char *a, const char *b)
{
    return is_same_list(a, strlen(a), b, strlen(b));
}

bool registry_goal_check_same(const struct registry_params *a, const struct registry_params *b)
{
    return is_same_text(a->name, b->name) && is_same_text(a->config, b->config) &&
           is_same_text(a->listen, b->listen) &&
           is_same_text(a->environment_file, b->environment_file) &&
           is_same_list(a->files, a->files_bytes, b->files, b->files_bytes) &&
           is_same_list(a->argv, a->argv_bytes, b->argv, b->argv_bytes) &&
           is_same_list(a->environment, a->environment_bytes, b->environment,
                        b->environment_bytes) &&
           a->backend == b->backend && a->drain_ns == b->drain_ns && a->handover == b->handover &&
           a->restart.budget == b->restart.budget && a->restart.window_ns == b->restart.window_ns &&
           a->restart.first_ns == b->restart.first_ns && a->restart.max_ns == b->restart.max_ns;
}
