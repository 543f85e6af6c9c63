/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/program.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "registry-launcher/child.h"
#include "registry-launcher/goal_check.h"
#include "registry-launcher/output.h"
#include "registry-launcher/place.h"
#include "registry-launcher/resolve.h"
#include "registry-launcher/secrets.h"

__attribute__((format(printf, 3, 4))) static void
fail(struct registry_program_failure *failure, enum registry_cause cause, const char *format, ...)
{
    va_list args;

    failure->cause = cause;
    va_start(args, format);
    vsnprintf(failure->words, sizeof(failure->words), format, args);
    va_end(args);
}

bool registry_program_is_allowed(const struct registry_backend_start *start,
                                 struct registry_program_failure *ret_failure)
{
    const char *program = start->params->argv;

    if (strcmp(program, start->policy->binary) == 0)
        return true;
    fail(ret_failure, REGISTRY_CAUSE_REFUSED, "the local policy allows %.80s, not %.80s",
         start->policy->binary, program);
    return false;
}

/* execve(2) wants them writable and writes nothing. */
union texts {
    const char *in[REGISTRY_GOAL_TEXTS_MAX + 1];
    char *out[REGISTRY_GOAL_TEXTS_MAX + 1];
};

/* What is started: the bundle where one is, else the goal itself. */
struct composed {
    struct registry_place_program placed;
    char lines[REGISTRY_ENVIRONMENT_FILE_BYTES + 1];
    struct registry_environment environment;
    const char *argv[REGISTRY_GOAL_TEXTS_MAX + 1];
};

/* Without a folder of its own {bundle} means nothing but the configuration where it is edited. */
static bool take_arguments(const struct registry_params *params, struct composed *composed,
                           struct err *err)
{
    const size_t count =
        registry_goal_check_split(params->argv, params->argv_bytes, composed->argv);

    for (size_t at = 0; at < count; at++) {
        if (strcmp(composed->argv[at], REGISTRY_BUNDLE_CONFIG) == 0) {
            composed->argv[at] = params->config;
        } else if (strstr(composed->argv[at], REGISTRY_BUNDLE_WORD) != NULL) {
            (void)err_set(err, EINVAL, "its command needs {bundle}, and there is none");
            return false;
        }
    }
    return true;
}

static bool compose(const struct registry_backend_start *start, struct composed *composed,
                    struct err *err)
{
    char path[REGISTRY_PLACE_PATH_BYTES];

    if (start->digest[0] == '\0')
        return take_arguments(start->params, composed, err) &&
               registry_secrets_compose(start->params, composed->lines, &composed->environment,
                                        err) == 0;
    if (registry_place_path(start->folder, start->params->name, start->digest, path) < 0 ||
        registry_place_program(path, start->digest, &composed->placed, err) < 0)
        return false;
    memcpy(composed->argv, composed->placed.argv, sizeof(composed->argv));
    composed->environment = composed->placed.environment;
    return true;
}

/* As this start is to be, whatever the bundle says. */
static bool add_modes(const struct registry_backend_start *start,
                      struct registry_environment *environment, struct err *err)
{
    enum registry_environment_result result = REGISTRY_ENVIRONMENT_FINE;

    if (start->readonly)
        result = registry_environment_add(environment, REGISTRY_ENVIRONMENT_READONLY);
    if (result == REGISTRY_ENVIRONMENT_FINE && start->no_purging)
        result = registry_environment_add(environment, REGISTRY_ENVIRONMENT_NO_PURGING);
    if (result != REGISTRY_ENVIRONMENT_FINE)
        (void)err_set(err, EINVAL, "its environment %s", registry_secrets_explain(result));
    return result == REGISTRY_ENVIRONMENT_FINE;
}

void registry_program_become(const struct registry_backend_start *start, bool keep_output,
                             struct registry_program_failure *ret_failure)
{
    struct composed composed = {.lines = ""};
    union texts argv, texts;
    struct err err;

    if (!registry_program_is_allowed(start, ret_failure))
        return;
    if (registry_child_reset(&err) < 0 || registry_child_become(start->policy->user, &err) < 0 ||
        (!keep_output && registry_output_open(start->params->name, &err) < 0) ||
        !compose(start, &composed, &err) || !add_modes(start, &composed.environment, &err)) {
        fail(ret_failure, REGISTRY_CAUSE_REFUSED, "%.180s", err.text);
        return;
    }
    memcpy(argv.in, composed.argv, sizeof(argv.in));
    memcpy(texts.in, composed.environment.texts, sizeof(texts.in));
    if (strcmp(argv.in[0], start->policy->binary) != 0) {
        fail(ret_failure, REGISTRY_CAUSE_REFUSED, "the local policy allows %.80s, not %.80s",
             start->policy->binary, argv.in[0]);
        return;
    }
    registry_child_cloexec_from(STDERR_FILENO + 1);
    execve(argv.in[0], argv.out, texts.out);
    fail(ret_failure, REGISTRY_CAUSE_NO_BINARY, "cannot execute %.100s: %s", argv.in[0],
         strerror(errno));
}
