/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry-launcher/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int explain(enum registry_policy_result result, size_t line, const char *path,
                   const char *name, struct err *err)
{
    switch (result) {
    case REGISTRY_POLICY_FOUND:
        return 0;
    case REGISTRY_POLICY_NO_SUCH_NAME:
        return err_set(err, EACCES, "the local policy %s does not name the registry %s", path,
                       name);
    case REGISTRY_POLICY_TOO_LONG:
        return err_set(err, EACCES, "the local policy %s is larger than %d bytes", path,
                       REGISTRY_POLICY_FILE_BYTES);
    case REGISTRY_POLICY_BAD_LINE:
        return err_set(err, EACCES, "%s:%zu: must be NAME USER BINARY", path, line);
    case REGISTRY_POLICY_BAD_PATH:
        return err_set(err, EACCES, "%s:%zu: the path of the binary must be absolute", path, line);
    case REGISTRY_POLICY_DUPLICATE:
        return err_set(err, EACCES, "%s:%zu: names the registry %s again", path, line, name);
    }
    return err_set(err, EACCES, "the local policy %s cannot be understood", path);
}

/* Returns the length, one byte more than a policy may have at most, or a negative errno. */
static ssize_t load(const char *path, char text[REGISTRY_POLICY_FILE_BYTES + 1], struct err *err)
{
    struct stat stat;

    CLEANUP(cleanup_close)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &stat) < 0)
        return err_errno(err, "cannot read the local policy %s", path);
    if (!S_ISREG(stat.st_mode) || stat.st_uid != 0 || (stat.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(err, EACCES, "the local policy %s is not root's alone to write", path);
    const ssize_t length = read(fd, text, REGISTRY_POLICY_FILE_BYTES + 1);
    return length < 0 ? err_errno(err, "cannot read the local policy %s", path) : length;
}

int registry_policy_read(const char *path, const char *name, struct registry_policy *ret_policy,
                         struct err *err)
{
    char text[REGISTRY_POLICY_FILE_BYTES + 1];
    const ssize_t length = load(path, text, err);
    size_t line = 0;

    if (length < 0)
        return (int)length;
    const enum registry_policy_result result =
        registry_policy_file_find(text, (size_t)length, name, ret_policy, &line);
    return explain(result, line, path, name, err);
}

int registry_policy_allow(const char *path, const char *kind, const char *program,
                          struct registry_policy *ret_policy, struct err *err)
{
    char text[REGISTRY_POLICY_FILE_BYTES + 1];
    const struct registry_policy_asked asked = {kind, program};
    const ssize_t length = load(path, text, err);
    size_t line = 0;

    if (length < 0)
        return (int)length;
    const enum registry_policy_result result =
        registry_policy_file_allow(text, (size_t)length, &asked, ret_policy, &line);
    if (result == REGISTRY_POLICY_NO_SUCH_NAME)
        return err_set(err, EACCES, "the local policy %s does not allow %s %s", path, kind,
                       program);
    return explain(result, line, path, program, err);
}
