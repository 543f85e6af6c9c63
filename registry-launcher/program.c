/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "registry-launcher/child.h"
#include "registry-launcher/environment.h"
#include "registry-launcher/goal_check.h"
#include "registry-launcher/output.h"

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

/* As the registry's user; nobody else may read it, for it is there for secrets. */
static ssize_t read_environment(const char *path, char bytes[REGISTRY_ENVIRONMENT_FILE_BYTES + 1],
                                struct err *err)
{
    struct stat stat;

    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &stat) < 0)
        return err_errno(err, "cannot read %.100s", path);
    if (!S_ISREG(stat.st_mode) || (stat.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return err_set(err, EACCES, "%.100s must be a file of mode 0600", path);
    const ssize_t length = read(fd, bytes, REGISTRY_ENVIRONMENT_FILE_BYTES + 1);
    if (length < 0)
        return err_errno(err, "cannot read %.100s", path);
    if (length > REGISTRY_ENVIRONMENT_FILE_BYTES)
        return err_set(err, EFBIG, "%.100s is larger than %d bytes", path,
                       REGISTRY_ENVIRONMENT_FILE_BYTES);
    return length;
}

static const char *explain(enum registry_environment_result result)
{
    switch (result) {
    case REGISTRY_ENVIRONMENT_FINE:
        return "";
    case REGISTRY_ENVIRONMENT_BAD_LINE:
        return "must be NAME=value";
    case REGISTRY_ENVIRONMENT_TWICE:
        return "names a variable again";
    case REGISTRY_ENVIRONMENT_TOO_MANY:
        return "is one variable too many";
    case REGISTRY_ENVIRONMENT_RESERVED:
        return "is for regha to say";
    }
    return "";
}

/* No word of what stands there: it may be a secret. */
static bool add_file(const char *path, char bytes[REGISTRY_ENVIRONMENT_FILE_BYTES + 1],
                     struct registry_environment *environment,
                     struct registry_program_failure *failure)
{
    struct err err;
    size_t line = 0;

    if (path[0] == '\0')
        return true;
    const ssize_t length = read_environment(path, bytes, &err);
    if (length < 0) {
        fail(failure, REGISTRY_CAUSE_REFUSED, "%.180s", err.text);
        return false;
    }
    const enum registry_environment_result result =
        registry_environment_add_file(environment, bytes, (size_t)length, &line);
    if (result != REGISTRY_ENVIRONMENT_FINE)
        fail(failure, REGISTRY_CAUSE_REFUSED, "%.120s:%zu: %s", path, line, explain(result));
    return result == REGISTRY_ENVIRONMENT_FINE;
}

static bool compose(const struct registry_backend_start *start,
                    char bytes[REGISTRY_ENVIRONMENT_FILE_BYTES + 1],
                    struct registry_environment *environment,
                    struct registry_program_failure *failure)
{
    const struct registry_params *params = start->params;
    const char *texts[REGISTRY_GOAL_TEXTS_MAX + 1];
    enum registry_environment_result result = REGISTRY_ENVIRONMENT_FINE;
    const size_t count =
        registry_goal_check_split(params->environment, params->environment_bytes, texts);

    for (size_t at = 0; at < count && result == REGISTRY_ENVIRONMENT_FINE; at++)
        result = registry_environment_add(environment, texts[at]);
    if (result == REGISTRY_ENVIRONMENT_FINE && start->readonly)
        result = registry_environment_add(environment, REGISTRY_ENVIRONMENT_READONLY);
    if (result == REGISTRY_ENVIRONMENT_FINE && start->no_purging)
        result = registry_environment_add(environment, REGISTRY_ENVIRONMENT_NO_PURGING);
    if (result != REGISTRY_ENVIRONMENT_FINE) {
        fail(failure, REGISTRY_CAUSE_REFUSED, "its environment %s", explain(result));
        return false;
    }
    return add_file(params->environment_file, bytes, environment, failure);
}

void registry_program_become(const struct registry_backend_start *start, bool keep_output,
                             struct registry_program_failure *ret_failure)
{
    const struct registry_params *params = start->params;
    char bytes[REGISTRY_ENVIRONMENT_FILE_BYTES + 1];
    struct registry_environment environment = {.count = 0};
    union texts argv, texts;
    struct err err;

    if (!registry_program_is_allowed(start, ret_failure))
        return;
    registry_goal_check_split(params->argv, params->argv_bytes, argv.in);
    if (registry_child_reset(&err) < 0 || registry_child_become(start->policy->user, &err) < 0 ||
        (!keep_output && registry_output_open(params->name, &err) < 0)) {
        fail(ret_failure, REGISTRY_CAUSE_REFUSED, "%.180s", err.text);
        return;
    }
    if (!compose(start, bytes, &environment, ret_failure))
        return;
    memcpy(texts.in, environment.texts, sizeof(texts.in));
    registry_child_cloexec_from(STDERR_FILENO + 1);
    execve(argv.in[0], argv.out, texts.out);
    fail(ret_failure, REGISTRY_CAUSE_NO_BINARY, "cannot execute %.100s: %s", argv.in[0],
         strerror(errno));
}
