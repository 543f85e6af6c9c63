/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "registry-launcher/goal_check.h"

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

const char *registry_secrets_explain(enum registry_environment_result result)
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
static int add_file(const char *path, char bytes[REGISTRY_ENVIRONMENT_FILE_BYTES + 1],
                    struct registry_environment *environment, struct err *err)
{
    size_t line = 0;

    if (path[0] == '\0')
        return 0;
    const ssize_t length = read_environment(path, bytes, err);
    if (length < 0)
        return (int)length;
    const enum registry_environment_result result =
        registry_environment_add_file(environment, bytes, (size_t)length, &line);
    if (result != REGISTRY_ENVIRONMENT_FINE)
        return err_set(err, EINVAL, "%.120s:%zu: %s", path, line, registry_secrets_explain(result));
    return 0;
}

int registry_secrets_compose(const struct registry_params *params,
                             char lines[REGISTRY_ENVIRONMENT_FILE_BYTES + 1],
                             struct registry_environment *ret_environment, struct err *err)
{
    const char *texts[REGISTRY_GOAL_TEXTS_MAX + 1];
    const size_t count =
        registry_goal_check_split(params->environment, params->environment_bytes, texts);

    ret_environment->count = 0;
    ret_environment->texts[0] = NULL;
    for (size_t at = 0; at < count; at++) {
        const enum registry_environment_result result =
            registry_environment_add(ret_environment, texts[at]);
        if (result != REGISTRY_ENVIRONMENT_FINE)
            return err_set(err, EINVAL, "its environment %s", registry_secrets_explain(result));
    }
    return add_file(params->environment_file, lines, ret_environment, err);
}
